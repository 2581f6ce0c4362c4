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
import type { Recorder } from "./recorder.ts";
import type { IncomingEvent, Receipt } from "./requests.ts";
import type { Unmatched } from "./unmatched.ts";

type LookedUp = ReadonlyMap<EventId, JobEventLogEntry | undefined>;

export interface DeliveriesParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventEngine;
  readonly recorder: Recorder;
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
    const leave = this.#enter(events.filter(({ eventId }) => !isKnown(eventId, known)));
    try {
      return await Promise.all(events.map((event) => this.#deliverOne(event, known)));
    } finally {
      leave?.();
    }
  }

  /** What came before adds nothing, and is answered whatever the limits say. */
  #enter(events: readonly IncomingEvent[]): (() => void) | undefined {
    const { intake, registry } = this.#parts;
    if (events.length === 0) return undefined;
    let starts = 0;
    for (const event of events) {
      if (event.stratum === "domain") starts += registry.startedBy(event).length;
    }
    return intake.enter({ jobs: starts, starts });
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

  /** Runs without a pause up to the recording, so that no equal id slips in between. */
  #deliverOne(event: IncomingEvent, known: LookedUp): Promise<Receipt> {
    const eventId = event.eventId ?? `evt_${this.#parts.random.ulid()}` as EventId;
    const before = known.get(eventId);
    if (before !== undefined) return Promise.resolve(duplicateOf(before, event));
    const pending = this.#parts.events.pending(eventId);
    if (pending !== undefined) {
      return pending.durable.then(() => duplicate(eventId, pending.logId));
    }
    if (event.eventId !== undefined && this.#parts.events.mayHold(eventId) && !known.has(eventId)) {
      // It became durable while the others were looked up: look again.
      return this.#lookUp([event]).then((found) => this.#deliverOne(event, found));
    }
    if (event.jobId !== undefined && this.#parts.table.job(event.jobId) === undefined) {
      return Promise.resolve(rejected(eventId, `there is no job ${event.jobId}`));
    }
    const occurredAt = event.occurredAt ?? new Date(this.#parts.clock.now()).toISOString();
    return this.#record({ ...event, eventId, occurredAt });
  }

  async #record(fact: SettledFact): Promise<Receipt> {
    const drafts = this.#parts.fanOut.expand(fact, 0);
    try {
      const { entries, applied } = this.#parts.recorder.record(drafts);
      const logId = entries[0]?.logId ?? 0;
      const receipt = receiptOf(fact.eventId, logId, drafts, await applied);
      const { disposition, jobs } = receipt;
      return disposition === "recorded" && jobs.length === 0
        ? { ...receipt, ...this.#parts.unmatched.explain(fact) }
        : receipt;
    } catch (error) {
      if (!(error instanceof GroupTooLargeError)) throw error;
      return rejected(fact.eventId, `${drafts.length - 1} jobs expect it: ${error.message}`);
    } finally {
      this.#parts.fanOut.settled(drafts);
    }
  }
}

function isKnown(eventId: EventId | undefined, known: LookedUp): boolean {
  return eventId !== undefined && known.get(eventId) !== undefined;
}
