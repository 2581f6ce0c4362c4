/** Describes attempts of tasks and compensations. */

import { counted } from "../../core/counted.ts";
import { durationText } from "../../core/duration.ts";
import { errorText } from "../../core/error_text.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import { isWithdrawal } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import type { CompletedTask, JobState, TaskState } from "../../core/job_state.ts";
import type { Causes, Evidence } from "../statements/evidence.ts";
import type { Reasons } from "../statements/explanation.ts";
import {
  type Attempt,
  type AttemptEntry,
  type CutShort,
  endedBadly,
  findMaxAttempts,
} from "../history/kept_history.ts";
import { attemptText, capital, LIST_MAX, taskText } from "../words/phrases.ts";
import { interruptionText } from "../words/interruptions.ts";
import { reason } from "../statements/statement.ts";

/** How many unsuccessful attempts are described one by one: the latest. */
const SHOWN_MAX = 5;

type Recorded = Pick<Evidence, "attempts" | "compensations" | "causes">;

/** The attempts of a task that are on record, oldest first. */
export function attemptsOf({ attempts }: Pick<Evidence, "attempts">, taskId: TaskId) {
  return attempts.get(taskId) ?? [];
}

/** The same for its compensation. */
export function undoingsOf({ compensations }: Pick<Evidence, "compensations">, taskId: TaskId) {
  return compensations.get(taskId) ?? [];
}

export function compensationSubject(taskId: string): string {
  return `the compensation of ${taskText(taskId)}`;
}

/**
 * The attempts of a task that did not succeed; see `unsuccessful`.
 *
 * @param before Only those that had ended before this entry.
 */
export function unsuccessfulAttempts(known: Recorded, taskId: TaskId, before = Infinity): Reasons {
  const attempts = attemptsOf(known, taskId).filter(({ ended }) =>
    (ended?.entry.logId ?? 0) < before
  );
  return unsuccessful(taskText(taskId), attempts, known.causes);
}

/** The same for its compensation. */
export function unsuccessfulUndoings(known: Recorded, taskId: TaskId): Reasons {
  return unsuccessful(compensationSubject(taskId), undoingsOf(known, taskId), known.causes);
}

/**
 * The attempts that did not succeed, latest first. Those that ended alike in a row are grouped.
 *
 * @param subject `task charge`, or `the compensation of task reserve`.
 * @param causes What cut them short, such as a restart, if on record.
 */
function unsuccessful(
  subject: string,
  attempts: readonly Attempt[],
  causes: Causes,
): Reasons {
  const groups = alikeInARow(attempts.filter(endedBadly).toReversed(), causes);
  const max = findMaxAttempts(attempts);
  const shown = groups.slice(0, SHOWN_MAX)
    .flatMap((group) => groupEnded(subject, group, max, causes));
  const rest = groups.slice(SHOWN_MAX).flat();
  const earlier = attempts.reduce((sum, { badBefore = 0 }) => sum + badBefore, rest.length);
  if (earlier === 0) return shown;
  const statement = `${counted(earlier, "earlier attempt")} of ${subject} ended badly too.`;
  return [
    ...shown,
    reason(statement, ...rest.slice(0, SHOWN_MAX).map(({ ended }) => ended?.entry)),
  ];
}

/** Groups attempts in a row that ended in the same way. */
function alikeInARow(
  attempts: readonly Attempt[],
  causes: Causes,
): readonly (readonly Attempt[])[] {
  const groups: Attempt[][] = [];
  let before: string | undefined;
  for (const attempt of attempts) {
    const { was, why } = badEnd(attempt, causes);
    const how = `${was}: ${why}`;
    if (how === before) groups.at(-1)?.push(attempt);
    else groups.push([attempt]);
    before = how;
  }
  return groups;
}

/** How an attempt that did not complete ended: of one, of several, and why. */
function badEnd({ ended }: Attempt, causes: Causes) {
  return ended?.kind === "failed"
    ? { was: "failed at", were: "failed alike, the last at", why: errorText(ended.error) }
    : {
      was: "was cut short, as recorded at",
      were: "were cut short alike, the last as recorded at",
      why: ended?.kind === "interrupted" ? cutShortText(ended, causes) : "",
    };
}

/** @param group Latest first. */
function groupEnded(
  subject: string,
  group: readonly Attempt[],
  maxAttempts: number | undefined,
  causes: Causes,
): Reasons {
  const [last, first] = [group[0], group.at(-1)];
  if (last?.ended === undefined) return [];
  const { was, were, why } = badEnd(last, causes);
  const at = last.ended.entry.receivedAt;
  const cites = group.slice(0, LIST_MAX).flatMap((one) => attemptCited(one, causes));
  if (group.length === 1) {
    const which = capital(recordedAttemptText(last, maxAttempts));
    return [reason(`${which} of ${subject} ${was} ${at}: ${why}.`, ...cites)];
  }
  const counts = last.ended.kind === "failed" && last.nth === last.attempt;
  const limit = maxAttempts === undefined || !counts ? "" : ` of ${maxAttempts}`;
  const to = group.length === 2 ? "and" : "to";
  const statement = `Attempts ${first?.attempt ?? 1} ${to} ${last.attempt}${limit} of ${subject} ` +
    `${were} ${at}: ${why}.`;
  return [reason(statement, ...cites)];
}

/** The ends of attempts that may be described one by one. */
export function describedEnds(attempts: readonly Attempt[]): readonly AttemptEntry[] {
  return attempts.filter(endedBadly).slice(-SHOWN_MAX).flatMap(({ ended }) => ended?.entry ?? []);
}

/** Why an attempt was cut short, with details from the cause of its end. */
export function cutShortText({ entry, reason }: CutShort, causes: Causes): string {
  return interruptionText(reason, causeOf(entry, causes));
}

/** The cause of an entry, if it was read. */
export function causeOf(
  entry: Pick<JobEventLogEntry, "causedBy"> | undefined,
  causes: Causes,
): JobEventLogEntry | undefined {
  return causes.get(entry?.causedBy ?? 0);
}

export function attemptCited({ ended, started }: Attempt, causes: Causes): readonly LogId[] {
  return [ended?.entry, started, causeOf(ended?.entry, causes)]
    .flatMap((entry) => entry?.logId ?? []);
}

/** Whether an attempt began and was cut short, so that it may have had an effect. */
export function wasCutShort({ ended, started }: Attempt): boolean {
  return started !== undefined && ended?.kind === "interrupted" && !isWithdrawal(ended.reason);
}

type Counts = Pick<TaskState, "attempts" | "failures">;

/** `attempt 2 of 4`: the one that is under way. */
export function attemptNow({ attempts, failures }: Counts, recorded: readonly Attempt[]): string {
  return attemptText(attempts, failures, findMaxAttempts(recorded));
}

export function attemptFailed(
  { attempts, failures }: Counts,
  recorded: readonly Attempt[],
): string {
  return attemptText(attempts, failures - 1, findMaxAttempts(recorded));
}

export function attemptToCome(
  { attempts, failures }: Counts,
  recorded: readonly Attempt[],
): string {
  return attemptText(attempts + 1, failures, findMaxAttempts(recorded));
}

/** An attempt that was cut short counts for no limit, so it is named without one. */
export function recordedAttemptText(
  { attempt, nth, ended }: Attempt,
  maxAttempts: number | undefined,
): string {
  return attemptText(attempt, nth - 1, ended?.kind === "interrupted" ? undefined : maxAttempts);
}

export function lastCompleted({ tasks }: JobState): CompletedTask | undefined {
  return tasks.filter((task) => task.status === "completed")
    .toSorted((left, right) => right.completedBy - left.completedBy)[0];
}

export function isUndone({ compensation }: CompletedTask): boolean {
  return compensation?.status === "compensated";
}

export function compensationEnds(
  known: Pick<Evidence, "compensations">,
  tasks: readonly CompletedTask[],
): readonly LogId[] {
  return tasks.map(({ taskId, completedBy }) => {
    const last = undoingsOf(known, taskId).findLast(({ ended }) => ended !== undefined);
    return last?.ended?.entry.logId ?? completedBy;
  });
}

/** So many tasks at once may be more than a service takes. */
const OTHERS_MIN = 50;
const AT_ONCE_MS = 1_000;

/** That the task which failed a job was one of very many that had begun at about the same time. */
export function beganAtOnce({ job, attempts }: Pick<Evidence, "job" | "attempts">): Reasons {
  const taskId = job.state === "Failed" ? job.failure.taskId : undefined;
  const own = taskId && firstStart(attempts.get(taskId));
  if (own === undefined) return [];
  // Times sort as text, since all are in UTC and equally long.
  const last = new Date(Date.parse(own.receivedAt) + AT_ONCE_MS).toISOString();
  let others = -1;
  for (const [other, ofTask] of attempts) {
    const started = firstStart(ofTask);
    if (other !== MAIN_TASK && started !== undefined && started.receivedAt <= last) others++;
  }
  if (others < OTHERS_MIN) return [];
  const statement = `It had begun within ${durationText(AT_ONCE_MS)} of ${
    counted(others, "other task")
  } of the job.`;
  return [reason(statement, own)];
}

function firstStart(attempts: readonly Attempt[] = []): AttemptEntry | undefined {
  return attempts[0]?.started;
}
