/**
 * Checks events from outside, one by one, delivers them, and returns a receipt for each, in order.
 */

import * as v from "valibot";
import { DERIVED, type EventId, type ExecutionId, isReserved } from "../core/ids.ts";
import type { IncomingEvent, Receipt } from "../engine/requests.ts";
import {
  chosenId,
  eventTypeField,
  id,
  jobIdField,
  objectField,
  strictObject,
  taskIdField,
  timeField,
} from "./fields.ts";
import { pointedIssues } from "../engine/parsed_input.ts";
import { invalidRequest, overCapacity, Refusal } from "./refusal.ts";
import { unknownJob } from "./engine_refusal.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { OneOrMany } from "./one_or_many.ts";
import { isObject, type PointedIssue } from "../core/json.ts";

/** An event that can be delivered, or its errors. */
export type JudgedEvent =
  | { readonly valid: true; readonly event: IncomingEvent }
  | {
    readonly valid: false;
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

/** The receipt of an event that never reached the engine. */
interface RefusalReceipt {
  readonly eventId: string | null;
  readonly disposition: "rejected";
  readonly jobs: readonly [];
  readonly reason: string;
  readonly errors: readonly PointedIssue[];
}

/**
 * @throws {Refusal} if the event of a request that is not a batch is refused, or if all events of a
 * batch exceed a limit.
 */
export async function deliver(
  engine: JobEngine,
  { single, items: events }: OneOrMany<JudgedEvent>,
): Promise<readonly (Receipt | RefusalReceipt)[]> {
  if (single) {
    const [judged] = events;
    if (judged === undefined) throw new TypeError("Cannot deliver: there is no event");
    if (!judged.valid) throw invalidRequest(judged.errors);
    return [await deliverOne(engine, judged.event)];
  }
  const valid = events.filter((judged) => judged.valid).map((judged) => judged.event);
  const delivered = valid.length === 0 ? [] : await engine.deliver(valid);
  const [first] = delivered;
  if (first?.limit !== undefined && delivered.every(({ limit }) => limit !== undefined)) {
    throw overCapacity(first.limit);
  }
  const receipts = delivered.values();
  return events.map((judged) =>
    judged.valid ? next(receipts) : refusalReceipt(judged.eventId, judged.errors)
  );
}

/** @throws {Refusal} if the event is refused. */
export async function deliverOne(engine: JobEngine, event: IncomingEvent): Promise<Receipt> {
  const receipt = next((await engine.deliver([event])).values());
  if (receipt.disposition === "rejected") throw rejection(engine, event, receipt);
  return receipt;
}

function next(receipts: Iterator<Receipt>): Receipt {
  const { done, value } = receipts.next();
  if (done) throw new TypeError("Cannot answer: the engine gave fewer receipts than events");
  return value;
}

function rejection(
  engine: JobEngine,
  { jobId }: IncomingEvent,
  { reason, limit, logId }: Receipt,
): Refusal {
  if (limit !== undefined) return overCapacity(limit);
  if (logId !== undefined) return new Refusal("event-id-reused", `Cannot record: ${reason}`);
  return jobId !== undefined && engine.job(jobId) === undefined
    ? unknownJob(jobId)
    : invalidRequest([{ pointer: "", detail: reason ?? "was rejected" }]);
}

function refusalReceipt(eventId: string | null, errors: readonly PointedIssue[]): RefusalReceipt {
  const reason = "the event is not valid";
  return { eventId, disposition: "rejected", jobs: [], reason, errors };
}
