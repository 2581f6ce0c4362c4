/**
 * Opens the entry or form that the fragment of the URL names, and keeps the list of entries while
 * it is read.
 */

addEventListener("hashchange", reveal);
reveal();

function reveal() {
  const target = document.getElementById(location.hash.slice(1));
  if (target === null) return;
  const inner = target.querySelector(":scope > details");
  if (inner instanceof HTMLDetailsElement) inner.open = true;
  for (
    let outer = target.closest("details");
    outer;
    outer = outer.parentElement?.closest("details") ?? null
  ) {
    outer.open = true;
  }
  target.scrollIntoView({ block: "nearest" });
  if (target instanceof HTMLTextAreaElement) target.focus();
}

/** Otherwise the first entry of a new page would replace the entries that are being read. */
document.addEventListener("daybook:asking", (event) => {
  const entries = document.getElementById("entries");
  if (entries === null || !isRead(entries)) return;
  const { url } = /** @type {CustomEvent} */ (event).detail;
  url.searchParams.set("page", entries.dataset.page ?? "");
});

/** @param {HTMLElement} entries */
function isRead(entries) {
  const { top, bottom } = entries.getBoundingClientRect();
  const isInView = top < innerHeight && bottom > 0;
  return isInView || entries.querySelector("details[open]") !== null;
}
