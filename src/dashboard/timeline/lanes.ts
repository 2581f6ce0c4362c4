/** The attempts of each task and compensation as spans of time. */

import { assertNever } from "../../core/assert_never.ts";
import {
  type Attempt,
  type AttemptEnd,
  findMaxAttempts,
} from "../../explain/history/kept_history.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import { type Downtime, restartAfter } from "../../explain/past/timing.ts";
import type { ErrorFact } from "../../core/framework_events.ts";
import { type LogId, MAIN_TASK, type TaskId } from "../../core/ids.ts";
import { isSleep, isTerminal, type JobState, type TaskState } from "../../core/job_state.ts";
import type { TimeAxis } from "./time_axis.ts";

/**
 * `abandoned`: the job ended first. `reused`: a retry reused the result, and nothing ran.
 * `continued`: `run` had rested, and another call of it continues. `unended`: another attempt began,
 * but no end of this one is on record.
 */
export type AttemptOutcome =
  | "running"
  | "completed"
  | "failed"
  | "interrupted"
  | "abandoned"
  | "reused"
  | "continued"
  | "unended";

/** In milliseconds from the creation of the job. */
export interface Extent {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A part of the life of a job. */
export interface Stretch extends Extent {
  /** Whether it has not ended: `toMs` is then now. */
  readonly isOngoing: boolean;
  /** The entries that begin and end it; `toBy` is `undefined` while it has not ended. */
  readonly fromBy: LogId;
  readonly toBy: LogId | undefined;
}

export interface AttemptSpan extends Stretch {
  readonly kind: "attempt";
  readonly attempt: number;
  /** The number that counts against the limit: one more than the failed attempts. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  readonly outcome: AttemptOutcome;
  readonly error?: ErrorFact;
  /** `undefined` if only its end is on record. */
  readonly startedAt: string | undefined;
  readonly startedBy: LogId | undefined;
  readonly endedBy: LogId | undefined;
  /** How long the process may have been down after the crash that ended the attempt. */
  readonly downMs: number;
}

export interface BackoffSpan extends Stretch {
  readonly kind: "backoff";
  /** When the next attempt is due; it may have started later, if no worker was free. */
  readonly retryAt: string;
}

interface SleepSpan extends Stretch {
  readonly kind: "sleep";
}

export type LaneSpan = AttemptSpan | BackoffSpan | SleepSpan;

export interface Lane {
  readonly taskId: TaskId;
  readonly phase: "run" | "compensation";
  /** In order, without overlaps. */
  readonly spans: readonly LaneSpan[];
}

/** @param endMs The end of the axis, which is also the end of ongoing spans. */
export function* eachLane(
  outlined: OutlinedHistory,
  axis: TimeAxis,
  endMs: number,
  downtimes: readonly Downtime[],
): Generator<Lane> {
  const downMs = new Map(downtimes.map(({ restart, ms }) => [restart, ms]));
  const on: Axis = { outlined, axis, endMs, downMs };
  for (const [taskId, attempts] of outlined.attempts) {
    yield { taskId, phase: "run", spans: laneSpans(attempts, on, taskId === MAIN_TASK) };
  }
  for (const task of outlined.job.tasks.filter(isSleep)) {
    yield { taskId: task.taskId, phase: "run", spans: [placed(sleepSpan(task), axis, endMs)] };
  }
  for (const [taskId, attempts] of outlined.compensations) {
    yield { taskId, phase: "compensation", spans: laneSpans(attempts, on, false) };
  }
}

function sleepSpan(task: TaskState): Unplaced<SleepSpan> {
  const isOngoing = task.status === "sleeping";
  const toBy = isOngoing ? undefined : task.lastLogId;
  return { kind: "sleep", fromBy: task.firstLogId, toBy, isOngoing };
}

/** What the spans of all lanes are made with. */
interface Axis {
  readonly outlined: OutlinedHistory;
  readonly axis: TimeAxis;
  readonly endMs: number;
  /** By restart. */
  readonly downMs: ReadonlyMap<LogId, number>;
}

/** What is known of an attempt from the others of its task. */
interface Beside {
  /** The entry that ends it, if its own end is not on record. */
  readonly cutBy: LogId | undefined;
  readonly hasNext: boolean;
  /** No limit counts the calls of `run`. */
  readonly maxAttempts: number | undefined;
  readonly isOfRun: boolean;
}

function laneSpans(attempts: readonly Attempt[], on: Axis, isOfRun: boolean): readonly LaneSpan[] {
  const { outlined, axis, endMs } = on;
  const maxAttempts = isOfRun ? undefined : findMaxAttempts(attempts);
  const spansOf = (attempt: Attempt, index: number): LaneSpan[] => {
    const next = attempts[index + 1];
    const hasNext = next !== undefined;
    // An attempt without a recorded end ends with the job.
    const cutBy = next === undefined ? outlined.endedBy?.entry.logId : beginningOf(next);
    const span = attemptSpan(attempt, on, { cutBy, hasNext, maxAttempts, isOfRun });
    const backoff = backoffAfter(attempt, outlined.job, cutBy, hasNext);
    return backoff === undefined ? [span] : [span, placed(backoff, axis, endMs)];
  };
  const [first] = attempts;
  // `flatMap` would reserve room for many, and of thousands of tasks most have one attempt.
  return first !== undefined && attempts.length === 1
    ? spansOf(first, 0)
    : attempts.flatMap(spansOf);
}

function beginningOf({ started, ended }: Attempt): LogId {
  return (started ?? ended?.entry)?.logId ?? 0;
}

type Unplaced<Span> = Span extends LaneSpan ? Omit<Span, "fromMs" | "toMs"> : never;

function placed(span: Unplaced<LaneSpan>, axis: TimeAxis, endMs: number): LaneSpan {
  return { ...span, ...extentOf(span, axis, endMs) };
}

function extentOf(
  { fromBy, toBy }: Pick<Stretch, "fromBy" | "toBy">,
  axis: TimeAxis,
  endMs: number,
): Extent {
  const fromMs = axis.of(fromBy);
  return { fromMs, toMs: Math.max(fromMs, toBy === undefined ? endMs : axis.of(toBy)) };
}

/** Made in one piece, since there may be thousands. */
function attemptSpan(
  attempt: Attempt,
  { outlined: { job }, axis, endMs, downMs }: Axis,
  { cutBy, hasNext, maxAttempts, isOfRun }: Beside,
): AttemptSpan {
  const { started, ended } = attempt;
  const outcome = attemptOutcome(attempt, job, { hasNext, isOfRun });
  const isOngoing = outcome === "running";
  const fromBy = beginningOf(attempt);
  const toBy = isOngoing ? undefined : ended?.entry.logId ?? cutBy;
  const { fromMs, toMs } = extentOf({ fromBy, toBy }, axis, endMs);
  const span: AttemptSpan = {
    kind: "attempt",
    fromMs,
    toMs,
    fromBy,
    toBy,
    isOngoing,
    attempt: attempt.attempt,
    nth: attempt.nth,
    maxAttempts: isOfRun ? undefined : attempt.maxAttempts ?? maxAttempts,
    outcome,
    startedAt: started?.receivedAt,
    startedBy: started?.logId,
    endedBy: ended?.entry.logId,
    downMs: downMs.get(restartAfter(attempt) ?? 0) ?? 0,
  };
  return ended?.kind === "failed" ? { ...span, error: ended.error } : span;
}

function attemptOutcome(
  { ended }: Attempt,
  job: JobState,
  { hasNext, isOfRun }: Pick<Beside, "hasNext" | "isOfRun">,
): AttemptOutcome {
  if (ended !== undefined) return endOutcome(ended);
  if (hasNext) return isOfRun ? "continued" : "unended";
  return isTerminal(job) ? "abandoned" : "running";
}

function endOutcome(end: AttemptEnd): AttemptOutcome {
  switch (end.kind) {
    case "completed":
      return end.isReused ? "reused" : "completed";
    case "failed":
      return "failed";
    case "interrupted":
      return "interrupted";
    default:
      return assertNever(end, "end of an attempt");
  }
}

/** The wait for the next attempt, until it begins or the job ends. */
function backoffAfter(
  { ended }: Attempt,
  job: JobState,
  cutBy: LogId | undefined,
  hasNext: boolean,
): Unplaced<BackoffSpan> | undefined {
  if (ended?.kind !== "failed" || ended.retryAt === undefined) return undefined;
  const isOngoing = !hasNext && !isTerminal(job);
  return {
    kind: "backoff",
    fromBy: ended.entry.logId,
    toBy: isOngoing ? undefined : cutBy,
    isOngoing,
    retryAt: ended.retryAt,
  };
}
