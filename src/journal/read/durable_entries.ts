/** Reads durable entries: recent ones from memory, older ones from disk. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import { positions, requireDurable } from "./catalogue.ts";
import type { SegmentReader } from "./segment_reader.ts";

const BYTES_MAX = 4 * 1024 * 1024;
/**
 * Enough for readers that follow. The garbage collector moves what lives longer, up to twice: with
 * 1,024 entries, it moved 9 KB of each job to the old space, and with 64, 4 KB.
 */
const ENTRIES_MAX = 64;
/**
 * These are kept however many entries they have. A reader that follows is one or two batches behind,
 * and reading from disk takes the thread ten times as long.
 */
const BATCHES_MIN = 3;

interface TailLimits {
  /** The most bytes of lines, as they are on disk. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

interface KeptBatch {
  readonly entries: readonly JobEventLogEntry[];
  readonly bytes: number;
}

/** The most recent entries, in memory. Adds and drops whole batches. */
export class Tail {
  /** Oldest first. */
  readonly #batches: KeptBatch[] = [];
  #count = 0;
  #bytes = 0;

  constructor(
    private readonly limits: TailLimits = { bytesMax: BYTES_MAX, entriesMax: ENTRIES_MAX },
  ) {}

  /** The oldest position kept; `undefined` if none is. */
  get firstLogId(): LogId | undefined {
    return this.#batches[0]?.entries[0]?.logId;
  }

  push(entries: readonly JobEventLogEntry[], bytes: number): void {
    this.#batches.push({ entries, bytes });
    this.#count += entries.length;
    this.#bytes += bytes;
    while (this.#isOver) this.#dropOldest();
  }

  /** The entries in a range of positions, both ends included. All of them must be kept. */
  slice(first: LogId, last: LogId): readonly JobEventLogEntry[] {
    const found: JobEventLogEntry[] = [];
    for (const { entries } of this.#batches) {
      const from = entries[0]?.logId ?? last + 1;
      if (from > last) break;
      if (from + entries.length <= first) continue;
      found.push(...entries.slice(Math.max(0, first - from), last - from + 1));
    }
    return found;
  }

  get #isOver(): boolean {
    const { bytesMax, entriesMax } = this.limits;
    return this.#bytes > bytesMax ||
      this.#count > entriesMax && this.#batches.length > BATCHES_MIN;
  }

  #dropOldest(): void {
    const { entries, bytes } = this.#batches.shift() as KeptBatch;
    this.#count -= entries.length;
    this.#bytes -= bytes;
  }
}

export class DurableEntries {
  constructor(private readonly tail: Tail, private readonly reader: SegmentReader) {}

  /** Returns at most `limit` entries after a position, none beyond the head. */
  async read(after: LogId, limit: number, head: LogId): Promise<readonly JobEventLogEntry[]> {
    const first = Math.max(0, after) + 1;
    const last = Math.min(head, first + limit - 1);
    if (last < first) return [];
    const recentFrom = Math.max(first, this.tail.firstLogId ?? head + 1);
    // Taken before the read: the tail may drop these entries while the disk is read.
    const recent = recentFrom > last ? [] : this.tail.slice(recentFrom, last);
    const older = positions(first, Math.min(last, recentFrom - 1));
    return older.length === 0 ? recent : [...await this.reader.readAt(older), ...recent];
  }

  /** @throws {RangeError} when a position is not durable, or the positions do not ascend. */
  async readAt(logIds: readonly LogId[], head: LogId): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, head);
    const recentFrom = this.tail.firstLogId ?? head + 1;
    const recent = logIds.filter((logId) => logId >= recentFrom)
      .flatMap((logId) => this.tail.slice(logId, logId));
    const older = logIds.filter((logId) => logId < recentFrom);
    return older.length === 0 ? recent : [...await this.reader.readAt(older), ...recent];
  }
}
