/** What has come for `run` since it began to wait, so that it can continue. */

import type { JobEventLogEntry } from "../../core/event.ts";
import { expectationProgress, isSettled } from "../../core/expectations.ts";
import { type LogId, MAIN_TASK } from "../../core/ids.ts";
import {
  type CompletedTask,
  isSleep,
  type JobState,
  type TimedWait,
  type WaitingTask,
} from "../../core/job_state.ts";
import { toMatchable } from "../../core/projector.ts";
import type { Evidence } from "../statements/evidence.ts";
import type { Reasons, Statement } from "../statements/explanation.ts";
import { capital, taskText } from "../words/phrases.ts";
import { reason } from "../statements/statement.ts";
import { lateness, sleepEnded, wakeText, wokenBy } from "./times.ts";

const WAITS_SHOWN_MAX = 3;

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

function waitEnded(
  known: Evidence,
  expectation: string,
  logId: LogId,
  then = "run can continue",
): Statement<LogId> {
  const entry = known.entries.get(logId);
  const woken = wokenBy(known, logId);
  const wait = known.job.waits?.find(({ passedBy }) => passedBy === logId);
  const late = wait === undefined || entry === undefined
    ? reason("")
    : lateness(known, wait.dueAt, entry, wait.setBy);
  const how = woken === undefined
    ? `"${expectation}" did not come in time: the wait ended${atText(entry)}${late.statement}`
    : `The wait for "${expectation}" was ended early${atText(entry)} by ${wakeText(woken)}`;
  return reason(`${how}, and ${then} without it.`, logId, woken, ...late.cites);
}

/** The waits that ended without their event before `run` threw, the last one first. */
export function waitsGivenUp(known: Evidence): Reasons {
  return passedOnes(known.job).map((wait) => givenUp(known, wait));
}

/** The wait that ended without its event, if that was the last thing that `run` learned. */
export function lastWaitGivenUp(known: Evidence): Reasons {
  const { job } = known;
  const [last] = passedOnes(job);
  if (last === undefined) return [];
  // The event may have come to a later wait.
  const { by = [] } = expectationProgress(job, last.expectation)?.progress ?? {};
  const learned = job.tasks.flatMap((task) => task.status === "completed" ? task.completedBy : []);
  const isLast = [...learned, ...by.slice(-1)].every((logId) => logId < last.passedBy);
  return isLast ? [givenUp(known, last)] : [];
}

interface PassedWait extends TimedWait {
  readonly passedBy: LogId;
}

function passedOnes({ waits = [] }: JobState): readonly PassedWait[] {
  return waits.flatMap((wait) =>
    wait.passedBy === undefined ? [] : [{ ...wait, passedBy: wait.passedBy }]
  ).toSorted((left, right) => right.passedBy - left.passedBy).slice(0, WAITS_SHOWN_MAX);
}

function givenUp(known: Evidence, { expectation, passedBy, reusedFrom }: PassedWait) {
  if (reusedFrom === undefined) return waitEnded(known, expectation, passedBy, "run continued");
  const of = known.created.attributes.retryOf ?? "";
  const statement = `"${expectation}" did not come in time in job ${of}: a retry takes this ` +
    "over, and run continued without it.";
  return reason(statement, passedBy);
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

/** ` at 2026-01-01T00:00:00.000Z`, or nothing for an entry of a long history that was not kept. */
function atText(entry: JobEventLogEntry | undefined): string {
  return entry === undefined ? "" : ` at ${entry.receivedAt}`;
}
