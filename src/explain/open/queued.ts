/** Explains a job that is queued. */

import { MAIN_TASK } from "../../core/ids.ts";
import { findTask } from "../../core/job_state.ts";
import { attemptsOf, causeOf, cutShortText } from "../past/attempts.ts";
import type { Case } from "../statements/evidence.ts";
import type { Next, Reasons } from "../statements/explanation.ts";
import { pauseCause } from "../queue/pause_texts.ts";
import { capital, FEW_MAX, reasonText, taskText } from "../words/phrases.ts";
import {
  behindText,
  blockingEntries,
  cancelHolders,
  crowdText,
  deadlockText,
  holdersOf,
  holdsThenText,
  priorityText,
  queueHeldText,
  queueThenText,
  restoreLimit,
  sharedKeyText,
} from "../queue/queue_holders.ts";
import { answerForRun } from "./run_answers.ts";
import { reason, showSome } from "../statements/statement.ts";
import { endsByTime } from "./due_times.ts";
import { backoffReasons, besideText, dueAttempts } from "./backing_off.ts";
import { once, settingReasons, settingsCited, withFlagText } from "../queue/turn.ts";

export function queuedText(known: Case): string {
  const { job, circumstances: { queue, queueThen } } = known;
  if (queue !== undefined) {
    return [
      `is queued${behindText(queue)}: ${queueHeldText(queue)}${besideText(known)}.`,
      ...(queue.pauses ?? []).slice(0, 1).flatMap(pauseCause).map(({ statement }) => statement),
      ...deadlockText(job, holdersOf(queue.limit, queue.holders)),
      ...sharedKeyText(queue.limit),
      ...crowdText(queue),
      ...priorityText(queue, job.priority),
    ].join(" ");
  }
  const turn = queueThen === undefined ? "it waits for a worker" : queueThenText(queueThen);
  return `is queued${behindText(queueThen)}: ${turn}${besideText(known)}.`;
}

export function queuedReasons(known: Case): Reasons {
  const { circumstances: { queue, queueThen }, conditionSince: since } = known;
  const stands = queue ?? queueThen;
  const turn = `It has been queued since ${since.receivedAt}${behindText(stands)}`;
  const holds = queue === undefined ? holdsThenText(queueThen) : withFlagText(queue);
  const statement = holds === undefined ? `${turn}.` : `${turn}: ${holds}.`;
  const began = stands === undefined ? [] : blockingEntries(stands.limit, stands.holders);
  return [
    reason(statement, ...settingsCited(stands), since, ...began.slice(0, FEW_MAX)),
    ...settingReasons(stands),
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

export function whileQueued(known: Case): Next {
  const { queue } = known.circumstances;
  return [
    ...once(queue),
    ...dueAttempts(known),
    ...endsByTime(known),
    ...restoreLimit(queue?.limit),
    ...queue === undefined ? [] : cancelHolders(queue.limit, queue.holders),
  ];
}
