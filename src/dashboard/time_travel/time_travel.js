/**
 * Moves through a job's entries without leaving the page: the slider and the links fetch the part
 * of the page for a point and replace the current one. Forms and their content are not touched.
 */

/** While the slider moves, a point is fetched only after a pause of this length. */
const REST_MS = 40;
const KEPT_MAX = 64;

const slider = /** @type {HTMLInputElement | null} */ (document.getElementById("step"));

/** Cached parts by the number of their entry; the oldest are evicted first. */
/** @type {Map<string, Promise<Document>>} */
const kept = new Map();
/** @type {number | undefined} */
let timer;
/** The number of the entry requested last: responses for others are ignored. */
let wanted = slider?.value ?? "";

for (const element of document.querySelectorAll("[data-scriptless]")) {
  /** @type {HTMLElement} */ (element).hidden = true;
}

slider?.addEventListener("input", () => {
  clearTimeout(timer);
  timer = setTimeout(() => void go(slider.value), REST_MS);
});
slider?.form?.addEventListener("submit", (event) => {
  event.preventDefault();
  void go(slider.value);
});

document.addEventListener("click", (event) => {
  const link = event.target instanceof Element ? event.target.closest("a[data-step]") : null;
  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0;
  if (!(link instanceof HTMLAnchorElement) || !isPlain) return;
  event.preventDefault();
  void go(link.dataset.step ?? "");
});

// Prefetch the neighbours, which are likely to be shown next.
addEventListener("load", () => prefetchAround(wanted));

/** @param {string} number */
async function go(number) {
  wanted = number;
  document.getElementById("point")?.setAttribute("aria-busy", "true");
  try {
    const part = await partOf(number);
    if (wanted !== number) return;
    show(part);
    prefetchAround(number);
  } catch {
    // The full page shows the error.
    if (wanted === number) location.assign(urlOf(number));
  }
}

/**
 * @param {string} number
 * @returns {Promise<Document>}
 */
function partOf(number) {
  const known = kept.get(number);
  if (known !== undefined) return known;
  const part = fetchPart(number);
  kept.set(number, part);
  part.catch(() => kept.delete(number));
  for (const oldest of kept.keys()) {
    if (kept.size <= KEPT_MAX) break;
    kept.delete(oldest);
  }
  return part;
}

/** @param {string} number */
async function fetchPart(number) {
  const url = urlOf(number);
  url.searchParams.set("part", "point");
  const response = await fetch(url, { headers: { accept: "text/html" } });
  if (!response.ok || response.redirected) throw new Error(`the page returned ${response.status}`);
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

/** @param {string} number */
function urlOf(number) {
  const url = new URL(location.href);
  url.hash = "";
  for (const name of ["at", "part", "note"]) url.searchParams.delete(name);
  url.searchParams.set("step", number);
  return url;
}

/** @param {Document} part */
function show(part) {
  for (const id of ["point", "steps", "step-count"]) replace(id, part);
  // The other calls belong to forms, and stay.
  const [call, next] = [document, part].map((of) => of.querySelector("#calls [data-copied]"));
  if (call && next) call.textContent = next.textContent;
  const { logId, step } = part.getElementById("point")?.dataset ?? {};
  if (logId === undefined || step === undefined) return;
  if (slider !== null) slider.value = step;
  const place = document.getElementById("step-count")?.textContent;
  slider?.setAttribute("aria-valuetext", `entry ${place}`);
  markRow(logId);
  rememberPoint(logId);
  document.dispatchEvent(new CustomEvent("daybook:updated", { detail: { document: part } }));
}

/**
 * Keeps the focus on the link with the same name, so that repeated keystrokes work.
 *
 * @param {string} id
 * @param {Document} part
 */
function replace(id, part) {
  const [old, renewed] = [document.getElementById(id), part.getElementById(id)];
  if (old === null || renewed === null) return;
  const names = [...old.children].map((child) => child === document.activeElement);
  const isOpen = [...old.querySelectorAll("details")].map((details) => details.open);
  const copy = document.importNode(renewed, true);
  [...copy.querySelectorAll("details")].forEach((details, at) =>
    details.open = isOpen[at] ?? false
  );
  old.replaceWith(copy);
  const focused = copy.children[names.indexOf(true)];
  if (focused instanceof HTMLElement) focused.focus({ preventScroll: true });
}

/** @param {string} logId */
function markRow(logId) {
  for (const row of document.querySelectorAll("tr[aria-current]")) {
    row.removeAttribute("aria-current");
  }
  const row = document.querySelector(`.entries-table tr[data-log-id="${logId}"]`);
  row?.setAttribute("aria-current", "step");
  const box = row?.closest(".table-box");
  if (!(row instanceof HTMLElement) || !(box instanceof HTMLElement)) return;
  const [top, bottom] = [row.offsetTop, row.offsetTop + row.offsetHeight];
  // Only the box scrolls, never the page.
  if (top < box.scrollTop + row.offsetHeight) box.scrollTop = top - row.offsetHeight * 2;
  else if (bottom > box.scrollTop + box.clientHeight) box.scrollTop = bottom - box.clientHeight;
}

/**
 * Puts the point into the URL, and into the forms that redirect to it.
 *
 * @param {string} logId
 */
function rememberPoint(logId) {
  const url = new URL(location.href);
  for (const name of ["step", "part"]) url.searchParams.delete(name);
  url.searchParams.set("at", logId);
  history.replaceState(history.state, "", url);
  const compare = document.getElementById("compare");
  const at = compare?.querySelector("input[name=at]");
  if (at instanceof HTMLInputElement) at.value = logId;
  const form = document.getElementById("what-if-form");
  if (form instanceof HTMLFormElement) {
    url.hash = "what-if";
    form.action = url.href;
  }
}

/** @param {string} number */
function prefetchAround(number) {
  const last = Number(slider?.max ?? 0);
  for (const neighbour of [Number(number) + 1, Number(number) - 1]) {
    if (neighbour >= 1 && neighbour <= last) partOf(String(neighbour)).catch(() => {});
  }
}
