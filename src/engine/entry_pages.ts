/**
 * Reads entries a few at a time, since there may be very many and each may be large. However many
 * readers there are, only one page is in memory at a time, apart from what its reader keeps of it.
 */

import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import { type JsonObject, jsonSize } from "../core/json.ts";
import type { Work } from "../core/work.ts";
import { Lane } from "./turns.ts";
import { type EntriesAt, LINE_OVERHEAD_BYTES } from "./ports.ts";

const ENTRIES_FIRST = 2;
const ENTRIES_MAX = 64;
const GROWTH = 8;
/** The target size of a page, as estimated from the previous one. */
const PAGE_CHARACTERS = 512 * 1024;

export interface EntrySource {
  readonly at: EntriesAt;
}

/** Called with bytes before they are kept in memory. Throws when no more are allowed. */
export type ReserveMemory = (bytes: number) => void;

export const RESERVE_NOTHING: ReserveMemory = () => {};

/** About how many characters an entry takes, or will take. */
export function entryCharacters({ attributes }: Pick<EventDraft, "attributes">): number {
  return LINE_OVERHEAD_BYTES + jsonSize(attributes as JsonObject);
}

/** Work with a pause after each entry. */
export function* each(
  entries: readonly JobEventLogEntry[],
  apply: (entry: JobEventLogEntry) => void,
): Work<void> {
  for (const entry of entries) {
    apply(entry);
    yield;
  }
}

/** How many entries to read next: a few until their size is known. */
export class PageSize {
  next: number = ENTRIES_FIRST;

  constructor(private readonly max: number = ENTRIES_MAX) {}

  read(entries: readonly JobEventLogEntry[]): void {
    const characters = entries.reduce((sum, entry) => sum + entryCharacters(entry), 0);
    const fitting = Math.floor(PAGE_CHARACTERS * entries.length / Math.max(1, characters));
    this.next = Math.max(1, Math.min(fitting, GROWTH * this.next, this.max));
  }
}

/**
 * A reader of a page has the lane until it asks for the next. It must read nothing else meanwhile.
 */
export class EntryPages {
  constructor(private readonly source: EntrySource, private readonly lane: Lane = new Lane()) {}

  async *of(logIds: readonly LogId[]): AsyncGenerator<readonly JobEventLogEntry[]> {
    const size = new PageSize();
    for (let start = 0; start < logIds.length;) {
      const end = start + size.next;
      yield* this.#page(logIds.slice(start, end), size);
      start = end;
    }
  }

  /** The same, the last page first. The entries of a page stay in order. */
  async *back(logIds: readonly LogId[]): AsyncGenerator<readonly JobEventLogEntry[]> {
    const size = new PageSize();
    for (let end = logIds.length; end > 0;) {
      const start = Math.max(0, end - size.next);
      yield* this.#page(logIds.slice(start, end), size);
      end = start;
    }
  }

  async *#page(
    logIds: readonly LogId[],
    size: PageSize,
  ): AsyncGenerator<readonly JobEventLogEntry[]> {
    using _turn = await this.lane.enter();
    const page = await this.source.at(logIds);
    size.read(page);
    yield page;
  }
}
