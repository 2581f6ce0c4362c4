/**
 * Handles events from outside: each is recorded once, matched to jobs, and answered with a receipt.
 */

import { jsonSize } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import {
  Delivery,
  type DeliveryParts,
  type EventLookup,
  type Known,
  recognise,
  type Starters,
} from "./delivery.ts";
import type { IncomingEvent, Receipt } from "../requests.ts";
import type { EngineLimits } from "../engine_limits.ts";
import { OverCapacityError } from "../writer/intake.ts";

interface DeliveriesParts extends DeliveryParts {
  readonly registry: DefinitionRegistry;
  readonly limits: EngineLimits;
}

/** About how many bytes an event takes besides its attributes. */
const EVENT_CHARACTERS = 200;
/** Ids are looked up together until they have this many positions: an entry may have a megabyte. */
const READ_MAX = 8;

export class Deliveries {
  /** The bytes of all events whose requests are not answered yet. */
  #characters = 0;

  constructor(private readonly parts: DeliveriesParts) {}

  /**
   * One receipt for each event, in order. Events are judged one by one: each is a group of its own,
   * and all share a batch if possible. Events that would exceed a limit are rejected, and may be
   * sent again; those before them are recorded.
   *
   * Rejects with `JournalFullError` or `JournalFailedError`; repeating the request with the same
   * event ids is safe. Rejects with `OverCapacityError` before anything is recorded: an event is
   * not recorded without the jobs that it starts.
   */
  async deliver(events: readonly IncomingEvent[]): Promise<readonly Receipt[]> {
    if (events.length === 0) return [];
    const known = await this.#lookUp(events);
    const starters = this.#startersOf(events.filter((event) => {
      const { entry, isQuoted = false } = known.get(event) ?? {};
      return entry === undefined || isQuoted;
    }));
    // Duplicates add nothing, so they are answered whatever the limits are.
    const jobs = [...starters.values()].reduce((sum, { length }) => sum + length, 0);
    this.parts.intake.requireRoom({ jobs, starts: jobs });
    const characters = events.reduce(
      (sum, { attributes }) => sum + EVENT_CHARACTERS + jsonSize(attributes),
      0,
    );
    this.#requireRoom(characters);
    this.#characters += characters;
    try {
      return await new Delivery(this.parts, known, starters).run(events);
    } finally {
      this.#characters -= characters;
    }
  }

  /**
   * Events that wait for their turn count like those that wait for the disk. A single request may
   * exceed the limit.
   */
  #requireRoom(characters: number): void {
    const { pendingBytesMax } = this.parts.limits;
    if (this.#characters === 0 || this.#characters + characters <= pendingBytesMax) return;
    throw new OverCapacityError({ name: "pendingBytesMax", max: pendingBytesMax });
  }

  #startersOf(events: readonly IncomingEvent[]): Starters {
    const starters = new Map<IncomingEvent, readonly AnyJobDefinition[]>();
    for (const event of events) {
      if (event.stratum !== "domain") continue;
      const started = this.parts.registry.startedBy(event);
      if (started.length > 0) starters.set(event, started);
    }
    return starters;
  }

  /** Looks up the ids that the journal may contain. */
  async #lookUp(events: readonly IncomingEvent[]): Promise<Known> {
    const { events: engine, pacer } = this.parts;
    const known: Known = new Map();
    const share = { spentMs: 0 };
    let lookups: EventLookup[] = [];
    let positions = 0;
    for (const event of events) {
      const { eventId } = event;
      if (eventId === undefined) continue;
      // In slices, since this may query the index for thousands of ids.
      const seeking = pacer.do(share, () => engine.seek(eventId));
      const search = seeking instanceof Promise ? await seeking : seeking;
      lookups.push({ event, search });
      positions += search.candidates.length;
      if (positions < READ_MAX) continue;
      await recognise(engine, lookups, known);
      [lookups, positions] = [[], 0];
    }
    if (lookups.length > 0) await recognise(engine, lookups, known);
    return known;
  }
}
