/**
 * The projector: a pure fold of a job's entries into its state. No clock, no I/O, no randomness, no
 * async; the same entries give the same state, byte for byte. The rules are the state table in
 * `RULES`.
 */

import { isCorrelated, isRefused, type JobEventLogEntry } from "./event.ts";
import { failureBy, leavesInPlace } from "./failure.ts";
import type { JobId, LogId } from "./ids.ts";
import { isEmptyObject } from "./json.ts";
import {
  expectationAccepts,
  MAIN_ONLY_PLAN,
  type MatchableEvent,
  matcherAccepts,
  sharedPlan,
} from "./job_plan.ts";
import type {
  CompensatingJob,
  CreatedJob,
  DoneJob,
  ExpectationState,
  FailedJob,
  Failure,
  JobState,
  RunningJob,
} from "./job_state.ts";
import { allSatisfied, isMetAt, UNMATCHED, withMatch } from "./expectations.ts";
import { noteWait, waivedBy, withGivenUp } from "./waits.ts";
import type { RuleName } from "./rules.ts";
import { abandonOpenTasks, hasSomethingToCompensate, noteTask } from "./task_facts.ts";

/** The job after an entry, and why it changed. */
export interface Step {
  readonly job: JobState;
  readonly rule: RuleName;
  /** Ids of the expectations that the entry matched, surplus included. */
  readonly matched: readonly string[];
}

const NOTHING_MATCHED: readonly string[] = [];
// Shared, since very many jobs may wait, and most have no labels, no tasks, and the same plan.
const NO_LABELS: JobState["labels"] = {};
const NO_TASKS: JobState["tasks"] = [];
const MAIN_UNMATCHED: readonly ExpectationState[] = [UNMATCHED];

/**
 * Applies one entry.
 *
 * @param job The job so far, or `undefined` before its first entry.
 * @throws {TypeError} when the first entry of a job is not `job.JobCreated`, which this engine
 * never records.
 */
export function project(job: JobState | undefined, entry: JobEventLogEntry): Step {
  if (job === undefined) return step(createdFrom(entry), "none/created");
  if (entry.logId <= job.lastLogId) return step(job, "any/already-applied");
  switch (job.state) {
    case "Created":
      return projectCreated(job, entry);
    case "Running":
      return projectRunning(job, entry);
    case "Compensating":
      return projectCompensating(job, entry);
    case "Done":
    case "Failed":
      return step({ ...job, lastLogId: entry.logId }, "terminal/record-only");
  }
}

function step(job: JobState, rule: RuleName, matched = NOTHING_MATCHED): Step {
  return { job, rule, matched };
}

function createdFrom(entry: JobEventLogEntry): CreatedJob {
  if (entry.stratum !== "framework" || entry.eventType !== "job.JobCreated") {
    throw new TypeError(
      `Cannot project entry ${entry.logId} (${entry.eventType}): job ${entry.jobId} was not created`,
    );
  }
  const { attributes } = entry;
  const plan = sharedPlan(attributes.plan);
  return {
    ...attributes,
    state: "Created",
    jobId: entry.jobId as JobId,
    plan,
    labels: isEmptyObject(attributes.labels) ? NO_LABELS : attributes.labels,
    createdAt: entry.receivedAt,
    firstLogId: entry.logId,
    lastLogId: entry.logId,
    tasks: NO_TASKS,
    expected: plan === MAIN_ONLY_PLAN ? MAIN_UNMATCHED : plan.expected.map(() => UNMATCHED),
  };
}

function projectCreated(job: CreatedJob, entry: JobEventLogEntry): Step {
  if (entry.eventType !== "job.JobStarted") {
    return step({ ...job, lastLogId: entry.logId }, "created/record-only");
  }
  const started: RunningJob = {
    ...job,
    state: "Running",
    lastLogId: entry.logId,
    startedAt: entry.receivedAt,
    startedBy: entry.logId,
  };
  return job.plan.expected.length === 0
    ? step(done(started, entry), "created/started-empty")
    : step(started, "created/started");
}

function projectRunning(job: RunningJob, entry: JobEventLogEntry): Step {
  const noted = noteFacts(job, entry);
  if (entry.stratum === "coordination") return step(noted, "running/record-only");
  const event = toMatchable(entry);
  const matched = matchedExpectations(job, event);
  const waived = waivedBy(job, entry);
  if (waived !== undefined) return projectWaiver(noted, entry, waived, matched);
  const failure = failureBy(job, entry, event);
  if (failure?.leave) return step(failed(noted, entry, failure), "running/left-in-place");
  // Any other error event that an expectation still waits for counts there and fails nothing.
  if (matched.length > 0 && (failure === undefined || !matched.every((at) => isMetAt(job, at)))) {
    return projectMatch(job, noted, entry, matched);
  }
  if (failure === undefined) return step(noted, "running/record-only");
  return hasCompensation(noted)
    ? step({ ...noted, state: "Compensating", failure }, "running/error-compensating")
    : step(failed(noted, entry, failure), "running/error-failed");
}

function projectMatch(
  job: RunningJob,
  noted: RunningJob,
  entry: JobEventLogEntry,
  matched: readonly number[],
): Step {
  const expected = withGivenUp(noted, entry, count(job, matched, entry.logId));
  const counted = { ...noted, expected };
  const ids = idsOf(job, matched);
  return allSatisfied(counted)
    ? step(done(counted, entry), "running/satisfied", ids)
    : step(counted, "running/matched", ids);
}

/** @param matched Expectations of the deadline itself. */
function projectWaiver(
  job: RunningJob,
  entry: JobEventLogEntry,
  index: number,
  matched: readonly number[],
): Step {
  const progress = { ...job.expected[index] ?? UNMATCHED, waived: entry.logId };
  const waived = { ...job, expected: job.expected.with(index, progress) };
  const counted = { ...waived, expected: count(waived, matched, entry.logId) };
  const ids = idsOf(job, matched);
  return allSatisfied(counted)
    ? step(done(counted, entry), "running/waived-satisfied", ids)
    : step(counted, "running/waived", ids);
}

function idsOf({ plan }: RunningJob, indexes: readonly number[]): readonly string[] {
  return indexes.map((index) => plan.expected[index]?.id ?? "");
}

function projectCompensating(job: CompensatingJob, entry: JobEventLogEntry): Step {
  const noted = noteRecovery(noteFacts(job, entry), entry);
  if (leavesInPlace(entry)) {
    const failure: Failure = { ...noted.failure, leave: true };
    return step(failed(noted, entry, failure), "compensating/left-in-place");
  }
  switch (compensationEnd(job, entry)) {
    case "succeeded":
      return job.plan.policy.onCompensated === "Done"
        ? step(done(noted, entry), "compensating/done")
        : step(failed(noted, entry, noted.failure), "compensating/failed");
    case "failed":
      return step(
        failed(noted, entry, { ...noted.failure, recoveryRequired: true }),
        "compensating/failed",
      );
    case undefined:
      return step(noted, "compensating/record-only");
  }
}

/** A compensation that failed for good needs a person, even if others succeed. */
function noteRecovery(job: CompensatingJob, entry: JobEventLogEntry): CompensatingJob {
  const isFinal = entry.stratum === "framework" &&
    (entry.eventType === "job.RecoveryRequired" ||
      (entry.eventType === "job.TaskCompensationFailed" && "final" in entry.attributes));
  return isFinal ? { ...job, failure: { ...job.failure, recoveryRequired: true } } : job;
}

/** Applies what an entry says about the job without moving it along the state table. */
function noteFacts<Job extends RunningJob | CompensatingJob>(
  job: Job,
  entry: JobEventLogEntry,
): Job {
  if (entry.stratum !== "framework") return { ...job, lastLogId: entry.logId };
  if (entry.eventType === "job.JobSuspended") {
    return { ...job, lastLogId: entry.logId, suspendedBy: entry.logId };
  }
  if (entry.eventType === "job.JobParked") {
    return { ...job, lastLogId: entry.logId, parked: { ...entry.attributes, by: entry.logId } };
  }
  if (entry.eventType === "job.JobResumed") {
    const resumed = entry.attributes.of === "parked" ? withoutParking(job) : withoutSuspension(job);
    return { ...resumed, lastLogId: entry.logId } as Job;
  }
  const noted = { ...job, lastLogId: entry.logId, tasks: noteTask(job.tasks, entry) };
  return isOfWaits(entry) ? noteWait(noted, entry) : noted;
}

function isOfWaits({ eventType, taskId }: JobEventLogEntry): boolean {
  return eventType === "job.DeadlinePassed" ||
    eventType === "job.TimerSet" && taskId === undefined;
}

function withoutSuspension<Job extends JobState>({ suspendedBy: _, ...job }: Job) {
  return job;
}

function withoutParking<Job extends JobState>(job: Job): Omit<Job, "parked"> {
  if (job.parked === undefined) return job;
  const { parked: _, ...rest } = job;
  return rest;
}

/** The event that matching reads: the one that the entry stands for, or the entry itself. */
export function toMatchable(entry: JobEventLogEntry): MatchableEvent {
  return isCorrelated(entry) || isRefused(entry) ? entry.attributes : entry as MatchableEvent;
}

const NO_INDEXES: readonly number[] = [];

function matchedExpectations(job: RunningJob, event: MatchableEvent): readonly number[] {
  let matched: number[] | undefined;
  const { expected } = job.plan;
  for (let index = 0; index < expected.length; index++) {
    const expectation = expected[index];
    if (expectation !== undefined && expectationAccepts(expectation, event)) {
      (matched ??= []).push(index);
    }
  }
  return matched ?? NO_INDEXES;
}

function count(
  job: RunningJob,
  indexes: readonly number[],
  logId: LogId,
): readonly ExpectationState[] {
  const counted = [...job.expected];
  // Expectations whose matches were the same so far keep sharing one value.
  let [open, matched, over, surplus]: (ExpectationState | undefined)[] = [];
  for (const index of indexes) {
    const progress = counted[index] ?? UNMATCHED;
    if (isMetAt(job, index)) {
      if (surplus === undefined || progress !== over) surplus = withSurplus(over = progress);
      counted[index] = surplus;
    } else {
      if (matched === undefined || progress !== open) matched = withMatch(open = progress, logId);
      counted[index] = matched;
    }
  }
  return counted;
}

function withSurplus(progress: ExpectationState): ExpectationState {
  return { ...progress, surplus: progress.surplus + 1 };
}

function hasCompensation(job: RunningJob): boolean {
  return job.plan.policy.compensation !== undefined || hasSomethingToCompensate(job.tasks);
}

function compensationEnd(
  job: CompensatingJob,
  entry: JobEventLogEntry,
): "succeeded" | "failed" | undefined {
  if (entry.stratum === "framework" && entry.eventType === "job.CompensationEnded") {
    return entry.attributes.failed.length > 0 ? "failed" : "succeeded";
  }
  const policy = job.plan.policy.compensation;
  if (policy === undefined || entry.stratum === "coordination") return undefined;
  const event = toMatchable(entry);
  if (matcherAccepts(policy.failed, event)) return "failed";
  return matcherAccepts(policy.succeeded, event) ? "succeeded" : undefined;
}

function done(job: RunningJob | CompensatingJob, entry: JobEventLogEntry): DoneJob {
  return {
    ...withoutParking(job),
    state: "Done",
    tasks: abandonOpenTasks(job.tasks, entry),
    endedAt: entry.receivedAt,
    endedBy: entry.logId,
  };
}

function failed(
  job: RunningJob | CompensatingJob,
  entry: JobEventLogEntry,
  failure: Failure,
): FailedJob {
  return {
    ...withoutParking(job),
    state: "Failed",
    tasks: abandonOpenTasks(job.tasks, entry),
    failure,
    endedAt: entry.receivedAt,
    endedBy: entry.logId,
  };
}
