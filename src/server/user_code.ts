/** Protects the process, which all jobs share, from code of users. */

import { EXIT } from "../core/exit_codes.ts";
import { errorStack } from "../core/thrown.ts";
import type { ProcessEnd, UncaughtKind } from "../core/framework_events.ts";
import { present } from "../core/json.ts";
import { attemptHere, type AttemptOf } from "../engine/async_context.ts";

/** Functions whose callbacks run later, outside of any catch block. */
const SCHEDULERS = ["setTimeout", "setInterval", "setImmediate", "queueMicrotask"] as const;

type Callback = (this: unknown, ...args: unknown[]) => unknown;
type Scheduler = (callback: unknown, ...rest: unknown[]) => unknown;

/** Takes an error that no code caught. */
type Report = (kind: UncaughtKind, thrown: unknown, attempt: AttemptOf | undefined) => void;

/**
 * From now on, uncaught errors do not end the process, and with it other jobs: the error is logged,
 * and the attempt that caused it, if known, decides what else it means.
 *
 * @param warn Called with each uncaught error.
 * @param unowned Called with those whose attempt is not known.
 */
export function surviveUncaught(
  warn: (message: string) => void,
  unowned: (kind: UncaughtKind, thrown: unknown) => void,
): void {
  const report: Report = (kind, thrown, attempt) => {
    const what = kind === "rejection" ? "unhandled rejection" : "uncaught error";
    const text = `${what}${whose(attempt)}: ${errorStack(thrown)}`;
    warn(attempt === undefined ? text : attempt.redact(text));
    if (attempt === undefined) unowned(kind, thrown);
    else attempt.uncaught(kind, thrown);
  };
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    // Deno ends the process if a listener of this event throws, so those of code are not called.
    event.stopImmediatePropagation();
    report("reported", event.error ?? event.message, attemptHere());
  });
  // A promise without a handler in one definition must not take down all other jobs.
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    report("rejection", event.reason, attemptHere());
  });
  for (const name of SCHEDULERS) guardCallbacks(name, report);
}

/**
 * Errors of callbacks are caught before they reach the platform, which does not know their attempt,
 * and ends the process if it cannot read the thrown value, such as a revoked proxy.
 */
function guardCallbacks(name: (typeof SCHEDULERS)[number], report: Report): void {
  const schedule = globalThis[name] as unknown as Scheduler;
  const guarded: Scheduler = (callback, ...rest) =>
    Reflect.apply(schedule, globalThis, [
      typeof callback === "function" ? guardedCallback(callback as Callback, report) : callback,
      ...rest,
    ]);
  Object.defineProperties(guarded, Object.getOwnPropertyDescriptors(schedule));
  Reflect.set(globalThis, name, guarded);
}

function guardedCallback(callback: Callback, report: Report): Callback {
  const attempt = attemptHere();
  return function (...args) {
    try {
      return Reflect.apply(callback, this, args);
    } catch (thrown) {
      return report("callback", thrown, attempt);
    }
  };
}

/** ` in task charge of job job_01J..., attempt 2`; empty outside of attempts. */
function whose(attempt = attemptHere()): string {
  if (attempt === undefined) return "";
  const { taskId, jobId, number } = attempt;
  return ` in task ${taskId} of job ${jobId}, attempt ${number}`;
}

let isOnPurpose = false;

/** Ends the process. Everything but code of users has to use it. */
export function exitProcess(exitCode: number): never {
  isOnPurpose = true;
  Deno.exit(exitCode);
}

/**
 * From now on, an exit by code of a job is reported, and gets an exit code after which a supervisor
 * starts the process again, for the sake of the other jobs. Code relies on an exit not to return,
 * so the process has to end.
 */
export function reportExitsOfCode(
  warn: (message: string) => void,
  leaveNote: (end: ProcessEnd) => void,
): void {
  globalThis.addEventListener("unload", () => {
    if (isOnPurpose) return;
    const at = attemptHere();
    const attempt = at && { jobId: at.jobId, taskId: at.taskId, attempt: at.number };
    leaveNote({ reason: "exited", exitCode: Deno.exitCode, ...present({ attempt }) });
    warn(
      `code${whose(at) || " outside of tasks"} called Deno.exit or process.exit, with ` +
        `exit code ${Deno.exitCode}; exiting with ${EXIT.endedByCode}, so that a supervisor ` +
        "starts Daybook again",
    );
    Deno.exitCode = EXIT.endedByCode;
  });
}

/** What a member `constructor` of parsed JSON leads to. */
const BUILT_INS = [Object, Array, Function, String, Number, Boolean];

/** Every entry and every job needs these. */
const USED = { Date, JSON, Map, Promise, Set };

/**
 * Keeps the built-in objects as they are. Everything in a process shares them, so a job that merges
 * its input into an object carelessly could change every object, by a member of the input called
 * `constructor`.
 *
 * From now on, code that adds a member to what plain data inherits, or replaces one that all
 * objects inherit or that every job needs, gets a `TypeError`. Call it before code of users is
 * loaded.
 */
export function keepBuiltIns(): void {
  for (const [name, builtIn] of Object.entries(USED)) {
    keepOwn(globalThis, name);
    for (const member of Object.getOwnPropertyNames(builtIn)) keepOwn(builtIn, member);
  }
  for (const method of ["encode", "encodeInto"]) keepOwn(TextEncoder.prototype, method);
  // Timers and time limits are measured with it.
  keepOwn(performance, "now");
  keepMembers(Object.prototype);
  for (const builtIn of BUILT_INS) {
    // Not frozen: with frozen prototypes of arrays and texts, a job takes a tenth more processor
    // time, and libraries give functions and lists members such as `toString` or `push`.
    Object.preventExtensions(builtIn.prototype);
    Object.freeze(builtIn);
  }
}

/** Code may still add members of its own. */
function keepOwn(owner: object, name: string): void {
  const value: unknown = Reflect.get(owner, name);
  Object.defineProperty(owner, name, { value, writable: false, configurable: false });
}

/**
 * Keeps the members of a prototype, but lets objects that inherit them have their own, such as a
 * `toString`. An assignment would fail if the inherited members were frozen.
 */
function keepMembers(owner: object): void {
  for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(owner))) {
    if (value !== undefined) Object.defineProperty(owner, name, keptMember(owner, name, value));
  }
}

/** Cannot be deleted either. */
function keptMember(owner: object, name: string, value: unknown): PropertyDescriptor {
  return {
    configurable: false,
    get: () => value,
    set(this: unknown, own: unknown) {
      if (this === owner) throw new TypeError(`Cannot change ${name} of all objects`);
      const data = { value: own, writable: true, enumerable: true, configurable: true };
      Object.defineProperty(this, name, data);
    },
  };
}
