/** Delivers checked events, and returns a receipt for each, in order. */

import type { IncomingEvent } from "../engine/requests.ts";
import type { Receipt } from "../engine/receipt.ts";
import { engineOverCapacity } from "./over_capacity.ts";
import { unknownJob } from "./engine_refusal.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { OneOrMany } from "./one_or_many.ts";
import type { JudgedEvent } from "./event_schema.ts";
import type { PointedIssue } from "./fields.ts";
import { invalidRequest, Refusal } from "./refusal.ts";

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
  if (single) return [await deliverOne(engine, events[0])];
  const valid = events.filter((judged) => judged.valid).map((judged) => judged.event);
  const delivered = valid.length === 0 ? [] : await engine.deliver(valid);
  const [first] = delivered;
  if (first?.limit !== undefined && delivered.every(({ limit }) => limit !== undefined)) {
    throw engineOverCapacity(first.limit.name, first.limit.max);
  }
  const receipts = delivered.values();
  return events.map((judged) =>
    judged.valid ? next(receipts) : refusalReceipt(judged.eventId, judged.errors)
  );
}

async function deliverOne(engine: JobEngine, judged: JudgedEvent | undefined): Promise<Receipt> {
  if (judged === undefined) throw new TypeError("Cannot deliver: there is no event");
  if (!judged.valid) throw invalidRequest(judged.errors);
  const receipt = next((await engine.deliver([judged.event])).values());
  if (receipt.disposition === "rejected") throw rejection(engine, judged.event, receipt);
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
  if (limit !== undefined) return engineOverCapacity(limit.name, limit.max);
  if (logId !== undefined) return new Refusal("event-id-reused", `Cannot record: ${reason}`);
  return jobId !== undefined && engine.job(jobId) === undefined
    ? unknownJob(jobId)
    : invalidRequest([{ pointer: "", detail: reason ?? "was rejected" }]);
}

function refusalReceipt(eventId: string | null, errors: readonly PointedIssue[]): RefusalReceipt {
  const reason = "the event is not valid";
  return { eventId, disposition: "rejected", jobs: [], reason, errors };
}
