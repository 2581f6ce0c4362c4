/** Events from outside: each recorded once, matched to jobs, and answered with a receipt. */

import type { AnyJobDefinition } from "../definition.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import { Delivery, type DeliveryParts, type Known, type Starters } from "./delivery.ts";
import type { IncomingEvent, Receipt } from "../requests.ts";

interface DeliveriesParts extends DeliveryParts {
  readonly registry: DefinitionRegistry;
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
    const jobs = [...starters.values()].reduce((sum, { length }) => sum + length, 0);
    this.#parts.intake.requireRoom({ jobs, starts: jobs });
    return await new Delivery(this.#parts, known, starters).run(events);
  }

  #startersOf(events: readonly IncomingEvent[]): Starters {
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
