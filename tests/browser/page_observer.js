/** Runs in each page before its own scripts: notes what a page should never do. */

const observed = { violations: [], shift: 0, shifted: [] };

document.addEventListener("securitypolicyviolation", (event) => {
  observed.violations.push(
    `${event.violatedDirective} forbids ${event.blockedURI}: ${event.sample} ` +
      `(${event.sourceFile}:${event.lineNumber})`,
  );
});

const shifts = new PerformanceObserver((list) => note(list.getEntries()));
shifts.observe({ type: "layout-shift", buffered: true });

/** What moved by itself; not what somebody moved by a click or a key. */
function note(entries) {
  for (const entry of entries) {
    if (entry.hadRecentInput) continue;
    observed.shift += entry.value;
    for (const { node } of entry.sources) observed.shifted.push(nameOf(node));
  }
}

/** Up to now: what moves is known once it was drawn. */
globalThis.observedByTest = async () => {
  for (let frame = 0; frame < 3; frame++) await new Promise(requestAnimationFrame);
  note(shifts.takeRecords());
  return observed;
};

/** @param {Node | null} node */
function nameOf(node) {
  const element = node instanceof Element ? node : node?.parentElement;
  if (!element) return "something that is gone";
  return `${element.tagName.toLowerCase()}#${element.id}.${element.className}`;
}
