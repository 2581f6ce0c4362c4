/** How far the compensation of a failed job has got. */

import { assertNever } from "../core/assert_never.ts";
import { counted } from "../core/counted.ts";
import type { Reasons } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import type { CompletedTask, JobState } from "../core/job_state.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import {
  attemptNow,
  attemptToCome,
  compensationSubject,
  unsuccessfulAttempts,
} from "./attempts.ts";
import type { Evidence } from "./evidence.ts";
import { overtakenReasons } from "./overtaken.ts";
import { capital, latest, matcherText, shortened, taskText } from "./phrases.ts";

const SHOWN_MAX = 10;

export function compensableTasks(job: JobState): readonly CompletedTask[] {
  return job.tasks.filter((task): task is CompletedTask =>
    task.status === "completed" && task.compensable
  );
}

export function compensationReasons(
  outlined: OutlinedHistory,
  causes: Evidence["causes"],
): Reasons {
  const { job, created } = outlined;
  const tasks = compensableTasks(job);
  const undone = tasks.filter(({ compensation }) => compensation?.status === "compensated");
  const policy = job.plan.policy.compensation;
  const fromOutside: Reasons = policy === undefined || tasks.length > 0 ? [] : [{
    statement:
      `Its compensation is driven from outside: it ends with ${matcherText(policy.succeeded)}` +
      ` or, when that failed, with ${matcherText(policy.failed)}.`,
    cites: [created.logId],
  }];
  const open = tasks
    .filter(({ compensation }) => compensation?.status !== "compensated")
    .toSorted((left, right) => right.completedBy - left.completedBy);
  return [
    ...overtakenReasons(outlined, causes),
    ...open.slice(0, SHOWN_MAX).flatMap((task) => undoing(outlined, task, causes)),
    ...undoneSoFar(outlined, undone, tasks.length),
    ...fromOutside,
  ];
}

function undoneSoFar(
  outlined: OutlinedHistory,
  undone: readonly CompletedTask[],
  total: number,
): Reasons {
  if (undone.length === 0) return [];
  const names = shortened(undone.map(({ taskId }) => taskId), SHOWN_MAX);
  const statement = `${undone.length} of ${counted(total, "task")} ${
    undone.length === 1 ? "is" : "are"
  } compensated: ${names}.`;
  return [{ statement, cites: latest(compensationEnds(outlined, undone)) }];
}

/** The entries that ended compensations. */
export function compensationEnds(
  outlined: OutlinedHistory,
  tasks: readonly CompletedTask[],
): readonly LogId[] {
  return tasks.map(({ taskId, completedBy }) => {
    const attempts = outlined.compensations.get(taskId) ?? [];
    return attempts.findLast(({ ended }) => ended !== undefined)?.ended?.entry.logId ?? completedBy;
  });
}

/** The compensation of one task. */
function undoing(
  outlined: OutlinedHistory,
  task: CompletedTask,
  causes: Evidence["causes"],
): Reasons {
  const subject = compensationSubject(task.taskId);
  const attempts = outlined.compensations.get(task.taskId) ?? [];
  const bad = unsuccessfulAttempts(subject, attempts, causes);
  const last = attempts.at(-1);
  const cites = [last?.ended?.entry.logId ?? last?.started?.logId ?? task.completedBy];
  const now = nowText(outlined, task);
  return now === "" ? bad : [{ statement: `${capital(subject)} ${now}.`, cites }, ...bad];
}

function nowText(outlined: OutlinedHistory, { taskId, compensation }: CompletedTask): string {
  const attempts = outlined.compensations.get(taskId) ?? [];
  switch (compensation?.status) {
    case undefined:
      return `is still to come: ${taskText(taskId)} has completed and can be undone`;
    case "running": {
      const started = attempts.at(-1)?.started;
      const since = started === undefined ? "" : ` since ${started.receivedAt}`;
      return `is in ${attemptNow(compensation, attempts)}${since}`;
    }
    case "interrupted":
      return "was cut short, and will be tried again";
    case "backingOff":
      return `waits for ${attemptToCome(compensation, attempts)}, due at ${compensation.retryAt}`;
    case "failed":
      return "has failed for good";
    case "compensated":
      return "";
    default:
      return assertNever(compensation, "compensation");
  }
}
