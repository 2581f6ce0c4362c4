/** What an entry says, in a few words: the same in a terminal and in a page. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type {
  AttemptFailure,
  ControlAttributes,
  FrameworkAttributes,
  FrameworkEventType,
} from "../../core/framework_events.ts";
import { beginningOf, type JsonObject } from "../../core/json.ts";
import { refuseEntry } from "../writer/framework_schemas.ts";

/** Writes the time of day of an RFC 3339 time, in the zone of whoever reads. */
export interface DayTimes {
  timeOfDay(time: string): string;
}

type Notes = {
  readonly [Type in FrameworkEventType]: (
    attributes: FrameworkAttributes[Type],
    times: DayTimes,
  ) => string;
};

const NOTES: Notes = {
  "job.JobCreated": createdNote,
  "job.JobStarted": reasonNote,
  "job.JobSuspended": reasonNote,
  "job.JobResumed": ({ of, reason }) => joined([of, reason]),
  "job.JobWoken": reasonNote,
  "job.JobParked": ({ reason, message }) => `${reason}: ${message}`,
  "job.JobCancelled": ({ reason, leftInPlace }) =>
    joined([reason, leftInPlace && `left in place: ${leftInPlace.join(", ") || "nothing"}`]),
  "job.JobRetried": ({ newJobId, reason }) => joined([`as ${newJobId}`, reason]),
  "job.EventCorrelated": ({ eventType, eventId }) => `${eventType} ${eventId}`,
  "job.TaskStarted": attemptNote,
  "job.TaskWaiting": ({ expectations }) => `for ${expectations.join(", ")}`,
  "job.TaskCompleted": ({ attempt, reusedFrom }) =>
    reusedFrom === undefined ? attemptNote({ attempt }) : `reused from ${reusedFrom}`,
  "job.TaskFailed": failureNote,
  "job.TaskInterrupted": ({ attempt, phase, reason }) =>
    joined([`attempt ${attempt}`, phase === "run" ? undefined : phase, `by ${reason}`]),
  "job.TaskProgressed": progressNote,
  "job.CompensationStarted": attemptNote,
  "job.TaskCompensated": attemptNote,
  "job.TaskCompensationFailed": failureNote,
  "job.CompensationEnded": ({ compensated, failed }) =>
    joined([listed("undone", compensated), listed("not undone", failed)]),
  "job.RecoveryRequired": ({ tasks }) => listed("not undone", tasks) ?? "",
  "job.InputRemoved": ({ reason }) => `by ${reason}`,
  "job.PauseBegan": ({ pauseId, reason }) => `${pauseId}, of everything: ${reason}`,
  "job.PauseEnded": ({ pauseId }) => pauseId,
  "journal.SegmentOpened": ({ formatVersion }) => `format ${formatVersion}`,
  "journal.Sealed": ({ reason }) => reason,
  "journal.Recovered": ({ bytesQuarantined }) => `${bytesQuarantined} bytes quarantined`,
  "journal.Repaired": ({ lostFrom, lostEntries }) =>
    `${lostEntries} entries from ${lostFrom} on are lost`,
  "journal.Imported": ({ jobId, entries }) => `job ${jobId}, ${entries} entries`,
  "journal.EventRefused": ({ eventType, eventId }) => `${eventType} ${eventId}, id used twice`,
  "journal.EntryQuoted": ({ eventType, jobId }) => `${eventType} of job ${jobId}`,
};

/** As much of an entry as its note is made of, read from a file or from a server. */
export interface NotedEntry {
  readonly stratum: string;
  readonly eventType: string;
  readonly attributes: object;
}

/** Of JSON, no more is told: lines are cut long before. */
const JSON_LENGTH_MAX = 2_000;

/** In plain words; facts from outside, and whatever is not known, as JSON. */
export function entryNote(entry: NotedEntry, times: DayTimes): string {
  const { eventType, attributes, stratum } = entry;
  const isKnown = stratum === "framework" && Object.hasOwn(NOTES, eventType) &&
    refuseEntry(entry as unknown as JobEventLogEntry) === undefined;
  if (!isKnown) return jsonNote(attributes as JsonObject);
  const note = NOTES[eventType as FrameworkEventType] as (
    attributes: object,
    times: DayTimes,
  ) => string;
  return note(attributes, times);
}

function jsonNote(attributes: JsonObject): string {
  const text = JSON.stringify(beginningOf(attributes, JSON_LENGTH_MAX));
  return text === "{}" ? "" : text;
}

function createdNote(created: FrameworkAttributes["job.JobCreated"], times: DayTimes): string {
  const { type, retryOf, startAt } = created;
  return joined([
    type ?? "a plan",
    retryOf === undefined ? undefined : `retries ${retryOf}`,
    startAt === undefined ? undefined : `starts at ${times.timeOfDay(startAt)}`,
  ]);
}

function reasonNote({ reason }: ControlAttributes): string {
  return reason ?? "";
}

/** The first attempt is what everybody expects. */
function attemptNote({ attempt }: { readonly attempt: number }): string {
  return attempt === 1 ? "" : `attempt ${attempt}`;
}

function failureNote(failure: AttemptFailure, times: DayTimes): string {
  const { attempt, maxAttempts, error } = failure;
  const which = `attempt ${attempt} of ${maxAttempts}`;
  // What one looks for comes first, since lines are cut at their end: when, then why.
  return "retryAt" in failure
    ? `again at ${times.timeOfDay(failure.retryAt)} (${which}): ${error.message}`
    : `${error.message} (${which}, for good: ${failure.kind})`;
}

function progressNote(
  { done, total, note }: FrameworkAttributes["job.TaskProgressed"],
): string {
  return joined([total === undefined ? `${done}` : `${done} of ${total}`, note]);
}

function listed(what: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${what}: ${names.join(", ")}`;
}

function joined(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}
