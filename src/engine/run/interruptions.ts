/** The entries with which a start records the attempts that a crash or a takeover cut short. */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { attemptsAt, isCulprit, openTasks } from "../../core/crashes.ts";
import { parked } from "../../core/decide_parked.ts";
import { findTask, type JobState, type TaskState } from "../../core/job_state.ts";
import { traceFields } from "../../core/trace_ids.ts";

/** The first entry after an unclean end. */
export interface Restart {
  readonly logId: LogId;
  readonly reason: "crash" | "takeover";
}

/** @param entry A `journal.Recovered`, or a `journal.WriterOpened`. */
export function restartBy({ logId, eventType }: JobEventLogEntry): Restart {
  return { logId, reason: eventType === "journal.WriterOpened" ? "takeover" : "crash" };
}

/** An entry for each open attempt, and for `main` unless it only waited. */
export function interruptions(job: JobState, restart: Restart | undefined): readonly EventDraft[] {
  return openTasks(job).map((task) => interruption(job, task, restart));
}

/**
 * Parks the job that is presumed to have ended the process: its attempt was the only one open, and
 * was also open at the previous two unclean ends. `undefined` if there is no such job.
 *
 * @param jobs All jobs that have not ended, in the state in which the process left them.
 * @param isInThread A job in a thread of its own cannot end the process.
 */
export function culpritAt(
  jobs: readonly JobState[],
  restart: Restart,
  isInThread: (job: JobState) => boolean,
): EventDraft | undefined {
  const open = jobs.flatMap((job) => attemptsAt(job).map((task) => ({ job, task })));
  const [alone] = open;
  if (alone === undefined || open.length > 1 || !isCulprit(alone.job, alone.task)) return undefined;
  if (isInThread(alone.job)) return undefined;
  const { job: { jobId }, task: { taskId, interruptions, status } } = alone;
  const what = taskId === MAIN_TASK ? "run" : `task ${taskId}`;
  const step = status === "completed" ? `the compensation of ${what}` : what;
  const end = restart.reason === "crash" ? "ended without a stop" : "ended or was taken over";
  const message =
    `the process ${end} ${interruptions + 1} times in a row while ${step} was open, ` +
    "the last time as the only open attempt";
  return parked(jobId, { reason: "crashed", message }, { taskId, causedBy: restart.logId });
}

function interruption(job: JobState, task: TaskState, restart: Restart | undefined): EventDraft {
  const phase = task.status === "completed" ? "compensation" : "run";
  return {
    stratum: "framework",
    eventType: "job.TaskInterrupted",
    jobId: job.jobId,
    taskId: task.taskId,
    ...(restart === undefined ? {} : { causedBy: restart.logId }),
    attributes: {
      attempt: Math.max(1, attemptOf(task)),
      phase,
      reason: restart?.reason ?? "crash",
    },
  };
}

function attemptOf(task: TaskState): number {
  return task.status === "completed" ? task.compensation?.attempts ?? 1 : task.attempts;
}

/** Adds the trace ids of the attempts, each from the last entry of its open task. */
export async function withTheirTraces(
  drafts: readonly EventDraft[],
  jobOf: (jobId: JobId) => JobState,
  entriesAt: (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>,
): Promise<readonly EventDraft[]> {
  const places = drafts.map(({ jobId, taskId }) =>
    jobId === undefined || taskId === undefined ? 0 : findTask(jobOf(jobId), taskId)?.lastLogId ?? 0
  );
  const known = [...new Set(places)].filter((logId) => logId > 0)
    .toSorted((left, right) => left - right);
  const entries = new Map((await entriesAt(known)).map((entry) => [entry.logId, entry]));
  return drafts.map((draft, index) => {
    const entry = entries.get(places[index] ?? 0);
    return entry === undefined ? draft : { ...draft, ...traceFields(entry) };
  });
}
