/**
 * Records events: completes drafts, passes the group to the journal, and keeps event ids unique. It
 * knows nothing of jobs.
 */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { type EventId, type LogId, newId } from "../../core/ids.ts";
import type { EventIds } from "./event_ids.ts";
import type { Clock, Journal, Random, StampedEvent, Urgency } from "../ports.ts";

/** The entry with an id, if any. */
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

  /** @param eventIds Where recorded entries are. */
  constructor(clock: Clock, random: Random, eventIds: EventIds) {
    this.#clock = clock;
    this.#random = random;
    this.#eventIds = eventIds;
  }

  /** Records in this journal from now on. */
  open(journal: Journal): void {
    this.#journal = journal;
  }

  /** @throws {TypeError} before `open`. */
  get journal(): Journal {
    if (this.#journal === undefined) throw new TypeError("Cannot record: no journal is open");
    return this.#journal;
  }

  /**
   * Records a group: all of it, or nothing. Positions are known at once; nobody may see it before
   * the journal reports that it is durable.
   *
   * The caller has checked, with `pending` and `find`, that no id of the group is taken.
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

  seen(entry: JobEventLogEntry): void {
    this.#eventIds.add(entry);
    if (this.#pending.size > 0) this.#pending.delete(entry.eventId);
  }

  /** An entry was lost on its way to the disk. */
  lost(entry: JobEventLogEntry): void {
    this.#pending.delete(entry.eventId);
  }

  /** The position of an event with this id on its way to the disk. */
  pending(eventId: EventId): LogId | undefined {
    return this.#pending.get(eventId);
  }

  /** Whether the journal may have this id above a position; `find` is certain. */
  mayHold(eventId: EventId, after: LogId = 0): boolean {
    return this.#eventIds.mayHold(eventId, after);
  }

  async find(eventId: EventId): Promise<JobEventLogEntry | undefined> {
    return (await this.lookUp(eventId)).entry;
  }

  /** The same, with the position up to which it holds: the id may be recorded meanwhile. */
  async lookUp(eventId: EventId): Promise<LookedUp> {
    const upTo = this.#eventIds.head;
    const readAt = (logIds: readonly LogId[]) => this.journal.readAt(logIds);
    return { entry: await this.#eventIds.find(eventId, readAt), upTo };
  }

  /** All have the same shape, even with absent members: this runs for every entry. */
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

  /** The current time as RFC 3339; the text of a millisecond is made once. */
  now(): string {
    const now = this.#clock.now();
    if (now !== this.#stampedMs) {
      this.#stampedMs = now;
      this.#stamp = new Date(now).toISOString();
    }
    return this.#stamp;
  }
}
