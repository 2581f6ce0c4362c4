/** Completes an event to what is recorded. */

import type { EventDraft } from "../core/event.ts";
import { type EventId, newId } from "../core/ids.ts";
import type { Clock, Random, UnplacedEvent } from "../engine/ports.ts";

/** An event with all members except a position. */
export type StampedEvent = EventDraft & {
  readonly eventId: EventId;
  readonly occurredAt: string;
  readonly receivedAt: string;
};

export interface Stamping {
  readonly clock: Pick<Clock, "now">;
  readonly random: Pick<Random, "ulid">;
}

/**
 * The event with an id and times. It has every member itself, absent ones as `undefined`: a hot
 * path needs objects of one shape, and nothing that code of a job added to `Object.prototype` may
 * reach a line.
 *
 * @param given The time of receipt; defaults to that of the event, or to now.
 */
export function stampedEvent(
  event: UnplacedEvent,
  given: string | undefined,
  { clock, random }: Stamping,
): StampedEvent {
  const receivedAt = given ?? own(event, "receivedAt") ?? new Date(clock.now()).toISOString();
  return {
    stratum: event.stratum,
    eventType: event.eventType,
    eventId: own(event, "eventId") ?? newId.event(random.ulid()),
    occurredAt: own(event, "occurredAt") ?? receivedAt,
    receivedAt,
    jobId: own(event, "jobId"),
    taskId: own(event, "taskId"),
    executionId: own(event, "executionId"),
    traceId: own(event, "traceId"),
    spanId: own(event, "spanId"),
    actor: own(event, "actor"),
    causedBy: own(event, "causedBy"),
    attributes: event.attributes,
  } as StampedEvent;
}

/** The member that the event itself has. */
export function own<Name extends keyof UnplacedEvent>(
  event: UnplacedEvent,
  name: Name,
): UnplacedEvent[Name] | undefined {
  const value = event[name];
  return value === undefined || Object.hasOwn(event, name) ? value : undefined;
}
