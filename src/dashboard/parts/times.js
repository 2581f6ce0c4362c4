/**
 * Shows times in the reader's time zone, with UTC on hover. Without this script all times are UTC,
 * as the footer says.
 */

const { timeZone } = Intl.DateTimeFormat().resolvedOptions();

localise(document);
showZone();
// Converts the times of an update before it enters the page.
document.addEventListener("daybook:applying", (event) => {
  localise(/** @type {CustomEvent} */ (event).detail.document);
});
document.addEventListener("daybook:updated", () => localise(document));

/** @param {Document} within */
function localise(within) {
  for (const element of within.querySelectorAll("time[datetime]")) {
    const text = element.firstChild;
    if (!(text instanceof Text) || element.hasAttribute("data-local")) continue;
    const at = new Date(element.getAttribute("datetime") ?? "");
    const isDay = element.hasAttribute("data-day");
    text.data = localText(text.data, at, isDay);
    element.setAttribute("data-local", "");
  }
}

/**
 * As precise as the text, and without the date if the text has none and it is today's.
 *
 * @param {string} text
 * @param {Date} at
 * @param {boolean} isDay Whether there is room for only the time or the date.
 */
function localText(text, at, isDay) {
  const isInSentence = /T.*Z$/.test(text);
  const plain = isInSentence
    ? text.slice("2026-01-01T".length, "2026-01-01T00:00:00".length)
    : text;
  const [, date, time] = /^(\d{4}-\d\d-\d\d)? ?(\d\d:[\d:.]+)?$/.exec(plain.trim()) ?? [];
  if (Number.isNaN(at.getTime()) || (date === undefined && time === undefined)) return text;
  const [localDate, localTime] = [dateText(at), timeText(at)];
  const isToday = localDate === dateText(new Date());
  if (isDay) return isToday ? localTime.slice(0, "00:00:00".length) : localDate;
  const shown = localTime.slice(0, time?.length ?? 0);
  return date === undefined && isToday ? shown : `${localDate} ${shown}`;
}

/** @param {Date} at */
function dateText(at) {
  return [at.getFullYear(), at.getMonth() + 1, at.getDate()].map(two).join("-");
}

/** @param {Date} at */
function timeText(at) {
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(":");
  return `${time}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** @param {number} number */
function two(number) {
  return String(number).padStart(2, "0");
}

function showZone() {
  const zone = document.getElementById("zone");
  if (zone === null || timeZone === "UTC") return;
  zone.textContent = `Times are in ${timeZone}; point at one for UTC.`;
}
