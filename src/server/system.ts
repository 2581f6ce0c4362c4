/** The real clock and the real sources of ids and randomness; only `main.ts` and commands use them. */

import { setImmediate } from "node:timers";
import { monotonicUlid } from "@std/ulid";
import type { Clock, Random } from "../engine/ports.ts";

// As the platform has it, before code of users is told from that of the engine.
const { setTimeout } = globalThis;

/** Timers of the platform take at most a signed 32-bit number of milliseconds. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimer(delayMs, callback) {
    const timer = setTimeout(callback, Math.min(Math.max(0, delayMs), TIMER_MAX_MS));
    return () => clearTimeout(timer);
  },
  nextTurn: () => new Promise((resolve) => setImmediate(resolve)),
  // Deno looks at its connections before each timer, and only at every sixtieth immediate.
  pause: () => new Promise((resolve) => setTimeout(resolve, 0)),
};

export const systemRandom: Random = {
  ulid: () => monotonicUlid(),
  fraction: () => Math.random(),
};
