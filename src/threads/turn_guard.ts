/**
 * Cuts off code that does not yield. In Deno 2.9 `Worker.terminate` does not stop an endless loop
 * (https://github.com/denoland/deno/pull/35657), but the time limit of `node:vm` does. So all code of a job runs under that limit, including what
 * runs after an `await`: a turn in which a promise is resolved from outside begins with a tick that
 * runs the microtasks under the limit.
 */

import process from "node:process";
import { Script } from "node:vm";

/** Internals of Deno. Without them, only code that is called directly is cut off. */
interface Core {
  runMicrotasks(): void;
  setPromiseHooks(init: undefined, before: undefined, after: undefined, resolve: () => void): void;
}

function findCore(): Core | undefined {
  const { internal } = Deno as unknown as { readonly internal?: symbol };
  const found = internal === undefined
    ? undefined
    : (Deno as unknown as Record<symbol, { readonly core?: Partial<Core> }>)[internal]?.core;
  const isWhole = typeof found?.runMicrotasks === "function" &&
    typeof found.setPromiseHooks === "function";
  return isWhole ? found as Core : undefined;
}

interface TurnLimits {
  /** How long code may run now, in milliseconds. */
  limitMs(): number;
  /** Code took longer, and was cut off. */
  cutOff(afterMs: number): void;
  /** A promise was resolved, or the code yields: an opportunity to check its memory. */
  wentOn(): void;
}

const WORK = "daybookTurn";

/** `node:vm` takes at most this, 49 days. */
const LIMIT_MAX_MS = 2 ** 32 - 1;

export class TurnGuard {
  readonly #limits: TurnLimits;
  readonly #script = new Script(`globalThis.${WORK}()`);
  readonly #core = findCore();
  #isInside = false;
  #isArmed = false;

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /** Whether code is running under a limit. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /** From now on, code that promises and timers call is cut off at its limit. */
  begin(): void {
    this.#core?.setPromiseHooks(undefined, undefined, undefined, () => {
      this.#limits.wentOn();
      this.#arm();
    });
    guardTimers((work) => this.enter(work));
  }

  /** Calls `work`, and the microtasks it queues, under the limit. */
  enter(work: () => void, limitMs: number = this.#limits.limitMs()): void {
    if (this.#isInside) return work();
    let thrown: { readonly error: unknown } | undefined;
    const within = () => {
      try {
        work();
      } catch (error) {
        thrown = { error };
      }
      this.#core?.runMicrotasks();
    };
    Object.defineProperty(globalThis, WORK, { value: within, configurable: true });
    const timeout = Math.min(Math.max(1, Math.ceil(limitMs)), LIMIT_MAX_MS);
    this.#isInside = true;
    try {
      this.#script.runInThisContext({ timeout });
    } catch {
      // Errors of `work` are caught inside, so this is the time limit.
      this.#limits.cutOff(timeout);
    } finally {
      this.#isInside = false;
    }
    this.#limits.wentOn();
    if (thrown !== undefined) throw thrown.error;
  }

  #arm(): void {
    if (this.#isInside || this.#isArmed) return;
    this.#isArmed = true;
    process.nextTick(() => {
      this.#isArmed = false;
      this.enter(() => {});
    });
  }
}

type Callback = (...args: unknown[]) => void;

/** The platform calls timers directly, without a promise. */
function guardTimers(enter: (work: () => void) => void): void {
  const timers = globalThis as unknown as Record<
    string,
    (callback: unknown, ...rest: unknown[]) => unknown
  >;
  for (const name of ["setTimeout", "setInterval", "setImmediate"]) {
    const original = timers[name];
    if (original === undefined) continue;
    timers[name] = (callback, ...rest) =>
      original(
        typeof callback === "function"
          ? (...args: unknown[]) => enter(() => (callback as Callback)(...args))
          : callback,
        ...rest,
      );
  }
}
