/** The code of one job in its thread: its `run`, and the attempts that the engine requests. */

import { RunContext, type StepRequest } from "../engine/run/call/run_context.ts";
import {
  AttemptContext,
  checkedProgress,
  type ContextSource,
  LOG_LINES_MAX,
  PROGRESS_EVERY_MS,
  StagedEvents,
} from "../engine/run/attempts/attempt_context.ts";
import { type AttemptOf, inNoContext, withinAttempt } from "../engine/async_context.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import { issuesText, parseInput } from "../engine/parsed_input.ts";
import { recordable } from "../engine/recordable.ts";
import type { UncaughtKind } from "../core/framework_events.ts";
import type { ExecutionId, JobId, TaskId } from "../core/ids.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { Progress } from "../core/job_state.ts";
import {
  type AttemptMessage,
  type CallMessage,
  SENT_LENGTH_MAX,
  type Thrown,
  thrownData,
  thrownError,
  type ToThread,
} from "./protocol.ts";
import { asText, errorMessage } from "../core/thrown.ts";
import { type AttemptName, UncaughtBound } from "../engine/writer/process_facts.ts";
import type { TaskContext } from "../engine/job_context.ts";
import { NO_SECRETS } from "../engine/secrets/secret_guard.ts";

/** How long `run` may take between two calls of `ctx`. It is pure there, and has little to do. */
const RUN_TURN_MS = 10_000;
/** How long an attempt without a time limit may run without yielding. */
const TURN_MAX_MS = 15 * 60_000;
/** Grace for the engine to report an exceeded limit before code is cut off. */
const AFTER_LIMIT_MS = 250;

type RunMessage = Extract<ToThread, { kind: "run" }>;

export class ThreadedJob {
  readonly call: number;
  readonly #post: (message: CallMessage) => void;
  readonly #message: RunMessage;
  readonly #ctx: RunContext;
  readonly #attempts = new Map<ExecutionId, ThreadedAttempt>();
  #now: number;
  #printed = 0;

  constructor(message: RunMessage, post: (message: CallMessage) => void) {
    const { call, jobId, expectations, now } = message;
    this.call = call;
    this.#message = message;
    this.#post = post;
    this.#now = now;
    this.#ctx = new RunContext(jobId, expectations, {
      seenAt: () => this.#now,
      asks: (step) => post(messageOf(step)),
    });
  }

  /** Calls `run`. */
  begin(definition: AnyJobDefinition | undefined): void {
    inNoContext(() => this.#run(definition)).then(
      (output) => this.#post({ kind: "returned", output }),
      (error) => this.#post({ kind: "threw", thrown: thrownData(error) }),
    );
  }

  async #run(definition: AnyJobDefinition | undefined): Promise<JsonValue | undefined> {
    const { type, version, input } = this.#message;
    if (definition === undefined) {
      throw new TypeError(
        `Cannot run ${type} version ${version}: its module does not export it; isolation ` +
          '"thread" needs module: import.meta.url of the module that does',
      );
    }
    const parsed = parseInput(definition, input);
    if (!parsed.ok) throw new TypeError(`Cannot run: ${issuesText(parsed.issues)}`);
    const call = Promise.try(() => definition.run(this.#ctx, parsed.value));
    const output = await call.finally(() => this.#ctx.close());
    this.#ctx.mustHaveEnded();
    return recordable(output, "output");
  }

  /**
   * How long code may run now, in milliseconds: until the earliest limit of the open attempts.
   *
   * @param begins The attempt about to be called; its handler may never yield.
   */
  limitMs(begins?: AttemptMessage): number {
    const left = [...this.#attempts.values()].map(({ leftMs }) => leftMs);
    if (begins !== undefined) left.push(begins.timeoutMs ?? Infinity);
    if (left.length === 0) return RUN_TURN_MS;
    const first = Math.min(...left);
    return (Number.isFinite(first) ? first : TURN_MAX_MS) + AFTER_LIMIT_MS;
  }

  /** Reports output printed by an open attempt, or by `run`. */
  printed(message: string, taskId: string | undefined): void {
    const attempt = [...this.#attempts.values()].find((open) => open.taskId === taskId);
    if (attempt !== undefined) attempt.log(message);
    else if (this.#printed++ <= LOG_LINES_MAX) this.#post({ kind: "log", message: sent(message) });
  }

  /** Reports an error of code that belongs to no attempt: `run`, or what an earlier job left. */
  uncaught(how: UncaughtKind, thrown: unknown): void {
    reportUncaught(this.#ctx.jobId, { how, thrown }, this.#post);
  }

  receive(message: Exclude<ToThread, { kind: "run" }>): void {
    if (message.call !== this.call) return;
    this.#now = message.now;
    switch (message.kind) {
      case "result":
        return this.#ctx.answerTask(message.taskId, message.result);
      case "failure":
        return this.#ctx.failTask(message.taskId, thrownError(message.thrown));
      case "events":
        return this.#ctx.answerExpectation(message.name)?.(message.events);
      case "deadline":
        return this.#ctx.answerDeadline(message.name, message.wait);
      case "attempt":
        return this.#attempt(message);
      case "abort":
        return this.#attempts.get(message.executionId)?.abort(message.reason);
    }
  }

  #attempt(message: AttemptMessage): void {
    const { executionId, taskId, undoes } = message;
    const request = this.#ctx.tasks.get(taskId);
    const task = request?.kind === "task" ? request : undefined;
    const attempt = new ThreadedAttempt(this.#ctx.jobId, message, this.#post);
    this.#attempts.set(executionId, attempt);
    const ended = () => void this.#attempts.delete(executionId);
    attempt.begin((context) => {
      if (undoes === undefined) return task?.run(context);
      return task?.compensate?.(undoes.result, context);
    }, ended);
  }
}

/** Tells the engine what `run` asks for. */
function messageOf(step: StepRequest): CallMessage {
  switch (step.kind) {
    case "task": {
      const { taskId, retry, timeoutMs, compensate } = step;
      const limit = timeoutMs === undefined ? {} : { timeoutMs };
      return { kind: "task", taskId, retry, ...limit, compensable: compensate !== undefined };
    }
    case "sleep":
      return { kind: "sleep", taskId: step.taskId, time: step.time };
    case "wait":
      return { kind: "wait", name: step.name, wait: step.wait, withinMs: step.time.ms };
    case "events":
      return { kind: "expect", name: step.name };
  }
}

/** One attempt in a thread: the context of its function, and its outcome. */
class ThreadedAttempt implements AttemptOf, ContextSource {
  readonly jobId: JobId;
  readonly #message: AttemptMessage;
  readonly #post: (message: CallMessage) => void;
  readonly #endsAt: number;
  readonly #aborter = new AbortController();
  /** The engine checks them for secrets. */
  readonly #staged = new StagedEvents(NO_SECRETS);
  #report: Progress | undefined;
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

  get taskId(): TaskId {
    return this.#message.taskId;
  }

  get executionId(): ExecutionId {
    return this.#message.executionId;
  }

  get number(): number {
    return this.#message.attempt;
  }

  /** The engine redacts what it records and logs. */
  redact(text: string): string {
    return text;
  }

  uncaught(how: UncaughtKind, thrown: unknown): void {
    const { executionId, jobId, taskId, number } = this;
    if (how === "callback" && !this.#hasEnded) {
      this.#end?.({ kind: "failed", executionId, thrown: thrownData(thrown) });
    } else {
      const attempt = { taskId, number, isUndoing: this.#message.undoes !== undefined };
      reportUncaught(jobId, { how, thrown, attempt }, this.#post);
    }
  }

  /** Listeners are code of the attempt: what they begin, or throw, is its own. */
  abort(reason: Thrown): void {
    withinAttempt(this, () => this.#aborter.abort(thrownError(reason)));
  }

  /** @param ended Called at its end, before the outcome is sent. */
  begin(run: (context: TaskContext) => unknown, ended: () => void): void {
    const { executionId } = this;
    const end = this.#end = (message: CallMessage) => {
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      ended();
      if (this.#report !== undefined) this.#send(this.#report);
      this.#post(message);
    };
    // Called from a promise, as without a thread.
    const context = Promise.resolve(new AttemptContext(this, this.#message.traceparent));
    const result = withinAttempt(this, () => context.then(run));
    result.then((value) => recordable(value, "result")).then(
      (result) => end({ kind: "completed", executionId, result, emitted: this.#staged.events }),
      (error) => end({ kind: "failed", executionId, thrown: thrownData(error) }),
    );
  }

  get signal(): AbortSignal {
    return this.#aborter.signal;
  }

  emit(type: string, attributes: JsonObject): void {
    if (!this.#isLate("emit")) this.#staged.emit(type, attributes);
  }

  progress(done: number, total?: number, note?: string): void {
    const report = checkedProgress(done, total, note === undefined ? undefined : sent(note));
    if (this.#isLate("progress")) return;
    this.#report = report;
    if (performance.now() - this.#reportedAt >= PROGRESS_EVERY_MS) this.#send(report);
  }

  /** The engine reports it, as without a thread. */
  #isLate(call: "emit" | "progress"): boolean {
    const { executionId } = this;
    if (this.#hasEnded) this.#post({ kind: "late", executionId, method: call });
    return this.#hasEnded;
  }

  /** The engine counts messages beyond the limit, and logs their number in one more line. */
  log(message: unknown, data?: unknown): void {
    if (this.#hasEnded || this.#logged++ > LOG_LINES_MAX) return;
    const { executionId } = this;
    this.#post({ kind: "log", executionId, message: sent(message), ...logData(data) });
  }

  #send(report: Progress): void {
    const { executionId } = this;
    this.#report = undefined;
    this.#reportedAt = performance.now();
    this.#post({ kind: "progress", executionId, report });
  }
}

const uncaught = new UncaughtBound({ monotonic: () => performance.now() });

/** The engine records no more than this thread may send. */
function reportUncaught(
  jobId: JobId,
  { thrown, ...about }: { how: UncaughtKind; thrown: unknown; attempt?: AttemptName },
  post: (message: CallMessage) => void,
): void {
  const said = { jobId, ...about, thrown: thrownData(thrown) };
  const more = uncaught.admit(about.attempt && jobId, JSON.stringify(said));
  if (more !== undefined) post({ kind: "uncaught", ...said, more });
}

function sent(text: unknown): string {
  return asText(text).slice(0, SENT_LENGTH_MAX);
}

/** Values that cannot be sent are only mentioned. */
function logData(data: unknown): { readonly data?: JsonValue } {
  try {
    const value = recordable(data, "data", SENT_LENGTH_MAX);
    return value === undefined ? {} : { data: value };
  } catch (error) {
    return { data: { leftOut: errorMessage(error) } };
  }
}
