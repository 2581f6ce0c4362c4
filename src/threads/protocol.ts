/** Messages between the engine and a thread: plain data, about one call of `run` at a time. */

import type { ErrorFact } from "../core/framework_events.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { RestTime } from "../engine/run/step_options.ts";
import type { Events, Expectable } from "../engine/run/run_context.ts";

/** A thrown value. */
export interface Thrown extends ErrorFact {
  readonly kind: "error" | "nonRetryable" | "retryLater";
  readonly delayMs?: number;
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

export type FromThread =
  /** The module of definitions is loaded, or cannot be. */
  | { readonly kind: "ready" }
  | { readonly kind: "broken"; readonly thrown: Thrown }
  /** The code holds more buffers than a thread is allowed. */
  | { readonly kind: "exhausted" }
  | { readonly call: number } & CallMessage;

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
    readonly emitted: readonly Emitted[];
  }
  | { readonly kind: "failed"; readonly executionId: ExecutionId; readonly thrown: Thrown }
  | { readonly kind: "progress"; readonly executionId: ExecutionId; readonly report: Report }
  /** `emit` or `progress` was called after the end of the attempt. */
  | {
    readonly kind: "late";
    readonly executionId: ExecutionId;
    readonly method: "emit" | "progress";
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

export interface Emitted {
  readonly eventType: string;
  readonly attributes: JsonObject;
}

export interface Report {
  readonly done: number;
  readonly total?: number;
  readonly note?: string;
}
