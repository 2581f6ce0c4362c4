/**
 * The program of a thread: loads a module of definitions and runs the code of one job at a time.
 */

import process from "node:process";
import { type MessagePort, workerData } from "node:worker_threads";
import { Script } from "node:vm";
import type { AnyJobDefinition } from "../engine/definition.ts";
import {
  type AttemptMessage,
  EXHAUSTED,
  type FromThread,
  outOfMemory,
  thrownData,
  type ToThread,
} from "./protocol.ts";
import { attemptHere } from "../engine/async_context.ts";
import { endOnlyThisThread, takePrinted } from "./globals.ts";
import { ThreadedJob } from "./threaded_job.ts";
import { BufferGuard } from "./memory_guard.ts";
import { keepBuiltIns, surviveUncaught } from "../server/user_code.ts";

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

/**
 * Cuts off code that does not yield. In Deno 2.9 `Worker.terminate` does not stop an endless loop
 * (https://github.com/denoland/deno/pull/35657), but the time limit of `node:vm` does. So all code
 * of a job runs under that limit, including what runs after an `await`: a turn in which a promise is
 * resolved from outside begins with a tick that runs the microtasks under the limit.
 */
class TurnGuard {
  readonly #script = new Script(`globalThis.${WORK}()`);
  readonly #core = findCore();
  #isInside = false;
  #isArmed = false;

  constructor(private readonly limits: TurnLimits) {}

  /** Whether code is running under a limit. */
  get isInside(): boolean {
    return this.#isInside;
  }

  /** From now on, code that promises and timers call is cut off at its limit. */
  begin(): void {
    this.#core?.setPromiseHooks(undefined, undefined, undefined, () => {
      this.limits.wentOn();
      this.#arm();
    });
    guardTimers((work) => this.enter(work));
  }

  /** Calls `work`, and the microtasks it queues, under the limit. */
  enter(work: () => void, limitMs: number = this.limits.limitMs()): void {
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
      this.limits.cutOff(timeout);
    } finally {
      this.#isInside = false;
    }
    this.limits.wentOn();
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

interface ThreadData {
  readonly module: string;
  readonly memoryMb: number;
  readonly port: MessagePort;
}

const BYTES_PER_MB = 1_048_576;

/** How long code that the module left behind may run without yielding before the first job. */
const MODULE_TURN_MS = 60_000;

const { module, memoryMb, port } = workerData as ThreadData;
// Taken before code can replace them, or shared memory is limited.
const { exit } = Deno;
const never = new Int32Array(new SharedArrayBuffer(4));
const post = (message: FromThread) => port.postMessage(message);

let job: ThreadedJob | undefined;
const buffers = new BufferGuard(memoryMb * BYTES_PER_MB, () => outOfMemory(memoryMb));
/** The time limit of the code that is about to be called. */
function limitMs(begins?: AttemptMessage): number {
  return job?.limitMs(begins) ?? MODULE_TURN_MS;
}

const guard = new TurnGuard({
  limitMs,
  cutOff: (afterMs) => post({ kind: "stuck", call: job?.call ?? 0, afterMs }),
  wentOn: () => void (buffers.isExceeded() && giveUp()),
});

/**
 * Ends the thread at once: its code may never yield. In Deno 2.9 an exit has no effect once the
 * engine has terminated the thread, which itself stops no running code
 * (https://github.com/denoland/deno/pull/35657). So the engine learns why only from the exit, and
 * code that runs on after a termination is blocked here until its time limit: it would fill the
 * memory of the process.
 */
function giveUp(): void {
  exit(EXHAUSTED);
  if (guard.isInside) Atomics.wait(never, 0, 0);
}

/** What the module exports, alone or in lists. */
async function loadDefinitions(): Promise<readonly AnyJobDefinition[]> {
  const exported: Record<string, unknown> = await import(module);
  return Object.values(exported).flat() as AnyJobDefinition[];
}

function findDefinition(
  definitions: readonly AnyJobDefinition[],
  { type, version }: Pick<AnyJobDefinition, "type" | "version">,
): AnyJobDefinition | undefined {
  return definitions.find((other) => other?.type === type && other.version === version);
}

function begin(definitions: readonly AnyJobDefinition[]): void {
  const take = (message: ToThread) => {
    const { call } = message;
    const begins = message.kind === "attempt" ? message : undefined;
    // Before the limit is asked for, since the limit is that of this job.
    if (message.kind === "run") job = new ThreadedJob(message, (said) => post({ call, ...said }));
    guard.enter(() => {
      if (message.kind === "run") job?.begin(findDefinition(definitions, message));
      else job?.receive(message);
    }, limitMs(begins));
    post({ kind: "rested", call });
  };
  // Deferred: a queued message would otherwise be handled in the turn of the previous one, and
  // share its time limit.
  port.on("message", (message: ToThread) => process.nextTick(take, message));
  guard.begin();
  post({ kind: "ready" });
}

endOnlyThisThread();
keepBuiltIns();
buffers.begin();
takePrinted((text) => {
  job?.printed(text, attemptHere()?.taskId);
  return job !== undefined;
});
surviveUncaught(
  (message) => console.error(`daybook: ${message}`),
  (kind, thrown) => job?.uncaught(kind, thrown),
);
loadDefinitions().then(begin).catch((error) => post({ kind: "broken", thrown: thrownData(error) }));
