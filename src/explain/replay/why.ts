/**
 * Why an entry affected its job as it did: one or two short sentences for each row of the state
 * table and, when nothing changed, why not. Nothing is guessed: everything is read from the job
 * before the entry, the entry, and the projector's step.
 */

import { assertNever } from "../../core/assert_never.ts";
import { countOf } from "../../core/counted.ts";
import { firstWithin, matcherEffort } from "../../core/effort.ts";
import { errorText } from "../../core/error_text.ts";
import {
  type FrameworkEntry,
  isCorrelated,
  isFromOutside,
  isOfType,
  type JobEventLogEntry,
} from "../../core/event.ts";
import { failureBy } from "../../core/failure.ts";
import type { FailureKind } from "../../core/framework_events.ts";
import {
  type CompensatedOutcome,
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
  type MatchableEvent,
  matcherAccepts,
  requiredMatches,
} from "../../core/job_plan.ts";
import type {
  CompensatingJob,
  DoneJob,
  FailedJob,
  JobState,
  RunningJob,
} from "../../core/job_state.ts";
import { type Step, toMatchable } from "../../core/projector.ts";
import { oneLine, shortText } from "../../core/shown_value.ts";
import { EVENT_TEXTS } from "../words/event_texts.ts";
import { type Change, failedAttempt } from "../words/fact_texts.ts";
import {
  CLAUSES_MAX,
  correlationDistance,
  correlationMismatches,
  expectationDistance,
  findNearest,
  type Mismatch,
  mismatchesText,
  mismatchesWith,
} from "../likeness/mismatch.ts";
import { FEW_MAX, shortened } from "../words/phrases.ts";

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
      return "The job starts: from here on, events that its plan expects count.";
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
      return "The job is given up as it is, and fails: what was not undone is left in place.";
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
  const texts = EVENT_TEXTS[entry.eventType];
  const textOf = "fact" in texts
    ? texts.fact as (entry: JobEventLogEntry, change: Change) => string
    : () => "A fact about the journal, and not about jobs.";
  return [textOf(entry, { before, after }), unmatched].filter(Boolean).join(" ");
}

function terminalText({ state, endedBy }: DoneJob | FailedJob, entry: JobEventLogEntry): string {
  const ended = `The job has been ${state} since entry ${endedBy}`;
  if (!isOfType(entry, "job.JobRetried")) {
    return `${ended}: later entries are recorded and change nothing.`;
  }
  const { newJobId } = entry.attributes;
  return `${ended}; ${newJobId} was made to retry it, and this one stays as it is.`;
}

const LINE_LENGTH_MAX = 200;

/** On one line, cut if long, without a full stop. */
export function firstLine(text: string): string {
  const line = oneLine(text.split("\n", 1)[0] ?? "").replace(/\.+$/, "");
  return shortText(line, LINE_LENGTH_MAX);
}

function errorEventText(before: RunningJob, entry: JobEventLogEntry, step: Step): string {
  return `${causeText(before, entry)} ${consequenceText(before, step)}`;
}

function causeText(before: RunningJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "framework" && entry.eventType === "job.JobCancelled") {
    const { reason } = entry.attributes;
    return `The job is cancelled${reason === undefined ? "" : `: ${firstLine(reason)}`}.`;
  }
  if (entry.stratum === "framework" && entry.eventType === "job.TaskFailed") {
    return finalFailureText(before, entry);
  }
  return `The policy names ${toMatchable(entry).eventType} an error.`;
}

function finalFailureText(before: RunningJob, entry: FrameworkEntry<"job.TaskFailed">): string {
  const { taskId, attributes } = entry;
  const why = "final" in attributes
    ? ` (${failedAttempt(before, entry)}${failureKindText(attributes.kind)})`
    : "";
  return `Task ${taskId} failed for good${why}: ${
    errorText(attributes.error).replace(/\.+$/, "")
  }.`;
}

function failureKindText(kind: FailureKind): string {
  switch (kind) {
    case "deadLetter":
      return ", and no more are left";
    case "poison":
      return ", and trying again cannot help";
    case "error":
    case "cancelled":
      return "";
    default:
      return assertNever(kind, "kind of failure");
  }
}

function consequenceText({ plan }: RunningJob, { rule }: Step): string {
  if (rule === "running/left-in-place") return "What it did is left in place: the job fails.";
  if (rule === "running/error-failed") return "There is nothing to compensate: the job fails.";
  const { compensation } = plan.policy;
  return compensation === undefined
    ? "Completed tasks with a compensation are undone first: the job compensates."
    : `The policy has a compensation: the job compensates, until ${compensation.succeeded.eventType} ` +
      `or ${compensation.failed.eventType} comes.`;
}

function compensationEndText(
  before: CompensatingJob,
  entry: JobEventLogEntry,
  step: Step,
): string {
  if (isFailedEnd(before, entry, step)) {
    return `${failedEndText(entry)}: the job fails, and an operator must intervene.`;
  }
  return `${succeededEndText(entry)}: the policy ends the job as ${compensatedOutcome(step)}.`;
}

function compensatedOutcome({ rule }: Step): CompensatedOutcome {
  return rule === "compensating/done" ? "Done" : "Failed";
}

function isFailedEnd(before: CompensatingJob, entry: JobEventLogEntry, step: Step): boolean {
  if (step.rule === "compensating/done") return false;
  if (entry.stratum === "framework" && entry.eventType === "job.CompensationEnded") {
    return entry.attributes.failed.length > 0;
  }
  const failed = before.plan.policy.compensation?.failed;
  return failed !== undefined && matcherAccepts(failed, toMatchable(entry));
}

function failedEndText(entry: JobEventLogEntry): string {
  if (entry.stratum === "framework" && entry.eventType === "job.CompensationEnded") {
    return `The compensation ended, and ${entry.attributes.failed.join(", ")} could not be undone`;
  }
  return `${toMatchable(entry).eventType} says that the compensation failed`;
}

function succeededEndText(entry: JobEventLogEntry): string {
  return entry.eventType === "job.CompensationEnded"
    ? "Every compensation succeeded"
    : `${toMatchable(entry).eventType} says that the compensation succeeded`;
}

/**
 * Why an entry does not end the compensation of a job. Empty for a framework fact that no matcher
 * of the policy is for.
 */
function noCompensationEndText(before: CompensatingJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "coordination") return COORDINATION_TEXT;
  const { compensation } = before.plan.policy;
  const ends = compensation === undefined ? [] : [compensation.succeeded, compensation.failed];
  const failing = nearestMismatches(ends, toMatchable(entry));
  if (failing !== undefined) return `It does not end the compensation: ${clausesText(failing)}.`;
  return isFromOutside(entry)
    ? "The job compensates: only what ends the compensation moves it."
    : "";
}

const COORDINATION_TEXT = "Events of the coordination stratum are recorded and never interpreted.";

/** What a plan expects: `"paid" and "parts"`, or `"a", "b", "c" and 997 more`. */
function plannedText({ expected }: JobPlan): string {
  return shortened(expected.map(({ id }) => JSON.stringify(id)), FEW_MAX) || "nothing";
}

/** The expectations that an entry matched, with their counts after it. */
function matchText(before: RunningJob, entry: JobEventLogEntry, step: Step): string {
  const sentences = step.matched.slice(0, FEW_MAX).map((id) => oneMatchText(before, id));
  const more = step.matched.length - sentences.length;
  if (more > 0) sentences.push(`It matches ${more} more.`);
  if (failureBy(before, entry, toMatchable(entry)) !== undefined) {
    sentences.push("An expectation waited for it, so it is not an error.");
  }
  return sentences.join(" ");
}

function oneMatchText(before: RunningJob, id: string): string {
  const index = before.plan.expected.findIndex((expected) => expected.id === id);
  const required = requiredMatches(before.plan.expected[index]?.multiplicity ?? "ExactlyOnce");
  const matched = before.expected[index]?.matched ?? 0;
  const waived = before.expected[index]?.waived;
  if (waived !== undefined) {
    return `It matches expectation "${id}", which entry ${waived} had waived: surplus.`;
  }
  return matched < required
    ? `It matches expectation "${id}": ${countOf(matched + 1, required)}.`
    : `It matches expectation "${id}", which had all it needs (${
      countOf(matched, required)
    }): surplus.`;
}

/**
 * Why an entry that is not an error matches no expectation. Empty for a framework fact that the
 * plan does not ask for, since it was never meant to match.
 */
function noMatchText(before: RunningJob, entry: JobEventLogEntry): string {
  if (entry.stratum === "coordination") return COORDINATION_TEXT;
  const event = toMatchable(entry);
  const expectations = namersOf(before.plan, event);
  if (expectations.length > 0) return nearestExpectationText(expectations, event);
  return isFromOutside(entry) ? unexpectedText(before.plan, event) : "";
}

/** Expectations of the event's type. The end of `run` is not a near miss of another task. */
function namersOf({ expected }: JobPlan, event: MatchableEvent): readonly ExpectedEvent[] {
  return expected.filter(({ id, matcher }) =>
    matcher.eventType === event.eventType && id !== MAIN_EXPECTATION_ID
  );
}

function nearestExpectationText(
  expectations: readonly ExpectedEvent[],
  event: MatchableEvent,
): string {
  const compared = firstWithin(expectations, ({ matcher }) => matcherEffort(matcher));
  const nearest = findNearest(compared, (expected) => expectationDistance(expected, event));
  if (nearest === undefined) return "";
  const name = expectations.length > 1 ? `the nearest, "${nearest.id}",` : `"${nearest.id}"`;
  return `It matches no expectation: ${name} fails at ${
    clausesText(mismatchesWith(nearest, event))
  }.`;
}

function unexpectedText({ policy }: JobPlan, event: MatchableEvent): string {
  const { errors, compensation } = policy;
  const subject = `The plan expects no event of type ${event.eventType}`;
  const failing = nearestMismatches(errors, event);
  if (failing !== undefined) {
    return `${subject}, and the policy does not count it as an error: ${clausesText(failing)}.`;
  }
  const ends = compensation === undefined ? [] : [compensation.succeeded, compensation.failed];
  return ends.some((matcher) => matcherAccepts(matcher, event))
    ? `${subject} except to end a compensation, and none is under way.`
    : `${subject}.`;
}

/** Among the matchers for the event's type, the clauses that the nearest one fails. */
function nearestMismatches(
  matchers: readonly EventMatcher[],
  { eventType, attributes }: MatchableEvent,
): readonly Mismatch[] | undefined {
  const ofType = matchers.filter((matcher) => matcher.eventType === eventType);
  const compared = firstWithin(ofType, matcherEffort);
  const nearest = findNearest(compared, (one) => correlationDistance(one.correlation, attributes));
  return nearest && correlationMismatches(nearest.correlation, attributes);
}

function clausesText(mismatches: readonly Mismatch[]): string {
  return mismatchesText(mismatches, CLAUSES_MAX);
}
