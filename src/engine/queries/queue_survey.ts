/** Finds what keeps a job waiting for a worker. */

import type { OvertakenBy, WorkerHolder } from "../../explain/evidence.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, MAIN_TASK } from "../../core/ids.ts";
import type { JobState, TaskState } from "../../core/job_state.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { JobEntryReader } from "./job_entry_reader.ts";
import type { JobLists } from "./job_lists.ts";
import { visitJobs } from "./job_visit.ts";
import type { QueryParts } from "./query_parts.ts";

/** The most running jobs, and later jobs, that are looked at. */
const RUNNING_MAX = 32;
const LATER_MAX = 1_000;
/** Entries of a job that are searched for the beginning of its latest attempt. */
const BEGINS_LOOKED_AT = 32;

type QueueSurveyParts = Pick<QueryParts, "lists" | "history" | "registry">;

/** The jobs that hold the workers, in order of how long they have held them. */
export async function workerHolders(
  { lists, history, registry }: QueueSurveyParts,
  isThreaded: boolean,
): Promise<readonly WorkerHolder[]> {
  const { jobs } = lists.page({
    conditions: ["executing"],
    oldestFirst: true,
    limit: RUNNING_MAX,
  });
  const here = jobs.filter((job) => registry.isInThread(job) === isThreaded);
  return await holdersAmong({ lists, history }, here);
}

/** The jobs that hold the places of a limit, as far as that is on record, the longest first. */
export async function placeHolders(
  parts: QueueSurveyParts & Pick<QueryParts, "places" | "table">,
  jobIds: readonly JobId[],
): Promise<readonly WorkerHolder[]> {
  const { places, table, history } = parts;
  const jobs = jobIds.filter((jobId) => places.has(jobId)).slice(0, RUNNING_MAX)
    .map((jobId) => table.existing(jobId));
  const running = await holdersAmong(parts, jobs);
  const counted = new Set(running.map(({ jobId }) => jobId));
  // A job that was cut short holds its place, although nothing of it runs.
  const others = jobs.filter(({ jobId }) => !counted.has(jobId))
    .flatMap(({ jobId }) => places.since(jobId) ?? []).toSorted((a, b) => a - b);
  const cutShort = (await history.at(others)).flatMap((entry) => holderSince(entry));
  return [...running, ...cutShort].toSorted((left, right) => left.startedBy - right.startedBy);
}

/** The jobs that hold what an entry began. */
export function holderSince(entry: JobEventLogEntry): readonly WorkerHolder[] {
  const { jobId, taskId, receivedAt: since, logId } = entry;
  if (jobId === undefined || taskId === undefined) return [];
  const timeoutMs = isBegin(entry) ? entry.attributes.timeoutMs : undefined;
  const limit = timeoutMs === undefined ? {} : { timeoutMs };
  return [{ jobId, taskId, since, startedBy: logId, grantedBy: logId, ...limit }];
}

async function holdersAmong(
  { lists, history }: Pick<QueueSurveyParts, "lists" | "history">,
  jobs: readonly JobState[],
): Promise<readonly WorkerHolder[]> {
  const holding = jobs.flatMap((job) => {
    const task = runningTask(job);
    return task === undefined ? [] : [{ job, task }];
  });
  const firsts = holding.map(({ task }) => task.firstLogId).toSorted((a, b) => a - b);
  const begun = new Map((await history.at(firsts)).map((entry) => [entry.logId, entry]));
  const holders: WorkerHolder[] = [];
  for (const { job, task } of holding) {
    const entry = await latestBegin(history, job.jobId, task) ?? begun.get(task.firstLogId);
    if (!isBegin(entry)) continue;
    const grantedBy = lists.trails.lastTransition(job);
    for (const holder of holderSince(entry)) holders.push({ ...holder, grantedBy });
  }
  return holders.toSorted((left, right) => left.startedBy - right.startedBy);
}

/** The entry that began the open attempt, if that is not the first. */
async function latestBegin(
  history: JobEntryReader,
  jobId: JobId,
  { taskId, lastLogId, attempts }: TaskState,
): Promise<JobEventLogEntry | undefined> {
  if (attempts < 2) return undefined;
  const latest = await history.back(jobId, lastLogId + 1, BEGINS_LOOKED_AT);
  return latest.find((entry) => isBegin(entry) && entry.taskId === taskId);
}

function isBegin(entry: JobEventLogEntry | undefined): entry is FrameworkEntry<"job.TaskStarted"> {
  return entry?.eventType === "job.TaskStarted";
}

/** How many jobs created later have begun because of a lower priority. */
export async function overtakenBy(
  parts: { readonly lists: JobLists; readonly pacer: Pacer },
  job: JobState,
  share: Share,
): Promise<OvertakenBy> {
  let count = 0;
  const { isAll } = await visitJobs(parts, share, {
    range: { after: job.firstLogId, oldestFirst: true },
    max: LATER_MAX,
    see: ({ priority, progress }) => {
      if (priority < job.priority && progress.attempts > 0) count++;
    },
  });
  return { count, isAll };
}

function runningTask({ tasks }: JobState): TaskState | undefined {
  const running = tasks.filter(({ status }) => status === "running");
  return running.find(({ taskId }) => taskId !== MAIN_TASK) ?? running[0];
}
