/** Runs the code of jobs in threads. Its requests arrive as messages and are answered here. */

import type { JsonValue } from "../core/json.ts";
import type { ExecutionId, TaskId } from "../core/ids.ts";
import type { TaskContext } from "../engine/job_context.ts";
import { ABORT_GRACE_MS, Interruption, Withdrawal } from "../engine/run/attempts/attempt.ts";
import type { CodeCall, CodePlace, CodeRequest } from "../engine/run/call/run_call.ts";
import { inNoContext } from "../engine/async_context.ts";
import {
  type CallMessage,
  namedError,
  thrownData,
  thrownError,
  type ToThread,
  type UncaughtMessage,
  type UserMessage,
} from "./protocol.ts";
import type { Thread, ThreadUser } from "./thread.ts";
import type { ThreadPool } from "./thread_pool.ts";

// The platform's own: code of jobs may replace the global ones.
const { setTimeout, clearTimeout } = globalThis;

/** How long an attempt may continue after its time limit. */
const LIMIT_GRACE_MS = 1_000;

/** How long the thread of a finished job may take to become idle. */
const REST_MS = 1_000;

/** A message without the number of its call. */
type Content = ToThread extends infer Message
  ? Message extends ToThread ? Omit<Message, "call" | "now"> : never
  : never;

/** Calls the code in threads of the pool. */
export function inThreadsOf(pool: ThreadPool): CodePlace {
  let calls = 0;
  return { call: (request) => new ThreadedCall(++calls, request, pool) };
}

interface OpenAttempt {
  readonly context: TaskContext;
  readonly resolve: (result: unknown) => void;
  readonly reject: (reason: Error) => void;
  /** Why it was told to end: its time limit, which the engine has recorded, or an interruption. */
  stop?: Error;
  timer?: ReturnType<typeof setTimeout>;
}

class ThreadedCall implements CodeCall, ThreadUser {
  /** It has the input in the clear. */
  readonly #request: CodeRequest;
  readonly #output = Promise.withResolvers<unknown>();
  readonly #attempts = new Map<ExecutionId, OpenAttempt>();
  readonly #ended = new Map<ExecutionId, TaskContext>();
  #thread: Thread | undefined;
  /** Messages sent since the code was last idle; 1 until there is a thread. */
  #unrested = 1;
  /** Whether `run` has returned or thrown. */
  #hasEnded = false;
  /** Ends a thread that does not become idle. */
  #leaving: ReturnType<typeof setTimeout> | undefined;
  #isOver = false;
  /** Why the thread died, if not of an attempt. */
  #lostBy: Error | undefined;

  constructor(readonly call: number, request: CodeRequest, private readonly pool: ThreadPool) {
    this.#request = request;
    this.#begin().catch((error) => this.#fail(error));
  }

  get output(): Promise<unknown> {
    return this.#output.promise;
  }

  get isReacting(): boolean {
    return !this.#isOver && (this.#unrested > 0 || this.#isEnding);
  }

  get isLost(): boolean {
    return this.#lostBy !== undefined;
  }

  /** Whether an attempt that was told to end is open: unless it ends, its thread is ended. */
  get #isEnding(): boolean {
    return [...this.#attempts.values()].some(({ stop }) => stop !== undefined);
  }

  letGo(): void {
    if (this.#isOver) return;
    const isIdle = this.#attempts.size === 0;
    this.#endUnsettled();
    const thread = this.#thread;
    if (thread === undefined) return;
    if (isIdle && this.#unrested === 0) this.pool.giveBack(thread);
    else if (isIdle && this.#hasEnded) this.#leaving = setTimeout(() => thread.dismiss(), REST_MS);
    else thread.dismiss();
  }

  uncaught({ jobId, how: kind, thrown, attempt, more }: UncaughtMessage): void {
    this.#request.host.uncaught({ jobId, kind, thrown: thrownError(thrown), attempt, more });
  }

  said(message: UserMessage): void {
    if (message.call !== this.call) return;
    if (!this.#isOver || message.kind === "late") return this.#heard(message);
    if (this.#leaving === undefined || this.#thread === undefined) return;
    if (message.kind !== "rested" || --this.#unrested !== 0) return;
    // The thread is idle, so everything it sent has arrived.
    clearTimeout(this.#leaving);
    this.#leaving = undefined;
    this.pool.giveBack(this.#thread);
  }

  /** The call of `run` and the attempts in the thread are lost with it. */
  ended(reason: Error): void {
    clearTimeout(this.#leaving);
    if (this.#isOver) return;
    const open = [...this.#attempts.values()];
    if (open.length === 0) return this.#fail(reason);
    this.#isOver = true;
    this.#request.host.lost();
    const isOfStop = open.some(({ stop }) => stop !== undefined);
    for (const { reject, stop, timer } of open) {
      clearTimeout(timer);
      // An attempt that was not told to end is not to blame, and runs again.
      reject(stop ?? (isOfStop ? new Withdrawal() : reason));
    }
  }

  /** Neither `run` nor an attempt settles: the next start continues the job. */
  closed(): void {
    clearTimeout(this.#leaving);
    this.#endUnsettled();
  }

  #endUnsettled(): void {
    this.#isOver = true;
    for (const { timer } of this.#attempts.values()) clearTimeout(timer);
    this.#attempts.clear();
  }

  async #begin(): Promise<void> {
    const { definition: { module = "", type, version }, ctx, recorded } = this.#request;
    const thread = await this.pool.take({ module, type });
    if (this.#isOver) return this.pool.giveBack(thread);
    this.#thread = thread;
    thread.use(this);
    const expectations = ctx.expectables.map(({ id, within }) => (
      within === undefined ? { id } : { id, within }
    ));
    const about = { type, version, jobId: ctx.jobId, input: recorded, expectations };
    this.#unrested = 0;
    this.#post({ kind: "run", ...about });
  }

  #post(content: Content): void {
    if (this.#isOver) return;
    this.#unrested++;
    const now = this.#request.ctx.now();
    this.#thread?.tell({ ...content, call: this.call, now } as ToThread);
  }

  #fail(error: Error): void {
    this.#isOver = true;
    this.#lostBy = error;
    this.#output.reject(error);
    this.#request.host.reacted();
  }

  #heard(message: UserMessage): void {
    switch (message.kind) {
      case "rested":
        this.#unrested--;
        return this.#considerReacted();
      case "task":
        return this.#guarded(() => this.#askTask(message));
      case "sleep":
        return this.#guarded(() => this.#askSleep(message));
      case "expect":
        return this.#guarded(() => this.#askExpectation(message.name));
      case "wait":
        return this.#guarded(() => this.#askWait(message));
      case "returned":
        this.#hasEnded = true;
        return this.#output.resolve(message.output);
      case "threw":
        this.#hasEnded = true;
        return this.#output.reject(thrownError(message.thrown));
      case "completed":
        return this.#completed(message);
      case "failed":
        return this.#take(message.executionId)?.reject(thrownError(message.thrown));
      case "log": {
        const { executionId, message: text, data } = message;
        if (executionId === undefined) return this.#request.host.printed(text);
        return this.#attempts.get(executionId)?.context.log(text, data);
      }
      case "progress": {
        const { done, total, note } = message.report;
        return this.#attempts.get(message.executionId)?.context.progress(done, total, note);
      }
      case "late":
        return this.#late(message);
      case "stuck": {
        const text = `the code did not yield for ${message.afterMs} ms, and was ended`;
        return this.#thread?.end(namedError("NeverGaveWay", text));
      }
    }
  }

  #considerReacted(): void {
    if (!this.isReacting) this.#request.host.reacted();
  }

  /** What `ctx` refuses here, such as a name that contains a secret, fails `run`. */
  #guarded(ask: () => void): void {
    try {
      inNoContext(ask);
    } catch (error) {
      this.#output.reject(error);
    }
  }

  #askTask(
    { taskId, retry, timeoutMs, compensable }: Extract<CallMessage, { kind: "task" }>,
  ): void {
    const run = (context: TaskContext) => this.#attempt(taskId, context, timeoutMs);
    const compensate = (result: unknown, context: TaskContext) =>
      this.#attempt(taskId, context, timeoutMs, { result: result as JsonValue | undefined });
    const answer = this.#request.ctx.task(taskId, run, {
      retry,
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(compensable ? { compensate } : {}),
    });
    const onDone = (result: unknown) =>
      this.#post({ kind: "result", taskId, result: result as JsonValue | undefined });
    const onFailed = (error: unknown) =>
      this.#post({ kind: "failure", taskId, thrown: thrownData(error) });
    answer.then(onDone, onFailed);
  }

  #askSleep({ taskId, time }: Extract<CallMessage, { kind: "sleep" }>): void {
    const until = "ms" in time ? time.ms : { until: time.untilMs };
    this.#answered(
      this.#request.ctx.sleep(taskId, until),
      () => this.#post({ kind: "result", taskId, result: undefined }),
    );
  }

  #askExpectation(name: string): void {
    this.#answered(
      this.#request.ctx.expect(name),
      (events) => this.#post({ kind: "events", name, events }),
    );
  }

  #askWait({ name, wait, withinMs }: Extract<CallMessage, { kind: "wait" }>): void {
    this.#answered(this.#request.ctx.expect(name, { withinMs }), (events) => {
      if (events === undefined) this.#post({ kind: "deadline", name, wait });
      else this.#post({ kind: "events", name, events });
    });
  }

  #answered<Answer>(answer: Promise<Answer>, onDone: (answer: Answer) => void): void {
    answer.then(onDone, (error) => this.#output.reject(error));
  }

  #attempt(
    taskId: TaskId,
    context: TaskContext,
    timeoutMs: number | undefined,
    undoes?: { readonly result: JsonValue | undefined },
  ): Promise<unknown> {
    // Its start was recorded before the thread died, or was let go.
    if (this.#isOver) return Promise.reject(this.#lostBy ?? new Withdrawal());
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const open: OpenAttempt = { context, resolve, reject };
    const executionId = context.executionId as ExecutionId;
    this.#attempts.set(executionId, open);
    context.signal.addEventListener("abort", () => this.#aborted(executionId, open), {
      once: true,
    });
    this.#post({
      kind: "attempt",
      taskId,
      executionId,
      attempt: context.attempt,
      ...(context.traceparent === undefined ? {} : { traceparent: context.traceparent }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
      ...(undoes === undefined ? {} : { undoes }),
    });
    return promise;
  }

  #aborted(executionId: ExecutionId, open: OpenAttempt): void {
    if (!this.#attempts.has(executionId)) return;
    const reason: Error = open.context.signal.reason;
    open.stop = reason;
    this.#post({ kind: "abort", executionId, reason: thrownData(reason) });
    const isInterrupted = reason instanceof Interruption;
    // The process ends, and all threads with it.
    if (isInterrupted && reason.reason === "shutdown") return;
    const late = () => this.#thread?.end(namedError("TimeoutError", "it did not end in time"));
    open.timer = setTimeout(late, isInterrupted ? ABORT_GRACE_MS : LIMIT_GRACE_MS);
  }

  #completed(message: Extract<CallMessage, { kind: "completed" }>): void {
    const open = this.#take(message.executionId);
    if (open === undefined) return;
    try {
      for (const { eventType, attributes } of message.emitted) {
        open.context.emit(eventType, attributes);
      }
      open.resolve(message.result);
    } catch (error) {
      open.reject(error as Error);
    }
  }

  /** Makes the same call in the engine, which reports it as a call after the end of the attempt. */
  #late({ executionId, method }: Extract<CallMessage, { kind: "late" }>): void {
    const context = this.#ended.get(executionId);
    if (method === "emit") context?.emit("late", {});
    else context?.progress(0);
  }

  #take(executionId: ExecutionId): OpenAttempt | undefined {
    const open = this.#attempts.get(executionId);
    this.#attempts.delete(executionId);
    if (open !== undefined) this.#ended.set(executionId, open.context);
    clearTimeout(open?.timer);
    if (open?.stop !== undefined) this.#considerReacted();
    return open;
  }
}
