/** Definitions: code that knows how to run a type of job. */

import type { Correlation } from "../core/correlation.ts";
import type { JsonForm, Returns } from "../core/json_form.ts";
import type { JsonObject } from "../core/json.ts";
import type { Deadline, ExpectedEventKind, Multiplicity } from "../core/job_plan.ts";
import type { PauseRule } from "../core/pause_rule.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { InputRetention } from "../core/sealed_input.ts";
import type { SecretPath } from "./secrets/secret_path.ts";

/**
 * A schema of valibot, as far as types follow from it: what it takes, and what it makes of
 * that. Written out here so that the public surface names no type of a library.
 */
export interface InputSchema<Input = unknown, Output = unknown> {
  /** What tells a schema from other parts of valibot. */
  readonly kind: "schema";
  /** Of the compiler alone: there is nothing here at run time. */
  readonly "~types"?: { readonly input: Input; readonly output: Output } | undefined;
}

/** What a schema takes: what a job of this definition is submitted with. */
export type SubmittedInput<Schema extends InputSchema> = NonNullable<Schema["~types"]>["input"];

/** What a schema makes of that: what `run` is given. */
export type ParsedInput<Schema extends InputSchema> = NonNullable<Schema["~types"]>["output"];

/** One event that a job waits for, under a name that `ctx.expect` takes. */
export interface Expectation {
  /** Default `"DomainFact"`. */
  readonly kind?: ExpectedEventKind;
  /** A dotted name in the past tense, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** Default `"any"`. */
  readonly correlation?: Correlation;
  /** Default `"ExactlyOnce"`. */
  readonly multiplicity?: Multiplicity;
  /** Until when it has to come, from the start of the job on. Without it there is no limit. */
  readonly within?: Deadline;
}

/** An event that fails the job when it comes. */
export interface ErrorMatcher {
  /** A dotted name, such as `ec.order.OrderCancelled`. */
  readonly eventType: string;
  /** Default `"any"`: each event of the type fails the job. */
  readonly correlation?: Correlation;
}

/** Events that start a job of this type. */
export interface StartsOn {
  /** A dotted name; none of the reserved namespaces `job.` and `journal.`. */
  readonly eventType: string;
  /** Default `"any"`: each event of the type starts a job. */
  readonly correlation?: Correlation;
  /**
   * The input of the job that an event starts, for the schema to judge: hand on what the event
   * says as it is. An input that the schema refuses makes a job that has failed and says what
   * was wrong, so that the event is not lost without a trace.
   */
  input(event: FactEvent): unknown;
}

/**
 * How many jobs of a type may be at work at a time. A job has its place from its first attempt
 * until it waits, backs off, is suspended or ends.
 */
export interface JobLimits<Input> {
  /** Of all keys together. */
  readonly maxRunning?: number;
  /**
   * Sorts the jobs, by customer for example: keys of one priority take turns, so that one with
   * very many jobs does not hold up the others. 1 to 200 characters; it is recorded, in clear, when
   * the job is created. What it throws refuses the job.
   */
  readonly key?: (input: Input) => string;
  /** Of one key. */
  readonly perKey?: number;
  /** How many jobs may begin within a time; a job begins with its first attempt. */
  readonly rate?: JobRate<Input>;
}

/** At most `count` jobs begin within any `perMs` milliseconds. */
export interface JobRate<Input> {
  /** A whole number, at most 10,000. */
  readonly count: number;
  /** In milliseconds, at most a day. */
  readonly perMs: number;
  /** Counts each key apart; all jobs of the type together by default. Recorded as `key` is. */
  readonly key?: (input: Input) => string;
}

/** A domain event, as `run` and `startsOn` see it. */
export interface FactEvent {
  /** Unique in the journal: a second event with this id changes nothing. */
  readonly eventId: string;
  /** Such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** When the sender says that it happened: RFC 3339, in UTC. */
  readonly occurredAt: string;
  /** What it says. It has no type of its own: the sender, not this program, defines it. */
  readonly attributes: JsonObject;
}

/** What an attempt of a task, or of its compensation, gets. */
export interface TaskContext {
  /** With `taskId` a key under which the step can be made idempotent. */
  readonly jobId: string;
  /** The name that `ctx.task` was given. */
  readonly taskId: string;
  /** Of this attempt alone. */
  readonly executionId: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** Aborts on cancellation, on the time limit and at shutdown. */
  readonly signal: AbortSignal;
  /**
   * Where the attempt is in its trace, for protocols that do not carry it by themselves: a
   * header of W3C Trace Context. `undefined` when the job has no trace. Under `OTEL_DENO`
   * do not send it with `fetch`, which then sends one by itself.
   */
  readonly traceparent?: string;
  /**
   * Stages a domain event. It is recorded in the same batch as the task's completion,
   * or, when the attempt fails, not at all. An attempt may emit 1,000.
   *
   * @throws {TypeError} when the type is illegal or lies in a reserved namespace.
   * @throws {NonRetryableError} when JSON would lose or change some of the attributes, or
   * the attempt has emitted too much.
   */
  emit(eventType: string, attributes?: JsonObject): void;
  /**
   * Says something to people: on the job's page, at `GET /jobs/:id/log` and in the log of the
   * server. It is kept beside the journal, for a while; no state rests on it. An attempt may say
   * 1,000 lines.
   *
   * @param data What JSON can hold, up to 8,000 characters of it.
   */
  log(message: string, data?: unknown): void;
  /**
   * Records how far the attempt is; `total` in the same unit as `done`. It may be called as often
   * as one likes: four a second, each the latest, and the last of all are recorded.
   */
  progress(done: number, total?: number, note?: string): void;
}

/**
 * How one task is run, tried again and undone.
 *
 * @typeParam Result As the journal has it.
 */
export interface TaskOptions<Result> {
  /** Default: 3 attempts, 1 s doubling up to 60 s, with a fifth of jitter. */
  readonly retry?: Partial<RetryPolicy>;
  /** In milliseconds: an attempt that takes longer fails with `TimeoutError`. No limit by default. */
  readonly timeoutMs?: number;
  /** Undoes the completed task when the job fails or is cancelled. */
  readonly compensate?: (result: Result, task: TaskContext) => unknown;
}

/** How long `ctx.expect` waits. */
export interface ExpectOptions {
  /** In milliseconds, up to 100 years. */
  readonly withinMs: number;
}

/** When a sleep ends: after so many milliseconds, or at a time, which may be over. */
export type SleepTime = number | {
  /** RFC 3339, or in milliseconds since the epoch. */
  readonly until: Date | string | number;
};

/** What `run` may use. It must await nothing else, so that it can be called again. */
export interface JobContext<ExpectationName extends string> {
  /** Chosen by whoever submitted the job, or `job_` and a ULID. */
  readonly jobId: string;
  /**
   * The time of the last entry that `run` has seen, in milliseconds since the epoch:
   * the same when `run` is called again after a restart.
   */
  now(): number;
  /**
   * Runs `fn` once and remembers its result, which is what the journal holds of it: a `Date`
   * in it is text. What JSON would lose or change (`Map`, `Set`, functions, symbols, `bigint`,
   * `NaN`, cycles, more than 64 levels or a million characters) fails the task. A completed
   * task gives its recorded result without running.
   *
   * @param taskId Unique in the job, and the same when `run` is called again.
   */
  task<Result>(
    taskId: string,
    fn: ((task: TaskContext) => Result | Promise<Result>) & Returns<Result>,
    options?: TaskOptions<JsonForm<Result>>,
  ): Promise<JsonForm<Result>>;
  /**
   * A step that is over at a time, at most 100 years away. The job holds no worker meanwhile. The
   * time is on record when the sleep begins, and counts through restarts and while the job is
   * suspended, parked or paused; waking the job ends the sleep early. A sleep that has ended is
   * over at once when `run` is called again, or the job is retried.
   *
   * @param id Unique in the job, among its tasks too, and the same when `run` is called again.
   */
  sleep(id: string, time: SleepTime): Promise<void>;
  /** Resolves with the events that satisfied an expectation, in the order of the journal. */
  expect(name: ExpectationName): Promise<readonly [FactEvent, ...FactEvent[]]>;
  /**
   * The same, or `undefined` when they have not come in time. The time is on record when the wait
   * begins, and counts as that of `ctx.sleep` does. It ends this wait alone: the event still
   * counts, and `ctx.expect` may be called again. What `run` gave up on is waived when it returns.
   */
  expect(
    name: ExpectationName,
    options: ExpectOptions,
  ): Promise<readonly [FactEvent, ...FactEvent[]] | undefined>;
}

/** A type of job, as `defineJob` takes it. */
export interface JobDefinition<
  Schema extends InputSchema = InputSchema,
  ExpectationName extends string = string,
  Output = unknown,
> {
  /** A dotted name such as `order.fulfil`. */
  readonly type: string;
  /**
   * Recorded with each job; raise it when `run` changes. Several versions of a type may be loaded:
   * a job runs on the one that created it, and new jobs use the newest.
   */
  readonly version: number;
  /**
   * Other versions whose jobs this one may run, where theirs are not loaded: those that it asks
   * for the same tasks in the same order. A job that no version may run is parked.
   */
  readonly runs?: readonly number[];
  /** For `GET /definitions` and the dashboard. */
  readonly description?: string;
  /** A schema of valibot; an input that it refuses makes no job. */
  readonly input: Schema;
  /** What the job waits for beside `run`; fixed, and recorded, when the job is created. */
  readonly expects?: (input: ParsedInput<Schema>) => Readonly<Record<ExpectationName, Expectation>>;
  /** Events that fail the job. */
  readonly errors?: (input: ParsedInput<Schema>) => readonly ErrorMatcher[];
  /** How a job ends when all was compensated. Default `"Failed"`. */
  readonly onCompensated?: "Done" | "Failed";
  /** Events that start a job of this type; one that comes twice starts one job. */
  readonly startsOn?: StartsOn;
  /**
   * Dotted paths of secrets in the input, `*` for every element of an array:
   * `["card.number", "recipients.*.iban"]`. `run` gets them; the journal, and whatever is
   * made of it, shows a mark in their place. What tasks say is watched for values of 6
   * characters or more: a message has them replaced, a result with one in it fails the job.
   */
  readonly secrets?: readonly SecretPath<SubmittedInput<Schema>>[];
  /**
   * What becomes of the input when the job has ended, done or failed. Default `"keep"`.
   * Otherwise all of it is under a seal from the beginning, and removed at the end, or
   * `afterMs` later; from then on the job cannot be retried. Never hides the plan.
   */
  readonly retention?: InputRetention;
  /** How many of its jobs may be at work at a time, in all and of one key; no limit by default. */
  readonly limits?: JobLimits<ParsedInput<Schema>>;
  /**
   * A circuit breaker: when so many attempts of jobs of this type fail within so many milliseconds,
   * the type is paused for a while, which is on record with these failures. No other attempt begins
   * meanwhile, so that none is used up; the newest version of the type has the rule.
   */
  readonly pauseAfter?: PauseRule;
  /**
   * `"thread"`: `run` and its tasks are called in a thread, with a bound on its memory, which is
   * ended where a time limit passes and they do not end. A loop without end, an exit or memory
   * without end then costs this job alone. Needs `module`.
   */
  readonly isolation?: "thread";
  /** `import.meta.url` of the module that exports this definition; for `isolation`. */
  readonly module?: string;
  /**
   * What a job does. It is called again after a restart, and must then ask for the same tasks
   * and expectations: await nothing but what `ctx` gives, and take the time from `ctx.now()`.
   * What it returns is the job's output, as JSON has it; what JSON would lose or change fails it.
   */
  run(ctx: JobContext<ExpectationName>, input: ParsedInput<Schema>): Promise<Output>;
}

/** A definition of whatever input and expectations, as the engine holds it. */
export interface AnyJobDefinition {
  /** A dotted name such as `order.fulfil`. */
  readonly type: string;
  /** A whole number, at least 1. */
  readonly version: number;
  /** Other versions whose jobs it runs. */
  readonly runs?: readonly number[];
  /** In words. */
  readonly description?: string;
  /** What it is submitted with. */
  readonly input: InputSchema;
  /** What it waits for. */
  expects?(input: unknown): Readonly<Record<string, Expectation>>;
  /** What fails it. */
  errors?(input: unknown): readonly ErrorMatcher[];
  /** How it ends when all was compensated. */
  readonly onCompensated?: "Done" | "Failed";
  /** What starts it. */
  readonly startsOn?: StartsOn;
  /** Dotted paths of secrets in the input. */
  readonly secrets?: readonly string[];
  /** What becomes of the input. */
  readonly retention?: InputRetention;
  /** When failures pause its type. */
  readonly pauseAfter?: PauseRule;
  /** How many of its jobs may be at work at a time. */
  readonly limits?: Omit<JobLimits<unknown>, "key" | "rate"> & {
    /** Sorts them. */
    key?(input: unknown): string;
    /** How many may begin within a time. */
    readonly rate?: Omit<JobRate<unknown>, "key"> & {
      /** Counts each apart. */
      key?(input: unknown): string;
    };
  };
  /** Where it runs. */
  readonly isolation?: "thread";
  /** The module that exports it. */
  readonly module?: string;
  /** What it does. */
  run(ctx: JobContext<string>, input: unknown): Promise<unknown>;
}

/** Whether jobs of a definition run in a thread of their own. */
export function isThreaded({ isolation }: AnyJobDefinition): boolean {
  return isolation === "thread";
}

/**
 * Declares a type of job. Types follow from it: `input` from its schema, the names
 * that `ctx.expect` accepts from `expects`, a task's result from its function.
 *
 * @throws {TypeError} when `run` is not a function.
 *
 * @example
 * ```ts
 * import { defineJob } from "@daybook/daybook";
 * import * as v from "valibot";
 *
 * export const greet = defineJob({
 *   type: "greeting.send",
 *   version: 1,
 *   input: v.object({ name: v.string() }),
 *   async run(ctx, { name }) {
 *     return await ctx.task("write", () => `Good day, ${name}`);
 *   },
 * });
 * ```
 */
export function defineJob<
  Schema extends InputSchema,
  ExpectationName extends string = never,
  Output = unknown,
>(
  definition: JobDefinition<Schema, ExpectationName, Output> & { readonly run: Returns<Output> },
): JobDefinition<Schema, ExpectationName, Output> {
  const { type, run } = definition as Partial<AnyJobDefinition>;
  if (typeof run !== "function") {
    const flaw = run === undefined ? "is missing; it " : "";
    throw new TypeError(`Cannot define ${type ?? "a job"}: run ${flaw}must be a function`);
  }
  return definition;
}

/**
 * Throw it in a task when trying again cannot help: the job fails as `poison`.
 *
 * @example
 * ```ts
 * import { NonRetryableError } from "@daybook/daybook";
 *
 * export function send(email: string): string {
 *   if (!email.includes("@")) throw new NonRetryableError(`${email} is no address`);
 *   return `sent to ${email}`;
 * }
 * ```
 */
export class NonRetryableError extends Error {
  /** As the journal has it. */
  override readonly name: string = "NonRetryableError";
}

/**
 * Throw it in a task to choose the delay before the next attempt. It uses up an attempt, as
 * any other error does.
 *
 * @example
 * ```ts
 * import { RetryLater } from "@daybook/daybook";
 *
 * export async function charge(orderId: string, signal: AbortSignal): Promise<string> {
 *   const response = await fetch(`https://bank.example/charges/${orderId}`, { signal });
 *   if (response.status === 429) throw new RetryLater(30_000, "the bank asks for patience");
 *   return await response.text();
 * }
 * ```
 */
export class RetryLater extends Error {
  /** As the journal has it. */
  override readonly name: string = "RetryLater";

  /** Until the next attempt, in milliseconds. */
  readonly delayMs: number;

  /** Asks for the next attempt after `delayMs` milliseconds; `message` is for whoever asks why. */
  constructor(delayMs: number, message = `asked to be tried again in ${delayMs} ms`) {
    super(message);
    this.delayMs = delayMs;
  }
}
