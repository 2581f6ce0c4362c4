/**
 * The watchdog's thread. It detects a blocked event loop in the main thread, which cannot report
 * that itself, and may end the process. It runs from its text, so that no permission is needed to
 * read the file.
 */

const { workerData } = require("node:worker_threads");
const { memory, layout, word, order, stallMs, exitMs, endNote, reports, isJson } = workerData;
const words = new Int32Array(memory, 0, layout.SLOTS_AT + 2 * layout.SLOTS);
const bytes = new Uint8Array(memory);

const LOOK_MS = 250;
/** How long the main thread has for an orderly end of the process after it was asked for one. */
const ORDERLY_MS = 2_000;
/** How long writing the note about the end may take. */
const NOTE_MS = 500;
/** One Ctrl-C may arrive twice, from the terminal and from `deno task`. */
const SAME_REQUEST_MS = 500;

let beat = Atomics.load(words, word.beat);
let since = performance.now();
let looked = since;
let stalled = false;
let askedAt;
/** When the first stop signal came while the event loop was blocked. */
let signalledAt;
let handlesSignals = false;
let isEnding = false;

function attemptIn(slot) {
  const length = words[layout.SLOTS_AT + 2 * slot + 1];
  if (slot < 0 || length === 0) return undefined;
  const at = layout.TEXTS_AT + slot * layout.TEXT_BYTES;
  const [jobId, taskId] = String.fromCharCode(...bytes.subarray(at, at + length)).split(" ");
  const attempt = words[layout.SLOTS_AT + 2 * slot];
  // A call of `run` itself has no number.
  return { jobId, taskId, ...(attempt > 0 ? { attempt } : {}) };
}

function openAttempts() {
  return Array.from({ length: layout.SLOTS }, (_, slot) => attemptIn(slot)).filter(Boolean);
}

function textOf(attempts) {
  if (attempts.length === 0) {
    return "no attempt is open, so if code of a definition is the cause, a request called it, " +
      "such as its input schema";
  }
  const byJob = Object.groupBy(attempts, ({ jobId }) => jobId);
  const named = Object.entries(byJob).map(([jobId, open]) => {
    const tasks = open.map(({ taskId, attempt }) =>
      attempt === undefined ? taskId : `${taskId}, attempt ${attempt}`
    );
    return `${jobId} (${tasks.join("; ")})`;
  });
  const rest = Atomics.load(words, word.open) - attempts.length;
  return `open: ${named.join(", ")}${rest > 0 ? `, and ${rest} more` : ""}`;
}

/** Writes directly: the console of a thread may wait for the main thread. */
function say(message, attempts) {
  if (!reports) return;
  const time = new Date().toISOString();
  const line = isJson
    ? JSON.stringify({ time, level: "warn", message, ...(attempts ? { attempts } : {}) })
    : `daybook: ${message}${attempts ? `; ${textOf(attempts)}` : ""}`;
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`${line}\n`));
  } catch {
    // There is nowhere else to report it.
  }
}

/** How many open attempts are recorded. */
const RECORDED_MAX = 16;

/** Stores the report for the main thread, in case its loop turns again. */
function keep(attempts) {
  const { written } = new TextEncoder().encodeInto(
    JSON.stringify({ text: textOf(attempts), open: attempts.slice(0, RECORDED_MAX) }),
    bytes.subarray(layout.REPORT_AT, layout.REPORT_AT + layout.REPORT_BYTES),
  );
  Atomics.store(words, word.reportBytes, written);
}

/** Ends the process once the note about it is written, or could not be: the disk may hang. */
function kill(message) {
  if (isEnding) return;
  isEnding = true;
  const open = openAttempts();
  say(message, open);
  const end = () => Deno.kill(Deno.pid, "SIGKILL");
  setTimeout(end, NOTE_MS);
  const blockedMs = Math.round(performance.now() - since);
  // JSON leaves out an `undefined`.
  const last = attemptIn(words[word.last]);
  const note = { reason: "blocked", blockedMs, open: open.slice(0, RECORDED_MAX), last };
  Deno.writeTextFile(endNote, JSON.stringify(note), { mode: 0o600 }).then(end, end);
}

function seconds(ms) {
  return `${Math.round(ms / 1000)} s`;
}

function look() {
  const now = performance.now();
  const current = Atomics.load(words, word.order);
  if (current === order.stop) return clearInterval(timer);
  if (current === order.signals && !handlesSignals) handleSignals();
  // The whole process was paused: it was stopped, or the machine slept.
  const wasPaused = now - looked > LOOK_MS + 1_000;
  looked = now;
  const latest = Atomics.load(words, word.beat);
  if (latest !== beat || wasPaused) {
    beat = latest;
    since = now;
    stalled = false;
    askedAt = signalledAt = undefined;
    return;
  }
  const still = now - since;
  if (!stalled && still >= stallMs) {
    stalled = true;
    Atomics.add(words, word.stalls, 1);
    const attempts = openAttempts();
    keep(attempts);
    say(`the event loop has been blocked for ${seconds(still)}`, attempts);
  }
  if (exitMs === 0 || still < exitMs) return;
  if (askedAt === undefined) {
    askedAt = now;
    Atomics.store(words, word.exit, 1);
  } else if (now - askedAt >= ORDERLY_MS) {
    kill(
      `the event loop has been blocked for ${seconds(still)} (--stall-exit): ending the process`,
    );
  }
}

/** The main thread handles signals too, but cannot while it is blocked. */
function handleSignals() {
  handlesSignals = true;
  const onSignal = () => {
    const now = performance.now();
    const isStill = Atomics.load(words, word.beat) === beat;
    if (!isStill || signalledAt === undefined) {
      signalledAt = now;
      if (stalled) say("the event loop is blocked; a second signal ends the process now");
    } else if (stalled && now - signalledAt > SAME_REQUEST_MS) {
      kill("ended by a second signal, while the event loop was blocked");
    }
  };
  for (const signal of ["SIGINT", "SIGTERM"]) Deno.addSignalListener(signal, onSignal);
}

const timer = setInterval(look, LOOK_MS);
