/**
 * Events whose id is on record with other content. Their content is recorded too, so that a job
 * that waits for it can show it: once for each distinct content, and at most three times for each
 * id.
 */

import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { EventId } from "../../core/ids.ts";
import { GroupTooLargeError } from "../ports.ts";
import type { Receipt } from "../receipt.ts";
import { refusedEventId } from "../writer/derived_ids.ts";
import type { EventEngine, LookedUp } from "../writer/event_engine.ts";
import { type Intake, OverCapacityError } from "../writer/intake.ts";
import type { Writer } from "../writer/writer.ts";
import type { SettledFact } from "./fan_out.ts";
import { idReusedBy, refused, saysTheSame } from "./receipts.ts";

/** The most distinct contents that are kept for one id. */
export const CONTENTS_MAX = 3;

interface RefusalParts {
  readonly events: EventEngine;
  readonly intake: Intake;
  readonly writer: Writer;
}

interface Reuse {
  readonly first: JobEventLogEntry;
  readonly event: SettledFact;
}

/**
 * The receipt of an event that reuses an id, once its content is durable, if that is recorded.
 * Rejects as a recording does.
 *
 * @param known Ids that were looked up; results are added to it.
 */
export async function recordRefusal(
  parts: RefusalParts,
  { first, event }: Reuse,
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
  return idReusedBy(first);
}

/** Appends before it first awaits, so that no equal id can come in between. */
async function record(
  { intake, writer }: RefusalParts,
  eventId: EventId,
  { first, event }: Reuse,
): Promise<Receipt> {
  const { eventType, jobId, taskId, stratum, attributes } = event;
  const content = {
    ...{ eventId: event.eventId, eventType, attributes },
    ...(jobId === undefined ? {} : { jobId }),
    ...(taskId === undefined ? {} : { taskId }),
    ...(stratum === "domain" ? {} : { stratum }),
  };
  try {
    intake.requireRoom({ jobs: 0, starts: 0 });
    const { lastLogId } = writer.append([{
      stratum: "framework",
      eventType: "journal.EventRefused",
      eventId,
      causedBy: first.logId,
      attributes: content,
    }]);
    return await writer.whenDurable(lastLogId, idReusedBy(first));
  } catch (error) {
    if (error instanceof OverCapacityError) {
      return refused(event.eventId, { name: error.limit, max: error.max });
    }
    if (error instanceof GroupTooLargeError) return idReusedBy(first);
    throw error;
  }
}
