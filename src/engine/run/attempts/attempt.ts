/** One attempt of a task or compensation. */

import type { AttemptError } from "../../../core/retry_policy.ts";
import type { FactDraft } from "../../../core/event.ts";
import type { InterruptionReason, UncaughtKind } from "../../../core/framework_events.ts";
import type { ExecutionId, JobId, LogId, TaskId } from "../../../core/ids.ts";
import type { JsonObject, JsonValue } from "../../../core/json.ts";
import { asText, isThrown } from "../../../core/thrown.ts";
import { chosenDelay, NonRetryableError } from "../../job_errors.ts";
import {
  AttemptContext,
  AttemptLog,
  checkedProgress,
  type ContextSource,
  ProgressReports,
  StagedEvents,
} from "./attempt_context.ts";
import { type AttemptOf, withinAttempt } from "../../async_context.ts";
import type { AttemptWork, RunServices, RunSubject } from "../run_services.ts";
import { recordable } from "../../recordable.ts";
import type { Progress } from "../../../core/job_state.ts";
import type { Clock } from "../../ports.ts";
import type { Span } from "../../watches.ts";
import type { SecretGuard } from "../../secrets/secret_guard.ts";

/** How long an attempt may continue after its signal was aborted. */
export const ABORT_GRACE_MS = 10_000;

/**
 * The same at a shutdown, which has already waited for running attempts. A time limit that comes
 * first still holds.
 */
export const SHUTDOWN_GRACE_MS = 1_000;

/** Longer notes of progress are cut. */
const NOTE_LENGTH_MAX = 1_000;

/** The reason for an abort that is not a failure of the task; code gets it from its signal. */
export class Interruption extends Error {
  override readonly name = "Interruption";

  constructor(readonly reason: InterruptionReason) {
    super(`the attempt was interrupted: ${reason}`);
  }
}

/** Why an attempt ends although its code was not called, or is not at fault. */
export class Withdrawal extends Error {
  override readonly name = "Withdrawal";
}

interface Completed {
  readonly kind: "completed";
  readonly result: JsonValue | undefined;
  readonly emitted: readonly FactDraft[];
}

export type AttemptOutcome =
  | Completed
  | AttemptError
  | { readonly kind: "interrupted"; readonly reason: InterruptionReason };

/** The open attempts of a run, for one of them. */
export interface AttemptOwner {
  readonly run: RunSubject;
  /** `undefined` without tracing. */
  spanOf(attempt: Attempt): Span | undefined;
  /** Appends a report of progress; `undefined` when there is no room for it. */
  recordProgress(attempt: Attempt, progress: Progress): LogId | undefined;
  ended(attempt: Attempt, work: AttemptWork, outcome: AttemptOutcome): void;
}

/**
 * One attempt, from the entry of its start to its outcome. Calls its function once and reports
 * exactly one outcome, even if the function misbehaves. Creates its signal, timers, log and reports
 * only when they are used.
 */
export class Attempt implements AttemptOf, ContextSource {
  readonly jobId: JobId;
  readonly taskId: TaskId;
  readonly #type: string;
  readonly #isUndoing: boolean;
  /** Kept, like the guard, for what its code does after the end. */
  readonly #services: RunServices;
  readonly #guard: SecretGuard;
  /**
   * From here to `#log`, members are `undefined` after the end: code that keeps its context, or a
   * promise that never settles, must not keep the run in memory.
   */
  #owner: AttemptOwner | undefined;
  #work: AttemptWork | undefined;
  #staged: StagedEvents | undefined;
  #reports: ProgressReports | undefined;
  #log: AttemptLog | undefined;
  #aborter: AbortController | undefined;
  /** Why the attempt should end: an `Interruption`, or its time limit. */
  #stop: Error | undefined;
  #cancelTimer: (() => void) | undefined;
  /** When its time limit passes, in milliseconds of the monotonic clock. */
  #limitAtMs: number | undefined;
  /** Its number for `AttemptWatch`, once its function is called. */
  watched: number | undefined;

  constructor(
    owner: AttemptOwner,
    work: AttemptWork,
    readonly executionId: ExecutionId,
    readonly number: number,
    /** The position of the entry of its start. */
    readonly startedBy: LogId,
  ) {
    const { definition, guard, jobId, services } = owner.run;
    this.jobId = jobId;
    this.taskId = work.taskId;
    this.#type = definition.type;
    this.#isUndoing = work.kind !== "task";
    this.#services = services;
    this.#guard = guard;
    this.#owner = owner;
    this.#work = work;
  }

  /** `undefined` after the end. */
  get work(): AttemptWork | undefined {
    return this.#work;
  }

  /** Whether its function has been called. */
  get isCalled(): boolean {
    return this.watched !== undefined;
  }

  /**
   * Calls its function.
   *
   * @param watched Its number for `AttemptWatch`.
   */
  call(watched: number): void {
    const owner = this.#owner;
    const { run, timeoutMs } = this.#work ?? {};
    if (owner === undefined || run === undefined) return;
    this.watched = watched;
    if (timeoutMs !== undefined) this.#limit(timeoutMs, owner.run.services.clock);
    const span = owner.spanOf(this);
    // Called from a promise, to keep the engine's frames out of the stacks of the task's errors.
    const context = Promise.resolve(new AttemptContext(this, span?.traceparent));
    const begin = () => context.then(run);
    withinAttempt(this, span === undefined ? begin : () => withinSpan(span, begin))
      .then((value) => this.#returned(value), (error) => this.#threw(error));
  }

  /** Aborts the attempt, and abandons it after a grace period. */
  interrupt(reason: InterruptionReason): void {
    if (this.#owner === undefined || !this.isCalled || this.#stop instanceof Interruption) return;
    const stop = this.#stop = new Interruption(reason);
    const { clock } = this.#owner.run.services;
    const graceMs = reason === "shutdown"
      ? Math.min(SHUTDOWN_GRACE_MS, (this.#limitAtMs ?? Infinity) - clock.monotonic())
      : ABORT_GRACE_MS;
    this.#cancelTimer?.();
    this.#cancelTimer = clock.setTimer(graceMs, () => this.#threw(stop));
    this.#abort(stop);
  }

  redact(text: string): string {
    return this.#guard.redact(text);
  }

  uncaught(kind: UncaughtKind, thrown: unknown): void {
    if (this.#owner === undefined || kind !== "callback") {
      const { jobId, taskId, number } = this;
      const attempt = { jobId, taskId, number, isUndoing: this.#isUndoing };
      return this.#services.processFacts.errorUncaught({
        kind,
        thrown,
        attempt,
        guard: this.#guard,
      });
    }
    this.#abort(new Error("the attempt has failed: its code threw an error that nothing catches"));
    this.#threw(thrown);
  }

  /** More entries are durable: the next report of progress may be due. */
  considerReport(): void {
    this.#reports?.considered();
  }

  /** The last report of progress was lost. */
  reportLost(): void {
    this.#reports?.lost();
  }

  /** The last report of progress, if it is not on record: it is recorded with the end. */
  lastReport(): Progress | undefined {
    return this.#reports?.end();
  }

  get signal(): AbortSignal {
    if (this.#aborter === undefined) {
      this.#aborter = new AbortController();
      if (this.#stop !== undefined) this.#aborter.abort(this.#stop);
    }
    return this.#aborter.signal;
  }

  log(message: unknown, data: unknown): void {
    if (this.#owner === undefined) return;
    this.#log ??= this.#newLog(this.#owner);
    this.#log.write(message, data);
  }

  emit(type: string, attributes: JsonObject): void {
    if (this.#owner === undefined) return this.#late("emit");
    this.#staged ??= new StagedEvents(this.#owner.run.guard);
    this.#staged.emit(type, attributes);
  }

  progress(done: number, total?: number, note?: string): void {
    const owner = this.#owner;
    if (owner === undefined) return this.#late("progress");
    const text = note === undefined
      ? undefined
      : owner.run.guard.redact(asText(note)).slice(0, NOTE_LENGTH_MAX).toWellFormed();
    const progress = checkedProgress(done, total, text);
    // No view shows the progress of a compensation.
    if (this.#work?.kind !== "task") return;
    const { clock, writer } = owner.run.services;
    this.#reports ??= new ProgressReports({
      clock,
      durableLogId: () => writer.durableLogId,
      record: (progress) => owner.recordProgress(this, progress),
    });
    this.#reports.report(progress);
  }

  /** Reports its outcome. */
  end(outcome: AttemptOutcome): void {
    const owner = this.#owner;
    const work = this.#work;
    this.#owner = undefined;
    this.#work = undefined;
    this.#staged = undefined;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#log?.end();
    this.#log = undefined;
    if (owner !== undefined && work !== undefined) owner.ended(this, work, outcome);
    this.#reports = undefined;
  }

  /** Listeners are code of the attempt: what they begin, or throw, is its own. */
  #abort(reason: Error): void {
    const aborter = this.#aborter;
    if (aborter !== undefined) withinAttempt(this, () => aborter.abort(reason));
  }

  #limit(timeoutMs: number, clock: Clock): void {
    const beganMs = clock.monotonic();
    this.#limitAtMs = beganMs + timeoutMs;
    this.#cancelTimer = clock.setTimer(
      timeoutMs,
      () => this.#exceeded(timeoutMs, Math.round(clock.monotonic() - beganMs)),
    );
  }

  #newLog(owner: AttemptOwner): AttemptLog {
    const { guard, services: { clock, jobLog: log } } = owner.run;
    const { jobId, taskId, number: attempt, executionId } = this;
    const about = { jobId, taskId, attempt, executionId, ...owner.spanOf(this)?.ids };
    return new AttemptLog({ about, log, clock, guard });
  }

  /** Reports a late call, unless the attempt was stopped: its code may not have noticed yet. */
  #late(call: "emit" | "progress"): void {
    if (this.#stop !== undefined) return;
    const { jobId, taskId, number: attempt } = this;
    this.#services.lateCalls.came({ call, type: this.#type, jobId, taskId, attempt });
  }

  #exceeded(timeoutMs: number, timedOutMs: number): void {
    if (this.#owner === undefined) return;
    const error = new DOMException(`took longer than ${timeoutMs} ms`, "TimeoutError");
    this.#stop = error;
    this.#abort(error);
    // Its stack shows only the engine, and reading those of thousands takes long.
    const { name, message } = error;
    this.end({ kind: "failed", error: { name, message }, timedOutMs });
  }

  #returned(value: unknown): void {
    if (this.#owner === undefined) return;
    try {
      const result = this.#owner.run.guard.requireNoSecret("a result", recordable(value, "result"));
      this.end({ kind: "completed", result, emitted: this.#staged?.events ?? NONE });
    } catch (error) {
      this.#threw(error);
    }
  }

  #threw(thrown: unknown): void {
    if (this.#owner === undefined) return;
    const reason = this.#stop instanceof Interruption
      ? this.#stop.reason
      : isThrown(thrown, Withdrawal)
      ? "withdrawn"
      : undefined;
    this.end(
      reason === undefined
        ? attemptError(thrown, this.#owner.run.guard)
        : { kind: "interrupted", reason },
    );
  }
}

const NONE: readonly FactDraft[] = [];

export function withinSpan<Result>(span: Span | undefined, work: () => Result): Result {
  return span?.within === undefined ? work() : span.within(work);
}

function attemptError(thrown: unknown, guard: SecretGuard): AttemptError {
  const error = guard.factOf(thrown);
  if (isThrown(thrown, NonRetryableError)) return { kind: "nonRetryable", error };
  const delayMs = chosenDelay(thrown);
  return delayMs === undefined ? { kind: "failed", error } : { kind: "retryLater", error, delayMs };
}
