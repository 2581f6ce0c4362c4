/** When the thread of the index collects its garbage. */

import { collectGarbage } from "../engine/collector.ts";

/** Bytes of lines that the thread reads between two collections. */
const READ_BYTES = 64 * 1024 * 1024;

let readBytes = 0;

/**
 * Collects if due, after these bytes of lines were read. V8 would hardly ever collect the whole
 * heap: it does not count hashes, of which a proof takes one for each batch. And it would keep the
 * largest young generation that the flags of the process allow, since they override the limits of a
 * thread.
 */
export function collectAfter(bytes: number): void {
  readBytes += bytes;
  if (readBytes < READ_BYTES) return;
  readBytes = 0;
  collectGarbage();
}
