/** Events from outside: each recorded once, matched to jobs, and answered with a receipt. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { EventId } from "../core/ids.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FanOut, SettledFact } from "./fan_out.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import type { Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import { type Clock, GroupTooLargeError, type Random } from "./ports.ts";
import { duplicate, duplicateOf, receiptOf, rejected } from "./receipts.ts";
import type { Answer, Writer } from "./writer.ts";
import type { IncomingEvent, Receipt } from "./requests.ts";
import type { Unmatched } from "./unmatched.ts";

type LookedUp = ReadonlyMap<EventId, JobEventLogEntry | undefined>;

export interface DeliveriesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventEngine;
  readonly writer: Writer;
  readonly fanOut: FanOut;
  readonly table: JobTable;
  readonly unmatched: Unmatched;
  readonly intake: Intake;
  readonly registry: DefinitionRegistry;
}

export class Deliveries {
  readonly #parts: DeliveriesParts;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  /**
   * One receipt for each event, in their order. Events are judged one by one: each is
   * its own group, and all share a batch when they can.
   *
   * Rejects with `JournalFullError` or `JournalFailedError`; repeating the request with
   * the same event ids is safe. Rejects with `OverCapacityError` before anything is
   * recorded: an event is not taken without the jobs that it starts.
   */
  async deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    const known = await this.#lookUp(events);
    this.#requireRoom(events.filter(({ eventId }) => !isKnown(eventId, known)));
    return await Promise.all(events.map((event) => this.#deliverOne(event, known)));
  }

  /** What came before adds nothing, and is answered whatever the limits say. */
  #requireRoom(events: readonly IncomingEvent[]): void {
    const { intake, registry } = this.#parts;
    if (events.length === 0) return;
    let starts = 0;
    for (const event of events) {
      if (event.stratum === "domain") starts += registry.startedBy(event).length;
    }
    intake.requireRoom({ jobs: starts, starts });
  }

  /** Looks up the ids that the journal may hold: the entry, or `undefined`. */
  async #lookUp(events: readonly IncomingEvent[]): Promise<LookedUp> {
    const found = new Map<EventId, JobEventLogEntry | undefined>();
    for (const { eventId } of events) {
      if (eventId === undefined || !this.#parts.events.mayHold(eventId)) continue;
      found.set(eventId, await this.#parts.events.find(eventId));
    }
    return found;
  }

  /** Decides on what was appended, so that no equal id slips in between. */
  async #deliverOne(event: IncomingEvent, known: LookedUp): Promise<Receipt> {
    const eventId = event.eventId ?? `evt_${this.#parts.random.ulid()}` as EventId;
    const before = known.get(eventId);
    if (before !== undefined) return duplicateOf(before, event);
    const { clock, events, writer, unmatched } = this.#parts;
    if (event.eventId !== undefined && events.mayHold(eventId) && !known.has(eventId)) {
      // It became durable while the others were looked up: look again.
      return await this.#deliverOne(event, await this.#lookUp([event]));
    }
    const occurredAt = event.occurredAt ?? new Date(clock.now()).toISOString();
    const fact = { ...event, eventId, occurredAt };
    const receipt = await writer.answer(() => this.#decide(fact));
    const isNoOnes = receipt.disposition === "recorded" && receipt.jobs.length === 0;
    return isNoOnes ? { ...receipt, ...unmatched.explain(fact) } : receipt;
  }

  #decide(fact: SettledFact): Answer<Receipt> {
    const { eventId, jobId } = fact;
    const pending = this.#parts.events.pending(eventId);
    if (pending !== undefined) {
      return { value: duplicate(eventId, pending), restsOn: pending, isWritten: false };
    }
    if (jobId !== undefined && this.#parts.table.pending(jobId) === undefined) {
      return { value: rejected(eventId, `there is no job ${jobId}`), ...RESTS_ON_NOTHING };
    }
    const drafts = this.#parts.fanOut.expand(fact, 0);
    try {
      const { steps, firstLogId, lastLogId } = this.#parts.writer.append(drafts);
      const value = receiptOf(eventId, firstLogId, drafts, steps);
      return { value, restsOn: lastLogId, isWritten: true };
    } catch (error) {
      if (!(error instanceof GroupTooLargeError)) throw error;
      const reason = `${drafts.length - 1} jobs expect it: ${error.message}`;
      return { value: rejected(eventId, reason), ...RESTS_ON_NOTHING };
    }
  }
}

const RESTS_ON_NOTHING = { restsOn: 0, isWritten: false } as const;

function isKnown(eventId: EventId | undefined, known: LookedUp): boolean {
  return eventId !== undefined && known.get(eventId) !== undefined;
}
