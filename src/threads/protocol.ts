/**
 * Messages between the engine and a thread: plain data, about one call of `run` at a time. They
 * share no objects, so errors are converted to data and back.
 */

import type { ErrorFact, UncaughtKind } from "../core/framework_events.ts";
import type { FactDraft } from "../core/event.ts";
import type { Progress } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { AttemptName } from "../engine/writer/process_facts.ts";
import { type RestTime, UnplannedError } from "../engine/run/call/step_checks.ts";
import type { Events, Expectable } from "../engine/run/call/run_context.ts";
import { errorFact } from "../core/error_fact.ts";
import { isThrown, named } from "../core/thrown.ts";
import { chosenDelay, NonRetryableError, RetryLater } from "../engine/job_errors.ts";

/** A thrown value. */
export interface Thrown extends ErrorFact {
  readonly kind: "error" | "nonRetryable" | "retryLater" | "unplanned";
  readonly delayMs?: number;
  /** What `run` waits for, but the plan lacks. */
  readonly expectation?: string;
}

/** Each is answered with `rested` once the code is idle. */
export type ToThread =
  & {
    /** Which call of `run` it belongs to. */
    readonly call: number;
    /** The time of the last entry that `run` has seen, in milliseconds since the epoch. */
    readonly now: number;
  }
  & (
    | {
      readonly kind: "run";
      readonly type: string;
      readonly version: number;
      readonly jobId: JobId;
      readonly input: JsonValue | undefined;
      readonly expectations: readonly Expectable[];
    }
    | { readonly kind: "result"; readonly taskId: TaskId; readonly result: JsonValue | undefined }
    /** A task failed for good, and its job goes on. */
    | { readonly kind: "failure"; readonly taskId: TaskId; readonly thrown: Thrown }
    | {
      readonly kind: "events";
      readonly name: string;
      readonly events: Events;
    }
    /** The wait ended at its time, without the event. */
    | { readonly kind: "deadline"; readonly name: string; readonly wait: number }
    | AttemptMessage
    | { readonly kind: "abort"; readonly executionId: ExecutionId; readonly reason: Thrown }
  );

export interface AttemptMessage {
  readonly kind: "attempt";
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  readonly traceparent?: string;
  /** In milliseconds; absent if there is no limit. */
  readonly timeoutMs?: number;
  /** What a compensation undoes; absent for a task. */
  readonly undoes?: { readonly result: JsonValue | undefined };
}

/**
 * The exit code of a thread whose code holds more buffers than it may. It is beyond those of
 * processes, so that no code uses it.
 */
export const EXHAUSTED = 2 ** 30;

export type FromThread =
  /** The module of definitions is loaded, or cannot be. */
  | { readonly kind: "ready" }
  | { readonly kind: "broken"; readonly thrown: Thrown }
  | { readonly call: number } & CallMessage;

export type UncaughtMessage = Extract<FromThread, { readonly kind: "uncaught" }>;

/** All other messages about a call. */
export type UserMessage = Exclude<FromThread, { kind: "ready" | "broken" | "uncaught" }>;

export type CallMessage =
  | { readonly kind: "rested" }
  | {
    readonly kind: "task";
    readonly taskId: TaskId;
    readonly retry: RetryPolicy;
    readonly timeoutMs?: number;
    readonly compensable: boolean;
  }
  | { readonly kind: "sleep"; readonly taskId: TaskId; readonly time: RestTime }
  | { readonly kind: "expect"; readonly name: string }
  | {
    readonly kind: "wait";
    readonly name: string;
    readonly wait: number;
    readonly withinMs: number;
  }
  | { readonly kind: "returned"; readonly output: JsonValue | undefined }
  | { readonly kind: "threw"; readonly thrown: Thrown }
  | {
    readonly kind: "completed";
    readonly executionId: ExecutionId;
    readonly result: JsonValue | undefined;
    readonly emitted: readonly FactDraft[];
  }
  | { readonly kind: "failed"; readonly executionId: ExecutionId; readonly thrown: Thrown }
  | { readonly kind: "progress"; readonly executionId: ExecutionId; readonly report: Progress }
  /** `emit` or `progress` was called after the end of the attempt. */
  | {
    readonly kind: "late";
    readonly executionId: ExecutionId;
    readonly method: "emit" | "progress";
  }
  /** No code caught an error, and it failed no attempt; from other code if no attempt is named. */
  | {
    readonly kind: "uncaught";
    readonly jobId: JobId;
    readonly how: UncaughtKind;
    readonly thrown: Thrown;
    readonly attempt?: AttemptName;
    /** How many came before that were not sent. */
    readonly more: number;
  }
  /** `task.log`, or printed output; from `run` itself if no attempt is named. */
  | {
    readonly kind: "log";
    readonly executionId?: ExecutionId;
    readonly message: string;
    readonly data?: JsonValue;
  }
  /** Code was cut off because it did not yield. The thread can no longer be relied on. */
  | { readonly kind: "stuck"; readonly afterMs: number };

/**
 * The length of a text in a message. It is far more than is recorded: the engine cuts it to length
 * only after it has removed secrets. Reading a much longer one would block the engine.
 */
export const SENT_LENGTH_MAX = 65_536;

/** Converts any thrown value. */
export function thrownData(thrown: unknown): Thrown {
  return { ...kindOf(thrown), ...errorFact(thrown, undefined, SENT_LENGTH_MAX) };
}

function kindOf(thrown: unknown): Pick<Thrown, "kind" | "delayMs" | "expectation"> {
  if (isThrown(thrown, NonRetryableError)) return { kind: "nonRetryable" };
  if (isThrown(thrown, UnplannedError)) {
    return { kind: "unplanned", expectation: thrown.expectation };
  }
  const delayMs = chosenDelay(thrown);
  return delayMs === undefined ? { kind: "error" } : { kind: "retryLater", delayMs };
}

export function thrownError(thrown: Thrown): Error {
  const { kind, name, message, stack, delayMs = 0, expectation = "", ...others } = thrown;
  const error = kind === "nonRetryable"
    ? new NonRetryableError(message)
    : kind === "retryLater"
    ? new RetryLater(delayMs, message)
    : kind === "unplanned"
    ? new UnplannedError(expectation, message)
    : new Error(message);
  if (stack !== undefined && stack !== "") error.stack = stack;
  return named(error, name, others);
}

export function namedError(name: string, message: string): Error {
  const error = named(new Error(message), name);
  // Its own stack would show this function, not the code that failed.
  delete (error as { stack?: string }).stack;
  return error;
}

export function outOfMemory(memoryMb: number): Error {
  return namedError("OutOfMemory", `the code used more than the ${memoryMb} MiB that a thread may`);
}
