/** The texts of framework facts, for lists, streams, the timeline, replays and explanations. */

import { durationText } from "../../core/duration.ts";
import { messageText } from "../../core/error_text.ts";
import type { FrameworkEntry } from "../../core/event.ts";
import type {
  AttemptFailure,
  ControlAttributes,
  FrameworkAttributes,
  FrameworkEventType,
  JobEventType,
  JournalEventType,
} from "../../core/framework_events.ts";
import { limitsText } from "../../core/place_limits.ts";
import { findWait } from "../../core/waits.ts";
import {
  type Change,
  failedAttemptText,
  parkedText,
  recoveryText,
  suspensionText,
  taskFact,
  undoingText,
} from "./fact_texts.ts";
import { progressText, reasonText, scopeText, taskText } from "./phrases.ts";
import { interruptionText } from "./interruptions.ts";

/** Formats the time of day of an RFC 3339 time, in the reader's zone. */
export interface DayTimes {
  timeOfDay(time: string): string;
}

interface EventNote<Type extends FrameworkEventType> {
  /** In a few words; may be empty. */
  readonly note: (attributes: FrameworkAttributes[Type], times: DayTimes) => string;
}

interface JobEventTexts<Type extends JobEventType> extends EventNote<Type> {
  /**
   * In sentences: its effect on an open job when it does not move the job along the state table.
   */
  readonly fact: (entry: FrameworkEntry<Type>, change: Change) => string;
}

const OF_MANY_JOBS = () => "A fact about many jobs, and part of no job's history.";

type EventTexts =
  & { readonly [Type in JobEventType]: JobEventTexts<Type> }
  & { readonly [Type in JournalEventType]: EventNote<Type> };

export const EVENT_TEXTS: EventTexts = {
  "job.JobCreated": {
    note: createdNote,
    fact: () => "The job exists: a second creation changes nothing.",
  },
  "job.JobStarted": {
    note: reasonNote,
    fact: () => "The job has started: a second start changes nothing.",
  },
  "job.JobSuspended": {
    note: reasonNote,
    fact: (entry, { before }) => suspensionText(before, entry),
  },
  "job.JobResumed": {
    note: ({ of, reason }) => partsText([of, reason]),
    fact: (entry, { before }) => suspensionText(before, entry),
  },
  "job.JobWoken": {
    note: reasonNote,
    fact: (_, { before, after }) =>
      after.tasks === before.tasks
        ? "No task is backing off; a sleep, or a wait until a time, ends by an entry of its own."
        : "Tasks that back off are due at once.",
  },
  "job.JobParked": {
    note: ({ reason, message }) => `${reason}: ${message}`,
    fact: ({ attributes }, { before }) => parkedText(before, attributes),
  },
  "job.JobCancelled": {
    note: ({ reason, leftInPlace }) =>
      partsText([reason, leftInPlace && `left in place: ${leftInPlace.join(", ") || "nothing"}`]),
    fact: (_, { before }) =>
      before.state === "Compensating"
        ? "The job is already compensating, and a cancellation does not stop that."
        : "The job is cancelled.",
  },
  "job.JobRetried": {
    note: ({ newJobId, reason }) => partsText([`as ${newJobId}`, reason]),
    fact: ({ attributes }) => `${attributes.newJobId} was made to retry this job.`,
  },
  "job.EventCorrelated": {
    note: ({ eventType, eventId }) => `${eventType} ${eventId}`,
    fact: ({ attributes }) => `An event of type ${attributes.eventType} reached the job.`,
  },
  "job.TaskStarted": {
    note: attemptNote,
    fact: taskFact(({ attributes }) => `attempt ${attributes.attempt} began`),
  },
  "job.TaskWaiting": {
    note: ({ expectations }) => `for ${expectations.join(", ") || "its steps"}`,
    fact: taskFact(({ attributes: { expectations } }) =>
      `it waits for ${expectations.map((id) => `"${id}"`).join(", ") || "its steps"}`
    ),
  },
  "job.TimerSet": {
    note: ({ dueAt, expectation }) =>
      partsText([expectation && `"${expectation}"`, `until ${dueAt}`]),
    fact: (entry, change) => {
      const { expectation, wait, dueAt } = entry.attributes;
      return expectation === undefined
        ? taskFact(() => `it is a sleep, which is due at ${dueAt}`)(entry, change)
        : `Wait ${wait} of run for "${expectation}" begins; it lasts until ${dueAt}.`;
    },
  },
  "job.DeadlinePassed": {
    note: ({ expectation, reusedFrom }) =>
      partsText([
        `"${expectation}"`,
        reusedFrom === undefined ? undefined : `reused from ${reusedFrom}`,
      ]),
    fact: ({ logId, causedBy, attributes: { expectation, wait, reusedFrom } }, { after }) => {
      const hasEnded = wait !== undefined &&
        findWait(after, expectation, wait)?.passedBy === logId;
      if (!hasEnded) return `"${expectation}" is settled already: its deadline changes nothing.`;
      const isEarly = causedBy !== undefined && reusedFrom === undefined;
      return `Wait ${wait} of run for "${expectation}" ends ${
        isEarly ? `early, by entry ${causedBy}` : "without it"
      }; the event still counts if it comes.`;
    },
  },
  "job.TimerElapsed": {
    note: ({ reusedFrom }) => reusedFrom === undefined ? "" : `reused from ${reusedFrom}`,
    fact: taskFact(({ attributes: { reusedFrom }, causedBy }) =>
      reusedFrom !== undefined
        ? `the sleep is over by entry ${reusedFrom}, so it is not slept again`
        : causedBy === undefined
        ? "the time of the sleep has come"
        : `the sleep ends early, by entry ${causedBy}`
    ),
  },
  "job.TaskCompleted": {
    note: ({ attempt, reusedFrom }) =>
      reusedFrom === undefined ? attemptNote({ attempt }) : `reused from ${reusedFrom}`,
    fact: taskFact(({ attributes: { attempt, reusedFrom } }) =>
      reusedFrom === undefined
        ? `attempt ${attempt} completed`
        : `its result is that of entry ${reusedFrom}, so it need not run again`
    ),
  },
  "job.TaskFailed": { note: failureNote, fact: taskFact(failedAttemptText) },
  "job.TaskInterrupted": {
    note: ({ attempt, phase, reason }) =>
      partsText([`attempt ${attempt}`, phase === "run" ? undefined : phase]) +
      `: ${interruptionText(reason)}`,
    fact: taskFact(({ attributes: { attempt, phase, reason } }) =>
      `attempt ${attempt}${undoingText(phase)} was cut short: ${interruptionText(reason)}`
    ),
  },
  "job.TaskProgressed": {
    note: progressText,
    fact: taskFact(({ attributes }) => `it has done ${progressText(attributes)}`),
  },
  "job.CompensationStarted": {
    note: attemptNote,
    fact: taskFact(({ attributes }) => `attempt ${attributes.attempt} to undo it began`),
  },
  "job.TaskCompensated": {
    note: attemptNote,
    fact: taskFact(({ attributes }) => `attempt ${attributes.attempt} to undo it completed`),
  },
  "job.TaskCompensationFailed": { note: failureNote, fact: taskFact(failedAttemptText) },
  "job.CompensationEnded": {
    note: ({ compensated, failed }) =>
      partsText([labelled("undone", compensated), labelled("not undone", failed)]),
    fact: () => "No compensation is under way: its end changes nothing.",
  },
  "job.RecoveryRequired": {
    note: ({ tasks }) => labelled("not undone", tasks) ?? "",
    fact: (entry, { before }) => recoveryText(before, entry),
  },
  "job.InputRemoved": {
    note: ({ reason }) => `by ${reason}`,
    fact: () => "The input of the job was removed, which changes no state.",
  },
  "job.PauseBegan": {
    note: ({ pauseId, reason, until, ...scope }) =>
      partsText([pauseId, `of ${scopeText(scope)}`, until && `until ${until}`]) + `: ${reason}`,
    fact: OF_MANY_JOBS,
  },
  "job.PauseEnded": {
    note: ({ pauseId, elapsed }) => partsText([pauseId, elapsed && "its time had come"]),
    fact: OF_MANY_JOBS,
  },
  "job.LimitsChanged": {
    note: ({ type, limits, reason }) => `${type}: ${limitsText(limits)}: ${reason}`,
    fact: OF_MANY_JOBS,
  },
  "job.LimitsRestored": {
    note: ({ type, reason }) => `${type}: as in its code${reasonText(reason)}`,
    fact: OF_MANY_JOBS,
  },
  "journal.SegmentOpened": { note: ({ formatVersion }) => `format ${formatVersion}` },
  "journal.Sealed": { note: ({ reason }) => reason },
  "journal.Recovered": {
    note: ({ bytesQuarantined }) => `${bytesQuarantined} bytes quarantined`,
  },
  "journal.WriterOpened": { note: ({ url }) => `${url} leads` },
  "journal.LoopBlocked": { note: ({ blockedMs }) => durationText(blockedMs) },
  "journal.ClockSet": {
    note: ({ setMs }) => `${durationText(Math.abs(setMs))} ${setMs < 0 ? "back" : "ahead"}`,
  },
  "journal.ErrorUncaught": {
    note: ({ attempt, error }) =>
      attempt === undefined
        ? messageText(error)
        : `job ${attempt.jobId}, ${taskText(attempt.taskId)}: ${messageText(error)}`,
  },
  "journal.Repaired": {
    note: ({ lostFrom, lostEntries }) => `${lostEntries} entries from ${lostFrom} on are lost`,
  },
  "journal.Imported": { note: ({ jobId, entries }) => `job ${jobId}, ${entries} entries` },
  "journal.EventRefused": {
    note: ({ eventType, eventId, jobId, reason }) =>
      `${eventType} ${eventId}, ${reason === undefined ? "id used twice" : `no job ${jobId}`}`,
  },
  "journal.EntryQuoted": { note: ({ eventType, jobId }) => `${eventType} of job ${jobId}` },
};

function createdNote(created: FrameworkAttributes["job.JobCreated"], times: DayTimes): string {
  const { type, retryOf, startAt } = created;
  return partsText([
    type ?? "a plan",
    retryOf === undefined ? undefined : `retries ${retryOf}`,
    startAt === undefined ? undefined : `starts at ${times.timeOfDay(startAt)}`,
  ]);
}

function reasonNote({ reason }: ControlAttributes): string {
  return reason ?? "";
}

/** A first attempt is not mentioned. */
function attemptNote({ attempt }: { readonly attempt: number }): string {
  return attempt === 1 ? "" : `attempt ${attempt}`;
}

function failureNote(failure: AttemptFailure, times: DayTimes): string {
  const { attempt, maxAttempts, error } = failure;
  // Attempts that were cut short do not count for the limit, so the number may be higher.
  const which = `attempt ${attempt}${attempt <= maxAttempts ? ` of ${maxAttempts}` : ""}`;
  const message = messageText(error);
  // The most useful part comes first, since lines are cut at their end: when, then why.
  return "retryAt" in failure
    ? `again at ${times.timeOfDay(failure.retryAt)} (${which}): ${message}`
    : `${message} (${which}, ${failure.kind === "deadLetter" ? "the last" : "not retried"})`;
}

function labelled(what: string, names: readonly string[]): string | undefined {
  return names.length === 0 ? undefined : `${what}: ${names.join(", ")}`;
}

function partsText(parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined && part !== "").join(", ");
}
