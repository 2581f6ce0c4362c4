/** What a job has completed: tasks, and expectations with the entry that settled each. */

import { isMet } from "../../core/expectations.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type ExpectedEvent, MAIN_EXPECTATION_ID } from "../../core/job_plan.ts";
import { type CompletedTask, type ExpectationState, isSleep } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import { attemptsOf, undoingsOf } from "./attempts.ts";
import { matchedText } from "../words/expectations.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { CompletedItem } from "../statements/explanation.ts";
import { findMaxAttempts } from "../history/kept_history.ts";
import { attemptText, before, capital, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { sleepEnded, wakeText, wokenBy } from "./sleeps_and_waits.ts";

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

export function completedSteps(known: Evidence): Completed {
  const { job } = known;
  const settled = [
    ...job.tasks.flatMap((task): readonly Settled[] =>
      task.status === "completed"
        ? [{ at: task.completedBy, describe: () => completedTask(known, task) }]
        : []
    ),
    ...job.plan.expected.flatMap((expected, index) =>
      settledExpectation(known, expected, job.expected[index])
    ),
  ].toSorted((left, right) => left.at - right.at);
  const shown = settled.slice(-SHOWN_MAX);
  return { shown: shown.map(({ describe }) => describe()), more: settled.length - shown.length };
}

function completedTask(known: Evidence, task: CompletedTask): CompletedItem<LogId> {
  const { taskId, completedBy, reusedFrom, compensation, endedAt } = task;
  if (isSleep(task)) {
    const { statement, cites } = sleepEnded(known, task);
    return { kind: "task", id: taskId, statement: `${statement}.`, cites };
  }
  const name = capital(taskText(taskId));
  const done = reusedFrom === undefined
    ? `${name} completed at ${endedAt}${attemptsText(known, task)}`
    : `${name} did not run: its result is that of job ${known.created.attributes.retryOf ?? ""}`;
  const undone = compensation?.status === "compensated"
    ? "; compensated"
    : compensation?.status === "failed"
    ? "; its compensation failed"
    : "";
  const ending = undone === "" ? undefined : undoingsOf(known, taskId).at(-1)?.ended?.entry;
  return { kind: "task", id: taskId, ...reason(`${done}${undone}.`, completedBy, ending) };
}

/** `, attempt 2 of 4`, or nothing when it was the first. */
function attemptsText(known: Evidence, task: CompletedTask): string {
  const { taskId, attempts, failures } = task;
  if (attempts === 1) return "";
  const max = taskId === MAIN_TASK ? undefined : findMaxAttempts(attemptsOf(known, taskId));
  return `, ${attemptText(attempts, failures, max)}`;
}

function settledExpectation(
  known: Evidence,
  expected: ExpectedEvent,
  progress: ExpectationState | undefined,
): readonly Settled[] {
  if (expected.id === MAIN_EXPECTATION_ID || progress === undefined) return [];
  const at = progress.waived ?? progress.by.at(-1);
  if (at === undefined || !isMet(expected, progress)) return [];
  const describe = progress.waived === undefined ? satisfiedExpectation : waivedExpectation;
  return [{ at, describe: () => describe(known, expected, progress, at) }];
}

/** `"paid" was waived when its deadline passed at ...: 0 of 1 came in time.` */
function waivedExpectation(
  known: Evidence,
  expected: ExpectedEvent,
  { matched, by }: ExpectationState,
  waived: LogId,
): CompletedItem<LogId> {
  const { id } = expected;
  const passed = known.entries.get(waived);
  const woken = wokenBy(known, waived);
  const how = woken === undefined ? "its deadline passed" : `${wakeText(woken)} ended the wait`;
  const at = passed === undefined ? "" : ` when ${how} at ${passed.receivedAt}`;
  const statement = `"${id}" was waived${at}: ${matchedText(expected, matched)} came in time.`;
  return { kind: "expectation", id, ...reason(statement, waived, woken, ...before(by)) };
}

function satisfiedExpectation(
  { entries }: Evidence,
  expected: ExpectedEvent,
  { matched, surplus, by }: ExpectationState,
  last: LogId,
): CompletedItem<LogId> {
  const { id } = expected;
  const entry = entries.get(last);
  const settledBy = entry === undefined
    ? ""
    : `, settled at ${entry.receivedAt} by ${toMatchable(entry).eventType}`;
  const more = surplus === 0 ? "" : `; ${surplus} more came beyond it`;
  const count = matchedText(expected, matched);
  const statement = `"${id}" is satisfied: ${count}${settledBy}${more}.`;
  return { kind: "expectation", id, ...reason(statement, last, ...before(by)) };
}
