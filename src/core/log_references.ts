/**
 * What changes when entries move to another journal. Positions of other entries are valid in one
 * journal only. An imported job may also refer to entries of jobs that are not there, such as the
 * result that a retry reused: these come along as evidence, quoted so that no job counts them as
 * its own.
 */

import type { FrameworkEntry, JobEventLogEntry } from "./event.ts";
import type {
  FrameworkAttributes,
  FrameworkEventType,
  QuotedAttributes,
} from "./framework_events.ts";
import type { EventId, EventType, JobId, LogId } from "./ids.ts";
import { type JsonObject, present } from "./json.ts";

/** The attributes of each framework fact that are positions. A missing row does not compile. */
const POSITIONS: {
  readonly [Type in FrameworkEventType]: readonly (keyof FrameworkAttributes[Type] & string)[];
} = {
  "job.JobCreated": [],
  "job.JobStarted": [],
  "job.JobSuspended": [],
  "job.JobResumed": [],
  "job.JobWoken": [],
  "job.JobParked": ["disagreesWith"],
  "job.JobCancelled": [],
  "job.JobRetried": [],
  "job.EventCorrelated": [],
  "job.TaskStarted": [],
  "job.TaskWaiting": ["seen"],
  "job.TimerSet": [],
  "job.DeadlinePassed": ["reusedFrom"],
  "job.TimerElapsed": ["reusedFrom"],
  "job.TaskCompleted": ["reusedFrom"],
  "job.TaskFailed": [],
  "job.TaskInterrupted": [],
  "job.TaskProgressed": [],
  "job.CompensationStarted": [],
  "job.TaskCompensated": [],
  "job.TaskCompensationFailed": [],
  "job.CompensationEnded": [],
  "job.RecoveryRequired": [],
  "job.InputRemoved": [],
  // Its `failures` are positions of this journal, which the entry never leaves.
  "job.PauseBegan": [],
  "job.PauseEnded": [],
  "job.LimitsChanged": [],
  "job.LimitsRestored": [],
  "journal.SegmentOpened": [],
  "journal.Sealed": [],
  "journal.Recovered": [],
  "journal.WriterOpened": [],
  "journal.LoopBlocked": [],
  "journal.ClockSet": [],
  "journal.ErrorUncaught": [],
  // A fact about one journal, which it never leaves.
  "journal.Repaired": [],
  // `from` is a position in the other journal, and stays.
  "journal.Imported": [],
  "journal.EventRefused": [],
  // The references of the quoted entry are handled apart.
  "journal.EntryQuoted": [],
};

/** The positions that an entry refers to, without its own. */
export function logReferences(entry: JobEventLogEntry): readonly LogId[] {
  if (entry.eventType === "journal.EntryQuoted") return logReferences(quotedEntry(entry));
  const attributes = entry.attributes as JsonObject;
  return [entry.causedBy, ...positionNames(entry).map((name) => attributes[name])]
    .filter((value) => value !== undefined) as LogId[];
}

/** The same entry with each of these positions replaced. */
export function withReferences(
  entry: JobEventLogEntry,
  moved: (logId: LogId) => LogId,
): JobEventLogEntry {
  if (entry.eventType === "journal.EntryQuoted") {
    const quotation = entry as FrameworkEntry<"journal.EntryQuoted">;
    return requoted(quotation, withReferences(quotedEntry(entry), moved));
  }
  const attributes = entry.attributes as JsonObject;
  const names = positionNames(entry).filter((name) => attributes[name] !== undefined);
  const positions = names.map((name) => [name, moved(attributes[name] as LogId)] as const);
  const changed = {
    ...entry,
    ...(entry.causedBy === undefined ? {} : { causedBy: moved(entry.causedBy) }),
    ...(names.length === 0
      ? {}
      : { attributes: { ...attributes, ...Object.fromEntries(positions) } }),
  };
  return changed as JobEventLogEntry;
}

function positionNames({ stratum, eventType }: JobEventLogEntry): readonly string[] {
  return stratum === "framework" ? POSITIONS[eventType as FrameworkEventType] : [];
}

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
function requoted(quotation: Quotation, quoted: JobEventLogEntry): Quotation {
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
    ...present({ taskId, executionId, traceId, spanId, actor }),
    attributes: entry.attributes as JsonObject,
  };
}
