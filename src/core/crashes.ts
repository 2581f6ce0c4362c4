/**
 * The rule of three unclean ends in a row: it finds the attempt that most likely ended the process.
 * An attempt open at two such ends in a row runs alone for a while. If it was alone at the third, it
 * is taken as the cause, and its job is parked.
 */

import { type JobId, type LogId, MAIN_TASK } from "./ids.ts";
import { compensationOf, hasCode, isTerminal, type JobState, type TaskState } from "./job_state.ts";

/** Unclean ends in a row after which an attempt that was open at all of them runs alone. */
const CRASHES_UNTIL_ALONE = 2;

/** After two unclean ends. */
const ALONE_MS = 30_000;
const ALONE_MS_MAX = 600_000;

/**
 * How long a job runs alone before others may run beside it, since its attempt may take hours, or
 * never end; and how long it waits for that, since theirs may too. It doubles with each unclean end,
 * so that an attempt that ends the process late is found too.
 */
export function aloneMs(job: JobState): number {
  const ends = Math.max(0, uncleanEnds(job) - CRASHES_UNTIL_ALONE);
  return Math.min(ALONE_MS * 2 ** ends, ALONE_MS_MAX);
}

/**
 * Which job runs alone first: the lowest. From the third unclean end on the order differs after each,
 * so that a job that never ends does not always come before the one that ends the process.
 */
export function aloneRank(job: JobState): number {
  let rank = uncleanEnds(job);
  if (rank <= CRASHES_UNTIL_ALONE) return 0;
  for (let at = 0; at < job.jobId.length; at++) {
    rank = Math.imul(rank ^ job.jobId.charCodeAt(at), 0x01000193) >>> 0;
  }
  return rank;
}

function uncleanEnds({ tasks }: JobState): number {
  return Math.max(0, ...tasks.map(({ interruptions }) => interruptions));
}

/** The job that runs alone, or comes next to do so. */
export interface Alone {
  readonly jobId: JobId;
  /** Whether other jobs still have to end first. */
  readonly isWaiting: boolean;
}

/** Tasks with an attempt or a compensation open on record, including `main`. */
export function openTasks(job: JobState): readonly TaskState[] {
  if (!hasCode(job) || isTerminal(job)) return [];
  const open = job.tasks.filter(isOpen);
  // A job that backs off runs nothing, although its `main` is on record as running.
  const rests = job.state === "Running" && open.every(isMain) &&
    job.tasks.some(({ status }) => status === "backingOff");
  return rests ? [] : open;
}

/** The same without `main`, unless it is the only one, since `main` only waits for the others. */
export function attemptsAt(job: JobState): readonly TaskState[] {
  const open = openTasks(job);
  const others = open.filter((task) => !isMain(task));
  return others.length > 0 ? others : open;
}

/** Tasks that run alone after repeated unclean ends, until one of their attempts ends by itself. */
export function crashSuspects(job: JobState): readonly TaskState[] {
  if (!hasCode(job) || isTerminal(job) || job.parked !== undefined) return [];
  const cutShort = job.tasks.filter((task) =>
    isInterrupted(task) && (task.status === "completed") === (job.state === "Compensating")
  );
  const others = cutShort.filter((task) => !isMain(task));
  return (others.length > 0 ? others : cutShort).filter(hasCrashedTwice);
}

/** Whether an attempt that ran alone at an unclean end is taken as its cause. */
export function isCulprit(job: JobState, task: TaskState): boolean {
  return hasCrashedTwice(task) && !(isMain(task) && hasContinued(job, task.lastLogId));
}

function hasCrashedTwice({ interruptions }: TaskState): boolean {
  return interruptions >= CRASHES_UNTIL_ALONE;
}

/** Whether `run` has continued past the end of a task since the process started. */
function hasContinued({ tasks }: JobState, since: LogId): boolean {
  return tasks.some((task) => task.status === "completed" && task.completedBy > since);
}

function isMain({ taskId }: TaskState): boolean {
  return taskId === MAIN_TASK;
}

function isOpen(task: TaskState): boolean {
  return task.status === "running" || compensationOf(task)?.status === "running";
}

function isInterrupted(task: TaskState): boolean {
  return task.status === "interrupted" || compensationOf(task)?.status === "interrupted";
}
