/** Describes attempts of tasks and compensations in words. */

import { counted } from "../core/counted.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { InterruptionReason } from "../core/framework_events.ts";
import type { Reasons, Statement } from "./explanation.ts";
import type { LogId } from "../core/ids.ts";
import type { TaskState } from "../core/job_state.ts";
import { assertNever } from "../core/assert_never.ts";
import { type Attempt, type AttemptEnd, endedBadly, findMaxAttempts } from "./attempts_noted.ts";
import type { Evidence } from "./evidence.ts";
import { errorText } from "../core/error_text.ts";
import { attemptText, capital, interruptionText, taskText } from "./phrases.ts";

/** How many unsuccessful attempts are described one by one: the latest. */
const SHOWN_MAX = 5;
/** How many of a group of similar failures are cited: the latest. */
const CITED_MAX = 10;

/** `task charge`, or `the compensation of task reserve`. */
type Subject = string;

export function compensationSubject(taskId: string): Subject {
  return `the compensation of ${taskText(taskId)}`;
}

/**
 * The attempts that did not succeed, latest first. Those that ended alike in a row are grouped.
 *
 * @param causes What cut them short, such as a restart, if on record.
 */
export function unsuccessfulAttempts(
  subject: Subject,
  attempts: readonly Attempt[],
  causes: Evidence["causes"],
): Reasons {
  const bad = attempts.filter(endedBadly).toReversed();
  const groups = alikeInARow(bad, causes);
  const max = findMaxAttempts(attempts);
  const shown = groups.slice(0, SHOWN_MAX).flatMap((group) =>
    groupEnded(subject, group, max, causes)
  );
  const rest = groups.slice(SHOWN_MAX).flat();
  const earlier = attempts.reduce((sum, { badBefore = 0 }) => sum + badBefore, rest.length);
  if (earlier === 0) return shown;
  const cites = rest.slice(0, SHOWN_MAX).flatMap(({ ended }) => ended?.entry.logId ?? []);
  const statement = `${counted(earlier, "earlier attempt")} of ${subject} ended badly too.`;
  return [...shown, { statement, cites }];
}

/** Groups attempts in a row that ended in the same way. */
function alikeInARow(
  attempts: readonly Attempt[],
  causes: Evidence["causes"],
): readonly (readonly Attempt[])[] {
  const groups: Attempt[][] = [];
  let before: string | undefined;
  for (const attempt of attempts) {
    const how = attempt.ended && howEnded(attempt.ended, causes)?.join(": ");
    if (how !== undefined && how === before) groups.at(-1)?.push(attempt);
    else groups.push([attempt]);
    before = how;
  }
  return groups;
}

/** What a group has in common: `failed`, `Error: ...`; or `were cut short`, `the process stopped`. */
function howEnded(
  { entry, end }: NonNullable<Attempt["ended"]>,
  causes: Evidence["causes"],
): readonly [how: string, why: string] | undefined {
  switch (end.kind) {
    case "completed":
      return undefined;
    case "failed":
      return ["failed", errorText(end.error)];
    case "interrupted":
      return ["were cut short", cutShortText(entry, end.reason, causes)];
    default:
      return assertNever(end, "end of an attempt");
  }
}

/** @param group Latest first. */
function groupEnded(
  subject: Subject,
  group: readonly Attempt[],
  maxAttempts: number | undefined,
  causes: Evidence["causes"],
): Reasons {
  const [last] = group;
  const first = group.at(-1);
  if (last?.ended === undefined) return [];
  if (group.length === 1) return [attemptEnded(subject, last, last.ended, maxAttempts, causes)];
  const { end, entry } = last.ended;
  const counts = end.kind === "failed" && last.nth === last.attempt;
  const limit = maxAttempts === undefined || !counts ? "" : ` of ${maxAttempts}`;
  const [how = "", why = ""] = howEnded(last.ended, causes) ?? [];
  const recorded = end.kind === "failed" ? "at" : "as recorded at";
  const statement =
    `Attempts ${first?.attempt ?? 1} ${
      group.length === 2 ? "and" : "to"
    } ${last.attempt}${limit} of ${subject} ${how} alike, the last ${recorded} ` +
    `${entry.receivedAt}: ${why}.`;
  const cites = group.slice(0, CITED_MAX).flatMap((one) => attemptCited(one, causes));
  return [{ statement, cites }];
}

/** The ends of attempts that may be described one by one. */
export function describedEnds(attempts: readonly Attempt[]): readonly JobEventLogEntry[] {
  return attempts.filter(endedBadly).slice(-SHOWN_MAX).flatMap(({ ended }) => ended?.entry ?? []);
}

/** Why an attempt was cut short, with details from the cause of its end. */
export function cutShortText(
  entry: JobEventLogEntry,
  reason: InterruptionReason,
  causes: Evidence["causes"],
): string {
  return interruptionText(reason, causes.get(entry.causedBy ?? 0));
}

/** The cause of an entry, if it was read. */
export function causeCited(
  entry: JobEventLogEntry | undefined,
  causes: Evidence["causes"],
): readonly LogId[] {
  const cause = entry?.causedBy;
  return cause !== undefined && causes.has(cause) ? [cause] : [];
}

/** Its end, its beginning, and the cause of its end. */
export function attemptCited(
  { ended, started }: Attempt,
  causes: Evidence["causes"],
): readonly LogId[] {
  const own = [ended?.entry, started].flatMap((entry) => entry?.logId ?? []);
  return [...own, ...causeCited(ended?.entry, causes)];
}

type Counts = Pick<TaskState, "attempts" | "failures">;

/** `attempt 2 of 4`: the one that is under way. */
export function attemptNow({ attempts, failures }: Counts, recorded: readonly Attempt[]): string {
  return attemptText(attempts, failures, findMaxAttempts(recorded));
}

/** The attempt that failed last. */
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
  const isCutShort = ended?.end.kind === "interrupted";
  return attemptText(attempt, nth - 1, isCutShort ? undefined : maxAttempts);
}

function attemptEnded(
  subject: Subject,
  attempt: Attempt,
  { entry, end }: { readonly entry: JobEventLogEntry; readonly end: AttemptEnd },
  maxAttempts: number | undefined,
  causes: Evidence["causes"],
): Statement<LogId> {
  const which = recordedAttemptText(attempt, maxAttempts);
  const cites = attemptCited(attempt, causes);
  const about = `${capital(which)} of ${subject}`;
  return { statement: `${about} ${endText(entry, end, causes)}.`, cites };
}

function endText(entry: JobEventLogEntry, end: AttemptEnd, causes: Evidence["causes"]): string {
  const at = entry.receivedAt;
  switch (end.kind) {
    case "completed":
      return `completed at ${at}`;
    case "failed":
      return `failed at ${at}: ${errorText(end.error)}`;
    case "interrupted":
      return `was cut short, as recorded at ${at}: ${cutShortText(entry, end.reason, causes)}`;
    default:
      return assertNever(end, "end of an attempt");
  }
}
