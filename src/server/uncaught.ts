/**
 * Handles uncaught errors of user code. They must not end the process, and with it other jobs: the
 * error is logged, and if the attempt that caused it is known, the attempt fails.
 */

import { errorStack } from "../core/thrown.ts";
import { attemptHere } from "../engine/run/current_attempt.ts";

/** Functions whose callbacks run later, outside of any catch block. */
const SCHEDULERS = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"] as const;

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type Scheduler = (callback: unknown, ...rest: unknown[]) => unknown;

/**
 * @param warn Called with each uncaught error.
 */
export function surviveUncaught(warn: (message: string) => void): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    warn(`uncaught error: ${errorStack(event.error ?? event.message)}`);
  });
  // A promise without a handler in one definition must not take down all other jobs.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    warn(`unhandled rejection${whose()}: ${errorStack(event.reason)}`);
  });
  for (const name of SCHEDULERS) guardCallbacks(name, warn);
}

/**
 * Errors of callbacks are caught before they reach the platform, which does not know their attempt,
 * and ends the process if it cannot read the thrown value, such as a revoked proxy.
 */
function guardCallbacks(name: (typeof SCHEDULERS)[number], warn: (message: string) => void): void {
  const schedule = globalThis[name] as unknown as Scheduler;
  const guarded: Scheduler = (callback, ...rest) =>
    Reflect.apply(schedule, globalThis, [
      typeof callback === "function" ? guardedCallback(callback as Callback, warn) : callback,
      ...rest,
    ]);
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(schedule));
  Reflect.set(globalThis, name, guarded);
}

function guardedCallback(callback: Callback, warn: (message: string) => void): Callback {
  const attempt = attemptHere();
  return function (...args) {
    try {
      return Reflect.apply(callback, this, args);
    } catch (thrown) {
      warn(`uncaught error${whose(attempt)}: ${errorStack(thrown)}`);
      return attempt?.uncaught(thrown);
    }
  };
}

/** ` in task charge of job job_01J..., attempt 2`; empty outside of attempts. */
export function whose(attempt = attemptHere()): string {
  if (attempt === undefined) return "";
  const { taskId, jobId, number } = attempt;
  return ` in task ${taskId} of job ${jobId}, attempt ${number}`;
}
