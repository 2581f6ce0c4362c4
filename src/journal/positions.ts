/** Checks of positions that a caller asks for. */

import type { LogId } from "../core/ids.ts";

/** @throws {RangeError} when a position is not durable, or they do not ascend. */
export function requireDurable(logIds: readonly LogId[], head: LogId): void {
  let previous = 0;
  for (const logId of logIds) {
    if (!Number.isInteger(logId) || logId <= previous) {
      throw new RangeError(`Cannot read positions: ${logId} comes after ${previous}`);
    }
    previous = logId;
  }
  if (previous > head) {
    throw new RangeError(`Cannot read position ${previous}: the journal ends at ${head}`);
  }
}

/** The positions from one to another, both included. */
export function positions(first: LogId, last: LogId): LogId[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
