/** Reads durable entries: recent ones from memory, older ones from disk. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { positions, requireDurable } from "./catalogue.ts";
import type { SegmentReader } from "./segment_reader.ts";

const BYTES_MAX = 4 * 1024 * 1024;
/** Limits the work of the garbage collector, which moves long-lived entries. */
const ENTRIES_MAX = 1024;

interface TailLimits {
  /** The most bytes of lines, as they are on disk. */
  readonly bytesMax: number;
  readonly entriesMax: number;
}

/** The size of one batch in the tail. */
interface BatchSize {
  readonly count: number;
  readonly bytes: number;
}

/** The most recent entries, in memory. Adds and drops whole batches. */
export class Tail {
  readonly #limits: TailLimits;
  #entries: JobEventLogEntry[] = [];
  /** Index of the oldest entry and batch that are still kept. */
  #firstEntry = 0;
  #kept: BatchSize[] = [];
  #firstKept = 0;
  #bytes = 0;

  constructor(limits: TailLimits = { bytesMax: BYTES_MAX, entriesMax: ENTRIES_MAX }) {
    this.#limits = limits;
  }

  /** The oldest position kept; `undefined` if none is. */
  get firstLogId(): LogId | undefined {
    return this.#entries[this.#firstEntry]?.logId;
  }

  push(entries: readonly JobEventLogEntry[], bytes: number): void {
    for (const entry of entries) this.#entries.push(entry);
    this.#kept.push({ count: entries.length, bytes });
    this.#bytes += bytes;
    while (this.#isOver()) this.#dropOldest();
    this.#compact();
  }

  /** The entries in a range of positions, both ends included. All of them must be kept. */
  slice(first: LogId, last: LogId): readonly JobEventLogEntry[] {
    const start = this.#indexOf(first);
    return this.#entries.slice(start, start + last - first + 1);
  }

  #indexOf(logId: LogId): number {
    return this.#firstEntry + logId - (this.firstLogId ?? logId);
  }

  #isOver(): boolean {
    const count = this.#entries.length - this.#firstEntry;
    return count > 0 && (this.#bytes > this.#limits.bytesMax || count > this.#limits.entriesMax);
  }

  #dropOldest(): void {
    const oldest = this.#kept[this.#firstKept++];
    this.#firstEntry += oldest?.count ?? 0;
    this.#bytes -= oldest?.bytes ?? 0;
  }

  /**
   * Frees dropped entries once they are more than half of all, so that an entry is moved about
   * once.
   */
  #compact(): void {
    if (2 * this.#firstEntry <= this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#firstEntry);
    this.#kept = this.#kept.slice(this.#firstKept);
    this.#firstEntry = 0;
    this.#firstKept = 0;
  }
}

export class DurableEntries {
  readonly #tail: Tail;
  readonly #reader: SegmentReader;

  constructor(tail: Tail, reader: SegmentReader) {
    this.#tail = tail;
    this.#reader = reader;
  }

  /** Returns at most `limit` entries after a position, none beyond the head. */
  async read(after: LogId, limit: number, head: LogId): Promise<readonly JobEventLogEntry[]> {
    const first = Math.max(0, after) + 1;
    const last = Math.min(head, first + limit - 1);
    if (last < first) return [];
    const recentFrom = Math.max(first, this.#tail.firstLogId ?? head + 1);
    // Taken before the read: the tail may drop these entries while the disk is read.
    const recent = recentFrom > last ? [] : this.#tail.slice(recentFrom, last);
    const older = positions(first, Math.min(last, recentFrom - 1));
    return older.length === 0 ? recent : [...await this.#reader.readAt(older), ...recent];
  }

  /** @throws {RangeError} when a position is not durable, or the positions do not ascend. */
  async readAt(logIds: readonly LogId[], head: LogId): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, head);
    const recentFrom = this.#tail.firstLogId ?? head + 1;
    const recent = logIds.filter((logId) => logId >= recentFrom)
      .flatMap((logId) => this.#tail.slice(logId, logId));
    const older = logIds.filter((logId) => logId < recentFrom);
    return older.length === 0 ? recent : [...await this.#reader.readAt(older), ...recent];
  }
}
