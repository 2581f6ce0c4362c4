/**
 * Where each event id of the journal is. An id that tells the time of its entry is looked for
 * among the entries of that time; every other has a row in the index, and is in memory until it
 * has. What is found is a candidate: reading the entry tells.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import type { JobIndex } from "../job_index.ts";
import { hashOf, type IdRow, IdRows } from "./id_rows.ts";
import { timeToldBy, ToldTimes } from "./id_time.ts";
import { type LogIdRange, TimeMarks } from "./time_marks.ts";

/** What is considered of an entry. */
export type EntryId = Pick<JobEventLogEntry, "eventId" | "logId" | "receivedAt">;

/** Positions between two, neither included. */
export interface Between {
  readonly after?: LogId;
  readonly before?: LogId;
}

export interface CapturedIds {
  readonly times: Uint8Array;
  /** Those of which the index has no row. */
  readonly rows: Float64Array;
}

/** Entries that are read at a time. */
const PAGE = 128;
/** Hashes of which the index was found to have none. */
const ABSENT_MAX = 1 << 14;
const NONE: readonly LogId[] = [];

export class EventIds {
  readonly #index: JobIndex | undefined;
  readonly #told = new ToldTimes();
  readonly #times = new TimeMarks();
  readonly #rows = new IdRows();
  readonly #absent = new Set<number>();
  #head: LogId = 0;

  /** @param index Where rows go; without one they stay in memory. */
  constructor(index?: JobIndex) {
    this.#index = index;
  }

  /** The last entry that was added. */
  get head(): LogId {
    return this.#head;
  }

  /** How many rows are in memory. */
  get unsaved(): number {
    return this.#rows.size;
  }

  /** Adds an entry that is durable; the positions ascend. */
  add(entry: EntryId): void {
    const time = this.#told.of(entry);
    if (time === undefined) this.#rows.add(hashOf(entry.eventId), entry.logId);
    else this.#times.add(time, entry.logId);
    this.#head = entry.logId;
  }

  /** Whether an entry above a position may have this id. */
  mayHold(eventId: EventId, after: LogId = 0): boolean {
    return this.#rowsOf(eventId).some((logId) => logId > after) ||
      this.#rangesOf(eventId).some(({ to }) => to > after);
  }

  /** Positions, ascending, of the entries that may have this id. */
  candidates(eventId: EventId, { after = 0, before = Infinity }: Between = {}): readonly LogId[] {
    const found = this.#rowsOf(eventId).filter((logId) => logId > after && logId < before);
    for (const { from, to } of this.#rangesOf(eventId)) {
      const end = Math.min(to, before - 1);
      for (let logId = Math.max(from, after + 1); logId <= end; logId++) found.push(logId);
    }
    return found.length < 2 ? found : [...new Set(found)].sort((left, right) => left - right);
  }

  /** The first entry that has this id, if there is one. */
  async find(
    eventId: EventId,
    readAt: (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>,
  ): Promise<JobEventLogEntry | undefined> {
    const candidates = this.candidates(eventId);
    for (let at = 0; at < candidates.length; at += PAGE) {
      const entries = await readAt(candidates.slice(at, at + PAGE));
      const found = entries.find((entry) => entry.eventId === eventId);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The rows that are in memory, by their hashes: near each other in the index, too. */
  rows(): readonly IdRow[] {
    return [...this.#rows].sort(([left], [right]) => left - right);
  }

  /** The index has these rows. */
  saved(): void {
    this.#rows.clear();
    this.#absent.clear();
  }

  /** All of it, as it is now. */
  capture(): CapturedIds {
    return { times: this.#times.capture(), rows: this.#rows.capture() };
  }

  /**
   * Takes over what `capture` gave.
   *
   * @param head Up to where the index has the other rows; 0 without one.
   */
  restore({ times, rows }: CapturedIds, head: LogId): void {
    this.#times.restore(times);
    this.#rows.restore(rows);
    this.#head = Math.max(head, this.#times.lastLogId, rows.at(-1) ?? 0);
  }

  #rowsOf(eventId: EventId): LogId[] {
    const hash = hashOf(eventId);
    const indexed = this.#indexed(hash);
    const inMemory = this.#rows.at(hash);
    return indexed === NONE ? [...inMemory] : [...indexed, ...inMemory];
  }

  /** The index may know of entries that were lost with the end of the journal. */
  #indexed(hash: number): readonly LogId[] {
    if (this.#index === undefined || this.#absent.has(hash)) return NONE;
    const found = this.#index.idsOf(hash);
    if (found.length > 0) return found.filter((logId) => logId <= this.#head);
    if (this.#absent.size >= ABSENT_MAX) this.#absent.clear();
    this.#absent.add(hash);
    return NONE;
  }

  #rangesOf(eventId: EventId): readonly LogIdRange[] {
    const time = timeToldBy(eventId);
    return time === undefined ? [] : this.#times.at(time);
  }
}
