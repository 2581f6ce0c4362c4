/** Copies the text beside a button; without scripts, the text can be selected. */

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
