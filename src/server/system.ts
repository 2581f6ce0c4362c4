/**
 * The real clock and the real sources of ids and randomness; only `main.ts` and commands use them.
 */

import { setImmediate } from "node:timers";
import { monotonicUlid } from "@std/ulid";
import { EXIT } from "../core/exit_codes.ts";
import { inNoContext } from "../engine/async_context.ts";
import type { Clock, Random } from "../engine/ports.ts";
import { exitProcess } from "./user_code.ts";

// The platform's timers, without the tracking of user code. Such code may also replace them.
const { setTimeout, clearTimeout } = globalThis;

/** The platform's timers take at most a signed 32-bit number of milliseconds. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    if (delayMs > TIMER_MAX_MS) return longTimer(delayMs, callback);
    const timer = inNoContext(() => setTimeout(callback, Math.max(0, delayMs)));
    return () => clearTimeout(timer);
  },
  async nextTurn() {
    if (unservedMs > UNSERVED_MAX_MS) return await systemClock.pause();
    const began = performance.now();
    immediates.begun++;
    immediates.pending++;
    await new Promise((resolve) => setImmediate(resolve));
    immediates.pending--;
    const now = performance.now();
    unservedMs += now - Math.max(began, countedMs);
    countedMs = now;
  },
  async pause() {
    const { begun, pending } = immediates;
    await new Promise<void>((resolve) => {
      paused.push(resolve);
      setTimeout(resumeOne, 0);
    });
    if (pending === 0 && immediates.begun === begun) unservedMs = 0;
  },
};

/**
 * Deno polls its connections before a timer, but only at every sixtieth turn while immediates are
 * pending. So after this time all who want a turn wait for a timer.
 */
const UNSERVED_MAX_MS = 10;
const immediates = { begun: 0, pending: 0 };
/** The time that has passed in immediates since connections were polled. */
let unservedMs = 0;
/** Until when it is counted: many immediates may be pending at once. */
let countedMs = 0;

/** Once those that resume have taken this long in one turn of the loop, the rest wait for the next. */
const TURN_MS = 10;
/** The longest wait first. */
const paused: (() => void)[] = [];
/** When the first one resumed in this turn; `undefined` if none has. */
let resumedMs: number | undefined;

/** Each has run up to its next pause before the next timer. */
function resumeOne(): void {
  const now = performance.now();
  if (resumedMs === undefined) {
    resumedMs = now;
    setImmediate(() => resumedMs = undefined);
  }
  if (now - resumedMs < TURN_MS) paused.shift()?.();
  else setTimeout(resumeOne, 0);
}

function longTimer(delayMs: number, callback: () => void): () => void {
  let cancel = systemClock.setTimer(TIMER_MAX_MS, () => {
    cancel = systemClock.setTimer(delayMs - TIMER_MAX_MS, callback);
  });
  return () => cancel();
}

export const systemRandom: Random = {
  ulid: () => monotonicUlid(),
  fraction: () => Math.random(),
};

/**
 * Ctrl-C reaches every process of the terminal, and `deno task` also forwards its own: signals
 * within this time are one request.
 */
const SAME_REQUEST_MS = 500;

/** Calls `stop` on the first SIGINT or SIGTERM; a later one ends the process at once. */
export function onStopSignal(stop: () => Promise<void>): void {
  let askedAtMs: number | undefined;
  const onSignal = () => {
    const nowMs = performance.now();
    if (askedAtMs === undefined) {
      askedAtMs = nowMs;
      void stop();
    } else if (nowMs - askedAtMs > SAME_REQUEST_MS) exitProcess(EXIT.interrupted);
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) Deno.addSignalListener(signal, onSignal);
}

// If output cannot be written, because the disk is full or the reader has exited, Deno throws in
// the code that printed. Recorded results must not depend on that.

const PRINTING = ["log", "info", "debug", "warn", "error"] as const;

type Printing = Pick<Console, typeof PRINTING[number]>;

/** From now on, output that cannot be printed is dropped. */
export function dropUnprintable(console: Printing): void {
  for (const method of PRINTING) {
    const print = console[method];
    console[method] = (...values) => {
      try {
        print.apply(console, values);
      } catch {
        // There is no other place to report it.
      }
    };
  }
}
