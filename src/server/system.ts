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
    if (unservedMs > TURN_MS) return await systemClock.pause();
    const began = performance.now();
    immediates.begun++;
    immediates.pending++;
    await new Promise((resolve) => setImmediate(resolve));
    immediates.pending--;
    const now = performance.now();
    unservedMs += now - Math.max(began, countedMs);
    countedMs = now;
  },
  pause() {
    return new Promise((resolve) => {
      paused.push(resolve);
      if (paused.length === 1 && !isResuming) armTurn();
    });
  },
};

// Deno polls its connections when it has nothing to do but to wait for a timer. While immediates are
// pending, or timers are overdue, it polls them only at every sixtieth turn. So a turn takes little
// time, and then there is one timer, and nothing else, until the next.

/** Once a turn has taken this long, the rest waits for the next one. */
const TURN_MS = 10;
/** Work that waits for a turn in which connections have been polled, the longest wait first. */
const paused: (() => void)[] = [];
let isResuming = false;
let turnBeganMs = 0;

const immediates = { begun: 0, pending: 0 };
/** The time that has passed in immediates since connections were polled. */
let unservedMs = 0;
/** Until when it is counted: many immediates may be pending at once. */
let countedMs = 0;

function armTurn(): void {
  isResuming = true;
  const { begun, pending } = immediates;
  setTimeout(() => {
    if (pending === 0 && immediates.begun === begun) unservedMs = 0;
    turnBeganMs = performance.now();
    resumeOne();
  }, 0);
}

/** Each runs up to its next pause before the next immediate. */
function resumeOne(): void {
  isResuming = paused.length > 0;
  if (!isResuming) return;
  if (performance.now() - turnBeganMs >= TURN_MS) return armTurn();
  paused.shift()?.();
  setImmediate(resumeOne);
}

function longTimer(delayMs: number, callback: () => void): () => void {
  let cancel = systemClock.setTimer(TIMER_MAX_MS, () => {
    cancel = systemClock.setTimer(delayMs - TIMER_MAX_MS, callback);
  });
  return () => cancel();
}

export const systemRandom: Random = { ulid: () => monotonicUlid(), fraction: () => Math.random() };

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
