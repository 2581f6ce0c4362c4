/** What a crash cut short, as facts to be recorded at the next start. */

import type { EventDraft, JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import { findTask, hasCode, type JobState, type TaskState } from "../../core/job_state.ts";
import { INTERRUPTIONS_MAX } from "../../core/retry_policy.ts";
import { idsOf } from "../../core/trace_ids.ts";

/** What a crash cut short: the open attempts, and `main` unless it only waited. */
export function interruptions(job: JobState, restart: LogId | undefined): readonly EventDraft[] {
  if (!hasCode(job)) return [];
  const open = job.tasks.filter(isOpen);
  const rests = job.state === "Running" && open.every(({ taskId }) => taskId === MAIN_TASK) &&
    job.tasks.some(({ status }) => status === "backingOff");
  return rests ? [] : open.map((task) => interruption(job, task, restart));
}

function isOpen(task: TaskState): boolean {
  return task.status === "running" ||
    (task.status === "completed" && task.compensation?.status === "running");
}

function interruption(job: JobState, task: TaskState, restart: LogId | undefined): EventDraft {
  const about = {
    stratum: "framework",
    jobId: job.jobId,
    taskId: task.taskId,
    ...(restart === undefined ? {} : { causedBy: restart }),
  } as const;
  const attempt = Math.max(1, attemptOf(task));
  if (task.taskId !== MAIN_TASK && task.interruptions + 1 >= INTERRUPTIONS_MAX) {
    const message = `the process died ${INTERRUPTIONS_MAX} times in a row during this task`;
    return {
      ...about,
      eventType: task.status === "completed" ? "job.TaskCompensationFailed" : "job.TaskFailed",
      attributes: {
        attempt,
        maxAttempts: attempt,
        error: { name: "CrashLoop", message },
        final: true,
        kind: "poison",
      },
    };
  }
  const phase = task.status === "completed" ? "compensation" : "run";
  return {
    ...about,
    eventType: "job.TaskInterrupted",
    attributes: { attempt, phase, reason: "crash" },
  };
}

function attemptOf(task: TaskState): number {
  return task.status === "completed" ? task.compensation?.attempts ?? 1 : task.attempts;
}

/**
 * The same facts with the ids of the attempts that they end. An open task was last changed by
 * an entry of that attempt.
 */
export async function withTheirTraces(
  drafts: readonly EventDraft[],
  jobOf: (jobId: JobId) => JobState,
  entriesAt: (logIds: readonly LogId[]) => Promise<readonly JobEventLogEntry[]>,
): Promise<readonly EventDraft[]> {
  const places = drafts.map(({ jobId, taskId }) =>
    jobId === undefined || taskId === undefined ? 0 : findTask(jobOf(jobId), taskId)?.lastLogId ?? 0
  );
  const known = places.filter((logId) => logId > 0).toSorted((left, right) => left - right);
  const entries = new Map((await entriesAt(known)).map((entry) => [entry.logId, entry]));
  return drafts.map((draft, index) => {
    const entry = entries.get(places[index] ?? 0);
    return entry === undefined ? draft : { ...draft, ...idsOf(entry) };
  });
}
