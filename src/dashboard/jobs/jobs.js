/**
 * The live jobs screen: only the shown rows are refreshed, and `/` focuses the search.
 */

document.addEventListener("daybook:asking", (event) => {
  const positions = [...document.querySelectorAll("[data-position]")]
    .map((row) => /** @type {HTMLElement} */ (row).dataset.position);
  if (document.getElementById("job-news") === null) return;
  // No entry has the position 0, so a page without rows stays empty.
  const { url } = /** @type {CustomEvent} */ (event).detail;
  url.searchParams.set("shown", positions.length === 0 ? "0" : positions.join(","));
});

document.addEventListener("daybook:updated", (event) => {
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
