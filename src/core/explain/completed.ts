/** What a job has behind it: tasks, and expectations with the entry that settled each. */

import type { CompletedItem } from "../explanation.ts";
import { type LogId, MAIN_TASK } from "../ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID, requiredMatches } from "../job_plan.ts";
import type { CompletedTask, ExpectationState } from "../job_state.ts";
import { matchableOf } from "../projector.ts";
import { type Annals, maxAttemptsOf } from "./annals.ts";
import { attemptText, capital, countText, latest, taskText, timeText } from "./phrases.ts";

/** In the order in which they were settled. */
export function completedOf(annals: Annals): readonly CompletedItem<LogId>[] {
  const { job } = annals;
  const tasks = job.tasks.filter((task): task is CompletedTask => task.status === "completed");
  const items = [
    ...tasks.map((task) => completedTask(annals, task)),
    ...job.plan.expected.flatMap((expected, index) =>
      satisfiedExpectation(annals, expected, job.expected[index])
    ),
  ];
  return items.toSorted((left, right) => settledAt(left) - settledAt(right));
}

function settledAt({ cites }: CompletedItem<LogId>): LogId {
  return cites[0] ?? 0;
}

function completedTask(annals: Annals, task: CompletedTask): CompletedItem<LogId> {
  const { taskId, completedBy, reusedFrom, compensation } = task;
  const name = capital(taskText(taskId));
  const done = reusedFrom === undefined
    ? `${name} completed at ${task.endedAt}, ${attemptsOf(annals, task)}`
    : `${name} did not run: its result is that of job ${annals.created.attributes.retryOf ?? ""}`;
  const undone = compensation?.status === "compensated" ? ", and was compensated since" : "";
  const failed = compensation?.status === "failed" ? ", and its compensation failed since" : "";
  const hasEnded = undone !== "" || failed !== "";
  const ending = hasEnded
    ? annals.compensations.get(taskId)?.at(-1)?.ended?.entry.logId
    : undefined;
  return {
    kind: "task",
    id: taskId,
    statement: `${done}${undone}${failed}.`,
    cites: ending === undefined ? [completedBy] : [completedBy, ending],
  };
}

function attemptsOf(annals: Annals, { taskId, attempts, failures }: CompletedTask): string {
  const recorded = annals.attempts.get(taskId) ?? [];
  return taskId === MAIN_TASK
    ? attemptText(attempts, undefined)
    : attemptText(failures + 1, maxAttemptsOf(recorded), attempts);
}

function satisfiedExpectation(
  annals: Annals,
  expected: ExpectedEvent,
  progress: ExpectationState | undefined,
): readonly CompletedItem<LogId>[] {
  const { id, multiplicity } = expected;
  const last = progress?.by.at(-1);
  if (id === MAIN_EXPECTATION_ID || progress === undefined || last === undefined) return [];
  if (progress.matched < requiredMatches(multiplicity)) return [];
  const entry = annals.entries.get(last);
  const settledBy = entry === undefined
    ? ""
    : `, settled at ${timeText(entry)} by ${matchableOf(entry).eventType}`;
  const surplus = progress.surplus === 0 ? "" : `; ${progress.surplus} more came beyond it`;
  return [{
    kind: "expectation",
    id,
    statement: `"${id}" is satisfied: ${
      countText(expected, progress.matched)
    }${settledBy}${surplus}.`,
    cites: [last, ...latest(progress.by.slice(0, -1))],
  }];
}
