/**
 * Ids derived from other ids, so that doing the same thing twice gives it the same id: a
 * redelivered event correlates and starts nothing a second time.
 */

import { createHash } from "node:crypto";
import type { EventId, JobId } from "../../core/ids.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ID_LENGTH = 26;

export function correlatedEventId(eventId: string, jobId: JobId): EventId {
  return `evt_${digest("correlated", eventId, jobId)}` as EventId;
}

/**
 * The id of a `journal.EventRefused` entry.
 *
 * @param nth Which of the contents refused under this event id, from 1.
 */
export function refusedEventId(eventId: string, nth: number): EventId {
  return `evt_${digest("refused", eventId, String(nth))}` as EventId;
}

/** The id of a job's `job.InputRemoved` entry, of which there is at most one. */
export function inputRemovedEventId(jobId: JobId): EventId {
  return `evt_${digest("input removed", jobId)}` as EventId;
}

export function startedJobId(type: string, eventId: string): JobId {
  return `job_${digest("started", type, eventId)}` as JobId;
}

/** The id of the quotation of another journal's entry. */
export function quotedEventId(eventId: string): EventId {
  return `evt_${digest("quoted", eventId)}` as EventId;
}

/** 130 bits of a SHA-256, in the alphabet of ULIDs. */
function digest(...parts: readonly string[]): string {
  const bytes = createHash("sha256").update(parts.join("\n")).digest();
  let text = "";
  for (let index = 0; index < ID_LENGTH; index++) text += ALPHABET[(bytes[index] ?? 0) % 32];
  return text;
}
