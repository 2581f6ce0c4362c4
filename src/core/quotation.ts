/**
 * Quotations. An imported job may refer to entries of jobs that are not here, such as the result
 * that a retry reused. These entries come along as evidence, wrapped so that no job here counts
 * them as its own.
 */

import type { FrameworkEntry, JobEventLogEntry } from "./event.ts";
import type { EventType } from "./event_type.ts";
import type { QuotedAttributes } from "./framework_events.ts";
import type { EventId, JobId } from "./ids.ts";
import type { JsonObject } from "./json.ts";

type Quotation = FrameworkEntry<"journal.EntryQuoted">;

/**
 * Quotes a job's entry, at the same position.
 *
 * @param eventId The id of the quotation; derived from that of the entry.
 */
export function quoteEntry(
  entry: JobEventLogEntry & { readonly jobId: JobId },
  eventId: EventId,
): Quotation {
  const { logId, receivedAt, occurredAt, causedBy } = entry;
  return {
    logId,
    receivedAt,
    stratum: "framework",
    eventId,
    eventType: "journal.EntryQuoted",
    occurredAt,
    ...(causedBy === undefined ? {} : { causedBy }),
    attributes: quotedAttributes(entry),
  };
}

/**
 * The entry to describe. For a quotation, that is the quoted entry at the position of the
 * quotation; otherwise, the entry itself.
 */
export function quotedEntry(entry: JobEventLogEntry): JobEventLogEntry {
  if (entry.eventType !== "journal.EntryQuoted") return entry;
  const { logId, receivedAt, occurredAt, causedBy, attributes } = entry as Quotation;
  return {
    logId,
    receivedAt,
    occurredAt,
    ...(causedBy === undefined ? {} : { causedBy }),
    ...attributes,
    eventType: attributes.eventType as EventType,
  } as JobEventLogEntry;
}

/** A quotation of the same entry with other references. */
export function requoted(quotation: Quotation, quoted: JobEventLogEntry): Quotation {
  const attributes = { ...quotation.attributes, attributes: quoted.attributes as JsonObject };
  const { causedBy } = quoted;
  return { ...quotation, ...(causedBy === undefined ? {} : { causedBy }), attributes };
}

function quotedAttributes(entry: JobEventLogEntry & { readonly jobId: JobId }): QuotedAttributes {
  const { eventId, stratum, eventType, jobId, taskId, executionId, traceId, spanId, actor } = entry;
  return {
    eventId,
    stratum,
    eventType,
    jobId,
    ...(taskId === undefined ? {} : { taskId }),
    ...(executionId === undefined ? {} : { executionId }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(spanId === undefined ? {} : { spanId }),
    ...(actor === undefined ? {} : { actor }),
    attributes: entry.attributes as JsonObject,
  };
}
