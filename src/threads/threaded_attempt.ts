/** One attempt in a thread: the context of its function, and its outcome. */

import type { JobId } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import { errorMessage } from "../core/thrown.ts";
import type { TaskContext } from "../engine/job_context.ts";
import { checkedProgress, LOG_LINES_MAX, StagedEvents } from "../engine/run/attempt_output.ts";
import { type AttemptOf, withinAttempt } from "../engine/run/current_attempt.ts";
import { recordable } from "../engine/recordable.ts";
import { NO_SECRETS } from "../engine/secrets/secret_guard.ts";
import type { AttemptMessage, CallMessage, Emitted, Report, Thrown } from "./protocol.ts";
import { thrownData, thrownError } from "./thrown_data.ts";

/** Reports of progress within this time are skipped. */
const REPORT_MS = 250;

export class ThreadedAttempt implements AttemptOf {
  readonly jobId: JobId;
  readonly #message: AttemptMessage;
  readonly #post: (message: CallMessage) => void;
  readonly #endsAt: number;
  readonly #aborter = new AbortController();
  /** The engine checks them for secrets. */
  readonly #staged = new StagedEvents(NO_SECRETS);
  #report: Report | undefined;
  #reportedAt = -Infinity;
  #logged = 0;
  #hasEnded = false;
  #end: ((message: CallMessage) => void) | undefined;

  constructor(jobId: JobId, message: AttemptMessage, post: (message: CallMessage) => void) {
    this.jobId = jobId;
    this.#message = message;
    this.#post = post;
    this.#endsAt = performance.now() + (message.timeoutMs ?? Infinity);
  }

  /** Time left until its limit, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#endsAt - performance.now());
  }

  get taskId(): string {
    return this.#message.taskId;
  }

  get number(): number {
    return this.#message.attempt;
  }

  uncaught(thrown: unknown): void {
    const { executionId } = this.#message;
    this.#end?.({ kind: "failed", executionId, thrown: thrownData(thrown) });
  }

  abort(reason: Thrown): void {
    this.#aborter.abort(thrownError(reason));
  }

  /** @param ended Called at its end, before the outcome is sent. */
  begin(run: (context: TaskContext) => unknown, ended: () => void): void {
    const { executionId } = this.#message;
    const end = this.#end = (message: CallMessage) => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      ended();
      if (this.#report !== undefined) this.#send(this.#report);
      this.#post(message);
    };
    // Called from a promise, as without a thread.
    const context = Promise.resolve(this.#context());
    const result = withinAttempt(this, () => context.then(run));
    result.then((value) => recordable(value, "result")).then(
      (result) => end({ kind: "completed", executionId, result, emitted: this.#emitted }),
      (error) => end({ kind: "failed", executionId, thrown: thrownData(error) }),
    );
  }

  #context(): TaskContext {
    const { taskId, executionId, attempt, traceparent } = this.#message;
    return {
      jobId: this.jobId,
      taskId,
      executionId,
      attempt,
      ...(traceparent === undefined ? {} : { traceparent }),
      signal: this.#aborter.signal,
      emit: (type, attributes = {}) => {
        if (!this.#isLate("emit")) this.#staged.emit(type, attributes);
      },
      log: (message, data) => this.log(String(message), data),
      progress: (done, total, note) => {
        const text = note === undefined ? undefined : String(note);
        this.#progressed(checkedProgress(done, total, text));
      },
    };
  }

  /** The engine reports it, as without a thread. */
  #isLate(call: "emit" | "progress"): boolean {
    const { executionId } = this.#message;
    if (this.#hasEnded) this.#post({ kind: "late", executionId, method: call });
    return this.#hasEnded;
  }

  get #emitted(): readonly Emitted[] {
    return this.#staged.events.map(({ eventType, attributes }) => ({ eventType, attributes }));
  }

  /** The engine counts messages beyond the limit, and logs their number in one more line. */
  log(message: string, data?: unknown): void {
    if (this.#hasEnded || this.#logged++ > LOG_LINES_MAX) return;
    const { executionId } = this.#message;
    this.#post({ kind: "log", executionId, message, ...logData(data) });
  }

  #progressed(report: Report): void {
    if (this.#isLate("progress")) return;
    this.#report = report;
    if (performance.now() - this.#reportedAt >= REPORT_MS) this.#send(report);
  }

  #send(report: Report): void {
    const { executionId } = this.#message;
    this.#report = undefined;
    this.#reportedAt = performance.now();
    this.#post({ kind: "progress", executionId, report });
  }
}

/** Values that cannot be sent are only mentioned. */
function logData(data: unknown): { readonly data?: JsonValue } {
  try {
    const value = recordable(data, "data");
    return value === undefined ? {} : { data: value };
  } catch (error) {
    return { data: { leftOut: errorMessage(error) } };
  }
}
