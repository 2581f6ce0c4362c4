/**
 * Why an entry affected its job as it did: one or two short sentences for each row of the state
 * table and, when nothing changed, why not. Nothing is guessed: everything is read from the job
 * before the entry, the entry, and the projector's step.
 */

import { assertNever } from "../core/assert_never.ts";
import { type FrameworkEntry, isCorrelated, type JobEventLogEntry } from "../core/event.ts";
import type {
  CompensatingJob,
  DoneJob,
  FailedJob,
  JobState,
  RunningJob,
} from "../core/job_state.ts";
import type { Step } from "../core/projector.ts";
import { EVENT_TEXTS } from "./event_texts.ts";
import type { Change } from "./fact_texts.ts";
import { compensationEndText, errorEventText, noCompensationEndText } from "./why_error.ts";
import { matchText, noMatchText, plannedText } from "./why_match.ts";

/** @param before The job before the entry; `undefined` when there was none yet. */
export function explainStep(
  before: JobState | undefined,
  entry: JobEventLogEntry,
  step: Step,
): string {
  switch (step.rule) {
    case "none/created":
      return creationText(step.job);
    case "created/started":
      return "The job starts: from here on, what its plan expects counts.";
    case "created/started-empty":
      return "The job starts, and its plan expects nothing: it is Done at once.";
    case "created/record-only":
      return "The job has not started: only job.JobStarted moves it.";
    case "running/matched":
      return matchText(before as RunningJob, entry, step);
    case "running/satisfied":
      return `${matchText(before as RunningJob, entry, step)} The plan has all it needs.`;
    case "running/waived":
      return waivedText(entry);
    case "running/waived-satisfied":
      return `${waivedText(entry)} The plan has all it needs.`;
    case "running/error-compensating":
    case "running/error-failed":
    case "running/left-in-place":
      return errorEventText(before as RunningJob, entry, step);
    case "running/record-only":
    case "compensating/record-only":
      return recordOnlyText(before as RunningJob | CompensatingJob, entry, step.job);
    case "compensating/done":
    case "compensating/failed":
      return compensationEndText(before as CompensatingJob, entry, step);
    case "compensating/left-in-place":
      return "The job is given up as it is: what was not undone is left in place, and it fails.";
    case "terminal/record-only":
      return terminalText(before as DoneJob | FailedJob, entry);
    case "any/already-applied":
      return "It was applied before: a second delivery changes nothing.";
    default:
      return assertNever(step.rule, "rule");
  }
}

function waivedText(entry: JobEventLogEntry): string {
  const { expectation } = (entry as FrameworkEntry<"job.DeadlinePassed">).attributes;
  return `The deadline of expectation "${expectation}" has passed, and its plan waives it then.`;
}

function creationText({ retryOf, startAt, plan }: JobState): string {
  const purpose = retryOf === undefined ? "" : ` to retry ${retryOf}`;
  const begin = startAt === undefined ? "" : `, to start at ${startAt}`;
  return `The job is created${purpose}${begin}: it expects ${plannedText(plan)}.`;
}

function recordOnlyText(
  before: RunningJob | CompensatingJob,
  entry: JobEventLogEntry,
  after: JobState,
): string {
  const unmatched = before.state === "Running"
    ? noMatchText(before, entry)
    : noCompensationEndText(before, entry);
  if (entry.stratum !== "framework" || isCorrelated(entry)) return unmatched;
  const { fact: textOf } = EVENT_TEXTS[entry.eventType];
  const fact = (textOf as (entry: JobEventLogEntry, change: Change) => string)(entry, {
    before,
    after,
  });
  return unmatched === "" ? fact : `${fact} ${unmatched}`;
}

function terminalText({ state, endedBy }: DoneJob | FailedJob, entry: JobEventLogEntry): string {
  const ended = `The job is ${state} since entry ${endedBy}`;
  if (entry.eventType !== "job.JobRetried") {
    return `${ended}: what comes later is recorded and changes nothing.`;
  }
  const { newJobId } = (entry as FrameworkEntry<"job.JobRetried">).attributes;
  return `${ended}; ${newJobId} was made to retry it, and this one stays as it is.`;
}
