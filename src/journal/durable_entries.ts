/** Durable entries: the recent ones from memory, the others from disk. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { positions, requireDurable } from "./catalogue.ts";
import type { SegmentReader } from "./segment_reader.ts";
import type { Tail } from "./tail.ts";

export class DurableEntries {
  readonly #tail: Tail;
  readonly #reader: SegmentReader;

  constructor(tail: Tail, reader: SegmentReader) {
    this.#tail = tail;
    this.#reader = reader;
  }

  /** At most `limit` entries after a position, none beyond the head. */
  async read(after: LogId, limit: number, head: LogId): Promise<readonly JobEventLogEntry[]> {
    const first = Math.max(0, after) + 1;
    const last = Math.min(head, first + limit - 1);
    if (last < first) return [];
    const recentFrom = Math.max(first, this.#tail.firstLogId ?? head + 1);
    // Taken now: the tail may have moved on when the disk answers.
    const recent = recentFrom > last ? [] : this.#tail.slice(recentFrom, last);
    const older = positions(first, Math.min(last, recentFrom - 1));
    return older.length === 0 ? recent : [...await this.#reader.readAt(older), ...recent];
  }

  /** @throws {RangeError} when a position is not durable, or they do not ascend. */
  async readAt(logIds: readonly LogId[], head: LogId): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, head);
    const recentFrom = this.#tail.firstLogId ?? head + 1;
    const recent = logIds.filter((logId) => logId >= recentFrom)
      .flatMap((logId) => this.#tail.slice(logId, logId));
    const older = logIds.filter((logId) => logId < recentFrom);
    return older.length === 0 ? recent : [...await this.#reader.readAt(older), ...recent];
  }
}
