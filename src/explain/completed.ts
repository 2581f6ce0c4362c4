/** What a job has completed: tasks, and expectations with the entry that settled each. */

import type { CompletedItem } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID, requiredMatches } from "../core/job_plan.ts";
import {
  type CompletedTask,
  type ExpectationState,
  isSleep,
  type TaskState,
} from "../core/job_state.ts";
import { toMatchable } from "../core/projector.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { findMaxAttempts } from "./attempts_noted.ts";
import { sleepEnded, wakeText, wokenBy } from "./times.ts";
import { attemptText, before, capital, matchedText, taskText } from "./phrases.ts";

/** How many are described: the last ones that were settled. */
const SHOWN_MAX = 500;

interface Completed {
  /** In the order in which they were settled. */
  readonly shown: readonly CompletedItem<LogId>[];
  /** How many were settled before these. */
  readonly more: number;
}

interface Settled {
  readonly at: LogId;
  readonly describe: () => CompletedItem<LogId>;
}

export function completedSteps(outlined: OutlinedHistory): Completed {
  const { job } = outlined;
  const settled = [
    ...job.tasks.flatMap((task) => settledTask(outlined, task)),
    ...job.plan.expected.flatMap((expected, index) =>
      settledExpectation(outlined, expected, job.expected[index])
    ),
  ].toSorted((left, right) => left.at - right.at);
  const shown = settled.slice(-SHOWN_MAX);
  return { shown: shown.map(({ describe }) => describe()), more: settled.length - shown.length };
}

function settledTask(outlined: OutlinedHistory, task: TaskState): readonly Settled[] {
  return task.status === "completed"
    ? [{ at: task.completedBy, describe: () => completedTask(outlined, task) }]
    : [];
}

function completedTask(outlined: OutlinedHistory, task: CompletedTask): CompletedItem<LogId> {
  const { taskId, completedBy, reusedFrom, compensation } = task;
  if (isSleep(task)) {
    const { statement, cites } = sleepEnded(outlined, task);
    return { kind: "task", id: taskId, statement: `${statement}.`, cites };
  }
  const name = capital(taskText(taskId));
  const done = reusedFrom === undefined
    ? `${name} completed at ${task.endedAt}${taskAttempts(outlined, task)}`
    : `${name} did not run: its result is that of job ${outlined.created.attributes.retryOf ?? ""}`;
  const undone = compensation?.status === "compensated" ? "; compensated" : "";
  const failed = compensation?.status === "failed" ? "; its compensation failed" : "";
  const hasEnded = undone !== "" || failed !== "";
  const ending = hasEnded
    ? outlined.compensations.get(taskId)?.at(-1)?.ended?.entry.logId
    : undefined;
  return {
    kind: "task",
    id: taskId,
    statement: `${done}${undone}${failed}.`,
    cites: ending === undefined ? [completedBy] : [completedBy, ending],
  };
}

/** `, attempt 2 of 4`, or nothing when it was the first. */
function taskAttempts(
  outlined: OutlinedHistory,
  { taskId, attempts, failures }: CompletedTask,
): string {
  if (attempts === 1) return "";
  const recorded = outlined.attempts.get(taskId) ?? [];
  return taskId === MAIN_TASK
    ? `, attempt ${attempts}`
    : `, ${attemptText(attempts, failures, findMaxAttempts(recorded))}`;
}

function settledExpectation(
  outlined: OutlinedHistory,
  expected: ExpectedEvent,
  progress: ExpectationState | undefined,
): readonly Settled[] {
  const { id, multiplicity } = expected;
  const at = progress?.by.at(-1);
  if (id !== MAIN_EXPECTATION_ID && progress?.waived !== undefined) {
    return [{ at: progress.waived, describe: () => waived(outlined, expected, progress) }];
  }
  if (id === MAIN_EXPECTATION_ID || progress === undefined || at === undefined) return [];
  if (progress.matched < requiredMatches(multiplicity)) return [];
  return [{ at, describe: () => satisfiedExpectation(outlined, expected, progress, at) }];
}

/** `"paid" is waived since its deadline passed at ...: 0 of 1 came in time.` */
function waived(
  outlined: OutlinedHistory,
  expected: ExpectedEvent,
  { matched, waived = 0, by }: ExpectationState,
): CompletedItem<LogId> {
  const passed = outlined.entries.get(waived);
  const woken = wokenBy(outlined, waived);
  const how = woken === undefined ? "its deadline passed" : `${wakeText(woken)} ended the wait`;
  const at = passed === undefined ? "" : ` since ${how} at ${passed.receivedAt}`;
  const statement = `"${expected.id}" is waived${at}: ${
    matchedText(expected, matched)
  } came in time.`;
  const cites = [waived, ...(woken === undefined ? [] : [woken.logId]), ...before(by)];
  return { kind: "expectation", id: expected.id, statement, cites };
}

function satisfiedExpectation(
  outlined: OutlinedHistory,
  expected: ExpectedEvent,
  progress: ExpectationState,
  last: LogId,
): CompletedItem<LogId> {
  const { id } = expected;
  const entry = outlined.entries.get(last);
  const settledBy = entry === undefined
    ? ""
    : `, settled at ${entry.receivedAt} by ${toMatchable(entry).eventType}`;
  const surplus = progress.surplus === 0 ? "" : `; ${progress.surplus} more came beyond it`;
  return {
    kind: "expectation",
    id,
    statement: `"${id}" is satisfied: ${
      matchedText(expected, progress.matched)
    }${settledBy}${surplus}.`,
    cites: [last, ...before(progress.by)],
  };
}
