/**
 * A signal to its own process ends the server from a thread as well, and Deno asks no permission
 * for that: in a thread it ends the thread, as `Deno.exit` does.
 */

import process from "node:process";

/** A shell gives the number of the signal that ended a program plus 128; this one is SIGKILL's. */
const KILLED = 137;

export function endOnlyThisThread(): void {
  for (const owner of [Deno, process] as { kill(pid: number, signal?: unknown): unknown }[]) {
    const kill = owner.kill.bind(owner);
    // A signal 0 only asks whether the process is there.
    owner.kill = (pid, signal) =>
      pid === Deno.pid && signal !== 0 ? Deno.exit(KILLED) : kill(pid, signal);
  }
}
