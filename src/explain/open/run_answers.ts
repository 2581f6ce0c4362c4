/** What arrived for `run` while it was waiting, so that it can continue. */

import { expectationProgress, isSettled } from "../../core/expectations.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import { type CompletedTask, isSleep, type WaitingTask } from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { capital, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { atText, waitEnded } from "../past/ended_waits.ts";
import { sleepEnded } from "../past/ended_sleeps.ts";

interface Answer {
  /** The entry that it came with. */
  readonly logId: LogId;
  readonly reason: () => Statement<LogId>;
}

/**
 * What made `run` able to continue: the answer with which the job came to be queued, or the first
 * one, if the job was held or had other steps to do when it came.
 */
export function answerForRun(known: Evidence, main: WaitingTask): Reasons {
  const answers = [
    ...completions(known, main),
    ...passedWaits(known, main),
    ...settled(known, main),
  ].toSorted((left, right) => left.logId - right.logId);
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
