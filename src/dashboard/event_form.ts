/** Sends events from forms, and says what each did. */

import { createHash } from "node:crypto";
import type { Context } from "hono";
import type { EventId } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import { deliverOne, judgeEvent } from "../documents/events.ts";
import { invalidRequest } from "../documents/refusal.ts";
import { type Receipt, type ReceiptJob, withOrigin } from "../engine/requests.ts";
import type { HttpDeps } from "../http/http_deps.ts";
import { requestOrigin } from "../http/requests/request.ts";
import type { Done } from "./form.tsx";

/**
 * Delivers an event. Without an id of its own, the same content from the same form is the same
 * event; other content is another event.
 *
 * @param once The random value that the form was created with.
 * @param content The document as typed, if its form has one field for all of it.
 * @throws {Problem} if the event is refused.
 */
export async function sendEvent(
  c: Context,
  { engine, spans }: HttpDeps,
  document: JsonValue,
  once: string | null,
  content = JSON.stringify(document),
): Promise<Done> {
  const judged = judgeEvent(document);
  if (!judged.valid) throw invalidRequest(judged.errors);
  const event = { eventId: onceOnly(once ?? "", content), ...judged.event };
  const receipt = await deliverOne(engine, withOrigin(event, requestOrigin(c, spans) ?? {}));
  // The receipt of an id with other content says why it changes nothing.
  const isBad = receipt.disposition === "duplicate" && receipt.reason !== undefined;
  return { text: receiptText(receipt), isBad };
}

function onceOnly(once: string, content: string): EventId {
  const digest = createHash("sha256").update(`${once}\n${content}`).digest("base64url");
  return `evt_form_${digest.slice(0, 24)}` as EventId;
}

const JOBS_MAX = 3;

function receiptText(receipt: Receipt): string {
  const { disposition, eventId, logId, reason, nearest } = receipt;
  const at = logId === undefined ? "" : ` as entry ${logId}`;
  const why = reason === undefined ? "" : `: ${reason.replace(/^matched nothing: /, "")}`;
  switch (disposition) {
    case "matched":
      return `Event ${eventId} is recorded${at}. ${jobsText(receipt)}`;
    case "duplicate":
      return `Event ${eventId} was already recorded${at}, and changes nothing.`;
    case "recorded": {
      const near = nearest === undefined || why.includes(nearest.reason)
        ? ""
        : ` The nearest is job ${nearest.jobId}: ${nearest.reason}.`;
      return `Event ${eventId} is recorded${at}, and matched nothing${why}. ${
        jobsText(receipt)
      }${near}`;
    }
    case "rejected":
      throw new TypeError("Cannot show the receipt: the event was refused");
  }
}

function jobsText({ jobs, more = 0 }: Pick<Receipt, "jobs" | "more">): string {
  const shown = jobs.slice(0, JOBS_MAX).map(jobText);
  const hidden = jobs.length - shown.length + more;
  const others = hidden > 0 ? [`${hidden} more ${hidden === 1 ? "is" : "are"} not listed.`] : [];
  return [...shown, ...others].join(" ");
}

function jobText({ jobId, state, expectation, matched, required, reason }: ReceiptJob): string {
  const why = reason === undefined ? "" : `: ${reason}`;
  return expectation === undefined
    ? `It reached job ${jobId}, which is ${state}${why}.`
    : `It counted for "${expectation}" of job ${jobId}, ${matched ?? 0} of ${required ?? 0}${why}${
      state === "Running" ? "" : `; the job is ${state}`
    }.`;
}
