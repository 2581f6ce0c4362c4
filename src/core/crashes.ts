/**
 * The rule of three: what of a job was being done when the process ended uncleanly, and what is
 * taken to be the cause. An attempt that was open at two such ends in a row runs alone from then
 * on; one that was alone at the third is the cause, and its job is parked.
 */

import { type LogId, MAIN_TASK } from "./ids.ts";
import { hasCode, isTerminal, type JobState, type TaskState } from "./job_state.ts";

/** Unclean ends in a row after which an attempt that was open at all of them runs alone. */
export const CRASHES_UNTIL_ALONE = 2;

/** Tasks of which an attempt, or one of their undoing, is on record as open; `main` among them. */
export function openTasks(job: JobState): readonly TaskState[] {
  if (!hasCode(job) || isTerminal(job)) return [];
  const open = job.tasks.filter(isOpen);
  // What backs off runs nothing, while its `run` is told as under way.
  const rests = job.state === "Running" && open.every(isMain) &&
    job.tasks.some(({ status }) => status === "backingOff");
  return rests ? [] : open;
}

/** The same without `main`, which only waits for the others where there are any. */
export function attemptsAt(job: JobState): readonly TaskState[] {
  const open = openTasks(job);
  const others = open.filter((task) => !isMain(task));
  return others.length > 0 ? others : open;
}

/**
 * Tasks that were open at so many unclean ends in a row that they run alone until an attempt of
 * them ends by itself.
 */
export function suspectsOf(job: JobState): readonly TaskState[] {
  if (!hasCode(job) || isTerminal(job) || job.parked !== undefined) return [];
  const cutShort = job.tasks.filter((task) =>
    isInterrupted(task) && (task.status === "completed") === (job.state === "Compensating")
  );
  const others = cutShort.filter((task) => !isMain(task));
  return (others.length > 0 ? others : cutShort).filter(hasCrashedTwice);
}

/** Whether an attempt that was alone at an unclean end is taken to have caused that one too. */
export function isCulprit(job: JobState, task: TaskState): boolean {
  return hasCrashedTwice(task) && !(isMain(task) && hasGoneOn(job, task.lastLogId));
}

function hasCrashedTwice({ interruptions }: TaskState): boolean {
  return interruptions >= CRASHES_UNTIL_ALONE;
}

/** Whether `run` got as far as the end of a task in this life of the process. */
function hasGoneOn({ tasks }: JobState, since: LogId): boolean {
  return tasks.some((task) => task.status === "completed" && task.completedBy > since);
}

function isMain({ taskId }: TaskState): boolean {
  return taskId === MAIN_TASK;
}

function isOpen(task: TaskState): boolean {
  return task.status === "running" ||
    (task.status === "completed" && task.compensation?.status === "running");
}

function isInterrupted(task: TaskState): boolean {
  return task.status === "interrupted" ||
    (task.status === "completed" && task.compensation?.status === "interrupted");
}
