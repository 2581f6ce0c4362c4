/** The part of the projector about compensations; pure. */

import type { FrameworkEntry } from "./event.ts";
import type { CompletedTask, TaskState } from "./job_state.ts";

/** Whether a failure now would leave effects of a task that can be compensated. */
export function hasSomethingToCompensate(tasks: readonly TaskState[]): boolean {
  return tasks.some((task) =>
    task.compensable &&
    (task.status === "running" ||
      (task.status === "completed" && task.compensation?.status !== "compensated"))
  );
}

export function compensated(
  task: CompletedTask,
  entry: FrameworkEntry<
    "job.CompensationStarted" | "job.TaskCompensated" | "job.TaskCompensationFailed"
  >,
): CompletedTask {
  if (task.compensation?.status === "compensated") return task;
  return {
    ...task,
    compensation: compensationAfter(task, entry),
    interruptions: entry.eventType === "job.CompensationStarted" ? task.interruptions : 0,
    lastLogId: entry.logId,
  };
}

function compensationAfter(
  task: CompletedTask,
  entry: FrameworkEntry<
    "job.CompensationStarted" | "job.TaskCompensated" | "job.TaskCompensationFailed"
  >,
): NonNullable<CompletedTask["compensation"]> {
  const attempts = entry.attributes.attempt;
  const failures = task.compensation?.failures ?? 0;
  if (entry.eventType === "job.CompensationStarted") {
    return { status: "running", attempts, failures };
  }
  if (entry.eventType === "job.TaskCompensated") {
    return { status: "compensated", attempts, failures };
  }
  const { attributes } = entry as FrameworkEntry<"job.TaskCompensationFailed">;
  const { error } = attributes;
  return "final" in attributes ? { status: "failed", attempts, failures: failures + 1, error } : {
    status: "backingOff",
    attempts,
    failures: failures + 1,
    retryAt: attributes.retryAt,
    error,
  };
}
