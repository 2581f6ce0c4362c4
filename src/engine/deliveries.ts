/** Events from outside: each recorded once, matched to jobs, and answered with a receipt. */

import type { CorrelationIndex } from "./correlation_index.ts";
import type { AnyJobDefinition } from "./definition.ts";
import type { DefinitionRegistry } from "./definition_registry.ts";
import { Delivery, type Known } from "./delivery.ts";
import type { DeliveryGate } from "./delivery_gate.ts";
import type { DeliveryLimits } from "./delivery_limits.ts";
import type { EventEngine } from "./event_engine.ts";
import type { FanOut } from "./fan_out.ts";
import type { Intake } from "./intake.ts";
import type { JobTable } from "./job_table.ts";
import type { Pacer } from "./pacer.ts";
import type { Clock, Random } from "./ports.ts";
import type { Reaches } from "./reach.ts";
import type { Recorder } from "./recorder.ts";
import type { IncomingEvent, Receipt } from "./requests.ts";
import type { Unmatched } from "./unmatched.ts";

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
  /** Jobs that have started and not ended. */
  readonly index: CorrelationIndex;
  readonly reaches: Reaches;
  readonly gate: DeliveryGate;
  readonly pacer: Pacer;
  readonly limits: DeliveryLimits;
}

export class Deliveries {
  readonly #parts: DeliveriesParts;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  /**
   * One receipt for each event, in their order. Events are judged one by one: each is
   * its own group, and all share a batch when they can. Those that would go beyond a limit
   * are rejected, and may be sent again; what came before them is recorded.
   *
   * Rejects with `JournalFullError` or `JournalFailedError`; repeating the request with
   * the same event ids is safe. Rejects with `OverCapacityError` before anything is
   * recorded: an event is not taken without the jobs that it starts.
   */
  async deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    if (events.length === 0) return [];
    const known = await this.#lookUp(events);
    const starters = this.#startersOf(events.filter(({ eventId }) => {
      return eventId === undefined || known.get(eventId) === undefined;
    }));
    // What came before adds nothing, and is answered whatever the limits say.
    const jobs = starters.values().reduce((sum, { length }) => sum + length, 0);
    this.#parts.intake.require({ jobs, starts: jobs });
    return await new Delivery(this.#parts, known, starters).run(events);
  }

  #startersOf(events: readonly IncomingEvent[]) {
    const starters = new Map<IncomingEvent, readonly AnyJobDefinition[]>();
    for (const event of events) {
      if (event.stratum !== "domain") continue;
      const started = this.#parts.registry.startedBy(event);
      if (started.length > 0) starters.set(event, started);
    }
    return starters;
  }

  /** Looks up the ids that the journal may hold. */
  async #lookUp(events: readonly IncomingEvent[]): Promise<Known> {
    const found: Known = new Map();
    for (const { eventId } of events) {
      if (eventId === undefined || !this.#parts.events.mayHold(eventId)) continue;
      found.set(eventId, await this.#parts.events.find(eventId));
    }
    return found;
  }
}
