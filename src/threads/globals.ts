/** Globals that mean something else in a thread: what would end the process, or print for it. */

import process from "node:process";
import { formatWithOptions } from "node:util";

/** A shell gives the number of the signal that ended a program plus 128; this one is SIGKILL's. */
const KILLED = 137;
const PRINTING = ["log", "info", "debug", "warn", "error", "trace", "dir"] as const;

/**
 * A signal to its own process ends the server from a thread as well, and Deno asks no permission
 * for that: from now on it ends the thread, as `Deno.exit` does.
 */
export function endOnlyThisThread(): void {
  for (const owner of [Deno, process] as { kill(pid: number, signal?: unknown): unknown }[]) {
    const kill = owner.kill.bind(owner);
    // A signal 0 only asks whether the process is there.
    owner.kill = (pid, signal) =>
      pid === Deno.pid && signal !== 0 ? Deno.exit(KILLED) : kill(pid, signal);
  }
}

/**
 * From now on, what the console would print is given to `take`, where that wants it.
 *
 * @param take Whether it took the text.
 */
export function takePrinted(take: (text: string) => boolean): void {
  for (const method of PRINTING) {
    const print = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]) => {
      if (!take(formatWithOptions({ colors: false }, ...values))) print(...values);
    };
  }
}
