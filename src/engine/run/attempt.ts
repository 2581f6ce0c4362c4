/** One attempt of a task's function: its limits, cancellation, staged events and outcome. */

import type { AttemptError } from "../../core/attempt_decisions.ts";
import type { FactDraft } from "../../core/event.ts";
import type { InterruptionReason } from "../../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../../core/ids.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { DELAY_MAX_MS } from "../../core/retry_policy.ts";
import { isThrown } from "../../core/thrown.ts";
import type { TaskContext } from "../job_context.ts";
import { NonRetryableError, RetryLater } from "../job_errors.ts";
import { type AttemptLog, StagedEvents } from "./attempt_output.ts";
import { type AttemptOf, withinAttempt } from "./current_attempt.ts";
import type { LateCalls } from "./misuse.ts";
import { recordable } from "../recordable.ts";
import type { Progress } from "../../core/job_state.ts";
import type { Clock } from "../ports.ts";
import type { Span } from "../watches.ts";
import type { SecretGuard } from "../secrets/secret_guard.ts";

/** How long an attempt may continue after its signal was aborted. */
export const ABORT_GRACE_MS = 10_000;

/** The same at a shutdown, which has already waited for running attempts. */
export const SHUTDOWN_GRACE_MS = 1_000;

/** The reason for an abort that is not a failure of the task; code gets it from its signal. */
export class Interruption extends Error {
  override readonly name = "Interruption";

  constructor(readonly reason: InterruptionReason) {
    super(`the attempt was interrupted: ${reason}`);
  }
}

/** A handler of the engine rejects with it: the code of the task was not called, or not at fault. */
export class Withdrawal extends Error {
  override readonly name = "Withdrawal";
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
  /** The type of the job. */
  readonly type: string;
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  /** In milliseconds; `undefined` means no limit. */
  readonly timeoutMs: number | undefined;
  readonly run: (task: TaskContext) => unknown;
  readonly onProgress: (progress: Progress) => void;
  readonly ended: (outcome: AttemptOutcome) => void;
  readonly guard: SecretGuard;
  readonly log: AttemptLog;
  /** `undefined` without tracing. */
  readonly span: Span | undefined;
}

interface AttemptServices {
  readonly clock: Clock;
  readonly lateCalls: LateCalls;
}

/**
 * Calls a task's function once and reports exactly one outcome, even if the function misbehaves.
 * Creates its signal and timers only when they are used.
 */
export class Attempt implements AttemptOf {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly number: number;
  readonly #type: string;
  readonly #services: AttemptServices;
  /**
   * `undefined` after the end: code that keeps its context, or a promise that never settles, must
   * not keep the run.
   */
  #request: AttemptRequest | undefined;
  #staged: StagedEvents | undefined;
  #aborter: AbortController | undefined;
  /** Why the attempt should end: an `Interruption`, or its time limit. */
  #stop: Error | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(request: AttemptRequest, services: AttemptServices) {
    this.jobId = request.jobId;
    this.taskId = request.taskId;
    this.number = request.attempt;
    this.#type = request.type;
    this.#request = request;
    this.#services = services;
  }

  begin(): void {
    if (this.#request === undefined) return;
    const { timeoutMs, span, run } = this.#request;
    if (timeoutMs !== undefined) {
      const { clock } = this.#services;
      const beganMs = clock.monotonic();
      this.#cancelTimer = clock.setTimer(
        timeoutMs,
        () => this.#exceeded(timeoutMs, Math.round(clock.monotonic() - beganMs)),
      );
    }
    // Called from a promise, to keep the engine's frames out of the stacks of the task's errors.
    const context = Promise.resolve(new AttemptContext(this, this.#request));
    withinAttempt(this, () => withinSpan(span, () => context.then(run)))
      .then((value) => this.#returned(value), (error) => this.#threw(error));
  }

  /** Aborts the attempt, and abandons it after a grace period. */
  interrupt(reason: InterruptionReason): void {
    if (this.#request === undefined || this.#stop instanceof Interruption) return;
    const stop = this.#stop = new Interruption(reason);
    this.#cancelTimer?.();
    this.#cancelTimer = this.#services.clock.setTimer(
      reason === "shutdown" ? SHUTDOWN_GRACE_MS : ABORT_GRACE_MS,
      () => this.#threw(stop),
    );
    this.#aborter?.abort(stop);
  }

  uncaught(thrown: unknown): void {
    if (this.#request === undefined) return;
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
    this.#request?.log.write(message, data);
  }

  emit(type: string, attributes: JsonObject): void {
    if (this.#request === undefined) return this.#late("emit");
    this.#staged ??= new StagedEvents(this.#request.guard);
    this.#staged.emit(type, attributes);
  }

  progress(done: number, total?: number, note?: string): void {
    if (this.#request === undefined) return this.#late("progress");
    const text = note === undefined ? undefined : this.#request.guard.redact(String(note));
    this.#request.onProgress(checkedProgress(done, total, text));
  }

  /** Reports a late call, unless the attempt was stopped: its code may not have noticed yet. */
  #late(call: "emit" | "progress"): void {
    if (this.#stop !== undefined) return;
    const { jobId, taskId, number: attempt } = this;
    this.#services.lateCalls.came({ call, type: this.#type, jobId, taskId, attempt });
  }

  #exceeded(timeoutMs: number, timedOutMs: number): void {
    if (this.#request === undefined) return;
    const error = new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError");
    this.#stop = error;
    this.#aborter?.abort(error);
    this.#end({ kind: "failed", error: this.#request.guard.factOf(error), timedOutMs });
  }

  #returned(value: unknown): void {
    if (this.#request === undefined) return;
    const { guard } = this.#request;
    try {
      const result = guard.requireNoSecret("a result", recordable(value, "result"));
      this.#end({ kind: "completed", result, emitted: this.#staged?.events ?? [] });
    } catch (error) {
      this.#threw(error);
    }
  }

  #threw(thrown: unknown): void {
    if (this.#request === undefined) return;
    const reason = this.#stop instanceof Interruption
      ? this.#stop.reason
      : isThrown(thrown, Withdrawal)
      ? "withdrawn"
      : undefined;
    this.#end(
      reason === undefined
        ? attemptError(thrown, this.#request.guard)
        : { kind: "interrupted", reason },
    );
  }

  #end(outcome: AttemptOutcome): void {
    const request = this.#request;
    this.#request = undefined;
    this.#staged = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    request?.log.end();
    request?.ended(outcome);
  }
}

/**
 * The argument of a task's function. Its members may be destructured. It is a class because each
 * object literal with a getter gets a hidden class of its own. V8 allocates that as an old object,
 * and it kept the getter's scope, and so the run, until the next major garbage collection.
 */
class AttemptContext implements TaskContext {
  readonly #of: Attempt;
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  declare readonly traceparent?: string;

  constructor(of: Attempt, { jobId, taskId, executionId, attempt, span }: AttemptRequest) {
    this.#of = of;
    this.jobId = jobId;
    this.taskId = taskId;
    this.executionId = executionId;
    this.attempt = attempt;
    if (span !== undefined) this.traceparent = span.traceparent;
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  readonly emit: TaskContext["emit"] = (type: string, attributes = {}) => {
    this.#of.emit(type, attributes);
  };

  readonly log: TaskContext["log"] = (message, data) => this.#of.log(message, data);

  readonly progress: TaskContext["progress"] = (done, total, note) => {
    this.#of.progress(done, total, note);
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
    return Math.min(Math.max(0, delayMs), DELAY_MAX_MS);
  } catch {
    return undefined;
  }
}
