/** Completes a draft to the event that is recorded. */

import type { EventDraft } from "../core/event.ts";
import { newId } from "../core/ids.ts";
import type { Random, StampedEvent } from "./ports.ts";

/**
 * The event with an id and times. It has every member itself, absent ones as `undefined`: a hot
 * path needs objects of one shape, and nothing that code of a job added to `Object.prototype` may
 * reach a line.
 */
export function stampedEvent(draft: EventDraft, receivedAt: string, random: Random): StampedEvent {
  return {
    stratum: draft.stratum,
    eventType: draft.eventType,
    eventId: own(draft, "eventId") ?? newId.event(random.ulid()),
    occurredAt: own(draft, "occurredAt") ?? receivedAt,
    receivedAt,
    jobId: own(draft, "jobId"),
    taskId: own(draft, "taskId"),
    executionId: own(draft, "executionId"),
    traceId: own(draft, "traceId"),
    spanId: own(draft, "spanId"),
    actor: own(draft, "actor"),
    causedBy: own(draft, "causedBy"),
    attributes: draft.attributes,
  } as StampedEvent;
}

function own<Name extends keyof EventDraft>(
  draft: EventDraft,
  name: Name,
): EventDraft[Name] | undefined {
  const value = draft[name];
  return value === undefined || Object.hasOwn(draft, name) ? value : undefined;
}
