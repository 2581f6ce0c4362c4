/** Something to attempt for a job: a task that its `run` asks for, or a compensation. */

import type { TaskId } from "../../core/ids.ts";
import type { CompletedTask } from "../../core/job_state.ts";
import { copyJson } from "../../core/json.ts";
import type { RetryPolicy } from "../../core/retry_policy.ts";
import type { TaskContext } from "../job_context.ts";
import type { TaskRequest } from "./run_context.ts";

export interface Work {
  readonly kind: "task" | "compensation";
  readonly taskId: TaskId;
  /** Absent when `run` no longer gives the task a compensation. */
  readonly run: ((task: TaskContext) => unknown) | undefined;
  /** Absent when `run` no longer asks for the task. */
  readonly retry: RetryPolicy | undefined;
  /** In milliseconds; `undefined` means no limit. */
  readonly timeoutMs: number | undefined;
  /** Whether the task has a compensation. */
  readonly compensable: boolean;
}

export function taskWork({ taskId, run, retry, timeoutMs, compensate }: TaskRequest): Work {
  const compensable = compensate !== undefined;
  return { kind: "task", taskId, run, retry, timeoutMs, compensable };
}

/** @param code Absent when `run` no longer asks for the task. */
export function compensationWork(task: CompletedTask, code: TaskRequest | undefined): Work {
  const compensate = code?.compensate;
  return {
    kind: "compensation",
    taskId: task.taskId,
    run: compensate && ((context) => compensate(copyJson(task.result), context)),
    retry: code?.retry,
    timeoutMs: code?.timeoutMs,
    compensable: false,
  };
}
