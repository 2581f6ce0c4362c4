/**
 * Events whose id is on record with other content, or whose job does not exist. Their content is
 * recorded too, so that a job that waits for it can show it: once for each distinct content, and at
 * most three times for each id.
 */

import { isRefused, type JobEventLogEntry } from "../../core/event.ts";
import type { EventId, LogId } from "../../core/ids.ts";
import { GroupTooLargeError } from "../ports.ts";
import type { Receipt } from "../requests.ts";
import { refusedEventId } from "../writer/derived_ids.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import { type Intake, OverCapacityError } from "../writer/intake.ts";
import type { Writer } from "../writer/writer.ts";
import type { SettledFact } from "./fan_out.ts";
import type { Pacer, TimeShare } from "../pacer.ts";
import { refused, rejected, saysTheSame } from "./receipts.ts";

/** The most distinct contents that are kept for one id. */
export const CONTENTS_MAX = 3;

interface RefusalParts {
  readonly events: EventEngine;
  readonly intake: Intake;
  readonly writer: Writer;
  readonly pacer: Pacer;
}

export interface RefusedFact {
  /** The entry that has its id; absent if it is refused since its job does not exist. */
  readonly first?: Pick<JobEventLogEntry, "eventId" | "logId"> | undefined;
  readonly event: SettledFact;
}

/**
 * The receipt of a refused event, once its content is durable, if that is recorded. Rejects as a
 * recording does.
 *
 * @param share Of the request, which has its turn for the first look.
 */
export async function recordRefusal(
  parts: RefusalParts,
  refused: RefusedFact,
  share: TimeShare,
): Promise<Receipt> {
  const contents = new Contents(parts, refused);
  let receipt = await contents.look();
  while (receipt === undefined) {
    receipt = await parts.pacer.do(share, () => contents.look());
  }
  return receipt;
}

/** The contents that are on record under the id of a refused event. */
class Contents {
  #nth = 1;
  /** The last position searched for the one that is looked at. */
  #upTo: LogId = 0;

  constructor(private readonly parts: RefusalParts, private readonly refused: RefusedFact) {}

  /** Looks at one of them; `undefined` when there is another one to look at. */
  async look(): Promise<Receipt | undefined> {
    const { events, writer } = this.parts;
    const eventId = refusedEventId(this.refused.event.eventId, this.#nth);
    const pending = events.pending(eventId);
    if (pending !== undefined) {
      await writer.isDurable(pending);
      return undefined;
    }
    const search = events.seek(eventId, this.#upTo);
    if (search.candidates.length === 0) return await record(this.parts, eventId, this.refused);
    const found = (await events.lookUp([search])).get(eventId);
    this.#upTo = search.upTo;
    return found?.isQuoted === false ? this.#compared(found.entry) : undefined;
  }

  #compared(before: JobEventLogEntry): Receipt | undefined {
    const { first, event } = this.refused;
    const isSame = isRefused(before) && saysTheSame(before.attributes, event);
    if (isSame || this.#nth === CONTENTS_MAX) return receiptOf({ first, event });
    this.#nth++;
    this.#upTo = 0;
    return undefined;
  }
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
  if (first === undefined) return rejected(event.eventId, `there is no job ${event.jobId}`);
  const { eventId, logId } = first;
  const reason = `event id ${eventId} is on record at ${logId} with other content: ` +
    "send this event under an id of its own";
  return { ...rejected(eventId, reason), logId };
}
