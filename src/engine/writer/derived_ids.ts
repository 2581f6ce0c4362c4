/**
 * Ids derived from other ids. The same operation always yields the same id, so a redelivered event
 * does not correlate, or start a job, a second time.
 */

import { createHash } from "node:crypto";
import { DERIVED, type EventId, type JobId } from "../../core/ids.ts";

export const ULID_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
export const ULID_LENGTH = 26;

export function correlatedEventId(eventId: string, jobId: JobId): EventId {
  return DERIVED.event + digest("correlated", eventId, jobId) as EventId;
}

/**
 * The id of a `journal.EventRefused` entry. A sender may have used it for an event.
 *
 * @param nth The number of this content among those refused under the event id, from 1.
 */
export function refusedEventId(eventId: string, nth: number): EventId {
  return `evt_${digest("refused", eventId, String(nth))}` as EventId;
}

/** The id of a job's `job.InputRemoved` entry, unless a sender has used it for an event. */
export function inputRemovedEventId(jobId: JobId): EventId {
  return `evt_${digest("input removed", jobId)}` as EventId;
}

export function startedJobId(type: string, eventId: string): JobId {
  return DERIVED.job + digest("started", type, eventId) as JobId;
}

/** The id of a `journal.EntryQuoted` entry, which quotes an entry of another journal. */
export function quotedEventId(eventId: string): EventId {
  return `evt_${digest("quoted", eventId)}` as EventId;
}

/** 130 bits of a SHA-256 digest, in the ULID alphabet: the last five of each byte. */
function digest(...parts: readonly string[]): string {
  // As hexadecimal digits, which Deno returns in half the time of bytes.
  const hex = createHash("sha256").update(parts.join("\n")).digest("hex");
  let text = "";
  for (let index = 0; index < ULID_LENGTH; index++) {
    text += ULID_ALPHABET[(digitAt(hex, 2 * index) % 2) * 16 + digitAt(hex, 2 * index + 1)];
  }
  return text;
}

function digitAt(hex: string, index: number): number {
  const code = hex.charCodeAt(index);
  return code <= 57 ? code - 48 : code - 87;
}
