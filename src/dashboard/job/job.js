/** Opens the entry or form that the fragment of the URL names. */

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
