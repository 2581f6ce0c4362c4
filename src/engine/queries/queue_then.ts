/**
 * Finds which jobs had the workers at a past time. They had entries after it, so only such jobs are
 * read: backwards from that time, and then from the oldest on, since a job that holds a worker for
 * long is older than those that wait for it.
 */

import type { WorkerHolder, WorkersThen } from "../../explain/evidence.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Share } from "../events/pacer.ts";
import { visitJobs } from "./job_visit.ts";
import { holderSince } from "./queue_survey.ts";
import type { QueryParts } from "./query_parts.ts";

/** The most jobs that are read from each end. */
const LOOKED_AT_MAX = 2_000;
/** Entries of a job that are searched for the attempt that was open. */
const ENTRIES_MAX = 32;

type QueueThenParts = Pick<QueryParts, "lists" | "history" | "registry" | "pacer">;

/** Workers of one kind. When this many are held, no other job has one. */
export interface Pool {
  readonly isThreaded: boolean;
  readonly max: number;
}

export async function workersThen(
  parts: QueueThenParts,
  { isThreaded, max }: Pool,
  upTo: LogId,
  share: Share,
): Promise<WorkersThen> {
  const executing = new Set<JobId>();
  const isEnough = () => executing.size >= max;
  const see = (job: JobSummary) => {
    if (parts.lists.trails.conditionAt(job, upTo) !== "executing") return;
    if (isInThread(parts, job) === isThreaded) executing.add(job.jobId);
  };
  let lookedAt = 0;
  let isWhole = false;
  for (const oldestFirst of [false, true]) {
    if (isWhole || isEnough()) break;
    const range = { before: upTo + 1, continuesAfter: upTo, oldestFirst };
    const { seen, isAll } = await visitJobs(parts, share, {
      range,
      max: LOOKED_AT_MAX,
      see,
      isEnough,
    });
    lookedAt += seen;
    isWhole = isAll;
  }
  const holders = await holdersThen(parts, [...executing].map((jobId) => ({ jobId })), upTo);
  return { holders, ...(isWhole || isEnough() ? {} : { lookedAt }) };
}

/** The attempts that jobs had under way as of a position, the longest first. */
export async function holdersThen(
  { history }: Pick<QueueThenParts, "history">,
  jobs: readonly { readonly jobId: JobId; readonly since?: LogId }[],
  upTo: LogId,
): Promise<readonly WorkerHolder[]> {
  const holders: WorkerHolder[] = [];
  for (const { jobId, since } of jobs) {
    const open = openAttempt(await history.back(jobId, upTo + 1, ENTRIES_MAX));
    // A job that was cut short holds its place, although nothing of it runs.
    const entry = open ?? (since === undefined ? undefined : (await history.at([since]))[0]);
    if (entry !== undefined) holders.push(...holderSince({ ...entry, jobId }));
  }
  return holders.toSorted((left, right) => left.startedBy - right.startedBy);
}

function isInThread({ registry }: QueueThenParts, { type, definitionVersion }: JobSummary) {
  if (type === null || definitionVersion === null) return false;
  return registry.isInThread({ type, definitionVersion });
}

/** @param entries Newest first. */
function openAttempt(
  entries: readonly JobEventLogEntry[],
): FrameworkEntry<"job.TaskStarted"> | undefined {
  const ended = new Set<string | undefined>();
  const open: FrameworkEntry<"job.TaskStarted">[] = [];
  for (const entry of entries) {
    if (entry.stratum !== "framework") continue;
    if (entry.eventType === "job.TaskStarted" && !ended.has(entry.taskId)) open.push(entry);
    else if (ENDS.includes(entry.eventType)) ended.add(entry.taskId);
  }
  return open.find(({ taskId }) => taskId !== MAIN_TASK) ?? open[0];
}

const ENDS: readonly string[] = ["job.TaskCompleted", "job.TaskFailed", "job.TaskInterrupted"];
