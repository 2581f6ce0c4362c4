/** Explains a job that is queued. */

import { inOrder } from "../../core/ascending.ts";
import { expectationProgress, isSettled } from "../../core/expectations.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type CompletedTask, findTask, isSleep, type WaitingTask } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import { attemptsOf, causeOf, cutShortText } from "../past/attempts.ts";
import { atText, sleepEnded, waitEnded } from "../past/sleeps_and_waits.ts";
import { deadlockReasons, deadlockSteps, givenHolderText } from "../queue/deadlocks.ts";
import { crowdText, priorityText } from "../queue/going_first.ts";
import { pauseCause } from "../queue/pause_texts.ts";
import {
  behindText,
  blockingEntries,
  cancelHolders,
  holdersOf,
  holdsThenText,
  loosenedReasons,
  queueHeldText,
  queueThenText,
  restoreLimit,
  restoreLoosened,
  sharedKeyText,
} from "../queue/queue_holders.ts";
import { once, settingReasons, settingsCited, withFlagText } from "../queue/turn.ts";
import type { Case, Evidence } from "../statements/evidence.ts";
import type { Next, Reasons, Statement } from "../statements/explanation.ts";
import { reason, showSome } from "../statements/statement.ts";
import { capital, FEW_MAX, reasonText, taskText } from "../words/phrases.ts";
import { backoffReasons, besideText, dueAttempts } from "./backing_off.ts";
import { endsByTime } from "./due_times.ts";

export function queuedText(known: Case): string {
  const { job, circumstances: { queue, queueThen, deadlock } } = known;
  if (queue !== undefined) {
    const given = givenHolderText(job, holdersOf(queue.limit, queue.holders));
    return [
      `is queued${behindText(queue)}: ${queueHeldText(queue)}${besideText(known)}.`,
      ...(queue.pauses ?? []).slice(0, 1).flatMap(pauseCause).map(({ statement }) => statement),
      ...given,
      ...given.length > 0 ? [] : deadlockReasons(deadlock).map(({ statement }) => statement),
      ...sharedKeyText(queue.limit),
      ...crowdText(queue),
      ...priorityText(queue, job.priority),
    ].join(" ");
  }
  const turn = queueThen === undefined ? "it waits for a worker" : queueThenText(queueThen);
  return `is queued${behindText(queueThen)}: ${turn}${besideText(known)}.`;
}

export function queuedReasons(known: Case): Reasons {
  const { circumstances: { queue, queueThen, deadlock }, conditionSince: since } = known;
  const stands = queue ?? queueThen;
  const turn = `It has been queued since ${since.receivedAt}${behindText(stands)}`;
  const holds = queue === undefined ? holdsThenText(queueThen) : withFlagText(queue);
  const statement = holds === undefined ? `${turn}.` : `${turn}: ${holds}.`;
  const began = stands === undefined ? [] : blockingEntries(stands.limit, stands.holders);
  return [
    reason(statement, ...settingsCited(stands), since, ...began.slice(0, FEW_MAX)),
    ...deadlockReasons(deadlock),
    ...settingReasons(stands),
    ...queue === undefined ? [] : loosenedReasons(queue.loosened, queue),
    ...whyQueued(known),
    ...backoffReasons(known),
  ];
}

/** Why the job needs a worker. */
export function whyQueued(known: Case): Reasons {
  const { job, resumed, conditionSince, causes } = known;
  if (resumed !== undefined && conditionSince.logId === resumed.logId) {
    const { of, reason: why } = resumed.attributes;
    const what = of === "parked" ? "It stopped being parked at" : "It was resumed at";
    return [reason(`${what} ${resumed.receivedAt}${reasonText(why)}.`, resumed)];
  }
  const interrupted = job.tasks.flatMap(({ taskId, status }) => {
    const attempt = attemptsOf(known, taskId).at(-1);
    return status === "interrupted" && attempt?.ended?.kind === "interrupted"
      ? [{ taskId, attempt: attempt.attempt, ended: attempt.ended }]
      : [];
  });
  if (interrupted.length > 0) {
    return showSome(interrupted, conditionSince, ({ taskId, attempt, ended }) => {
      const { entry } = ended;
      const statement = `${capital(taskText(taskId))} was cut short in attempt ${attempt}, ` +
        `as recorded at ${entry.receivedAt}: ${cutShortText(ended, causes)}.`;
      return [reason(statement, entry, causeOf(entry, causes))];
    });
  }
  const main = findTask(job, MAIN_TASK);
  return main?.status === "waiting" ? answerForRun(known, main) : [];
}

interface Answer {
  /** The entry that it came with. */
  readonly logId: LogId;
  readonly reason: () => Statement<LogId>;
}

/**
 * What made `run` able to continue: the answer with which the job came to be queued, or the first
 * one, if the job was held or had other steps to do when it came.
 */
function answerForRun(known: Evidence, main: WaitingTask): Reasons {
  const answers = inOrder([
    ...completions(known, main),
    ...passedWaits(known, main),
    ...settled(known, main),
  ]);
  const { logId } = known.conditionSince;
  const answer = answers.find((one) => one.logId === logId) ?? answers[0];
  if (answer === undefined) return [];
  const { statement, cites } = answer.reason();
  return [reason(statement, ...cites, main.lastLogId)];
}

function completions(known: Evidence, { seen }: WaitingTask): readonly Answer[] {
  return known.job.tasks.flatMap((task) =>
    task.status === "completed" && task.taskId !== MAIN_TASK && task.completedBy > seen
      ? [{ logId: task.completedBy, reason: () => completion(known, task) }]
      : []
  );
}

function completion(known: Evidence, task: CompletedTask): Statement<LogId> {
  const { statement, cites } = isSleep(task)
    ? sleepEnded(known, task)
    : reason(`${capital(taskText(task.taskId))} completed at ${task.endedAt}`, task.completedBy);
  return { statement: `${statement}: run can continue.`, cites };
}

function passedWaits(known: Evidence, { seen }: WaitingTask): readonly Answer[] {
  const { waits = [] } = known.job;
  return waits.flatMap(({ expectation, passedBy, reusedFrom }) =>
    passedBy !== undefined && passedBy > seen && reusedFrom === undefined
      ? [{ logId: passedBy, reason: () => waitEnded(known, expectation, passedBy) }]
      : []
  );
}

/** Expectations that `run` asked for, and that have all their matches or are waived. */
function settled(known: Evidence, { expectations }: WaitingTask): readonly Answer[] {
  const { job } = known;
  return expectations.flatMap((id) => {
    const { by = [], waived } = expectationProgress(job, id)?.progress ?? {};
    const logId = waived ?? by.at(-1);
    if (logId === undefined || !isSettled(job, id)) return [];
    return [{
      logId,
      reason: () => waived === undefined ? came(known, id, logId) : waitEnded(known, id, logId),
    }];
  });
}

function came({ entries }: Evidence, id: string, logId: LogId): Statement<LogId> {
  const entry = entries.get(logId);
  const what = entry === undefined ? "An event" : toMatchable(entry).eventType;
  return reason(`${what} came${atText(entry)} and settled "${id}": run can continue.`, logId);
}

export function whileQueued(known: Case): Next {
  const { queue } = known.circumstances;
  return [
    ...once(queue),
    ...deadlockSteps(known.circumstances.deadlock),
    ...dueAttempts(known),
    ...endsByTime(known),
    ...restoreLimit(queue?.limit),
    ...restoreLoosened(queue?.loosened),
    ...queue === undefined || queue.moves !== undefined
      ? []
      : cancelHolders(queue.limit, queue.holders, queue.loosened),
  ];
}
