/**
 * The data of the rows of a list, collected for all rows at once, with a short text that says what
 * each job is doing, what it waits for, or why it failed.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import {
  type BackingOffTask,
  type CompletedTask,
  type Failure,
  type JobState,
  runningTasks,
  type TaskState,
} from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { openExpectations } from "../../core/awaited_events.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import { countOf, countText } from "../../core/counted.ts";
import type { Condition } from "../../core/condition.ts";
import type { ParkReason } from "../../core/framework_events.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import { jobSleepsUntil, recordedFailure } from "../../core/job_resource.ts";
import { errorText } from "../../core/error_text.ts";
import { taskName } from "../../explain/words/phrases.ts";
import { momentText } from "../parts/amounts.tsx";

export interface JobRow {
  readonly job: JobSummary;
  /** From the job's start to its first attempt. */
  readonly queued: Length | undefined;
  /** From the job's first attempt to its end, with its waits; for a plan, from its start. */
  readonly took: Length | undefined;
  /** The progress of the first running task that reports any. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  readonly brief: string;
}

/** A duration, in milliseconds. */
export interface Length {
  readonly ms: number;
  /** Whether it is still growing. */
  readonly isOngoing: boolean;
}

/** Active jobs are in memory, so their rows are made from the whole job. */
export async function toRows(
  { engine, clock }: Pick<HttpDeps, "engine" | "clock">,
  jobs: readonly JobSummary[],
): Promise<readonly JobRow[]> {
  const living = jobs.map((job) => job.endedAt === null ? engine.job(job.jobId) : undefined);
  const places = engine.lists.queuePlaces(living.filter((job) => job !== undefined));
  const entries = await entriesFor(engine, living);
  return jobs.map((job, index) => {
    const whole = living[index];
    return {
      job,
      ...jobLengths(job, clock.now()),
      progress: whole && jobProgress(whole),
      brief: whole === undefined ? endedText(job) : briefText(whole, {
        condition: job.condition,
        ahead: places.get(job.jobId),
        maxAttempts: readMaxAttempts(whole, entries),
        now: clock.now(),
      }),
    };
  });
}

/** No duration is negative, even if the clock was set back. */
function jobLengths(
  { type, startedAt, endedAt, queuedMs }: JobSummary,
  nowMs: number,
): Pick<JobRow, "queued" | "took"> {
  if (startedAt === null) return { queued: undefined, took: undefined };
  const isOngoing = endedAt === null;
  const all = Math.max(0, (isOngoing ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt));
  if (type === null) return { queued: undefined, took: { ms: all, isOngoing } };
  if (queuedMs === null) return { queued: { ms: all, isOngoing }, took: undefined };
  return {
    queued: { ms: queuedMs, isOngoing: false },
    took: { ms: Math.max(0, all - queuedMs), isOngoing },
  };
}

function jobProgress(job: JobState): JobRow["progress"] {
  for (const { progress } of runningTasks(job)) {
    if (progress?.total !== undefined) return { done: progress.done, total: progress.total };
  }
  return undefined;
}

type Entries = ReadonlyMap<LogId, JobEventLogEntry>;

/** The entries that hold the maximum number of attempts of a task. */
async function entriesFor(
  engine: HttpDeps["engine"],
  living: readonly (JobState | undefined)[],
): Promise<Entries> {
  const wanted = living.flatMap((job) => (job && nextToRetry(job)?.lastLogId) ?? []);
  return await engine.history.byPosition(wanted);
}

function readMaxAttempts(job: JobState, entries: Entries): number | undefined {
  const failed = entries.get(nextToRetry(job)?.lastLogId ?? 0);
  const maxAttempts = failed?.attributes["maxAttempts" as keyof typeof failed.attributes];
  return typeof maxAttempts === "number" ? maxAttempts : undefined;
}

interface Circumstances {
  readonly condition: Condition;
  /** The number of jobs that get a worker before this one. */
  readonly ahead: number | undefined;
  /** The limit of the task that is retried next. */
  readonly maxAttempts: number | undefined;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** The text for a job that has ended; empty if it succeeded at the first attempt. */
function endedText({ state, failure, progress: { attempts } }: JobSummary): string {
  if (state === "Failed" && failure !== null) return failureText(failure);
  return attempts > 1 ? `after ${attempts} attempts` : "";
}

/** The text for a job that has not ended; empty if the condition says everything. */
function briefText(job: JobState, circumstances: Circumstances): string {
  switch (circumstances.condition) {
    case "created":
      return "waits to be started";
    case "scheduled":
      return job.startAt === undefined
        ? ""
        : `starts at ${momentText(job.startAt, circumstances.now)} UTC`;
    case "queued":
      return aheadText(circumstances.ahead);
    case "executing":
      return runningTasks(job).map(runningText).join(", ");
    case "waiting":
      return waitingText(job);
    case "sleeping":
      return `sleeps until ${momentText(jobSleepsUntil(job) ?? "", circumstances.now)} UTC`;
    case "backingOff":
      return retryText(job, circumstances);
    case "suspended":
      return "starts nothing new until it is resumed";
    case "parked":
      return `${PARKED[job.parked?.reason ?? "diverged"]}: ${job.parked?.message ?? ""}`;
    case "compensating":
      return compensatingText(job);
    case "failed":
    case "cancelled":
    case "succeeded":
      return "";
  }
}

const PARKED: Readonly<Record<ParkReason, string>> = {
  diverged: "its code does not match",
  noDefinition: "no code is loaded for it",
  crashed: "it ends the process",
};

function aheadText(ahead: number | undefined): string {
  if (ahead === undefined) return "";
  return ahead === 0 ? "next for a worker" : `${countText(ahead)} before it`;
}

/** `charge attempt 2, 40 of 100`. */
function runningText({ taskId, attempts, progress }: TaskState): string {
  const name = taskName(taskId);
  const attempt = attempts > 1 ? ` attempt ${attempts}` : "";
  if (progress === undefined) return name + attempt;
  const total = progress.total === undefined ? "" : ` of ${countText(progress.total)}`;
  return `${name}${attempt}, ${countText(progress.done)}${total}`;
}

/** `waits for shipped, 0 of 1, and 2 more`. */
function waitingText(job: JobState): string {
  const open = openExpectations(job).map(({ expected: { id, multiplicity }, matched }) =>
    `${id}, ${countOf(matched, requiredMatches(multiplicity))}`
  );
  const [first] = open;
  if (first === undefined) return "";
  return `waits for ${first}${open.length === 1 ? "" : `, and ${open.length - 1} more`}`;
}

function nextToRetry(job: JobState): BackingOffTask | undefined {
  return job.tasks
    .filter((task): task is BackingOffTask => task.status === "backingOff")
    .toSorted((a, b) => Date.parse(a.retryAt) - Date.parse(b.retryAt))[0];
}

/** `charge retries at 12:00:03, 2 of 4: BankDown: no route`. */
function retryText(job: JobState, { maxAttempts, now }: Circumstances): string {
  const task = nextToRetry(job);
  if (task === undefined) return "";
  const limit = maxAttempts === undefined ? "" : ` of ${maxAttempts}`;
  const when = `${task.taskId} retries at ${momentText(task.retryAt, now)} UTC`;
  return `${when}, ${task.failures + 1}${limit}: ${errorText(task.error)}`;
}

function undoingText({ tasks }: JobState): string {
  const open = tasks.filter((task): task is CompletedTask => task.status === "completed")
    .filter(({ compensation }) =>
      compensation !== undefined && !["compensated", "failed"].includes(compensation.status)
    );
  return open.length === 0 ? "" : `undoes ${open.map(({ taskId }) => taskId).join(", ")}`;
}

function compensatingText(job: JobState): string {
  const failure = recordedFailure(job);
  const parts = [undoingText(job), failure === undefined ? "" : failureText(failure)];
  return parts.filter((part) => part !== "").join("; ");
}

function failureText(
  { kind, error, recoveryRequired }: Pick<Failure, "kind" | "error" | "recoveryRequired">,
): string {
  const text = kind === "cancelled" ? error.message : errorText(error);
  return recoveryRequired ? `needs attention; ${text}` : text;
}
