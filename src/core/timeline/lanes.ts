/** The attempts of each task, and of each compensation, as spans of time. */

import { assertNever } from "../assert_never.ts";
import type { FrameworkEntry, JobEventLogEntry } from "../event.ts";
import type { Annals, Attempt, AttemptEnd } from "../explain/annals.ts";
import { maxAttemptsOf } from "../explain/annals.ts";
import type { ErrorFact } from "../framework_events.ts";
import type { LogId, TaskId } from "../ids.ts";
import { isTerminal } from "../job_state.ts";
import type { TimeAxis } from "./time_axis.ts";

/**
 * `abandoned`: the job ended first. `reused`: a retry took the result over, and nothing ran.
 * `unended`: another attempt began, and no end of this one is on record.
 */
export type AttemptOutcome =
  | "running"
  | "completed"
  | "failed"
  | "interrupted"
  | "abandoned"
  | "reused"
  | "unended";

interface Stretch {
  /** Milliseconds from the creation of the job. */
  readonly fromMs: number;
  readonly toMs: number;
  /** It has no end yet: `toMs` is now. */
  readonly goesOn: boolean;
}

export interface AttemptSpan extends Stretch {
  readonly kind: "attempt";
  readonly attempt: number;
  /** The number that counts: one more than the attempts that had failed. */
  readonly nth: number;
  readonly maxAttempts: number | undefined;
  readonly outcome: AttemptOutcome;
  readonly error?: ErrorFact;
  /** `undefined` where only its end is on record. */
  readonly startedAt: string | undefined;
  readonly startedBy: LogId | undefined;
  readonly endedBy: LogId | undefined;
}

export interface BackoffSpan extends Stretch {
  readonly kind: "backoff";
  /** When the next attempt is due; a worker may have been free only later. */
  readonly retryAt: string;
  /** The entry of the attempt that failed. */
  readonly by: LogId;
}

export type LaneSpan = AttemptSpan | BackoffSpan;

export interface Lane {
  readonly taskId: TaskId;
  readonly phase: "run" | "compensation";
  /** In order, without overlaps. */
  readonly spans: readonly LaneSpan[];
}

/** @param endMs Where the axis ends: what goes on still ends there. */
export function lanesOf(annals: Annals, axis: TimeAxis, endMs: number): readonly Lane[] {
  const spansIn = (attempts: readonly Attempt[]) => laneSpans(attempts, annals, axis, endMs);
  return [
    ...[...annals.attempts].map(([taskId, attempts]): Lane => ({
      taskId,
      phase: "run",
      spans: spansIn(attempts),
    })),
    ...[...annals.compensations].map(([taskId, attempts]): Lane => ({
      taskId,
      phase: "compensation",
      spans: spansIn(attempts),
    })),
  ];
}

function laneSpans(
  attempts: readonly Attempt[],
  annals: Annals,
  axis: TimeAxis,
  endMs: number,
): readonly LaneSpan[] {
  const maxAttempts = maxAttemptsOf(attempts);
  return attempts.flatMap((attempt, index) => {
    const next = attempts[index + 1];
    const nextMs = next === undefined ? undefined : beginMs(next, axis);
    const span = attemptSpan(attempt, annals, axis, nextMs, endMs);
    const backoff = backoffAfter(attempt, annals, axis, nextMs, endMs);
    const known = { ...span, maxAttempts: span.maxAttempts ?? maxAttempts };
    return backoff === undefined ? [known] : [known, backoff];
  });
}

function beginMs({ started, ended }: Attempt, axis: TimeAxis): number {
  return axis.of((started ?? ended?.entry)?.logId ?? 0);
}

function attemptSpan(
  attempt: Attempt,
  annals: Annals,
  axis: TimeAxis,
  nextMs: number | undefined,
  endMs: number,
): AttemptSpan {
  const { started, ended } = attempt;
  const outcome = outcomeOf(attempt, annals, nextMs);
  const fromMs = beginMs(attempt, axis);
  const jobEndMs = annals.endedBy === undefined ? endMs : axis.of(annals.endedBy.entry.logId);
  const toMs = ended === undefined
    ? nextMs ?? (outcome === "running" ? endMs : jobEndMs)
    : axis.of(ended.entry.logId);
  return {
    kind: "attempt",
    fromMs,
    toMs: Math.max(fromMs, toMs),
    goesOn: outcome === "running",
    attempt: attempt.attempt,
    nth: attempt.nth,
    maxAttempts: attempt.maxAttempts,
    outcome,
    ...(ended?.end.kind === "failed" ? { error: ended.end.error } : {}),
    startedAt: started?.receivedAt,
    startedBy: started?.logId,
    endedBy: ended?.entry.logId,
  };
}

function outcomeOf(
  { ended }: Attempt,
  { job }: Annals,
  nextMs: number | undefined,
): AttemptOutcome {
  if (ended !== undefined) return endOutcome(ended.end, ended.entry);
  if (nextMs !== undefined) return "unended";
  return isTerminal(job) ? "abandoned" : "running";
}

function endOutcome(end: AttemptEnd, entry: JobEventLogEntry): AttemptOutcome {
  switch (end.kind) {
    case "completed":
      return isReused(entry) ? "reused" : "completed";
    case "failed":
      return "failed";
    case "interrupted":
      return "interrupted";
    default:
      return assertNever(end, "end of an attempt");
  }
}

function isReused(entry: JobEventLogEntry): boolean {
  if (entry.eventType !== "job.TaskCompleted") return false;
  return (entry as FrameworkEntry<"job.TaskCompleted">).attributes.reusedFrom !== undefined;
}

/** The wait for the next attempt, until that begins or the job ends. */
function backoffAfter(
  { ended }: Attempt,
  { job, endedBy }: Annals,
  axis: TimeAxis,
  nextMs: number | undefined,
  endMs: number,
): BackoffSpan | undefined {
  if (ended?.end.kind !== "failed" || ended.end.retryAt === undefined) return undefined;
  const fromMs = axis.of(ended.entry.logId);
  const goesOn = nextMs === undefined && !isTerminal(job);
  const toMs = nextMs ?? (endedBy === undefined ? endMs : axis.of(endedBy.entry.logId));
  return {
    kind: "backoff",
    fromMs,
    toMs: Math.max(fromMs, toMs),
    goesOn,
    retryAt: ended.end.retryAt,
    by: ended.entry.logId,
  };
}
