/**
 * Records events: completes drafts, passes groups to the journal, and keeps event ids unique. It
 * knows nothing about jobs.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { EventIds, FoundEntry, IdCandidates } from "./event_ids.ts";
import type { Clock, Journal, Urgency } from "../ports.ts";

export interface IdSearch extends IdCandidates {
  /** The last position searched: the id may be recorded after it. */
  readonly upTo: LogId;
}

export class EventEngine {
  #journal: Journal | undefined;
  /** Entries in flight whose ids callers chose. Generated ids are always new. */
  readonly #pending = new SteadyMap<EventId, LogId>();
  #stampedMs = -1;
  #stamp = "";

  /** @param eventIds Finds recorded entries by id. */
  constructor(private readonly clock: Clock, private readonly eventIds: EventIds) {}

  /** Starts recording into a journal. */
  open(journal: Journal): void {
    this.#journal = journal;
  }

  /** @throws {TypeError} before `open`. */
  get journal(): Journal {
    if (this.#journal === undefined) throw new TypeError("Cannot record: no journal is open");
    return this.#journal;
  }

  /**
   * Records a group, all or nothing. Positions are assigned at once, but the entries must stay
   * invisible until the journal reports them durable.
   *
   * The caller must have checked, with `pending` and `lookUp`, that no id of the group is taken.
   *
   * @param receivedAt An RFC 3339 time; defaults to now.
   */
  record(
    drafts: readonly EventDraft[],
    urgency: Urgency,
    receivedAt: string = this.now(),
  ): readonly JobEventLogEntry[] {
    const { entries } = this.journal.append(drafts, urgency, receivedAt);
    for (let index = 0; index < entries.length; index++) {
      const { eventId, logId } = entries[index] as JobEventLogEntry;
      if (mayBeSent(drafts[index] as EventDraft)) this.#pending.set(eventId, logId);
    }
    return entries;
  }

  /** An entry has become durable. */
  seen(entry: JobEventLogEntry): void {
    this.eventIds.add(entry);
    if (this.#pending.size > 0) this.#pending.delete(entry.eventId);
  }

  /** An entry was lost before it became durable. */
  lost(entry: JobEventLogEntry): void {
    this.#pending.delete(entry.eventId);
  }

  /** The position of the in-flight entry with this id, if any. */
  pending(eventId: EventId): LogId | undefined {
    return this.#pending.get(eventId);
  }

  /** Where the journal may hold this id after a position. Only `lookUp` is certain. */
  seek(eventId: EventId, after: LogId = 0): IdSearch {
    const candidates = this.eventIds.candidates(eventId, after);
    return { eventId, candidates, upTo: this.eventIds.head };
  }

  lookUp(searches: readonly IdSearch[]): Promise<ReadonlyMap<EventId, FoundEntry>> {
    return this.eventIds.find(searches, (logIds) => this.journal.readAt(logIds));
  }

  async find(eventId: EventId): Promise<JobEventLogEntry | undefined> {
    const found = (await this.lookUp([this.seek(eventId)])).get(eventId);
    return found?.isQuoted === false ? found.entry : undefined;
  }

  /** The current time in RFC 3339, formatted once per millisecond. */
  now(): string {
    const now = this.clock.now();
    if (now !== this.#stampedMs) {
      this.#stampedMs = now;
      this.#stamp = new Date(now).toISOString();
    }
    return this.#stamp;
  }
}

/** Whether a sender may know the id. That of an attempt's start is generated with the attempt. */
function mayBeSent({ stratum, eventId, executionId }: EventDraft): boolean {
  return eventId !== undefined && (stratum !== "framework" || executionId === undefined);
}
