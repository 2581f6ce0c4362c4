/**
 * What every page does. It shows times in the reader's time zone, with UTC on hover; without this
 * script all times are UTC, as the footer says. And it copies the text beside a button; without
 * scripts, the text can be selected.
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
  const [localDate = "", localTime = ""] = localParts(at);
  const isToday = localDate === localParts(new Date())[0];
  if (isDay) return isToday ? localTime.slice(0, "00:00:00".length) : localDate;
  const shown = localTime.slice(0, time?.length ?? 0);
  return date === undefined && isToday ? shown : `${localDate} ${shown}`;
}

/**
 * The date and the time in the reader's time zone.
 *
 * @param {Date} at
 */
function localParts(at) {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString();
  return [local.slice(0, 10), local.slice(11, -1)];
}

function showZone() {
  const zone = document.getElementById("zone");
  if (zone === null || timeZone === "UTC") return;
  zone.textContent = `Times are in ${timeZone}; point at one for UTC.`;
}

offer();
document.addEventListener("daybook:updated", offer);

function offer() {
  for (const button of document.querySelectorAll("button[data-copy][hidden]")) {
    button.removeAttribute("hidden");
  }
}

document.addEventListener("click", async (event) => {
  const button = event.target instanceof Element ? event.target.closest("[data-copy]") : null;
  const source = button?.parentElement?.querySelector("[data-copied]");
  if (!(button instanceof HTMLElement) || !source) return;
  const isCopied = await copy(source);
  button.textContent = isCopied ? "Copied" : "Press Ctrl+C";
  setTimeout(() => button.textContent = "Copy", 1_500);
});

/**
 * @param {Element} source
 * @returns {Promise<boolean>} Whether the text was copied; otherwise it is selected.
 */
async function copy(source) {
  try {
    await navigator.clipboard.writeText(source.textContent ?? "");
    return true;
  } catch {
    getSelection()?.selectAllChildren(source);
    return false;
  }
}
