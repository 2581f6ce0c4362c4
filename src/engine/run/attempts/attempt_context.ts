/** What the code of an attempt receives. */

import type { JsonObject } from "../../../core/json.ts";
import type { TaskContext } from "../../job_context.ts";

/** An attempt, in the engine's thread or another, for its context. */
export interface ContextSource extends Pick<TaskContext, "jobId" | "taskId" | "executionId"> {
  readonly number: number;
  readonly signal: AbortSignal;
  emit(type: string, attributes: JsonObject): void;
  log(message: unknown, data: unknown): void;
  progress(done: number, total?: number, note?: string): void;
}

/**
 * The argument of a task's function. Its members may be destructured. It is a class because each
 * object literal with a getter gets a hidden class of its own. V8 allocates that as an old object,
 * and it kept the getter's scope, and so the run, until the next major garbage collection.
 */
export class AttemptContext implements TaskContext {
  readonly #of: ContextSource;
  readonly jobId: string;
  readonly taskId: string;
  readonly executionId: string;
  readonly attempt: number;
  declare readonly traceparent?: string;

  constructor(of: ContextSource, traceparent: string | undefined) {
    this.#of = of;
    this.jobId = of.jobId;
    this.taskId = of.taskId;
    this.executionId = of.executionId;
    this.attempt = of.number;
    if (traceparent !== undefined) this.traceparent = traceparent;
  }

  get signal(): AbortSignal {
    return this.#of.signal;
  }

  // Most tasks use none of these, so each is created when it is read.

  get emit(): TaskContext["emit"] {
    return (type: string, attributes = {}) => this.#of.emit(type, attributes);
  }

  get log(): TaskContext["log"] {
    return (message, data) => this.#of.log(message, data);
  }

  get progress(): TaskContext["progress"] {
    return (done, total, note) => this.#of.progress(done, total, note);
  }
}
