/**
 * The answers that a job's `run` gets, in the order of the journal. Live and after a
 * restart they come in the same order, so that `run` takes the same way through its
 * code, and a `run` that no longer does is found out.
 */

import { isSatisfied } from "../core/condition.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../core/ids.ts";
import { MAIN_EXPECTATION_ID } from "../core/job_plan.ts";
import type { CompletedTask, JobState, TaskState } from "../core/job_state.ts";
import type { Applied } from "./job_record.ts";

/** A task or an expectation whose answer is on record. */
export type Settlement =
  | {
    readonly kind: "task";
    readonly logId: LogId;
    readonly taskId: TaskId;
    readonly receivedAt: string;
  }
  | { readonly kind: "expectation"; readonly logId: LogId; readonly name: string };

/** One text for what is answered. */
export function keyOf(settlement: Settlement): string {
  return settlement.kind === "task"
    ? `task ${settlement.taskId}`
    : `expectation ${settlement.name}`;
}

/** Results that a retry took over: their place in the order is wherever `run` asks for them. */
export function reusedSettlements(job: JobState): readonly Settlement[] {
  return job.tasks.flatMap((task) => isOnRecord(task) && isReused(task) ? [answerOf(task)] : []);
}

/** All other answers on record, oldest first. */
export function recordedSettlements(job: JobState): Settlement[] {
  const settlements: Settlement[] = job.tasks.flatMap((task) =>
    isOnRecord(task) && !isReused(task) ? [answerOf(task)] : []
  );
  job.plan.expected.forEach(({ id }, index) => {
    const logId = job.expected[index]?.by.at(-1);
    if (id === MAIN_EXPECTATION_ID || logId === undefined || !isSatisfied(job, id)) return;
    settlements.push({ kind: "expectation", logId, name: id });
  });
  return settlements.sort((left, right) => left.logId - right.logId);
}

function isOnRecord(task: TaskState): task is CompletedTask {
  return task.status === "completed" && task.taskId !== MAIN_TASK;
}

/** Whether the task was completed by a job that this one retries. */
export function isReused(task: TaskState): boolean {
  return task.status === "completed" && task.reusedFrom !== undefined;
}

function answerOf({ taskId, completedBy, endedAt }: CompletedTask): Settlement {
  return { kind: "task", logId: completedBy, taskId, receivedAt: endedAt };
}

/** The answers that one entry gives. */
export function settlementsOf(applied: Applied): readonly Settlement[] {
  const { entry, before, job, matched } = applied;
  const settlements: Settlement[] = [];
  if (
    entry.stratum === "framework" && entry.eventType === "job.TaskCompleted" &&
    entry.taskId !== undefined && entry.taskId !== MAIN_TASK
  ) {
    const { logId, taskId, receivedAt } = entry;
    settlements.push({ kind: "task", logId, taskId, receivedAt });
  }
  for (const name of matched) {
    const isNew = isSatisfied(job, name) && before !== undefined && !isSatisfied(before, name);
    if (isNew && name !== MAIN_EXPECTATION_ID) {
      settlements.push({ kind: "expectation", logId: entry.logId, name });
    }
  }
  return settlements;
}
