/** An entry as text, computed once, because entries never change. */

import type { JobEventLogEntry } from "../../src/core/event.ts";

const TEXTS = new WeakMap<JobEventLogEntry, string>();

export function textOf(entry: JobEventLogEntry): string {
  let text = TEXTS.get(entry);
  if (text === undefined) TEXTS.set(entry, text = JSON.stringify(entry));
  return text;
}

/** A readable description of an entry. */
export function named({ logId, eventType, eventId, jobId, taskId }: JobEventLogEntry): string {
  const subject = [jobId, taskId].filter((id) => id !== undefined).join(" ");
  return `${logId} ${eventType} ${subject} (${eventId})`;
}
