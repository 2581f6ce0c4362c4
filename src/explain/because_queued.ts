/** Why a job is queued or backs off, and what it waits for there. */

import type { Reasons, Statement } from "./explanation.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import { findTask, type TaskState } from "../core/job_state.ts";
import { showSome } from "./show_some.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { attemptToCome, causeCited, cutShortText, unsuccessfulAttempts } from "./attempts.ts";
import type { Attempt } from "./attempts_noted.ts";
import type { Evidence } from "./evidence.ts";
import { answerForRun } from "./run_answers.ts";
import { capital, reasonText, taskText } from "./phrases.ts";
import { pauseCause, pausesCited } from "./pause_texts.ts";
import {
  behindText,
  blockingEntries,
  changeCited,
  changeReason,
  holdsThenText,
  queueText,
} from "./queue_holders.ts";

/** How many holders of workers are cited. */
const HOLDERS_MAX = 3;

export function queuedReasons(
  outlined: OutlinedHistory,
  { circumstances, causes }: Evidence,
): Reasons {
  const { queue, queueThen } = circumstances;
  const since = outlined.conditionSince;
  const stands = queue ?? queueThen;
  const turn = `It has been queued since ${since.receivedAt}${behindText(stands ?? {})}`;
  const holds = queue === undefined ? holdsThenText(queueThen) : limitText(queue);
  const limit = holds === undefined ? `${turn}.` : `${turn}: ${holds}.`;
  const began = stands === undefined ? [] : blockingEntries(stands).slice(0, HOLDERS_MAX);
  const settings = [...pausesCited(stands?.pauses), ...changeCited(stands ?? {})];
  return [
    { statement: limit, cites: [...settings, since.logId, ...began] },
    ...changeReason(stands ?? {}),
    ...(stands?.pauses ?? []).flatMap(pauseCause),
    ...whyQueued(outlined, causes),
    ...backingOff(outlined, causes),
  ];
}

/** A retry is due, but cannot begin without a worker or a place. */
export function dueReasons(
  outlined: OutlinedHistory,
  { circumstances: { queue } }: Evidence,
): Reasons {
  if (queue === undefined) return [];
  const wanted = queue.limit === undefined ? "worker" : "place";
  const statement = `It needs a ${wanted}${behindText(queue)}: ${limitText(queue)}.`;
  const began = queue.limit === undefined ? [] : blockingEntries(queue);
  const settings = [...pausesCited(queue.pauses), ...changeCited(queue)];
  const cites = [...settings, outlined.conditionSince.logId, ...began.slice(0, HOLDERS_MAX)];
  return [
    { statement, cites },
    ...changeReason(queue),
    ...(queue.pauses ?? []).flatMap(pauseCause),
  ];
}

function limitText(queue: NonNullable<Evidence["circumstances"]["queue"]>): string {
  const { pauses, limit, isThreaded } = queue;
  const isOfWorkers = pauses === undefined && limit === undefined && isThreaded !== true;
  return `${queueText(queue)}${isOfWorkers ? " (the limit is --max-running)" : ""}`;
}

/** Why the job needs a worker. */
export function whyQueued(outlined: OutlinedHistory, causes: Evidence["causes"]): Reasons {
  const { job, resumed } = outlined;
  const since = outlined.conditionSince;
  if (resumed !== undefined && since.logId === resumed.logId) {
    const { of, reason } = resumed.attributes;
    const what = of === "parked" ? "It is no longer parked since" : "It was resumed at";
    const statement = `${what} ${resumed.receivedAt}${reasonText(reason)}.`;
    return [{ statement, cites: [resumed.logId] }];
  }
  const interrupted = job.tasks.flatMap((task) => findInterruption(outlined, task));
  if (interrupted.length > 0) {
    return showSome(interrupted, since.logId, (one) => [interruptionReason(one, causes)]);
  }
  const main = findTask(job, MAIN_TASK);
  return main?.status === "waiting" ? answerForRun(outlined, main) : [];
}

interface Interrupted {
  readonly task: TaskState;
  readonly attempt: Attempt;
}

function findInterruption(outlined: OutlinedHistory, task: TaskState): readonly Interrupted[] {
  const attempt = outlined.attempts.get(task.taskId)?.at(-1);
  return task.status === "interrupted" && attempt?.ended?.end.kind === "interrupted"
    ? [{ task, attempt }]
    : [];
}

function interruptionReason(
  { task, attempt }: Interrupted,
  causes: Evidence["causes"],
): Statement<LogId> {
  const { ended } = attempt;
  if (ended?.end.kind !== "interrupted") throw new TypeError("Cannot tell of an interruption");
  const statement =
    `${capital(taskText(task.taskId))} was cut short in attempt ${attempt.attempt}, ` +
    `as recorded at ${ended.entry.receivedAt}: ${
      cutShortText(ended.entry, ended.end.reason, causes)
    }.`;
  return { statement, cites: [ended.entry.logId, ...causeCited(ended.entry, causes)] };
}

export function backingOff(outlined: OutlinedHistory, causes: Evidence["causes"]): Reasons {
  const tasks = outlined.job.tasks.filter((task) => task.status === "backingOff");
  return showSome(tasks, outlined.conditionSince.logId, (task) => {
    const attempts = outlined.attempts.get(task.taskId) ?? [];
    const next = attemptToCome(task, attempts);
    const last = attempts.at(-1)?.ended?.entry.logId ?? task.lastLogId;
    return [
      {
        statement: `${capital(taskText(task.taskId))} waits for ${next}, due at ${task.retryAt}.`,
        cites: [last],
      },
      ...unsuccessfulAttempts(taskText(task.taskId), attempts, causes),
    ];
  });
}
