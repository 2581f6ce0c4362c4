/** The job resource: a job's state as clients see it. */

import { conditionOf } from "../core/condition.ts";
import { MAIN_TASK } from "../core/ids.ts";
import { type ExpectedEvent, requiredMatches } from "../core/job_plan.ts";
import {
  type CompletedTask,
  findTask,
  isTerminal,
  type JobState,
  type TaskState,
} from "../core/job_state.ts";

export function jobPath(jobId: string): string {
  return `/jobs/${jobId}`;
}

/** What is absent is `null`, but for the fields that section 6 of the design marks `?`. */
export function jobView(job: JobState) {
  return {
    jobId: job.jobId,
    type: job.type ?? null,
    definitionVersion: job.definitionVersion ?? null,
    state: job.state,
    condition: conditionOf(job),
    createdAt: job.createdAt,
    startAt: job.state === "Created" ? job.startAt : undefined,
    startedAt: job.state === "Created" ? null : job.startedAt,
    endedAt: isTerminal(job) ? job.endedAt : null,
    firstLogId: job.firstLogId,
    lastLogId: job.lastLogId,
    priority: job.priority,
    labels: job.labels,
    retryOf: job.retryOf,
    input: job.input ?? null,
    output: outputOf(job),
    expected: job.plan.expected.map((expected, index) => expectationView(job, expected, index)),
    tasks: job.tasks.map(taskView),
    failure: failureView(job),
    links: linksOf(job),
  };
}

function linksOf({ jobId }: JobState) {
  const self = jobPath(jobId);
  return { self, events: `${self}/events`, stream: `${self}/stream` };
}

function outputOf(job: JobState) {
  const main = findTask(job, MAIN_TASK);
  return main?.status === "completed" ? main.result ?? null : null;
}

function expectationView(job: JobState, expected: ExpectedEvent, index: number) {
  const { matched, by } = job.expected[index] ?? { matched: 0, by: [] };
  const required = requiredMatches(expected.multiplicity);
  return {
    id: expected.id,
    kind: expected.kind,
    eventType: expected.matcher.eventType,
    correlation: expected.matcher.correlation,
    taskId: expected.taskId,
    multiplicity: expected.multiplicity,
    required,
    matched,
    satisfied: matched >= required,
    by,
  };
}

function taskView(task: TaskState) {
  return {
    taskId: task.taskId,
    status: task.status,
    attempts: task.attempts,
    startedAt: task.startedAt,
    endedAt: null,
    progress: task.progress,
    ...outcomeOf(task),
  };
}

function outcomeOf(task: TaskState) {
  switch (task.status) {
    case "running":
    case "waiting":
    case "interrupted":
      return {};
    case "abandoned":
      return { endedAt: task.endedAt };
    case "backingOff":
      return { retryAt: task.retryAt, error: task.error };
    case "failed":
      return { endedAt: task.endedAt, error: task.error };
    case "completed":
      return { endedAt: task.endedAt, result: task.result, ...compensationOf(task) };
  }
}

/** While and after a task is undone, that is what its status tells. */
function compensationOf({ compensation }: CompletedTask) {
  switch (compensation?.status) {
    case undefined:
      return {};
    case "running":
    case "interrupted":
      return { status: "compensating" };
    case "backingOff":
      return {
        status: "compensating",
        retryAt: compensation.retryAt,
        error: compensation.error,
      };
    case "compensated":
      return { status: "compensated" };
    case "failed":
      return { status: "compensationFailed", error: compensation.error };
  }
}

function failureView(job: JobState) {
  const failure = "failure" in job ? job.failure : undefined;
  if (failure === undefined) return null;
  const { kind, taskId, error, recoveryRequired, because } = failure;
  return {
    kind,
    taskId: taskId ?? null,
    error,
    recoveryRequired,
    because,
    leftInPlace: leftInPlace(job),
  };
}

/** Completed tasks that nothing knows how to undo, and whose effects remain. */
function leftInPlace(job: JobState): readonly string[] {
  return job.tasks
    .filter((task) => task.status === "completed" && !task.compensable)
    .map((task) => task.taskId)
    .filter((taskId) => taskId !== MAIN_TASK);
}
