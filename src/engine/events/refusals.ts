/**
 * Events whose id is on record with other content, or whose job does not exist. Their content is
 * recorded too, so that a job that waits for it can show it: once for each distinct content, and at
 * most three times for each id.
 */

import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { EventId } from "../../core/ids.ts";
import { GroupTooLargeError } from "../ports.ts";
import type { Receipt } from "../requests.ts";
import { refusedEventId } from "../writer/derived_ids.ts";
import type { EventEngine, LookedUp } from "../writer/event_engine.ts";
import { type Intake, OverCapacityError } from "../writer/intake.ts";
import type { Writer } from "../writer/writer.ts";
import type { SettledFact } from "./fan_out.ts";
import { idReusedBy, jobUnknown, refused, saysTheSame } from "./receipts.ts";

/** The most distinct contents that are kept for one id. */
export const CONTENTS_MAX = 3;

interface RefusalParts {
  readonly events: EventEngine;
  readonly intake: Intake;
  readonly writer: Writer;
}

interface RefusedFact {
  /** The entry that has its id; absent if it is refused since its job does not exist. */
  readonly first?: JobEventLogEntry | undefined;
  readonly event: SettledFact;
}

/**
 * The receipt of a refused event, once its content is durable, if that is recorded. Rejects as a
 * recording does.
 *
 * @param known Ids that were looked up; results are added to it.
 */
export async function recordRefusal(
  parts: RefusalParts,
  { first, event }: RefusedFact,
  known: Map<EventId, LookedUp>,
): Promise<Receipt> {
  for (let nth = 1; nth <= CONTENTS_MAX;) {
    const eventId = refusedEventId(event.eventId, nth);
    const before = known.get(eventId)?.entry;
    const pending = parts.events.pending(eventId);
    if (before !== undefined) {
      if (isRefused(before) && saysTheSame(before.attributes, event)) break;
      nth++;
    } else if (pending !== undefined) {
      await parts.writer.isDurable(pending);
    } else if (parts.events.mayHold(eventId, known.get(eventId)?.upTo)) {
      known.set(eventId, await parts.events.lookUp(eventId));
    } else {
      return await record(parts, eventId, { first, event });
    }
  }
  return receiptOf({ first, event });
}

/** Appends before it first awaits, so that no equal id can come in between. */
async function record(
  { intake, writer }: RefusalParts,
  eventId: EventId,
  { first, event }: RefusedFact,
): Promise<Receipt> {
  const { eventType, jobId, taskId, stratum, attributes } = event;
  const content = {
    ...{ eventId: event.eventId, eventType, attributes },
    ...(jobId === undefined ? {} : { jobId }),
    ...(taskId === undefined ? {} : { taskId }),
    ...(stratum === "domain" ? {} : { stratum }),
    ...(first === undefined ? { reason: "unknownJob" as const } : {}),
  };
  try {
    intake.requireRoom({ jobs: 0, starts: 0 });
    const { lastLogId } = writer.append([{
      stratum: "framework",
      eventType: "journal.EventRefused",
      eventId,
      ...(first === undefined ? {} : { causedBy: first.logId }),
      attributes: content,
    }]);
    return await writer.whenDurable(lastLogId, receiptOf({ first, event }));
  } catch (error) {
    if (error instanceof OverCapacityError) return refused(event.eventId, error.limit);
    if (error instanceof GroupTooLargeError) return receiptOf({ first, event });
    throw error;
  }
}

function receiptOf({ first, event }: RefusedFact): Receipt {
  return first === undefined ? jobUnknown(event.eventId, event.jobId) : idReusedBy(first);
}
