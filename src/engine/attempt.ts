/** One attempt of a task's function: limits, cancellation, staged events, and its end. */

import type { AttemptError } from "../core/decide.ts";
import { eventType, isReserved } from "../core/event_type.ts";
import type { FactDraft } from "../core/event.ts";
import type { InterruptionReason } from "../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import { messageOf } from "../core/thrown.ts";
import { fromJson, NonRetryableError, RetryLater, type TaskContext } from "./definition.ts";
import type { Clock, Span } from "./ports.ts";
import type { SecretGuard } from "./secret_guard.ts";

/** How long an attempt may go on after its signal has aborted. */
export const ABORT_GRACE_MS = 10_000;

/** The same at a stop, which has given running attempts their time before. */
export const SHUTDOWN_GRACE_MS = 1_000;

/** Results longer than this, in characters of JSON, fail the task. */
export const RESULT_LENGTH_MAX = 1_048_576;

/** A year: no delay that a task may choose is longer. */
const RETRY_LATER_MAX_MS = 365 * 86_400_000;

/** The reason of an abort that is no failure of the task. */
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

export interface Attempt {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly executionId: ExecutionId;
  readonly attempt: number;
  /** In milliseconds; `undefined` is no limit. */
  readonly timeoutMs: number | undefined;
  /** Aborts with an `Interruption`. */
  readonly stop: AbortSignal;
  readonly run: (task: TaskContext) => unknown;
  readonly onProgress: (done: number, total?: number, note?: string) => void;
  readonly guard: SecretGuard;
  /** `undefined` when the attempt is not traced. */
  readonly span: Span | undefined;
}

/** Runs an attempt to its end. Never rejects: every end is an outcome. */
export async function runAttempt(attempt: Attempt, clock: Clock): Promise<AttemptOutcome> {
  const aborter = new AbortController();
  const emitted: FactDraft[] = [];
  const limits = new Limits(attempt, clock, aborter);
  try {
    const context = Promise.resolve(contextOf(attempt, aborter.signal, emitted));
    // Called from here, so that it leaves no trace in the stacks that the task throws.
    const work = withinSpan(attempt.span, () => context.then(attempt.run));
    // A function that outlives its limit may still reject, when nobody listens any more.
    work.catch(() => {});
    const value = await Promise.race([work, limits.exceeded]);
    const result = attempt.guard.clean("a result", recordable(value));
    return { kind: "completed", result, emitted };
  } catch (error) {
    return outcomeOf(error, attempt);
  } finally {
    limits.clear();
  }
}

/** What `work` begins belongs to the span. */
export function withinSpan<Result>(span: Span | undefined, work: () => Result): Result {
  return span?.within === undefined ? work() : span.within(work);
}

/** Aborts the signal on the time limit and on a stop; gives up on functions that go on. */
class Limits {
  readonly exceeded: Promise<never>;
  readonly #cancels: (() => void)[] = [];

  constructor(attempt: Attempt, clock: Clock, aborter: AbortController) {
    const { promise, reject } = Promise.withResolvers<never>();
    this.exceeded = promise;
    promise.catch(() => {});
    const { timeoutMs, stop } = attempt;
    if (timeoutMs !== undefined) {
      this.#cancels.push(clock.setTimer(timeoutMs, () => {
        const error = new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError");
        aborter.abort(error);
        reject(error);
      }));
    }
    const onStop = () => {
      aborter.abort(stop.reason);
      this.#cancels.push(clock.setTimer(graceOf(stop), () => reject(stop.reason)));
    };
    if (stop.aborted) onStop();
    else stop.addEventListener("abort", onStop, { once: true });
    this.#cancels.push(() => stop.removeEventListener("abort", onStop));
  }

  clear(): void {
    for (const cancel of this.#cancels) cancel();
  }
}

/**
 * What JSON makes of a result or an output.
 *
 * @throws {NonRetryableError} when a line of the journal should not hold it.
 */
export function recordable(value: unknown): JsonValue | undefined {
  const text = jsonOf(value);
  if (text === undefined) return undefined;
  if (text.length > RESULT_LENGTH_MAX) {
    throw new NonRetryableError(
      `Cannot record a result of ${text.length} characters: the limit is ${RESULT_LENGTH_MAX}; ` +
        "store it elsewhere and return a reference",
    );
  }
  return fromJson(text);
}

/** @throws {NonRetryableError} for what JSON does not have: it would not have it next time. */
function jsonOf(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    const [reason = ""] = messageOf(error).split("\n");
    throw new NonRetryableError(`Cannot record it as JSON: ${reason}`);
  }
}

function graceOf({ reason }: AbortSignal): number {
  const isShutdown = reason instanceof Interruption && reason.reason === "shutdown";
  return isShutdown ? SHUTDOWN_GRACE_MS : ABORT_GRACE_MS;
}

function outcomeOf(thrown: unknown, { stop, guard }: Attempt): AttemptOutcome {
  if (stop.aborted && stop.reason instanceof Interruption) {
    return { kind: "interrupted", reason: stop.reason.reason };
  }
  const error = guard.factOf(thrown);
  if (thrown instanceof NonRetryableError) return { kind: "nonRetryable", error };
  if (thrown instanceof RetryLater && Number.isFinite(thrown.delayMs)) {
    const delayMs = Math.min(Math.max(0, thrown.delayMs), RETRY_LATER_MAX_MS);
    return { kind: "retryLater", error, delayMs };
  }
  return { kind: "failed", error };
}

function contextOf(attempt: Attempt, signal: AbortSignal, emitted: FactDraft[]): TaskContext {
  const { jobId, taskId, executionId, guard, span } = attempt;
  return {
    jobId,
    taskId,
    executionId,
    attempt: attempt.attempt,
    ...(span === undefined ? undefined : { traceparent: span.traceparent }),
    signal,
    emit: (type, attributes = {}) =>
      void emitted.push(guard.clean("an event", stagedEvent(type, attributes))),
    progress: (done, total, note) =>
      attempt.onProgress(done, total, note === undefined ? note : guard.redact(String(note))),
  };
}

function stagedEvent(type: string, attributes: JsonObject): FactDraft {
  if (isReserved(type)) {
    throw new TypeError(`Cannot emit ${type}: the namespaces job. and journal. are reserved`);
  }
  const recorded = recordable(attributes);
  if (typeof recorded !== "object" || recorded === null || Array.isArray(recorded)) {
    throw new TypeError(`Cannot emit ${type}: attributes must be an object`);
  }
  return {
    stratum: "domain",
    eventType: eventType(type),
    attributes: recorded as JsonObject,
  };
}
