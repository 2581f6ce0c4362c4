/** What has come for `run` since it began to wait, so that it can continue. */

import { expectationProgress, isSettled } from "../core/expectations.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import { type LogId, MAIN_TASK } from "../core/ids.ts";
import {
  type CompletedTask,
  isSleep,
  type JobState,
  type TimedWait,
  type WaitingTask,
} from "../core/job_state.ts";
import { toMatchable } from "../core/projector.ts";
import type { Reasons, Statement } from "./explanation.ts";
import type { OutlinedHistory } from "./outlined_history.ts";
import { capital, taskText } from "./phrases.ts";
import { lateText, sleepEnded, wakeText, wokenBy } from "./times.ts";

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
export function answerForRun(outlined: OutlinedHistory, main: WaitingTask): Reasons {
  const answers = [
    ...completions(outlined, main),
    ...passedWaits(outlined, main),
    ...settled(outlined, main),
  ].toSorted((left, right) => left.logId - right.logId);
  const { logId } = outlined.conditionSince;
  const answer = answers.find((one) => one.logId === logId) ?? answers[0];
  if (answer === undefined) return [];
  const { statement, cites } = answer.reason();
  return [{ statement, cites: [...cites, main.lastLogId] }];
}

function completions(outlined: OutlinedHistory, { seen }: WaitingTask): readonly Answer[] {
  return outlined.job.tasks.flatMap((task) =>
    task.status === "completed" && task.taskId !== MAIN_TASK && task.completedBy > seen
      ? [{ logId: task.completedBy, reason: () => completion(outlined, task) }]
      : []
  );
}

function completion(outlined: OutlinedHistory, task: CompletedTask): Statement<LogId> {
  if (isSleep(task)) {
    const { statement, cites } = sleepEnded(outlined, task);
    return { statement: `${statement}: run can continue.`, cites };
  }
  const statement = `${capital(taskText(task.taskId))} completed at ${task.endedAt}: ` +
    "run can continue.";
  return { statement, cites: [task.completedBy] };
}

function passedWaits(outlined: OutlinedHistory, { seen }: WaitingTask): readonly Answer[] {
  const { waits = [] } = outlined.job;
  return waits.flatMap(({ expectation, passedBy, reusedFrom }) =>
    passedBy !== undefined && passedBy > seen && reusedFrom === undefined
      ? [{ logId: passedBy, reason: () => passed(outlined, expectation, passedBy) }]
      : []
  );
}

function passed(outlined: OutlinedHistory, expectation: string, logId: LogId): Statement<LogId> {
  const { statement, cites } = waitEnded(outlined, expectation, logId);
  return { statement: `${statement}, and run can continue without it.`, cites };
}

function waitEnded(outlined: OutlinedHistory, expectation: string, logId: LogId): Statement<LogId> {
  const entry = outlined.entries.get(logId);
  const at = atText(entry);
  const woken = wokenBy(outlined, logId);
  const wait = outlined.job.waits?.find(({ passedBy }) => passedBy === logId);
  const late = wait === undefined || entry === undefined
    ? ""
    : lateText(outlined, wait.dueAt, entry, wait.setBy);
  const statement = woken === undefined
    ? `"${expectation}" did not come in time: the wait ended${at}${late}`
    : `The wait for "${expectation}" was ended early${at} by ${wakeText(woken)}`;
  return { statement, cites: [logId, ...woken === undefined ? [] : [woken.logId]] };
}

/** The waits that ended without their event before `run` threw, the last one first. */
export function waitsGivenUp(outlined: OutlinedHistory): Reasons {
  return passedOnes(outlined.job).map((wait) => givenUp(outlined, wait));
}

/** The wait that ended without its event, if that was the last thing that `run` learned. */
export function lastWaitGivenUp(outlined: OutlinedHistory): Statement<LogId> | undefined {
  const { job } = outlined;
  const [last] = passedOnes(job);
  if (last === undefined) return undefined;
  // The event may have come to a later wait.
  const { by = [] } = expectationProgress(job, last.expectation)?.progress ?? {};
  const learned = job.tasks.flatMap((task) => task.status === "completed" ? task.completedBy : []);
  const isLast = [...learned, ...by.slice(-1)].every((logId) => logId < last.passedBy);
  return isLast ? givenUp(outlined, last) : undefined;
}

interface PassedWait extends TimedWait {
  readonly passedBy: LogId;
}

function passedOnes({ waits = [] }: JobState): readonly PassedWait[] {
  return waits.flatMap((wait) =>
    wait.passedBy === undefined ? [] : [{ ...wait, passedBy: wait.passedBy }]
  ).toSorted((left, right) => right.passedBy - left.passedBy).slice(0, WAITS_SHOWN_MAX);
}

function givenUp(
  outlined: OutlinedHistory,
  { expectation, passedBy, reusedFrom }: PassedWait,
): Statement<LogId> {
  if (reusedFrom !== undefined) {
    const of = outlined.created.attributes.retryOf ?? "";
    const statement = `"${expectation}" did not come in time in job ${of}: a retry takes this ` +
      "over, and run continued without it.";
    return { statement, cites: [passedBy] };
  }
  const { statement, cites } = waitEnded(outlined, expectation, passedBy);
  return { statement: `${statement}, and run continued without it.`, cites };
}

/** Expectations that `run` asked for, and that have all their matches or are waived. */
function settled(outlined: OutlinedHistory, { expectations }: WaitingTask): readonly Answer[] {
  const { job } = outlined;
  return expectations.flatMap((id) => {
    const { by = [], waived } = expectationProgress(job, id)?.progress ?? {};
    const logId = waived ?? by.at(-1);
    if (logId === undefined || !isSettled(job, id)) return [];
    const reason = () =>
      waived === undefined ? came(outlined, id, logId) : passed(outlined, id, logId);
    return [{ logId, reason }];
  });
}

function came(outlined: OutlinedHistory, id: string, logId: LogId): Statement<LogId> {
  const entry = outlined.entries.get(logId);
  const what = entry === undefined ? "An event" : toMatchable(entry).eventType;
  return {
    statement: `${what} came${atText(entry)} and settled "${id}": run can continue.`,
    cites: [logId],
  };
}

/** ` at 2026-01-01T00:00:00.000Z`, or nothing for an entry of a long history that was not kept. */
function atText(entry: JobEventLogEntry | undefined): string {
  return entry === undefined ? "" : ` at ${entry.receivedAt}`;
}
