/** What there is to attempt for a job: the tasks that its `run` asks for, and their undoing. */

import type { JobEventDraft } from "../../core/event.ts";
import type { JobId, TaskId } from "../../core/ids.ts";
import type { CompletedTask, TaskState } from "../../core/job_state.ts";
import { copyOf } from "../../core/json.ts";
import type { RetryPolicy } from "../../core/retry_policy.ts";
import type { TaskContext } from "../definition.ts";
import type { AskedTask } from "./asked.ts";

/** Something to attempt: a task, or the undoing of one. */
export interface Work {
  readonly kind: "task" | "compensation";
  readonly taskId: TaskId;
  /** Absent when `run` no longer says how a task is undone. */
  readonly run: ((task: TaskContext) => unknown) | undefined;
  /** Absent when `run` no longer asks for the task at all. */
  readonly retry: RetryPolicy | undefined;
  /** In milliseconds; `undefined` is no limit. */
  readonly timeoutMs: number | undefined;
  /** Whether a task could be undone. */
  readonly compensable: boolean;
}

export function taskWork({ taskId, run, retry, timeoutMs, compensate }: AskedTask): Work {
  const compensable = compensate !== undefined;
  return { kind: "task", taskId, run, retry, timeoutMs, compensable };
}

/** @param code Absent when `run` no longer asks for the task. */
export function compensationWork(task: CompletedTask, code: AskedTask | undefined): Work {
  const compensate = code?.compensate;
  return {
    kind: "compensation",
    taskId: task.taskId,
    run: compensate && ((context) => compensate(copyOf(task.result), context)),
    retry: code?.retry,
    timeoutMs: code?.timeoutMs,
    compensable: false,
  };
}

/** The tasks to undo, by completion; callers take from the end. */
export function toUndo(tasks: readonly TaskState[]): TaskId[] {
  return undoable(tasks).map(({ taskId }) => taskId);
}

/** The same, with what is on record of each. */
export function undoable(tasks: readonly TaskState[]): readonly CompletedTask[] {
  return compensable(tasks)
    .filter((task) => !isUndone(task))
    .toSorted((left, right) => left.completedBy - right.completedBy);
}

/** Whether all that can be done to undo a task was done. */
export function isUndone({ compensation }: CompletedTask): boolean {
  return compensation?.status === "compensated" || compensation?.status === "failed";
}

/**
 * What is to be recorded when all that could be undone was tried.
 *
 * @param about Whose it is, and in what trace.
 */
export function undone(
  tasks: readonly TaskState[],
  about: { readonly jobId: JobId },
): readonly JobEventDraft[] {
  const ids = (status: string) =>
    compensable(tasks).filter(({ compensation }) => compensation?.status === status)
      .map(({ taskId }) => taskId);
  const failed = ids("failed");
  const common = { stratum: "framework", ...about } as const;
  const ended: JobEventDraft = {
    ...common,
    eventType: "job.CompensationEnded",
    attributes: { compensated: ids("compensated"), failed },
  };
  if (failed.length === 0) return [ended];
  return [{ ...common, eventType: "job.RecoveryRequired", attributes: { tasks: failed } }, ended];
}

function compensable(tasks: readonly TaskState[]): readonly CompletedTask[] {
  return tasks.filter((task): task is CompletedTask =>
    task.status === "completed" && task.compensable
  );
}
