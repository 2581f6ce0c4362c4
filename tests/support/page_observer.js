/** Runs in each page before its own scripts: notes what a page should never do. */

const observed = { violations: [], shift: 0, shifted: [] };
globalThis.observedByTest = observed;

document.addEventListener("securitypolicyviolation", (event) => {
  observed.violations.push(
    `${event.violatedDirective} forbids ${event.blockedURI}: ${event.sample} ` +
      `(${event.sourceFile}:${event.lineNumber})`,
  );
});

/** What moved by itself; not what somebody moved by a click or a key. */
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    observed.shift += entry.value;
    for (const { node } of entry.sources) observed.shifted.push(nameOf(node));
  }
}).observe({ type: "layout-shift", buffered: true });

/** @param {Node | null} node */
function nameOf(node) {
  const element = node instanceof Element ? node : node?.parentElement;
  if (!element) return "something that is gone";
  return `${element.tagName.toLowerCase()}#${element.id}.${element.className}`;
}
