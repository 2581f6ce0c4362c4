/** The entries about an attempt, without the ids of its job and task. */

import { judgeFailure } from "../../../core/retry_policy.ts";
import type { Command } from "../../../core/command.ts";
import type { AttemptFailure } from "../../../core/framework_events.ts";
import type { EventId, ExecutionId } from "../../../core/ids.ts";
import { compensationOf, type TaskState } from "../../../core/job_state.ts";
import type { JsonValue } from "../../../core/json.ts";
import type { Clock, Random } from "../../ports.ts";
import type { AttemptOutcome } from "./attempt.ts";
import type { AttemptWork } from "../run_services.ts";
import type { NamedFact } from "./pending_outcomes.ts";
import type { RunTrace } from "./run_trace.ts";

export interface AttemptRecord {
  readonly eventType: string;
  readonly attributes: object;
}

/** The command that starts an attempt of each task, or of one compensation. */
export function attemptStart(
  works: readonly AttemptWork[],
  ids: readonly ExecutionId[],
  trace: RunTrace,
): Command {
  const [first] = works;
  if (first?.kind === "compensation") {
    const { taskId, retry } = first;
    const executionId = ids[0] as ExecutionId;
    const origin = trace.start("compensation", taskId, executionId);
    const maxAttempts = retry?.maxAttempts;
    return { kind: "startCompensation", taskId, executionId, origin, maxAttempts };
  }
  const attempts = works.map(({ taskId, retry, timeoutMs, compensate }, index) => {
    const executionId = ids[index] as ExecutionId;
    return {
      taskId,
      executionId,
      maxAttempts: retry?.maxAttempts,
      timeoutMs,
      compensable: compensate !== undefined,
      trace: trace.start("task", taskId, executionId),
    };
  });
  return { kind: "startAttempts", attempts };
}

/** The attempts and failures of a task, or of its compensation. */
export function attemptCounts(
  { kind }: AttemptWork,
  task: TaskState | undefined,
): { readonly attempts: number; readonly failures: number } | undefined {
  return kind === "task" ? task : compensationOf(task);
}

/**
 * How an attempt failed, and when the work is retried.
 *
 * @param failures How many came before this one.
 */
export function attemptFailure(
  work: AttemptWork,
  attempt: number,
  outcome: AttemptOutcome,
  failures: number,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
): AttemptFailure | undefined {
  if (outcome.kind === "completed" || outcome.kind === "interrupted") return undefined;
  const { error } = outcome;
  const timedOut = outcome.kind === "failed" && outcome.timedOutMs !== undefined
    ? { timedOutMs: outcome.timedOutMs }
    : {};
  if (work.retry === undefined || work.run === undefined) {
    return { attempt, error, maxAttempts: attempt, final: true, kind: "error" };
  }
  const { maxAttempts } = work.retry;
  const verdict = judgeFailure(outcome, work.retry, failures + 1, random.fraction());
  if (verdict.final) {
    return { attempt, error, ...timedOut, maxAttempts, final: true, kind: verdict.kind };
  }
  const retryAt = new Date(clock.now() + verdict.delayMs).toISOString();
  return { attempt, maxAttempts, error, ...timedOut, retryAt };
}

/** @param facts The events that commit with the end of the attempt. */
export function attemptEnd(
  { kind, compensate }: AttemptWork,
  attempt: number,
  outcome: AttemptOutcome,
  failure: AttemptFailure | undefined,
  facts: readonly NamedFact[] = [],
): AttemptRecord {
  const isTask = kind === "task";
  if (failure !== undefined) {
    const eventType = isTask ? "job.TaskFailed" : "job.TaskCompensationFailed";
    return { eventType, attributes: failure };
  }
  if (outcome.kind === "interrupted") {
    const phase = isTask ? "run" : "compensation";
    const attributes = { attempt, phase, reason: outcome.reason };
    return { eventType: "job.TaskInterrupted", attributes };
  }
  if (!isTask) return { eventType: "job.TaskCompensated", attributes: { attempt } };
  const result = outcome.kind === "completed" ? outcome.result : undefined;
  const attributes: CompletedAttributes = result === undefined ? { attempt } : { attempt, result };
  if (compensate !== undefined) attributes.compensable = true;
  if (facts.length > 0) attributes.emitted = facts.map(({ eventId }) => eventId);
  return { eventType: "job.TaskCompleted", attributes };
}

/** Filled member by member: each member that is spread would cost two more objects. */
interface CompletedAttributes {
  readonly attempt: number;
  readonly result?: JsonValue;
  compensable?: true;
  emitted?: readonly EventId[];
}
