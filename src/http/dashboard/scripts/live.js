/**
 * Keeps a page as the journal is: when its stream tells of something new, the page is asked
 * for again, and each region with `data-live` is changed into what it is now. Nothing else
 * of the page is touched, and nothing at all while it is paused.
 */

/** A page that is asked for more often cannot be read. */
const QUIET_MS = 1_000;
const PAUSED_KEY = "daybook-paused";

const { liveUrl } = document.body.dataset;
const control = /** @type {HTMLButtonElement | null} */ (document.getElementById("live-control"));
const controlText = document.getElementById("live-text");

/** The last position that the page shows, and the last that it was told of. */
let shown = Number(document.body.dataset.head);
let head = shown;
let isPaused = sessionStorage.getItem(PAUSED_KEY) === "true";
let isRefreshing = false;
let isStale = false;
/** @type {EventSource | undefined} */
let stream;

if (liveUrl !== undefined && control !== null) {
  control.hidden = false;
  control.addEventListener("click", togglePause);
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("daybook:refresh", () => isPaused || void refresh());
  addEventListener("pagehide", leave);
  addEventListener("pageshow", follow);
  follow();
}

function togglePause() {
  isPaused = !isPaused;
  sessionStorage.setItem(PAUSED_KEY, String(isPaused));
  if (!isPaused) void refresh();
  show(isPaused ? "paused" : "live");
}

/** A tab that nobody sees holds no stream. */
function follow() {
  if (document.visibilityState === "hidden") return leave();
  if (stream !== undefined) return;
  stream = new EventSource(`${liveUrl}${liveUrl?.includes("?") ? "&" : "?"}after=${shown}`);
  stream.addEventListener("open", () => show(isPaused ? "paused" : "live"));
  stream.addEventListener("error", () => show("reconnecting"));
  stream.addEventListener("changed", tell);
  stream.addEventListener("still", tell);
}

function leave() {
  stream?.close();
  stream = undefined;
}

/** @param {MessageEvent} message */
function tell(message) {
  head = Number(message.data);
  if (isPaused) show("paused");
  else void refresh();
}

async function refresh() {
  if (isRefreshing) {
    isStale = true;
    return;
  }
  isRefreshing = true;
  try {
    do {
      isStale = false;
      await renew();
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    } while (isStale && !isPaused && document.visibilityState === "visible");
  } catch {
    // The stream notices as well, and tells when the server is there again.
    show("reconnecting");
  } finally {
    isRefreshing = false;
  }
}

async function renew() {
  const detail = { url: new URL(location.href), head };
  const asking = new CustomEvent("daybook:asking", { cancelable: true, detail });
  // A screen may want to be left as it is for now, and asks when it does not any more.
  if (!document.dispatchEvent(asking)) return show("live");
  const response = await fetch(asking.detail.url, { headers: { accept: "text/html" } });
  // The session is over: the sign-in is a page of its own.
  if (response.redirected) return location.reload();
  if (!response.ok) throw new Error(`the page answers ${response.status}`);
  const text = await response.text();
  if (!isPaused) apply(new DOMParser().parseFromString(text, "text/html"));
}

/** @param {Document} next */
function apply(next) {
  shown = Number(next.body.dataset.head);
  for (const region of document.querySelectorAll("[data-live][id]")) {
    const renewed = next.getElementById(region.id);
    if (renewed !== null) morph(region, renewed);
  }
  show("live");
  document.dispatchEvent(new CustomEvent("daybook:updated", { detail: { document: next } }));
}

/**
 * What somebody opened stays open, and what they type stays typed.
 *
 * @param {Element} region
 * @param {Element} renewed
 */
export function morph(region, renewed) {
  const { Idiomorph } = /** @type {any} */ (globalThis);
  Idiomorph.morph(region, renewed, {
    morphStyle: "outerHTML",
    ignoreActiveValue: true,
    callbacks: {
      /** @param {Node} node */
      beforeNodeMorphed: (node) => !isFilledIn(node),
      /** @param {string} name @param {Element} element */
      beforeAttributeUpdated: (name, element) =>
        !(name === "open" && element instanceof HTMLDetailsElement) &&
        !(name === "hidden" && element.hasAttribute("data-copy")),
    },
  });
}

/**
 * Whether a field holds something else than the page gave it: it need not have the focus.
 *
 * @param {Node} node
 */
function isFilledIn(node) {
  if (node instanceof HTMLTextAreaElement) return node.value !== node.defaultValue;
  if (node instanceof HTMLSelectElement) {
    const given = [...node.options].findIndex((option) => option.defaultSelected);
    return node.selectedIndex !== Math.max(0, given);
  }
  if (!(node instanceof HTMLInputElement) || node.type === "hidden") return false;
  return node.value !== node.defaultValue || node.checked !== node.defaultChecked;
}

/** @param {"live" | "paused" | "reconnecting"} state */
function show(state) {
  if (control === null || controlText === null) return;
  const missed = head - shown;
  const text = state === "paused" && missed > 0 ? `paused, ${missed} new entries` : state;
  control.dataset.state = state;
  control.setAttribute("aria-pressed", String(isPaused));
  control.title = isPaused ? "Go on" : "Pause";
  if (controlText.textContent !== text) controlText.textContent = text;
}
