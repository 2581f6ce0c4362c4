/** Collection of garbage on request, for what V8 does not count when it decides to collect. */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

let collect: (() => void) | undefined;

/** Collects all garbage of this thread, and gives the memory back. It blocks the thread. */
export function collectGarbage(): void {
  collect ??= collector();
  collect();
}

function collector(): () => void {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("globalThis.gc");
  // The flag is one for all threads of the process, and code of jobs has no use for a collector.
  setFlagsFromString("--no-expose-gc");
  // Another thread may have hidden it at the same time.
  return gc ?? collector();
}
