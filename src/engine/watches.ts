/**
 * Observers of jobs: metrics, the watchdog, the job log, traces. The engine owns the interfaces;
 * adapters implement them.
 */

import type { Condition } from "../core/condition.ts";
import type { ErrorFact } from "../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import type { TraceIds } from "../core/trace_ids.ts";

/** A change of a job, without anything that identifies it. */
export interface ConditionChange {
  /** Absent for a plan driven by outside events. */
  readonly type: string | undefined;
  /** Absent when the job is new. */
  readonly from: Condition | undefined;
  readonly to: Condition;
  /** How long it was queued or executing; `undefined` after any other condition. Never negative. */
  readonly stayedMs: number | undefined;
}

export interface JobWatch {
  /**
   * A job's condition has changed, durably. Jobs that existed at the start are not reported. Every
   * job waits for this call, so it must be fast.
   */
  changed(change: ConditionChange): void;
}

/**
 * Tracks which job code may be running in this thread, so that it can be named when it blocks. Each
 * attempt calls this, so it must be fast.
 */
export interface AttemptWatch {
  /**
   * @param attempt The number of the attempt; 0 for a call of `run`.
   * @returns The argument for `ended`.
   */
  began(jobId: JobId, taskId: TaskId, attempt: number): number;
  ended(attempt: number): void;
}

/** A line that job code logged for people. */
export interface JobLogLine {
  readonly jobId: JobId;
  /** `main` for a line of `run` itself. */
  readonly taskId: TaskId;
  readonly attempt: number;
  readonly executionId?: ExecutionId;
  readonly traceId?: string;
  readonly spanId?: string;
  /** RFC 3339. */
  readonly time: string;
  readonly message: string;
  readonly data?: JsonValue;
}

/** Stores these lines. Never throws, and nothing waits for it. */
export interface JobLog {
  write(line: JobLogLine): void;
}

/** A span to start: a call of a job's `run`, or an attempt. */
export interface SpanStart {
  readonly kind: "run" | "task" | "compensation";
  readonly jobId: JobId;
  readonly jobType: string;
  readonly taskId: TaskId;
  /** The id of this attempt alone, so that ids can be derived from it. */
  readonly executionId: ExecutionId;
  /** `undefined` when its cause is unknown. */
  readonly parent: TraceIds | undefined;
  /** A related span in another trace. */
  readonly link?: TraceIds | undefined;
}

/** How a span ended; errors contain no secrets. */
export type SpanEnd =
  | { readonly kind: "completed" }
  | { readonly kind: "interrupted"; readonly reason: string }
  | { readonly kind: "failed"; readonly error: ErrorFact };

export interface Span {
  /** For the entries that it records, and as the parent of its effects. */
  readonly ids: TraceIds;
  /** For other systems, as a header of W3C Trace Context. */
  readonly traceparent: string;
  /** The number of the attempt, once it is on record. */
  attempt(attempt: number): void;
  /**
   * Calls `work` so that everything it starts, now or later, belongs to the span. Absent when
   * nothing would use that.
   */
  within?<Result>(work: () => Result): Result;
  /** Ends it, once; a span that is never ended is never shown. */
  end(end: SpanEnd): void;
}

/** Traces what jobs do, for other systems. Never throws. */
export interface Tracing {
  /** Whether it starts spans without a parent. */
  readonly beginsTraces: boolean;
  /** The trace context of the caller, if known. */
  active(): TraceIds | undefined;
  start(start: SpanStart): Span;
}
