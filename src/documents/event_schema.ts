/** Checks events from outside, one by one. */

import * as v from "valibot";
import { DERIVED, type EventId, type ExecutionId, isReserved } from "../core/ids.ts";
import type { IncomingEvent } from "../engine/requests.ts";
import {
  chosenId,
  eventTypeField,
  id,
  isObject,
  jobIdField,
  objectField,
  type PointedIssue,
  pointedIssues,
  strictObject,
  taskIdField,
  timeField,
} from "./fields.ts";

/** An event that can be delivered, or its errors. */
export type JudgedEvent =
  | { readonly valid: true; readonly event: IncomingEvent }
  | {
    readonly valid: false;
    /** The id of the event, if it is text. */
    readonly eventId: string | null;
    readonly errors: readonly PointedIssue[];
  };

const eventIdField = chosenId<EventId>(DERIVED.event);

export const domainEventTypeField = v.pipe(
  eventTypeField,
  v.check((type) => !isReserved(type), "must not be in the reserved namespaces job. and journal."),
);

/** The members of an event from outside. */
export const incomingEventFields = {
  eventType: domainEventTypeField,
  attributes: v.exactOptional(objectField, {}),
  eventId: v.exactOptional(eventIdField),
  occurredAt: v.exactOptional(timeField),
  jobId: v.exactOptional(jobIdField),
  taskId: v.exactOptional(taskIdField),
  executionId: v.exactOptional(id<ExecutionId>()),
  traceId: v.exactOptional(id<string>()),
  spanId: v.exactOptional(id<string>()),
  stratum: v.exactOptional(v.picklist(["domain", "coordination"]), "domain"),
};

export const incomingEvent = strictObject(incomingEventFields);

/** @param at The pointer to the event in its document. */
export function judgeEvent(value: unknown, at = ""): JudgedEvent {
  const parsed = v.safeParse(incomingEvent, value);
  if (parsed.success) return { valid: true, event: parsed.output };
  return { valid: false, eventId: givenId(value), errors: pointedIssues(parsed.issues, at) };
}

function givenId(value: unknown): string | null {
  return isObject(value) && v.is(eventIdField, value["eventId"]) ? value["eventId"] : null;
}
