/**
 * The job resource: a job's state under the names that clients see. Absent values are `null`,
 * except for the fields that section 6 of the design marks `?`.
 */

import { deriveCondition } from "./condition.ts";
import { jobFingerprint } from "./error_fingerprint.ts";
import { MAIN_TASK } from "./ids.ts";
import { present } from "./json.ts";
import { type ExpectedEvent, requiredMatches } from "./job_plan.ts";
import { cutShort, leftInPlace } from "./left_in_place.ts";
import {
  type CompletedTask,
  type Failure,
  findTask,
  isTerminal,
  type JobHead,
  type JobState,
  type TaskState,
  type TimedWait,
} from "./job_state.ts";
import { isMet, UNMATCHED } from "./expectations.ts";

export type ResourceHead = Readonly<ReturnType<typeof jobHead>>;

/** The members that the resource shares with its summary. */
export function jobHead(job: JobState) {
  const startAt = jobStartAt(job);
  const sleepsUntil = jobSleepsUntil(job);
  return {
    jobId: job.jobId,
    type: job.type ?? null,
    definitionVersion: job.definitionVersion ?? null,
    state: job.state,
    condition: deriveCondition(job),
    createdAt: job.createdAt,
    ...(startAt === undefined ? {} : { startAt }),
    startedAt: jobStartedAt(job),
    endedAt: jobEndedAt(job),
    ...(sleepsUntil === undefined ? {} : { sleepsUntil }),
    firstLogId: job.firstLogId,
    lastLogId: job.lastLogId,
    priority: job.priority,
    labels: job.labels,
    ...(job.retryOf === undefined ? {} : { retryOf: job.retryOf }),
    ...(job.parked === undefined ? {} : { parked: job.parked }),
  };
}

export function jobResource(job: JobState) {
  return {
    ...jobHead(job),
    ...(job.key === undefined ? {} : { key: job.key }),
    ...(job.rateKey === undefined ? {} : { rateKey: job.rateKey }),
    input: job.input ?? null,
    sealed: sealedResource(job),
    output: jobOutput(job),
    expected: job.plan.expected.map((expected, index) =>
      expectationResource(expected, job.expected[index])
    ),
    tasks: job.tasks.map(taskResource),
    ...(job.waits === undefined ? {} : { waits: job.waits.map(waitResource) }),
    failure: failureResource(job),
  };
}

/** What is hidden of the input, and how long the input is kept; absent if nothing is hidden. */
function sealedResource({ sealed }: JobState) {
  return sealed === undefined
    ? undefined
    : { secrets: sealed.secrets, retention: sealed.retention };
}

/** Only until the job starts; after that there is `startedAt`. */
export function jobStartAt(job: JobState): string | undefined {
  return job.state === "Created" ? job.startAt : undefined;
}

/** When the first of its sleeps ends by itself; `undefined` when it does not sleep. */
export function jobSleepsUntil({ state, tasks }: JobState): string | undefined {
  if (state !== "Running") return undefined;
  let first: string | undefined;
  for (const task of tasks) {
    if (task.status !== "sleeping") continue;
    if (first === undefined || Date.parse(task.dueAt) < Date.parse(first)) first = task.dueAt;
  }
  return first;
}

export function jobStartedAt(job: JobState): string | null {
  return job.state === "Created" ? null : job.startedAt;
}

export function jobEndedAt(job: JobState): string | null {
  return isTerminal(job) ? job.endedAt : null;
}

export function jobOutput(job: JobState) {
  const main = findTask(job, MAIN_TASK);
  return main?.status === "completed" ? main.result ?? null : null;
}

function waitResource({ expectation, wait, withinMs, dueAt, passedBy }: TimedWait) {
  return { expectation, wait, dueAt, ...present({ withinMs, passedBy }) };
}

export function expectationResource(expected: ExpectedEvent, progress = UNMATCHED) {
  const { matched, by, waived } = progress;
  return {
    id: expected.id,
    kind: expected.kind,
    eventType: expected.matcher.eventType,
    correlation: expected.matcher.correlation,
    taskId: expected.taskId,
    multiplicity: expected.multiplicity,
    ...(expected.within === undefined ? {} : { within: expected.within }),
    required: requiredMatches(expected.multiplicity),
    matched,
    satisfied: isMet(expected, progress),
    ...(waived === undefined ? {} : { waived }),
    by,
  };
}

export function taskResource(task: TaskState) {
  return {
    taskId: task.taskId,
    status: task.status,
    attempts: task.attempts,
    startedAt: task.startedAt,
    endedAt: null,
    progress: task.progress,
    ...taskOutcome(task),
  };
}

function taskOutcome(task: TaskState) {
  switch (task.status) {
    case "running":
    case "waiting":
    case "interrupted":
      return {};
    case "abandoned":
      return { endedAt: task.endedAt };
    case "backingOff":
      return { retryAt: task.retryAt, error: task.error };
    case "sleeping":
      return { dueAt: task.dueAt };
    case "failed":
      return { endedAt: task.endedAt, error: task.error };
    case "completed":
      return { endedAt: task.endedAt, result: task.result, ...compensationOutcome(task) };
  }
}

/** Once a compensation has started, it decides the status of its task. */
function compensationOutcome({ compensation }: CompletedTask) {
  switch (compensation?.status) {
    case undefined:
      return {};
    case "running":
    case "interrupted":
      return { status: "compensating" };
    case "backingOff":
      return { status: "compensating", retryAt: compensation.retryAt, error: compensation.error };
    case "compensated":
      return { status: "compensated" };
    case "failed":
      return { status: "compensationFailed", error: compensation.error };
  }
}

export function failureResource(job: JobState) {
  const head = failureHead(job);
  return head && {
    ...head,
    leftInPlace: leftInPlace(job).map((task) => task.taskId as string),
    cutShort: cutShort(job).map((task) => task.taskId as string),
  };
}

/** What a summary has too. */
export function failureHead(job: JobState) {
  const failure = recordedFailure(job);
  if (failure === undefined) return null;
  const { kind, taskId, error, recoveryRequired, because } = failure;
  const fingerprint = jobFingerprint(job, failure) ?? null;
  return { kind, taskId: taskId ?? null, error, fingerprint, recoveryRequired, because };
}

export function recordedFailure(job: JobHead): Failure | undefined {
  return "failure" in job ? job.failure : undefined;
}
