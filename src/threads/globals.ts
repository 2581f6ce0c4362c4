/**
 * Replaces globals that would end the process, escape the limits of a thread, or print to the
 * process's output.
 */

import process from "node:process";
import { formatWithOptions } from "node:util";

/**
 * A shell reports a program ended by a signal as 128 plus the signal's number. This is SIGKILL's.
 */
const KILLED = 137;
const PRINTING = ["log", "info", "debug", "warn", "error", "trace", "dir"] as const;

/**
 * A signal to its own process, which needs no permission in Deno, would end the server from a
 * thread. From now on it ends only the thread, like `Deno.exit`.
 */
export function endOnlyThisThread(): void {
  for (const owner of [Deno, process] as { kill(pid: number, signal?: unknown): unknown }[]) {
    const kill = owner.kill.bind(owner);
    // Signal 0 only checks that the process exists.
    owner.kill = (pid, signal) =>
      pid === Deno.pid && signal !== 0 ? Deno.exit(KILLED) : kill(pid, signal);
  }
}

/**
 * From now on, no worker can be started. The worker of a thread would escape the limits of the
 * thread, outlive its attempt, and could end the server. Call it before anything imports
 * `node:worker_threads`, since earlier imports are not affected.
 */
export function refuseWorkers(): void {
  const threads: unknown = process.getBuiltinModule("node:worker_threads");
  for (const owner of [globalThis, threads] as { Worker: { readonly prototype: object } }[]) {
    const refusing = new Proxy(owner.Worker, { construct: refuseWorker });
    Reflect.set(owner.Worker.prototype, "constructor", refusing);
    owner.Worker = refusing;
  }
}

function refuseWorker(): never {
  throw new TypeError(
    'Cannot start a worker: code with isolation "thread" is in one, and what another does could ' +
      "not be limited; let several tasks do the work",
  );
}

/**
 * From now on, `take` receives console output first.
 *
 * @param take Returns whether it took the text.
 */
export function takePrinted(take: (text: string) => boolean): void {
  for (const method of PRINTING) {
    const print = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]) => {
      if (!take(formatWithOptions({ colors: false }, ...values))) print(...values);
    };
  }
}
