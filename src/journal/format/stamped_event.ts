/** Completes an event to what is recorded. */

import type { EventDraft } from "../../core/event.ts";
import { type EventId, newId } from "../../core/ids.ts";
import type { Clock, Random, UnplacedEvent } from "../../engine/ports.ts";

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
 * path needs objects of one shape.
 *
 * @param given The time of receipt; defaults to that of the event, or to now.
 */
export function stampedEvent(
  event: UnplacedEvent,
  given: string | undefined,
  { clock, random }: Stamping,
): StampedEvent {
  const own = withoutInherited(event);
  const receivedAt = given ?? own.receivedAt ?? new Date(clock.now()).toISOString();
  return {
    stratum: own.stratum,
    eventType: own.eventType,
    eventId: own.eventId ?? newId.event(random.ulid()),
    occurredAt: own.occurredAt ?? receivedAt,
    receivedAt,
    jobId: own.jobId,
    taskId: own.taskId,
    executionId: own.executionId,
    traceId: own.traceId,
    spanId: own.spanId,
    actor: own.actor,
    causedBy: own.causedBy,
    attributes: own.attributes,
  } as StampedEvent;
}

/** Has what code of jobs has added to `Object.prototype`: usually nothing. */
const ANY: Partial<UnplacedEvent> = {};

/** The event without members of `Object.prototype`: none of them may reach a line. */
export function withoutInherited(event: UnplacedEvent): UnplacedEvent {
  const isClean = ANY.eventId === undefined && ANY.occurredAt === undefined &&
    ANY.receivedAt === undefined && ANY.jobId === undefined && ANY.taskId === undefined &&
    ANY.executionId === undefined && ANY.traceId === undefined && ANY.spanId === undefined &&
    ANY.actor === undefined && ANY.causedBy === undefined;
  return isClean ? event : Object.assign(Object.create(null), event);
}
