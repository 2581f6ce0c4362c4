/**
 * Records events: stamps what a draft leaves open, hands the group to the journal, and
 * keeps each event id unique. It knows nothing of jobs.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { type EventId, type LogId, newId } from "../../core/ids.ts";
import type { EventIds } from "./event_ids.ts";
import type { Clock, Journal, Random, StampedEvent, Urgency } from "../ports.ts";

/** What the journal held of an id. */
export interface LookedUp {
  readonly entry: JobEventLogEntry | undefined;
  /** Entries above it were not looked at. */
  readonly upTo: LogId;
}

export class EventEngine {
  readonly #clock: Clock;
  readonly #random: Random;
  #journal: Journal | undefined;
  readonly #eventIds: EventIds;
  /** Only ids that callers chose: those made here are new. */
  readonly #pending = new Map<EventId, LogId>();
  #stampedMs = -1;
  #stamp = "";

  /** @param eventIds Where the entries are that are on record. */
  constructor(clock: Clock, random: Random, eventIds: EventIds) {
    this.#clock = clock;
    this.#random = random;
    this.#eventIds = eventIds;
  }

  /** From now on, events are recorded in this journal. */
  open(journal: Journal): void {
    this.#journal = journal;
  }

  /** @throws {TypeError} before `open`. */
  get journal(): Journal {
    if (this.#journal === undefined) throw new TypeError("Cannot record: no journal is open");
    return this.#journal;
  }

  /**
   * Records a group: all of it, or nothing. Positions are known at once; it may be
   * shown to nobody before the journal tells that it is durable.
   *
   * The caller has made sure, with `pending` and `find`, that no id of the group is taken.
   *
   * @param receivedAt RFC 3339; now, when absent.
   */
  record(
    drafts: readonly EventDraft[],
    urgency: Urgency,
    receivedAt: string = this.now(),
  ): readonly JobEventLogEntry[] {
    const group = drafts.map((draft) => this.#stamped(draft, receivedAt));
    const { entries } = this.journal.append(group, urgency);
    for (let index = 0; index < drafts.length; index++) {
      const entry = entries[index];
      if (drafts[index]?.eventId === undefined || entry === undefined) continue;
      this.#pending.set(entry.eventId, entry.logId);
    }
    return entries;
  }

  /** Sees an entry that is durable. */
  seen(entry: JobEventLogEntry): void {
    this.#eventIds.add(entry);
    if (this.#pending.size > 0) this.#pending.delete(entry.eventId);
  }

  /** Hears of an entry that was lost on its way to the disk. */
  lost(entry: JobEventLogEntry): void {
    this.#pending.delete(entry.eventId);
  }

  /** Where an event of this id is that is on its way to the disk. */
  pending(eventId: EventId): LogId | undefined {
    return this.#pending.get(eventId);
  }

  /** Whether an event of this id may be in the journal above a position; `find` tells. */
  mayHold(eventId: EventId, after: LogId = 0): boolean {
    return this.#eventIds.mayHold(eventId, after);
  }

  /** The entry of the journal that has this id, if there is one. */
  async find(eventId: EventId): Promise<JobEventLogEntry | undefined> {
    return (await this.lookUp(eventId)).entry;
  }

  /** The same, and as of when that was so: the same id may be recorded meanwhile. */
  async lookUp(eventId: EventId): Promise<LookedUp> {
    const upTo = this.#eventIds.head;
    const readAt = (logIds: readonly LogId[]) => this.journal.readAt(logIds);
    return { entry: await this.#eventIds.find(eventId, readAt), upTo };
  }

  /** All have the same shape, whatever is absent: this runs for every entry. */
  #stamped(draft: EventDraft, receivedAt: string): StampedEvent {
    return {
      stratum: draft.stratum,
      eventType: draft.eventType,
      eventId: draft.eventId ?? newId.event(this.#random.ulid()),
      occurredAt: draft.occurredAt ?? receivedAt,
      receivedAt,
      jobId: draft.jobId,
      taskId: draft.taskId,
      executionId: draft.executionId,
      traceId: draft.traceId,
      spanId: draft.spanId,
      actor: draft.actor,
      causedBy: draft.causedBy,
      attributes: draft.attributes,
    } as StampedEvent;
  }

  /** The current time as RFC 3339; the text of one millisecond is made once. */
  now(): string {
    const now = this.#clock.now();
    if (now !== this.#stampedMs) {
      this.#stampedMs = now;
      this.#stamp = new Date(now).toISOString();
    }
    return this.#stamp;
  }
}
