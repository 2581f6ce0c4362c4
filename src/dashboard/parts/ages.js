/**
 * Ages and durations of a live page keep counting between its updates, unless it is paused. They
 * count from the server's time, whatever the clock of the browser says.
 */

/** The server's clock, less that of this window. */
let aheadMs = aheadIn(document);

document.addEventListener("daybook:updated", (event) => {
  aheadMs = aheadIn(/** @type {CustomEvent} */ (event).detail.document);
});
setInterval(count, 1_000);

/** @param {Document} page */
function aheadIn({ body }) {
  return Number(body.dataset.now) - performance.now();
}

function count() {
  const isPaused = document.querySelector('#live-control[data-state="paused"]') !== null;
  if (isPaused || document.visibilityState === "hidden") return;
  const now = performance.now() + aheadMs;
  for (const age of document.querySelectorAll("time[datetime] > .ago")) {
    show(age, ` ${ageText(now - timeOf(age.parentElement?.getAttribute("datetime")))}`);
  }
  for (const age of document.querySelectorAll("[data-age]")) {
    show(age, ageText(now - timeOf(age.getAttribute("data-age"))));
  }
  for (const duration of document.querySelectorAll("[data-since]")) {
    const ms = now - Number(/** @type {HTMLElement} */ (duration).dataset.since);
    show(duration, durationText(ms - ms % 1_000));
  }
}

/** @param {string | null | undefined} time */
function timeOf(time) {
  return Date.parse(time ?? "");
}

/** @param {Element} element @param {string} text */
function show(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
