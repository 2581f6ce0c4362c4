/**
 * Keeps a page as the journal is: when its stream tells of something new, the page is asked
 * for again, and each region with `data-live` is changed into what it is now. Nothing else
 * of the page is touched, and nothing at all while it is paused.
 */

/** A page that reloads more often cannot be read. */
const QUIET_MS = 1_000;
/** A server that refuses is asked again after this time, then ever later, up to the longest. */
const AGAIN_MS = 2_000;
const AGAIN_MAX_MS = 30_000;
const PAUSED_KEY = "daybook-paused";
/** Answers after which the whole page is loaded again. */
const ENDINGS = new Map([[401, "signed out"], [403, "signed out"], [404, "gone"]]);

const { liveUrl } = document.body.dataset;
const control = /** @type {HTMLButtonElement | null} */ (document.getElementById("live-control"));
const controlText = document.getElementById("live-text");
const controlVerb = document.getElementById("live-verb");

/** The last position that the page shows, and the last that it heard of. */
let shown = Number(document.body.dataset.head);
let head = shown;
let isPaused = sessionStorage.getItem(PAUSED_KEY) === "true";
let isRefreshing = false;
let isStale = false;
/** Whether the page could not be had when it was last asked for. */
let isCut = false;
/** @type {EventSource | undefined} */
let stream;
/** @type {number | undefined} */
let again;
let againMs = AGAIN_MS;
/** Why nothing follows any more, once nothing does. @type {string | undefined} */
let ending;

if (liveUrl !== undefined && control !== null) {
  control.hidden = false;
  control.addEventListener("click", () => ending === undefined ? togglePause() : location.reload());
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
  show();
}

/** A hidden tab holds no stream. */
function follow() {
  if (document.visibilityState === "hidden") return leave();
  if (stream !== undefined || again !== undefined || ending !== undefined) return;
  stream = new EventSource(`${liveUrl}${liveUrl?.includes("?") ? "&" : "?"}after=${shown}`);
  stream.addEventListener("open", opened);
  stream.addEventListener("error", broken);
  stream.addEventListener("changed", tell);
  stream.addEventListener("still", tell);
}

function leave() {
  stream?.close();
  stream = undefined;
  clearTimeout(again);
  again = undefined;
}

function opened() {
  againMs = AGAIN_MS;
  show();
}

/**
 * The browser reconnects a stream that broke off. One that was refused, by a proxy whose
 * server is away or by a server that knows the session no more, never is.
 */
function broken() {
  if (stream?.readyState === EventSource.CLOSED) askAgain();
  else show();
}

function askAgain() {
  if (again !== undefined || ending !== undefined) return;
  if (stream?.readyState === EventSource.CLOSED) stream = undefined;
  again = setTimeout(seek, againMs);
  againMs = Math.min(AGAIN_MAX_MS, 2 * againMs);
  show();
}

/** The page itself tells more than its stream: what became of it, or of the session. */
async function seek() {
  again = undefined;
  try {
    await (await ask(new URL(location.href)))?.body?.cancel();
  } catch {
    return askAgain();
  }
  follow();
  if (!isPaused) void refresh();
}

/** @param {MessageEvent} message */
function tell(message) {
  head = Number(message.data);
  if (isPaused) show();
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
    isCut = true;
    askAgain();
  } finally {
    isRefreshing = false;
  }
}

async function renew() {
  const detail = { url: new URL(location.href), head };
  const asking = new CustomEvent("daybook:asking", { cancelable: true, detail });
  // A screen may want to be left as it is for now, and asks when it does not any more.
  if (!document.dispatchEvent(asking)) return show();
  const text = await (await ask(asking.detail.url))?.text();
  if (text === undefined || isPaused) return;
  apply(new DOMParser().parseFromString(text, "text/html"));
}

/**
 * The page as it is now; nothing once it cannot be had any more, and an error when it cannot
 * be had for now.
 *
 * @param {URL} url
 * @returns {Promise<Response | undefined>}
 */
async function ask(url) {
  const response = await fetch(url, { headers: { accept: "text/html" } });
  // A redirect leads to the sign-in.
  const found = response.redirected ? ENDINGS.get(401) : ENDINGS.get(response.status);
  if (found !== undefined) return end(found);
  if (!response.ok) throw new Error(`the page answers ${response.status}`);
  isCut = false;
  if (stream?.readyState === EventSource.OPEN) againMs = AGAIN_MS;
  return response;
}

/**
 * The page as a whole says what happened, and what to do; but what somebody typed is theirs
 * until they say so.
 *
 * @param {string} reason
 */
function end(reason) {
  leave();
  ending = reason;
  const fields = [...document.querySelectorAll("input, select, textarea")];
  if (!fields.some(isFilledIn)) location.reload();
  show();
}

/** @param {Document} next */
function apply(next) {
  shown = Number(next.body.dataset.head);
  document.dispatchEvent(new CustomEvent("daybook:applying", { detail: { document: next } }));
  for (const region of document.querySelectorAll("[data-live][id]")) {
    const renewed = next.getElementById(region.id);
    if (renewed !== null) morph(region, renewed);
  }
  show();
  document.dispatchEvent(new CustomEvent("daybook:updated", { detail: { document: next } }));
}

/**
 * What is open stays open, and typed text stays.
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

function show() {
  if (control === null || controlText === null) return;
  const state = stateNow();
  const missed = head - shown;
  const counted = state === "paused" && missed > 0 ? `paused, ${missed} new` : state;
  const text = ending ?? counted;
  control.dataset.state = state;
  control.setAttribute("aria-pressed", String(isPaused));
  const verb = ending === undefined ? isPaused ? "Go on" : "Pause" : "Reload";
  if (controlVerb !== null && controlVerb.textContent !== verb) controlVerb.textContent = verb;
  if (controlText.textContent !== text) controlText.textContent = text;
}

/** @returns {"ended" | "paused" | "live" | "reconnecting"} */
function stateNow() {
  if (ending !== undefined) return "ended";
  if (isPaused) return "paused";
  return !isCut && stream?.readyState === EventSource.OPEN ? "live" : "reconnecting";
}
