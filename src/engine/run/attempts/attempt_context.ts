/**
 * What the code of one attempt receives, and what it reports besides its result: events, progress
 * and log lines; and calls that come too late for that.
 */

import type { FactDraft } from "../../../core/event.ts";
import { isObject, type JsonObject, jsonSize, type JsonValue } from "../../../core/json.ts";
import type { TaskContext } from "../../job_context.ts";
import { NonRetryableError } from "../../job_errors.ts";
import { recordable } from "../../recordable.ts";
import type { SecretGuard } from "../../secrets/secret_guard.ts";
import { eventType, isReserved, type LogId } from "../../../core/ids.ts";
import type { Progress } from "../../../core/job_state.ts";
import type { Clock } from "../../ports.ts";
import { shortText } from "../../../core/shown_value.ts";
import { asText, errorMessage } from "../../../core/thrown.ts";
import type { JobLog, JobLogLine } from "../../watches.ts";

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

/** Per attempt. */
export const EMITTED_MAX = 1_000;

/** All events of one attempt together, in characters of JSON. */
export const EMITTED_LENGTH_MAX = 4_194_304;

/** The domain events that one attempt stages. They commit with its completion, or not at all. */
export class StagedEvents {
  readonly #events: FactDraft[] = [];
  #length = 0;

  constructor(private readonly guard: SecretGuard) {}

  get events(): readonly FactDraft[] {
    return this.#events;
  }

  /**
   * @throws {TypeError} when the type is illegal or reserved.
   * @throws {NonRetryableError} when the attributes cannot be recorded, or a limit is reached.
   */
  emit(type: string, attributes: JsonObject): void {
    const event = this.guard.requireNoSecret("an event", staged(type, attributes));
    if (this.#events.length >= EMITTED_MAX) {
      throw tooMuch(type, `${EMITTED_MAX} events`);
    }
    const length = this.#length + jsonSize(event.attributes);
    if (length > EMITTED_LENGTH_MAX) {
      throw tooMuch(type, `${EMITTED_LENGTH_MAX} characters of events`);
    }
    this.#length = length;
    this.#events.push(event);
  }
}

function tooMuch(type: string, limit: string): NonRetryableError {
  return new NonRetryableError(
    `Cannot emit ${type}: an attempt may emit at most ${limit}; split the events among several ` +
      "tasks",
  );
}

function staged(text: string, attributes: JsonObject): FactDraft {
  const type = eventType(text);
  if (isReserved(type)) {
    throw new TypeError(`Cannot emit ${type}: the namespaces job. and journal. are reserved`);
  }
  const recorded = recordable(attributes, `attributes of ${type}`);
  if (!isObject(recorded)) {
    throw new TypeError(`Cannot emit ${type}: attributes must be an object`);
  }
  return { stratum: "domain", eventType: type, attributes: recorded };
}

/** The least time between two recorded reports, except for the last. */
export const PROGRESS_EVERY_MS = 250;

interface ProgressParts {
  readonly clock: Clock;
  durableLogId(): LogId;
  /** Appends a report; `undefined` when there is no room for it. */
  record(progress: Progress): LogId | undefined;
}

/**
 * The progress that one attempt reports. Its code may report at any rate: at most a few reports a
 * second are recorded, always the latest. The last one is recorded with the end of the attempt.
 */
export class ProgressReports {
  /** The latest report, if it is not appended yet. */
  #latest: Progress | undefined;
  /** The position of the report recorded before. */
  #recordedBy: LogId = 0;
  /** When the next report may be recorded, by the monotonic clock. */
  #notBeforeMs = -Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(private readonly parts: ProgressParts) {}

  report(progress: Progress): void {
    this.#latest = progress;
    this.considered();
  }

  /** Records the latest report if it is due. Called when, for example, more entries are durable. */
  considered(): void {
    const { clock, durableLogId } = this.parts;
    if (this.#latest === undefined || this.#recordedBy > durableLogId()) return;
    const waitMs = this.#notBeforeMs - clock.monotonic();
    if (waitMs <= 0) return this.#record(this.#latest);
    this.#cancelTimer ??= clock.setTimer(waitMs, () => {
      this.#cancelTimer = undefined;
      this.considered();
    });
  }

  lost(): void {
    this.#recordedBy = 0;
  }

  /** The attempt has ended: returns the last report, to be recorded with the end. */
  end(): Progress | undefined {
    this.#cancelTimer?.();
    const latest = this.#latest;
    this.#latest = undefined;
    return latest;
  }

  #record(progress: Progress): void {
    const recordedBy = this.parts.record(progress);
    if (recordedBy !== undefined) {
      this.#latest = undefined;
      this.#recordedBy = recordedBy;
    }
    this.#notBeforeMs = this.parts.clock.monotonic() + PROGRESS_EVERY_MS;
  }
}

/** Leaves the note as it is: secrets in it must be masked before it is cut. */
export function checkedProgress(
  done: number,
  total: number | undefined,
  note: string | undefined,
): Progress {
  if (!Number.isFinite(done) || (total !== undefined && !Number.isFinite(total))) {
    throw new TypeError(`Cannot report progress ${done} of ${total}: both must be numbers`);
  }
  return {
    done,
    ...(total === undefined ? {} : { total }),
    ...(note === undefined ? {} : { note }),
  };
}

/** Per attempt. Further lines are only counted. */
export const LOG_LINES_MAX = 1_000;
const LOG_LENGTH_MAX = 262_144;
/** Per line, in characters. */
const MESSAGE_LENGTH_MAX = 4_000;
const DATA_LENGTH_MAX = 8_000;

interface AttemptLogParts {
  readonly about: Omit<JobLogLine, "time" | "message" | "data">;
  readonly log: JobLog;
  readonly clock: Clock;
  readonly guard: SecretGuard;
}

/** The log lines of one attempt's code, for people. They are not facts, nor part of any state. */
export class AttemptLog {
  #lines = 0;
  #length = 0;
  #leftOut = 0;

  constructor(private readonly parts: AttemptLogParts) {}

  write(message: unknown, data?: unknown): void {
    const text = this.#textOf(asText(message));
    const added = data === undefined ? {} : this.#dataOf(data);
    this.#lines++;
    this.#length += text.length + JSON.stringify(added).length;
    if (this.#lines > LOG_LINES_MAX || this.#length > LOG_LENGTH_MAX) this.#leftOut++;
    else this.#put({ message: text, ...added });
  }

  /** Reports at the end of the attempt how many lines were dropped. */
  end(): void {
    if (this.#leftOut === 0) return;
    this.#put({ message: `${this.#leftOut} more lines were not kept: too much for one attempt` });
    this.#leftOut = 0;
  }

  #put(line: Pick<JobLogLine, "message" | "data">): void {
    const { about, clock, log } = this.parts;
    log.write({ ...about, time: new Date(clock.now()).toISOString(), ...line });
  }

  #textOf(message: string): string {
    return shortText(this.parts.guard.redact(message.toWellFormed()), MESSAGE_LENGTH_MAX);
  }

  /** Data that cannot be recorded must not fail the attempt; the reason is logged instead. */
  #dataOf(data: unknown): { readonly data: JsonObject | JsonValue } {
    try {
      const value = this.parts.guard.redacted(recordable(data, "data") ?? null);
      const { length } = JSON.stringify(value);
      return { data: length <= DATA_LENGTH_MAX ? value : { leftOut: `${length} characters` } };
    } catch (error) {
      return { data: { leftOut: this.#textOf(errorMessage(error)) } };
    }
  }
}

/** The most steps that are reported, since a job may generate any number of task names. */
const REPORTED_MAX = 1_000;

interface LateCall {
  readonly call: "emit" | "progress";
  /** The type of the job. */
  readonly type: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly attempt: number;
}

/**
 * Reports calls of `emit` and `progress` that come after the end of their attempt and are not
 * recorded. Each step is reported once.
 */
export class LateCalls {
  readonly #reported = new Set<string>();

  constructor(private readonly report: (message: string) => void) {}

  came({ call, type, jobId, taskId, attempt }: LateCall): void {
    const step = `${call} ${type} ${taskId}`;
    if (this.#reported.has(step) || this.#reported.size >= REPORTED_MAX) return;
    this.#reported.add(step);
    this.report(
      `task ${taskId} of ${type}, job ${jobId}, called task.${call} after its attempt ${attempt} ` +
        "had ended: the call is not recorded; await its caller in the task (reported once)",
    );
  }
}
