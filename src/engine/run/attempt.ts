/** One attempt of a task's function: its limits, cancellation, staged events and outcome. */

import type { AttemptError } from "../../core/attempt_decisions.ts";
import type { FactDraft } from "../../core/event.ts";
import type { InterruptionReason } from "../../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../../core/ids.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { isThrown } from "../../core/thrown.ts";
import type { TaskContext } from "../job_context.ts";
import { NonRetryableError, RetryLater } from "../job_errors.ts";
import type { AttemptLog } from "./attempt_log.ts";
import { type AttemptOf, withinAttempt } from "./current_attempt.ts";
import { recordable } from "../recordable.ts";
import { StagedEvents } from "./staged_events.ts";
import type { Progress } from "../../core/job_state.ts";
import type { Clock } from "../ports.ts";
import type { Span } from "../watches.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";

/** How long an attempt may continue after its signal was aborted. */
const ABORT_GRACE_MS = 10_000;

/** The same at a shutdown, which has already waited for running attempts. */
export const SHUTDOWN_GRACE_MS = 1_000;

/** The longest delay that a task may choose: a year. */
const RETRY_LATER_MAX_MS = 365 * 86_400_000;

/** The reason for an abort that is not a failure of the task. */
export class Interruption extends Error {
  override readonly name = "Interruption";

  constructor(readonly reason: InterruptionReason) {
    super(`the attempt was interrupted: ${reason}`);
  }
}

export interface Completed {
  readonly kind: "completed";
  readonly result: JsonValue | undefined;
  readonly emitted: readonly FactDraft[];
}

export type AttemptOutcome =
  | Completed
  | AttemptError
  | { readonly kind: "interrupted"; readonly reason: InterruptionReason };

interface AttemptRequest {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  /** In milliseconds; `undefined` means no limit. */
  readonly timeoutMs: number | undefined;
  readonly run: (task: TaskContext) => unknown;
  readonly onProgress: (progress: Progress) => void;
  readonly onLate: (call: "emit" | "progress") => void;
  readonly guard: SecretGuard;
  readonly log: AttemptLog;
  /** `undefined` without tracing. */
  readonly span: Span | undefined;
}

/**
 * Calls a task's function once and reports exactly one outcome, even if the function misbehaves.
 * Creates its signal and timers only when they are used.
 */
export class Attempt implements AttemptOf {
  readonly #request: AttemptRequest;
  readonly #clock: Clock;
  readonly #ended: (outcome: AttemptOutcome) => void;
  #staged: StagedEvents | undefined;
  #aborter: AbortController | undefined;
  /** Why the attempt should end: an `Interruption`, or its time limit. */
  #stop: Error | undefined;
  #cancelTimer: (() => void) | undefined;
  #hasEnded = false;

  constructor(request: AttemptRequest, clock: Clock, ended: (outcome: AttemptOutcome) => void) {
    this.#request = request;
    this.#clock = clock;
    this.#ended = ended;
  }

  begin(): void {
    const { timeoutMs, span, run } = this.#request;
    if (timeoutMs !== undefined) {
      this.#cancelTimer = this.#clock.setTimer(timeoutMs, () => this.#exceeded(timeoutMs));
    }
    // Called from a promise, to keep the engine's frames out of the stacks of the task's errors.
    const context = Promise.resolve(taskContext(this, this.#request));
    withinAttempt(this, () => withinSpan(span, () => context.then(run)))
      .then((value) => this.#returned(value), (error) => this.#threw(error));
  }

  /** Aborts the attempt, and abandons it after a grace period. */
  interrupt(reason: InterruptionReason): void {
    if (this.#hasEnded || this.#stop instanceof Interruption) return;
    const stop = this.#stop = new Interruption(reason);
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.setTimer(
      reason === "shutdown" ? SHUTDOWN_GRACE_MS : ABORT_GRACE_MS,
      () => this.#threw(stop),
    );
    this.#aborter?.abort(stop);
  }

  get jobId(): JobId {
    return this.#request.jobId;
  }

  get taskId(): TaskId {
    return this.#request.taskId;
  }

  get number(): number {
    return this.#request.attempt;
  }

  uncaught(thrown: unknown): void {
    if (this.#hasEnded) return;
    this.#aborter?.abort(
      new Error("the attempt has failed: its code threw an error that nothing catches"),
    );
    this.#threw(thrown);
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#stop !== undefined) this.#aborter.abort(this.#stop);
    }
    return this.#aborter.signal;
  }

  log(message: string, data: unknown): void {
    if (!this.#hasEnded) this.#request.log.write(message, data);
  }

  emit(type: string, attributes: JsonObject): void {
    if (this.#isLate("emit")) return;
    this.#staged ??= new StagedEvents(this.#request.guard);
    this.#staged.emit(type, attributes);
  }

  progress(progress: Progress): void {
    if (!this.#isLate("progress")) this.#request.onProgress(progress);
  }

  /** Reports a late call, unless the attempt was stopped: its code may not have noticed yet. */
  #isLate(call: "emit" | "progress"): boolean {
    if (this.#hasEnded && this.#stop === undefined) this.#request.onLate(call);
    return this.#hasEnded;
  }

  #exceeded(timeoutMs: number): void {
    const error = new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError");
    this.#stop = error;
    this.#aborter?.abort(error);
    this.#threw(error);
  }

  #returned(value: unknown): void {
    if (this.#hasEnded) return;
    try {
      const result = this.#request.guard.requireNoSecret("a result", recordable(value, "result"));
      this.#end({ kind: "completed", result, emitted: this.#staged?.events ?? [] });
    } catch (error) {
      this.#threw(error);
    }
  }

  #threw(thrown: unknown): void {
    if (this.#hasEnded) return;
    const stop = isThrown(thrown, Interruption) ? thrown : this.#stop;
    this.#end(
      stop instanceof Interruption
        ? { kind: "interrupted", reason: stop.reason }
        : attemptError(thrown, this.#request.guard),
    );
  }

  #end(outcome: AttemptOutcome): void {
    this.#hasEnded = true;
    this.#cancelTimer?.();
    this.#request.log.end();
    this.#ended(outcome);
  }
}

/** The argument of a task's function. Its members may be destructured. */
function taskContext(attempt: Attempt, request: AttemptRequest): TaskContext {
  const { jobId, taskId, executionId, guard, span } = request;
  return {
    jobId,
    taskId,
    executionId,
    attempt: request.attempt,
    ...(span === undefined ? undefined : { traceparent: span.traceparent }),
    get signal() {
      return attempt.signal;
    },
    emit: (type, attributes = {}) => attempt.emit(type, attributes),
    log: (message, data) => attempt.log(message, data),
    progress(done, total, note) {
      const text = note === undefined ? undefined : guard.redact(String(note));
      attempt.progress(checkedProgress(done, total, text));
    },
  };
}

const NOTE_LENGTH_MAX = 1_000;

export function checkedProgress(done: number, total?: number, note?: string): Progress {
  if (!Number.isFinite(done) || (total !== undefined && !Number.isFinite(total))) {
    throw new TypeError(`Cannot report progress ${done} of ${total}: both must be numbers`);
  }
  return {
    done,
    ...(total === undefined ? {} : { total }),
    ...(note === undefined ? {} : { note: note.slice(0, NOTE_LENGTH_MAX).toWellFormed() }),
  };
}

export function withinSpan<Result>(span: Span | undefined, work: () => Result): Result {
  return span?.within === undefined ? work() : span.within(work);
}

function attemptError(thrown: unknown, guard: SecretGuard): AttemptError {
  const error = guard.factOf(thrown);
  if (isThrown(thrown, NonRetryableError)) return { kind: "nonRetryable", error };
  const delayMs = isThrown(thrown, RetryLater) ? chosenDelay(thrown) : undefined;
  return delayMs === undefined ? { kind: "failed", error } : { kind: "retryLater", error, delayMs };
}

/** The delay in milliseconds; `undefined` when it is not a number, or cannot be read. */
function chosenDelay(thrown: RetryLater): number | undefined {
  try {
    const { delayMs } = thrown;
    if (!Number.isFinite(delayMs)) return undefined;
    return Math.min(Math.max(0, delayMs), RETRY_LATER_MAX_MS);
  } catch {
    return undefined;
  }
}
