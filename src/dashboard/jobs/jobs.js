/**
 * The live jobs screen: only the shown rows are refreshed. Durations keep counting, and `/` focuses
 * the search.
 */

document.addEventListener("daybook:asking", (event) => {
  const positions = [...document.querySelectorAll("[data-position]")]
    .map((row) => /** @type {HTMLElement} */ (row).dataset.position);
  if (document.getElementById("job-news") === null) return;
  // No entry has the position 0, so a page without rows stays empty.
  const { url } = /** @type {CustomEvent} */ (event).detail;
  url.searchParams.set("shown", positions.length === 0 ? "0" : positions.join(","));
});

/** When the rows were received: their durations count from then. */
let renewedAt = performance.now();

document.addEventListener("daybook:updated", (event) => {
  renewedAt = performance.now();
  showNewKinds(/** @type {CustomEvent} */ (event).detail.document);
});

/**
 * Offers new kinds of failures as a link, so that the shown ones do not move.
 *
 * @param {Document} next
 */
function showNewKinds(next) {
  const news = document.getElementById("kind-news");
  const kinds = [...next.querySelectorAll("[data-kind]")].filter(({ id }) =>
    document.getElementById(id) === null
  );
  if (news === null || kinds.length === 0) return;
  const link = document.createElement("a");
  link.href = news.dataset.again ?? "";
  link.textContent = kinds.length === 1
    ? "1 new kind: show it"
    : `${kinds.length} new kinds: show them`;
  news.replaceChildren(link);
}

setInterval(() => {
  if (document.visibilityState === "hidden") return;
  const passedMs = performance.now() - renewedAt;
  for (const element of document.querySelectorAll("[data-since-ms]")) {
    const { sinceMs } = /** @type {HTMLElement} */ (element).dataset;
    const text = durationText(1_000 * Math.floor((Number(sinceMs) + passedMs) / 1_000));
    if (element.textContent !== text) element.textContent = text;
  }
}, 1_000);

const tickAll = /** @type {HTMLInputElement | null} */ (document.querySelector("[data-tick-all]"));
if (tickAll !== null) {
  tickAll.hidden = false;
  tickAll.addEventListener("change", () => {
    for (const box of document.querySelectorAll(".job-row .job-tick input")) {
      /** @type {HTMLInputElement} */ (box).checked = tickAll.checked;
    }
  });
}

document.addEventListener("keydown", (event) => {
  const { target } = event;
  const isTyping = target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, select, textarea"));
  if (event.key !== "/" || isTyping || event.ctrlKey || event.metaKey || event.altKey) return;
  const search = document.getElementById("search");
  if (!(search instanceof HTMLInputElement)) return;
  event.preventDefault();
  search.focus();
  search.select();
});
