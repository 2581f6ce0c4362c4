/** Finds which jobs hold workers and places, now and at a past time. */

import { type Condition, deriveCondition } from "../../core/condition.ts";
import { attemptsAt } from "../../core/crashes.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { compensationOf, type JobState, type TaskState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { WorkerHolder, WorkersThen } from "../../explain/statements/queue_facts.ts";
import type { WorkerQueue } from "../run/queue/worker_queue.ts";
import type { JobEntryReader } from "../writer/job_entries.ts";
import { visitBothEnds } from "./job_visit.ts";
import type { Query, QueryParts } from "./query_parts.ts";

/** The most running jobs that are looked at. */
const RUNNING_MAX = 32;
/** Entries of a job that are searched for the beginning of its open attempt. */
const ENTRIES_MAX = 32;

/** Jobs with a worker. Most of those that are suspended have none, so they come last. */
const HOLDING: readonly (readonly Condition[])[] = [["executing"], ["compensating"], ["suspended"]];

/** The jobs that hold the workers, in order of how long they have held them. */
export async function workerHolders(
  parts: QueryParts,
  isThreaded: boolean,
): Promise<readonly WorkerHolder[]> {
  const { lists, registry } = parts;
  const jobs = HOLDING.flatMap((conditions) =>
    lists.page({ conditions, oldestFirst: true, limit: RUNNING_MAX }).jobs
  );
  const here = jobs.filter((job) => registry.isInThread(job) === isThreaded);
  return await holdersAmong(parts, here);
}

/**
 * The jobs that hold the places of a limit, as far as that is on record, the longest first. By the
 * record a job gives its place back when it is suspended; it does once its attempts have ended.
 */
export async function placeHolders(
  parts: QueryParts,
  jobIds: readonly JobId[],
): Promise<readonly WorkerHolder[]> {
  const { places, table, history } = parts;
  const jobs = jobIds.slice(0, RUNNING_MAX).flatMap((jobId) => table.job(jobId) ?? []);
  const running = await holdersAmong(parts, jobs);
  const counted = new Set(running.map(({ jobId }) => jobId));
  // A job that was cut short holds its place, although nothing of it runs.
  const others = jobs.filter(({ jobId }) => !counted.has(jobId))
    .flatMap(({ jobId }) => places.since(jobId) ?? []);
  const cutShort = [...(await history.byPosition(others)).values()].flatMap(holderSince);
  return [...running, ...cutShort].toSorted((left, right) => left.startedBy - right.startedBy);
}

/** The jobs that hold what an entry began. */
function holderSince(entry: JobEventLogEntry): readonly WorkerHolder[] {
  const { jobId, taskId, receivedAt: since, logId } = entry;
  if (jobId === undefined || taskId === undefined) return [];
  const timeoutMs = isOfTask(entry) ? entry.attributes.timeoutMs : undefined;
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  const undone = isOfUndoing(entry) ? { isUndone: true } : {};
  return [{ jobId, taskId, ...undone, since, startedBy: logId, grantedBy: logId, ...limit }];
}

async function holdersAmong(
  { table, history }: QueryParts,
  jobs: readonly JobState[],
): Promise<readonly WorkerHolder[]> {
  const holding = jobs.flatMap((job) => {
    const [task] = attemptsAt(job);
    return task === undefined ? [] : [{ job, task }];
  });
  const begun = await history.byPosition(holding.map(({ task }) => task.firstLogId));
  const holders: WorkerHolder[] = [];
  for (const { job, task } of holding) {
    const entry = await latestBegin(history, job.jobId, task) ?? begun.get(task.firstLogId);
    if (entry === undefined) continue;
    const grantedBy = table.trails.lastTransition(job);
    for (const holder of holderSince(entry)) holders.push({ ...holder, grantedBy });
  }
  return holders.toSorted((left, right) => left.startedBy - right.startedBy);
}

/** The entry that began the open attempt, if that is not the first. */
async function latestBegin(
  history: JobEntryReader,
  jobId: JobId,
  task: TaskState,
): Promise<JobEventLogEntry | undefined> {
  const { taskId, lastLogId, attempts } = task;
  const isBegin = isUndone(task) ? isOfUndoing : isOfTask;
  if (isBegin === isOfTask && attempts < 2) return undefined;
  const latest = await history.back(jobId, lastLogId + 1, ENTRIES_MAX);
  return latest.find((entry) => isBegin(entry) && entry.taskId === taskId);
}

function isOfTask(entry: JobEventLogEntry): entry is FrameworkEntry<"job.TaskStarted"> {
  return entry.eventType === "job.TaskStarted";
}

function isOfUndoing(entry: JobEventLogEntry): boolean {
  return entry.eventType === "job.CompensationStarted";
}

/** The most jobs that are read from each end. */
const LOOKED_AT_MAX = 2_000;

/** Workers of one kind. When this many are held, no other job has one. */
export interface Pool {
  readonly isThreaded: boolean;
  readonly max: number;
}

/** The workers that a job needs one of, with their queue. */
export function poolOf(
  { registry, workers, threadWorkers }: QueryParts,
  job: JobState,
): Pool & { readonly queue: WorkerQueue } {
  const isThreaded = registry.isInThread(job);
  const queue = isThreaded ? threadWorkers : workers;
  return { isThreaded, max: queue.max, queue };
}

/** A retry that is due waits for a worker too, whatever the condition is. */
export function isQueued(job: JobState, queue: WorkerQueue): boolean {
  return job.state !== "Created" &&
    (deriveCondition(job) === "queued" || queue.holds(job.startedBy));
}

export async function workersThen(
  query: Query,
  { isThreaded, max }: Pool,
  upTo: LogId,
): Promise<WorkersThen> {
  const { parts } = query;
  const executing = new Set<JobId>();
  const isEnough = () => executing.size >= max;
  const see = (job: JobSummary) => {
    if (parts.table.trails.conditionAt(job, upTo) !== "executing") return;
    if (isInThread(parts, job) === isThreaded) executing.add(job.jobId);
  };
  // A job that held a worker then had entries after that.
  const range = { before: upTo + 1, continuesAfter: upTo };
  const visit = { range, max: LOOKED_AT_MAX, see, isEnough };
  const { seen: lookedAt, isAll } = await visitBothEnds(query, visit);
  const holders = await holdersThen(parts, [...executing].map((jobId) => ({ jobId })), upTo);
  return { holders, ...(isAll || isEnough() ? {} : { lookedAt }) };
}

/** The attempts that jobs had under way as of a position, the longest first. */
export async function holdersThen(
  { history }: QueryParts,
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

export function isInThread({ registry }: QueryParts, { type, definitionVersion }: JobSummary) {
  if (type === null || definitionVersion === null) return false;
  return registry.isInThread({ type, definitionVersion });
}

/** Whether an attempt to compensate the task is open. */
function isUndone(task: TaskState): boolean {
  return compensationOf(task)?.status === "running";
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
