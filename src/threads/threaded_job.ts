/** The code of one job in its thread: its `run`, and the attempts that the engine requests. */

import { RunContext } from "../engine/run/run_context.ts";
import { LOG_LINES_MAX } from "../engine/run/attempt_output.ts";
import { inNoContext } from "../engine/no_context.ts";
import type { AnyJobDefinition } from "../engine/definition.ts";
import { issuesText, parseInput } from "../engine/parsed_input.ts";
import { recordable } from "../engine/recordable.ts";
import type { ExecutionId } from "../core/ids.ts";
import type { JsonValue } from "../core/json.ts";
import type { AttemptMessage, CallMessage, ToThread } from "./protocol.ts";
import { ThreadedAttempt } from "./threaded_attempt.ts";
import { thrownData, thrownError } from "./thrown_data.ts";

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
      onTask: ({ taskId, retry, timeoutMs, compensate }) => {
        const limit = timeoutMs === undefined ? {} : { timeoutMs };
        const compensable = compensate !== undefined;
        post({ kind: "task", taskId, retry, ...limit, compensable });
      },
      onSleep: ({ taskId, time }) => post({ kind: "sleep", taskId, time }),
      onExpectation: (name) => post({ kind: "expect", name }),
      onWait: ({ name, wait, time }) => post({ kind: "wait", name, wait, withinMs: time.ms }),
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
    else if (this.#printed++ <= LOG_LINES_MAX) this.#post({ kind: "log", message });
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
