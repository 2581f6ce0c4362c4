/**
 * The spans of one run: of the call of `run` and of its attempts, each identified by its execution
 * id. Without tracing there are none.
 *
 * Without a span collector, the trace context of a request is only carried through the entries and
 * to other systems, so that their collectors can connect the spans.
 */

import { createHash } from "node:crypto";
import type { ExecutionId, JobId, TaskId } from "../../../core/ids.ts";
import type { JobHead, JobState } from "../../../core/job_state.ts";
import { formatTraceparent, type TraceIds } from "../../../core/trace_ids.ts";
import { type AttemptOutcome, withinSpan } from "./attempt.ts";
import type { JobTrace } from "../../views/job_traces.ts";
import type { Span, SpanEnd, SpanStart, Tracing } from "../../watches.ts";
import type { RunServices } from "../run_services.ts";

export class RunTrace {
  readonly #jobId: JobId;
  readonly #jobType: string;
  /** The spans of the call and of the open attempts. */
  #spans: Map<ExecutionId, Span> | undefined;
  #origin: JobTrace | undefined;
  #runId: ExecutionId | undefined;
  #runIds: TraceIds | undefined;

  constructor(private readonly services: RunServices, { jobId, type = "" }: JobHead) {
    this.#jobId = jobId;
    this.#jobType = type;
  }

  /** Reads the trace that the job belongs to, before anything starts; at once, if possible. */
  begin(job: JobHead): Promise<void> | undefined {
    const { traces, entriesAt } = this.services;
    const origin = traces.of(job, entriesAt);
    if (origin instanceof Promise) return origin.then((found) => void (this.#origin = found));
    this.#origin = origin;
    return undefined;
  }

  /**
   * Starts the span of an attempt that is about to be recorded.
   *
   * @returns Its ids.
   */
  start(kind: SpanStart["kind"], taskId: TaskId, executionId: ExecutionId): TraceIds | undefined {
    const { tracing } = this.services;
    const parent = this.ids;
    if (parent === undefined && !tracing.beginsTraces) return undefined;
    const about = { jobId: this.#jobId, jobType: this.#jobType, taskId, executionId };
    const link = kind === "run" ? this.#origin?.link : undefined;
    const span = tracing.start({ kind, ...about, parent, ...(link === undefined ? {} : { link }) });
    this.#spans ??= new Map();
    this.#spans.set(executionId, span);
    if (kind === "run") [this.#runId, this.#runIds] = [executionId, span.ids];
    return span.ids;
  }

  /** The attempt was not recorded: discards its span. */
  drop(executionId: ExecutionId): void {
    this.#spans?.delete(executionId);
    if (executionId === this.#runId) this.#runId = this.#runIds = undefined;
  }

  dropRun(): void {
    if (this.#runId !== undefined) this.drop(this.#runId);
  }

  /** The attempt is on record. */
  began(executionId: ExecutionId, attempt: number): void {
    this.#spans?.get(executionId)?.attempt(attempt);
  }

  /** For the entries about `run` itself, and about the job between calls of `run`. */
  get ids(): TraceIds | undefined {
    return this.#runIds ?? this.#origin?.parent;
  }

  spanOf(executionId: ExecutionId): Span | undefined {
    return this.#spans?.get(executionId);
  }

  withinRun<Result>(work: () => Result): Result {
    const span = this.#runId === undefined ? undefined : this.#spans?.get(this.#runId);
    return withinSpan(span, work);
  }

  end(executionId: ExecutionId, end: SpanEnd): void {
    this.#spans?.get(executionId)?.end(end);
    this.#spans?.delete(executionId);
  }

  endRun(end: SpanEnd): void {
    if (this.#runId !== undefined) this.end(this.#runId, end);
  }
}

export function endOfAttempt(outcome: AttemptOutcome): SpanEnd {
  switch (outcome.kind) {
    case "completed":
      return { kind: "completed" };
    case "interrupted":
      return { kind: "interrupted", reason: outcome.reason };
    default:
      return { kind: "failed", error: outcome.error };
  }
}

/** How the span of `run` ends when the state of its job changes while `run` is open. */
export function endOfJob(job: JobState): SpanEnd {
  const failure = "failure" in job ? job.failure : undefined;
  if (failure === undefined) return { kind: "completed" };
  return failure.kind === "cancelled"
    ? { kind: "interrupted", reason: "cancelled" }
    : { kind: "failed", error: failure.error };
}

const SPAN_ID_DIGITS = 16;

/** Begins no traces, so a job without one costs nothing. */
export const CARRIED_TRACES: Tracing = {
  beginsTraces: false,
  active: () => undefined,
  start({ parent, executionId }) {
    if (parent === undefined) throw new TypeError("Cannot continue a trace: there is none");
    return new CarriedSpan(parent, executionId);
  },
};

class CarriedSpan implements Span {
  readonly ids: TraceIds;
  readonly traceparent: string;

  constructor({ traceId, spanId }: TraceIds, executionId: SpanStart["executionId"]) {
    const ownSpanId = spanIdOf(executionId);
    this.ids = spanId === undefined ? { traceId } : { traceId, spanId: ownSpanId };
    this.traceparent = formatTraceparent(this.ids, ownSpanId);
  }

  attempt(): void {}

  end(): void {}
}

/** As unique as a random id, since no two attempts share an execution id, and reproducible. */
function spanIdOf(executionId: string): string {
  const digest = createHash("sha256").update(executionId).digest("hex");
  return digest.slice(0, SPAN_ID_DIGITS).replace(/^0{16}$/, "0000000000000001");
}
