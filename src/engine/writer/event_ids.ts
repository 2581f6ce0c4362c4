/**
 * Finds the position of an event id. Most ids are generated when their entry is recorded: `evt_` and
 * a ULID with exactly the time of receipt. Such an id is searched for among the entries of that time.
 * Any other id has a row, in memory until the index has it. Results are candidates: reading the entry
 * confirms them.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import { quotedEntry } from "../../core/log_references.ts";
import type { IdRow, JobIndex } from "../job_index.ts";
import type { EntriesAt } from "../ports.ts";
import { HASH_SEED, mixed } from "../hash.ts";
import { ULID_ALPHABET, ULID_LENGTH } from "./derived_ids.ts";
import { type LogIdRange, TimeMarks } from "./time_marks.ts";

/** An id, and the positions of the entries that may have it, ascending. */
export interface IdCandidates {
  readonly eventId: EventId;
  readonly candidates: readonly LogId[];
}

/** The entry with an event id, or one with it that an imported job brought as a quotation. */
export interface FoundEntry {
  readonly entry: JobEventLogEntry;
  readonly isQuoted: boolean;
}

interface CapturedIds {
  readonly times: Uint8Array;
  /** Rows that are not in the index yet, each a hash and a position, in the order of the entries. */
  readonly rows: Float64Array;
}

/** Entries to read at a time. */
const PAGE = 128;
/** How many hashes to remember as absent from the index. */
const ABSENT_MAX = 1 << 14;
const NONE: readonly LogId[] = [];

export class EventIds {
  readonly #timesInIds = new TimesInIds();
  readonly #times = new TimeMarks();
  /** By the hash of an id: nearly always one position. */
  readonly #rows = new Map<number, LogId[]>();
  readonly #absent = new Set<number>();
  #head: LogId = 0;
  /** Rows up to here are in the index, or were restored. */
  #lastSaved: LogId = 0;

  /** @param index Stores the rows. Without an index they stay in memory. */
  constructor(private readonly index?: JobIndex) {}

  get head(): LogId {
    return this.#head;
  }

  get unsaved(): number {
    return this.#rows.size;
  }

  /** Adds a durable entry, and what it quotes. Positions must ascend. */
  add(entry: JobEventLogEntry): void {
    this.#add(entry);
    if (entry.eventType === "journal.EntryQuoted") this.#add(quotedEntry(entry));
  }

  #add(entry: Pick<JobEventLogEntry, "eventId" | "logId" | "receivedAt">): void {
    const time = this.#timesInIds.of(entry);
    if (time !== undefined) this.#times.add(time, entry.logId);
    else if (entry.logId > (this.index?.upTo ?? 0)) {
      this.#addRow(eventIdHash(entry.eventId), entry.logId);
    }
    this.#head = entry.logId;
  }

  #addRow(hash: number, logId: LogId): void {
    const known = this.#rows.get(hash);
    if (known === undefined) this.#rows.set(hash, [logId]);
    else known.push(logId);
  }

  /** The positions between two others of the entries that may have this id, ascending. */
  candidates(eventId: EventId, after: LogId = 0, before: LogId = Infinity): readonly LogId[] {
    const found = this.#rowsOf(eventId, after).filter((logId) => logId > after && logId < before);
    for (const { from, to } of this.#rangesOf(eventId)) {
      const end = Math.min(to, before - 1);
      for (let logId = Math.max(from, after + 1); logId <= end; logId++) found.push(logId);
    }
    return inOrder(found);
  }

  /**
   * By id, the first entry with it, or else the first quoted one; nothing for the others. All are
   * read together, since opening the journal takes as long as reading several entries.
   */
  async find(
    sought: readonly IdCandidates[],
    readAt: EntriesAt,
  ): Promise<ReadonlyMap<EventId, FoundEntry>> {
    const found = new Map<EventId, FoundEntry>();
    const missing = new Set(sought.map(({ eventId }) => eventId));
    const candidates = inOrder(sought.flatMap(({ candidates }) => candidates));
    for (let at = 0; at < candidates.length && missing.size > 0; at += PAGE) {
      for (const entry of await readAt(candidates.slice(at, at + PAGE))) {
        const quoted = quotedEntry(entry);
        if (missing.delete(entry.eventId)) found.set(entry.eventId, { entry, isQuoted: false });
        if (missing.has(quoted.eventId) && !found.has(quoted.eventId)) {
          found.set(quoted.eventId, { entry: quoted, isQuoted: true });
        }
      }
    }
    return found;
  }

  /**
   * The rows in memory, or those of that many ids, sorted by hash, so that neighbours are close in
   * the index.
   */
  rows(idsMax: number = Infinity): readonly IdRow[] {
    return this.#firstRows(idsMax).sort(([left], [right]) => left - right);
  }

  #firstRows(idsMax: number): IdRow[] {
    return [
      ...this.#rows.entries().take(idsMax)
        .flatMap(([hash, logIds]) => logIds.map((logId): IdRow => [hash, logId])),
    ];
  }

  /** Drops these rows from memory: the index has them now. */
  saved(rows: readonly IdRow[]): void {
    for (const [hash, logId] of rows) {
      this.#rows.delete(hash);
      this.#lastSaved = Math.max(this.#lastSaved, logId);
    }
    this.#absent.clear();
  }

  capture(): CapturedIds {
    const rows = this.#firstRows(Infinity).sort(([, left], [, right]) => left - right);
    return { times: this.#times.capture(), rows: new Float64Array(rows.flat()) };
  }

  /**
   * Restores what `capture` returned.
   *
   * @param head The position up to which the index has the other rows; 0 without an index.
   */
  restore({ times, rows }: CapturedIds, head: LogId): void {
    this.#times.restore(times);
    for (let at = 0; at < rows.length; at += 2) this.#addRow(rows[at] ?? 0, rows[at + 1] ?? 0);
    this.#lastSaved = head;
    this.#head = Math.max(head, this.#times.lastLogId, rows.at(-1) ?? 0);
  }

  /** May include some at or before the position. */
  #rowsOf(eventId: EventId, after: LogId): LogId[] {
    const hash = eventIdHash(eventId);
    const indexed = after < this.#lastIndexed ? this.#indexed(hash) : NONE;
    const inMemory = this.#rows.get(hash) ?? NONE;
    return indexed === NONE ? [...inMemory] : [...indexed, ...inMemory];
  }

  /** Later rows are in memory. */
  get #lastIndexed(): LogId {
    return Math.max(this.#lastSaved, this.index?.upTo ?? 0);
  }

  /** Ignores rows above the head: the index may hold entries that the journal has lost. */
  #indexed(hash: number): readonly LogId[] {
    if (this.index === undefined || this.#absent.has(hash)) return NONE;
    const found = this.index.idsOf(hash);
    if (found.length > 0) return found.filter((logId) => logId <= this.#head);
    if (this.#absent.size >= ABSENT_MAX) this.#absent.clear();
    this.#absent.add(hash);
    return NONE;
  }

  #rangesOf(eventId: EventId): readonly LogIdRange[] {
    const time = timeInId(eventId);
    return time === undefined ? [] : this.#times.at(time);
  }
}

/** Ascending, each once. */
function inOrder(logIds: readonly LogId[]): readonly LogId[] {
  return logIds.length < 2 ? logIds : [...new Set(logIds)].sort((left, right) => left - right);
}

const OTHER_SEED = 0x2545f491;
const HIGH_UNIT = 2 ** 32;
const HIGH_MASK = 2 ** 21 - 1;

/** An integer from 0 to 2^53 - 1: two hashes like FNV-1a, with different seeds and multipliers. */
export function eventIdHash(eventId: EventId): number {
  let [low, high] = [HASH_SEED, OTHER_SEED];
  for (let index = 0; index < eventId.length; index++) {
    const code = eventId.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return (mixed(high) & HIGH_MASK) * HIGH_UNIT + mixed(low);
}

const PREFIX = "evt_";
const TIME_LENGTH = 10;
const ID_LENGTH = PREFIX.length + ULID_LENGTH;

/** The time in milliseconds since the epoch; `undefined` for an id of another form. */
export function timeInId(eventId: string): number | undefined {
  if (eventId.length !== ID_LENGTH || !eventId.startsWith(PREFIX)) return undefined;
  let time = 0;
  for (let index = PREFIX.length; index < PREFIX.length + TIME_LENGTH; index++) {
    const digit = ULID_ALPHABET.indexOf(eventId.charAt(index));
    if (digit < 0) return undefined;
    time = 32 * time + digit;
  }
  return time;
}

/** Detects entries whose ids contain their time of receipt. Encodes each time only once. */
export class TimesInIds {
  #receivedAt = "";
  #ms = 0;
  /** The prefix of ids with that time. */
  #prefix = "";

  /** The time of receipt, in milliseconds since the epoch, if the id contains exactly that time. */
  of(
    { eventId, receivedAt }: Pick<JobEventLogEntry, "eventId" | "receivedAt">,
  ): number | undefined {
    if (receivedAt !== this.#receivedAt) this.#take(receivedAt);
    // `startsWith` takes three times as long for an id that is a substring of a longer text.
    const isSame = eventId.length === ID_LENGTH &&
      eventId.slice(0, PREFIX.length + TIME_LENGTH) === this.#prefix;
    return isSame ? this.#ms : undefined;
  }

  #take(receivedAt: string): void {
    this.#receivedAt = receivedAt;
    this.#ms = Date.parse(receivedAt);
    this.#prefix = PREFIX + timeText(this.#ms);
  }
}

/** The prefix of ULIDs with a time; for an invalid time, text that no ULID starts with. */
function timeText(ms: number): string {
  if (!(ms >= 0)) return " ";
  let text = "";
  for (let rest = ms; text.length < TIME_LENGTH; rest = Math.floor(rest / 32)) {
    text = ULID_ALPHABET.charAt(rest % 32) + text;
  }
  return text;
}
