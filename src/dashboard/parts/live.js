/**
 * Keeps a page up to date: when its stream reports a change, the page is fetched again, and each
 * region with `data-live` is morphed into its new state. Nothing else changes, and nothing at all
 * while the page is paused.
 */

/** A page that reloads more often is unreadable. */
const QUIET_MS = 1_000;
/** The first delay before a reconnection; it doubles up to `RETRY_MAX_MS`. */
const RETRY_MS = 2_000;
const RETRY_MAX_MS = 30_000;
/** A request that takes longer has failed, such as one to a machine that is gone. */
const ANSWER_MAX_MS = 30_000;
/** A stream that is silent for longer than two heartbeats is cut, although its connection is open. */
const SILENCE_MAX_MS = 40_000;
/**
 * A browser opens six connections to a server, for all of its windows together: without one to
 * spare, none of them can load a page.
 */
const STREAMS_MAX = 3;
/** How long a stream stays open at least, to hear what is new. */
const TURN_MS = 500;
/** How long a window leaves its place to others. */
const REST_MS = 2_000;
const PAUSED_KEY = "daybook-paused";
/** Statuses after which the whole page is reloaded. */
const ENDINGS = new Map([[401, "signed out"], [403, "signed out"], [404, "gone"]]);

const { liveUrl } = document.body.dataset;
const control = /** @type {HTMLButtonElement | null} */ (document.getElementById("live-control"));
const controlText = document.getElementById("live-text");
const controlVerb = document.getElementById("live-verb");
const news = document.getElementById("live-news");
/** The state that screen readers know. */
let announced = "live";

/** The last position that the page shows, and the last one that the stream reported. */
let shown = Number(document.body.dataset.head);
let head = shown;
let isPaused = sessionStorage.getItem(PAUSED_KEY) === "true";
let isRefreshing = false;
let isStale = false;
/** Whether the last request for the page failed. */
let isCut = false;
/** @type {EventSource | undefined} */
let stream;
/** The windows of this browser announce each stream that they open. */
const streams = new BroadcastChannel("daybook-streams");
/** How many others were opened since `stream` was. */
let newerStreams = 0;
/** Whether the stream is closed only to make room for others. */
let isResting = false;
/** Whether the last try to open the stream, or to keep it open, failed. */
let isBroken = false;
/** @type {number | undefined} */
let restTimer;
/** @type {number | undefined} */
let silenceTimer;
/** @type {number | undefined} */
let retryTimer;
let retryMs = RETRY_MS;
/** Why the page no longer follows, once it does not. @type {string | undefined} */
let ending;
/** Since when the page has not followed, although it should. @type {Date | undefined} */
let awaySince;
/** The form whose session is being checked, or was found open. @type {HTMLFormElement | undefined} */
let checked;

forgetNote();
if (liveUrl !== undefined && control !== null) {
  control.hidden = false;
  control.addEventListener("click", () => ending === undefined ? togglePause() : location.reload());
  document.addEventListener("visibilitychange", follow);
  document.addEventListener("daybook:refresh", () => isPaused || void refresh());
  document.addEventListener("submit", warn);
  streams.addEventListener("message", makeRoom);
  setInterval(refreshIfRunning, QUIET_MS);
  addEventListener("pagehide", leave);
  addEventListener("pageshow", follow);
  follow();
} else if (document.querySelector('form[action="/ui/sign-out"]') !== null) {
  document.addEventListener("submit", checkFirst);
}

/** The result of an action is shown once: a reload, or a copy of the address, does not repeat it. */
function forgetNote() {
  const url = new URL(location.href);
  if (!url.searchParams.has("note")) return;
  url.searchParams.delete("note");
  history.replaceState(history.state, "", url);
}

/**
 * A browser discards what was typed when the server does not take the form.
 *
 * @param {SubmitEvent} event
 */
function warn(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const isAway = isBroken || isCut || ending !== undefined;
  if (!isAway || form.method !== "post" || ![...form.elements].some(isFilledIn)) return;
  if (!isSentAnyway()) event.preventDefault();
}

function isSentAnyway() {
  const why = ending === undefined ? "The server does not answer" : `This page is ${ending}`;
  return confirm(`${why}: what you typed may be lost. Send it anyway?`);
}

/**
 * A page that is not live does not know whether its session has ended, so a form asks first. What
 * was typed before a refusal is what the page gave its fields.
 *
 * @param {SubmitEvent} event
 */
async function checkFirst(event) {
  const form = /** @type {HTMLFormElement} */ (event.target);
  const fields = [...form.elements];
  const isTyped = fields.some((field) => field.matches("textarea, input:not([type=hidden])"));
  if (form.method !== "post" || !isTyped || checked === form) return;
  event.preventDefault();
  if (checked !== undefined) return;
  checked = form;
  try {
    // The sign-in of another window is also that of this one.
    ending = ENDINGS.get((await fetch("/ui/manual", { method: "HEAD" })).status);
  } catch {
    isCut = true;
  }
  if ((!isCut && ending === undefined) || isSentAnyway()) form.requestSubmit(event.submitter);
  isCut = false;
  checked = undefined;
}

function togglePause() {
  isPaused = !isPaused;
  sessionStorage.setItem(PAUSED_KEY, String(isPaused));
  if (!isPaused) void refresh();
  show();
}

/** A verification records nothing while it reads, so the stream reports no change. */
function refreshIfRunning() {
  const isRunning = document.querySelector("[data-running]") !== null;
  if (isRunning && !isPaused && document.visibilityState === "visible") void refresh();
}

/** A hidden tab closes its stream. */
function follow() {
  if (document.visibilityState === "hidden") return leave();
  if (stream !== undefined || retryTimer !== undefined || ending !== undefined) return;
  stream = new EventSource(`${liveUrl}${liveUrl?.includes("?") ? "&" : "?"}after=${shown}`);
  stream.addEventListener("open", opened);
  stream.addEventListener("error", broken);
  stream.addEventListener("changed", received);
  stream.addEventListener("still", received);
  expectMore();
  newerStreams = 0;
  streams.postMessage("opened");
}

/** Visible windows take turns: the oldest stream is closed, and opened again a while later. */
function makeRoom() {
  if (stream === undefined) return;
  newerStreams += 1;
  if (newerStreams === STREAMS_MAX) restTimer = setTimeout(rest, TURN_MS);
}

function rest() {
  if (stream?.readyState !== EventSource.OPEN) {
    // It still waits for a connection, and with it for what is new.
    restTimer = setTimeout(rest, TURN_MS);
    return;
  }
  leave();
  isResting = true;
  retryTimer = setTimeout(() => {
    retryTimer = undefined;
    follow();
  }, REST_MS);
}

function leave() {
  stream?.close();
  stream = undefined;
  clearTimeout(silenceTimer);
  clearTimeout(restTimer);
  clearTimeout(retryTimer);
  retryTimer = undefined;
}

function opened() {
  retryMs = RETRY_MS;
  isResting = false;
  isBroken = false;
  expectMore();
  show();
}

function expectMore() {
  clearTimeout(silenceTimer);
  silenceTimer = setTimeout(() => {
    leave();
    isBroken = true;
    retryLater();
  }, SILENCE_MAX_MS);
}

/**
 * A browser reconnects a stream that was interrupted, but not one that was refused, such as by a
 * proxy without a server or by a server that no longer knows the session.
 */
function broken() {
  isResting = false;
  isBroken = true;
  clearTimeout(silenceTimer);
  if (stream?.readyState === EventSource.CLOSED) retryLater();
  else show();
}

function retryLater() {
  // Also while a retry is due: otherwise that retry would take the closed stream for an open one.
  if (stream?.readyState === EventSource.CLOSED) stream = undefined;
  // The end of a rest would not ask for the page.
  if (isResting) leave();
  isResting = false;
  if (retryTimer !== undefined || ending !== undefined) return;
  retryTimer = setTimeout(seek, retryMs);
  retryMs = Math.min(RETRY_MAX_MS, 2 * retryMs);
  show();
}

/**
 * Requests the page instead of the stream: its status shows whether page and session still exist.
 */
async function seek() {
  retryTimer = undefined;
  try {
    await (await ask(new URL(location.href)))?.body?.cancel();
  } catch {
    return retryLater();
  }
  follow();
  if (!isPaused) void refresh();
}

/** @param {MessageEvent} message */
function received(message) {
  expectMore();
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
    retryLater();
  } finally {
    isRefreshing = false;
  }
}

async function renew() {
  const detail = { url: new URL(location.href), head };
  const asking = new CustomEvent("daybook:asking", { cancelable: true, detail });
  // A screen may postpone the update, and then requests it by itself later.
  if (!document.dispatchEvent(asking)) return show();
  const text = await (await ask(asking.detail.url))?.text();
  if (text === undefined || isPaused) return;
  apply(new DOMParser().parseFromString(text, "text/html"));
}

/**
 * Fetches the page; `undefined` if it is gone for good, and an error if it is unavailable for now.
 *
 * @param {URL} url
 * @returns {Promise<Response | undefined>}
 */
async function ask(url) {
  const signal = AbortSignal.timeout(ANSWER_MAX_MS);
  const response = await fetch(url, { headers: { accept: "text/html" }, signal });
  // Only the sign-in is a redirect.
  const found = response.redirected ? ENDINGS.get(401) : ENDINGS.get(response.status);
  if (found !== undefined) return end(found);
  if (!response.ok) throw new Error(`the page returned ${response.status}`);
  isCut = false;
  if (stream?.readyState === EventSource.OPEN) retryMs = RETRY_MS;
  return response;
}

/**
 * Reloads the page, which then says what happened, unless the user has typed something.
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
 * Keeps open elements open, and keeps typed text.
 *
 * @param {Element} region
 * @param {Element} renewed
 */
export function morph(region, renewed) {
  const { Idiomorph } = /** @type {any} */ (globalThis);
  Idiomorph.morph(region, renewed, {
    morphStyle: "outerHTML",
    callbacks: {
      /** @param {Node} node */
      beforeNodeMorphed: (node) => !isFilledIn(node) && !isBeingFilledIn(node),
      /** @param {string} name @param {Element} element */
      beforeAttributeUpdated: (name, element) =>
        !(name === "open" && element instanceof HTMLDetailsElement) &&
        !(name === "hidden" && element.hasAttribute("data-copy")) &&
        // A form that is sent twice is one event, even if the page is updated between.
        !(name === "value" && element.getAttribute("name") === "once"),
    },
  });
}

/**
 * Whether a field has another value than the page gave it, with or without the focus.
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

/** @param {Node} node */
function isBeingFilledIn(node) {
  return node === document.activeElement &&
    document.activeElement.matches("input, select, textarea");
}

function show() {
  if (control === null || controlText === null) return;
  const state = stateNow();
  const missed = head - shown;
  awaySince = state === "reconnecting" ? awaySince ?? new Date() : undefined;
  const text = ending ?? state +
      (state === "paused" && missed > 0 ? `, ${missed} new` : "") +
      (awaySince === undefined ? "" : ` since ${awaySince.toTimeString().slice(0, 8)}`);
  control.dataset.state = state;
  control.setAttribute("aria-pressed", String(isPaused));
  const verb = ending === undefined ? isPaused ? "Resume updates" : "Pause updates" : "Reload";
  if (controlVerb !== null && controlVerb.textContent !== verb) controlVerb.textContent = verb;
  if (controlText.textContent !== text) controlText.textContent = text;
  // A pause was the reader's own doing.
  if (news === null || state === "paused" || state === announced) return;
  announced = state;
  news.textContent = ending ?? state;
}

/** @returns {"ended" | "paused" | "live" | "reconnecting"} */
function stateNow() {
  if (ending !== undefined) return "ended";
  if (isPaused) return "paused";
  const isFollowing = isResting || stream?.readyState === EventSource.OPEN;
  return isFollowing && !isCut ? "live" : "reconnecting";
}
