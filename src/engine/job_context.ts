/** What the code of a job receives: `ctx` in `run`, and `task` in each attempt. */

import type { JsonForm, Returns } from "../core/json_form.ts";
import type { JsonObject } from "../core/json.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";

/** What `run` may use. It must await nothing else, since it is called again after a restart. */
export interface JobContext<ExpectationName extends string> {
  /** Chosen by the caller, or `job_` and a ULID. */
  readonly jobId: string;
  /**
   * The time of the last entry that `run` has seen, in milliseconds since the epoch: the same when
   * `run` is called again after a restart.
   */
  now(): number;
  /**
   * Runs `fn` once and records its result in the form that the journal holds: a `Date` in it
   * becomes text. A value that JSON would lose or change (`Map`, `Set`, functions, symbols,
   * `bigint`, `NaN`, cycles, more than 64 levels or a million characters) fails the task. A
   * completed task returns its recorded result without running.
   *
   * If a task fails for good, so does the job, and the promise stays pending: a `catch` around it
   * does not run. To continue without the task, catch inside `fn` and return a value. Only if an
   * expectation of the job counts that `job.TaskFailed` does the job continue; the promise then
   * rejects with the recorded error.
   *
   * @param taskId Unique in the job, and the same when `run` is called again.
   */
  task<Result>(
    taskId: string,
    fn: ((task: TaskContext) => Result | Promise<Result>) & Returns<Result>,
    options?: TaskOptions<JsonForm<Result>>,
  ): Promise<JsonForm<Result>>;
  /**
   * A step that ends at a time, at most 100 years away. The job holds no worker meanwhile. The end is
   * recorded when the sleep begins. Time passes during restarts too, and while the job is suspended,
   * parked or paused. Waking the job ends the sleep early. A sleep that has ended takes no time when
   * `run` is called again, or when the job is retried.
   *
   * @param id Unique in the job, among its tasks too, and the same when `run` is called again.
   */
  sleep(id: string, time: SleepTime): Promise<void>;
  /** Resolves with the events that satisfied an expectation, in the order of the journal. */
  expect(name: ExpectationName): Promise<readonly [FactEvent, ...FactEvent[]]>;
  /**
   * The same, or `undefined` if the events have not come in time. The time limit is recorded when the
   * wait begins; time passes as for `ctx.sleep`. Only this wait ends: the event still counts, and
   * `ctx.expect` may be called again. When `run` returns, the expectations that it gave up on are
   * waived.
   */
  expect(
    name: ExpectationName,
    options: ExpectOptions,
  ): Promise<readonly [FactEvent, ...FactEvent[]] | undefined>;
}

/**
 * How one task is run, retried and undone.
 *
 * @typeParam Result In the form that the journal holds.
 */
export interface TaskOptions<Result> {
  /** Default: 3 attempts, delays from 1 s doubling up to 60 s, with 20 % jitter. */
  readonly retry?: Partial<RetryPolicy>;
  /**
   * In milliseconds. An attempt that takes longer fails with `TimeoutError`. Unlimited by default.
   */
  readonly timeoutMs?: number;
  /** Undoes the completed task when the job fails or is cancelled. */
  readonly compensate?: (result: Result, task: TaskContext) => unknown;
}

/** What an attempt of a task, or of its compensation, receives. */
export interface TaskContext {
  /** Together with `taskId`, an idempotency key for other systems. */
  readonly jobId: string;
  /** The name that `ctx.task` was given. */
  readonly taskId: string;
  /** Unique to this attempt. */
  readonly executionId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts on cancellation, at the time limit and at shutdown. */
  readonly signal: AbortSignal;
  /**
   * The trace context of the attempt as a W3C `traceparent` header, for protocols that do not carry
   * it themselves. `undefined` when the job has no trace. Under `OTEL_DENO`, do not pass it to
   * `fetch`, which sends its own.
   */
  readonly traceparent?: string;
  /**
   * Stages a domain event. It is recorded in the same batch as the task's completion or, if the
   * attempt fails, not at all. An attempt may emit up to 1,000 events.
   *
   * @throws {TypeError} when the type is not legal or is in a reserved namespace.
   * @throws {NonRetryableError} when JSON would lose or change some of the attributes, or the
   * attempt has emitted too much.
   */
  emit(eventType: string, attributes?: JsonObject): void;
  /**
   * Logs a line for people: on the job's page, at `GET /jobs/:id/log` and in the log of the server.
   * Daybook keeps the line beside the journal for a while; no state depends on it. An attempt may log
   * up to 1,000 lines.
   *
   * @param data Up to 8,000 characters of JSON.
   */
  log(message: string, data?: unknown): void;
  /**
   * Reports progress, with `total` in the same unit as `done`. Call it as often as you like: at
   * most four reports a second are recorded, and the last one always is.
   */
  progress(done: number, total?: number, note?: string): void;
}

/** How long `ctx.expect` waits. */
export interface ExpectOptions {
  /** In milliseconds, up to 100 years. */
  readonly withinMs: number;
}

/** When a sleep ends: after this many milliseconds, or at a time, which may be in the past. */
export type SleepTime = number | {
  /** RFC 3339, or milliseconds since the epoch. */
  readonly until: Date | string | number;
};

/** A domain event, as `run` and `startsOn` see it. */
export interface FactEvent {
  /** Unique in the journal. A second event with this id changes nothing. */
  readonly eventId: string;
  /** A dotted name, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** When it happened, according to the sender: RFC 3339, in UTC. */
  readonly occurredAt: string;
  /** Its content. It has no type of its own: the sender, not this program, defines it. */
  readonly attributes: JsonObject;
}
