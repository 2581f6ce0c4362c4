/** Definitions: code that knows how to run a type of job. */

import { parseJsonText } from "../core/json_text.ts";
import type { GenericSchema, InferInput, InferOutput } from "valibot";
import type { Correlation } from "../core/correlation.ts";
import { type JsonObject, type JsonValue, wellFormed } from "../core/json.ts";
import type { ExpectedEventKind, Multiplicity } from "../core/job_plan.ts";
import type { RetryPolicy } from "../core/retry_policy.ts";
import type { InputRetention } from "../core/sealed_input.ts";
import type { SecretPath } from "./secret_path.ts";

/** One event that a job waits for, under a name that `ctx.expect` takes. */
export interface Expectation {
  readonly kind?: ExpectedEventKind;
  readonly eventType: string;
  /** Default `"any"`. */
  readonly correlation?: Correlation;
  /** Default `"ExactlyOnce"`. */
  readonly multiplicity?: Multiplicity;
}

/** An event that fails the job when it comes. */
export interface ErrorMatcher {
  readonly eventType: string;
  readonly correlation?: Correlation;
}

/** Events that start a job of this type. */
export interface StartsOn<Input> {
  readonly eventType: string;
  readonly correlation?: Correlation;
  /** The input of the job that an event starts. */
  input(event: FactEvent): Input;
}

/** A domain event, as `run` and `startsOn` see it. */
export interface FactEvent {
  readonly eventId: string;
  readonly eventType: string;
  readonly occurredAt: string;
  // Business data has no type here: the sender, not this program, defines it.
  readonly attributes: JsonObject;
}

/** What an attempt of a task, or of its compensation, gets. */
export interface TaskContext {
  readonly jobId: string;
  readonly taskId: string;
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
   * or, when the attempt fails, not at all.
   *
   * @throws {TypeError} when the type is illegal or lies in a reserved namespace.
   */
  emit(eventType: string, attributes?: JsonObject): void;
  /** Records how far the attempt is; `total` in the same unit as `done`. */
  progress(done: number, total?: number, note?: string): void;
}

export interface TaskOptions<Result> {
  /** Default: 3 attempts, 1 s doubling up to 60 s, with a fifth of jitter. */
  readonly retry?: Partial<RetryPolicy>;
  /** An attempt that takes longer fails with `TimeoutError`. No limit by default. */
  readonly timeoutMs?: number;
  /** Undoes the completed task when the job fails or is cancelled. */
  readonly compensate?: (result: Result, task: TaskContext) => unknown;
}

/** What `run` may use. It must await nothing else, so that it can be called again. */
export interface JobContext<ExpectationName extends string> {
  readonly jobId: string;
  /**
   * The time of the last entry that `run` has seen, in milliseconds since the epoch:
   * the same when `run` is called again after a restart.
   */
  now(): number;
  /**
   * Runs `fn` once and remembers its result. A completed task gives its recorded
   * result without running; what is returned is what JSON made of it.
   */
  task<Result>(
    taskId: string,
    fn: (task: TaskContext) => Result | Promise<Result>,
    options?: TaskOptions<Result>,
  ): Promise<Result>;
  /** Resolves with the events that satisfied an expectation, in the order of the journal. */
  expect(name: ExpectationName): Promise<readonly [FactEvent, ...FactEvent[]]>;
}

export interface JobDefinition<
  Schema extends GenericSchema = GenericSchema,
  ExpectationName extends string = string,
  Output = unknown,
> {
  /** A dotted name such as `order.fulfil`. */
  readonly type: string;
  /** Recorded with each job; raise it when `run` changes. */
  readonly version: number;
  readonly description?: string;
  readonly input: Schema;
  readonly expects?: (input: InferOutput<Schema>) => Readonly<Record<ExpectationName, Expectation>>;
  readonly errors?: (input: InferOutput<Schema>) => readonly ErrorMatcher[];
  /** How a job ends when all was compensated. Default `"Failed"`. */
  readonly onCompensated?: "Done" | "Failed";
  readonly startsOn?: StartsOn<InferOutput<Schema>>;
  /**
   * Dotted paths of secrets in the input, `*` for every element of an array:
   * `["card.number", "recipients.*.iban"]`. `run` gets them; the journal, and whatever is
   * made of it, shows a mark in their place. What tasks say is watched for values of 6
   * characters or more: a message has them replaced, a result with one in it fails the job.
   */
  readonly secrets?: readonly SecretPath<InferInput<Schema>>[];
  /**
   * What becomes of the input when the job has ended, done or failed. Default `"keep"`.
   * Otherwise all of it is under a seal from the beginning, and removed at the end, or
   * `afterMs` later; from then on the job cannot be retried. Never hides the plan.
   */
  readonly retention?: InputRetention;
  run(ctx: JobContext<ExpectationName>, input: InferOutput<Schema>): Promise<Output>;
}

/** A definition of whatever input and expectations, as the engine holds it. */
export interface AnyJobDefinition {
  readonly type: string;
  readonly version: number;
  readonly description?: string;
  readonly input: GenericSchema;
  expects?(input: unknown): Readonly<Record<string, Expectation>>;
  errors?(input: unknown): readonly ErrorMatcher[];
  readonly onCompensated?: "Done" | "Failed";
  readonly startsOn?: {
    readonly eventType: string;
    readonly correlation?: Correlation;
    input(event: FactEvent): unknown;
  };
  readonly secrets?: readonly string[];
  readonly retention?: InputRetention;
  run(ctx: JobContext<string>, input: unknown): Promise<unknown>;
}

/**
 * Declares a type of job. Types follow from it: `input` from its schema, the names
 * that `ctx.expect` accepts from `expects`, a task's result from its function.
 */
export function defineJob<
  Schema extends GenericSchema,
  ExpectationName extends string = never,
  Output = unknown,
>(
  definition: JobDefinition<Schema, ExpectationName, Output>,
): JobDefinition<Schema, ExpectationName, Output> {
  return definition;
}

/** Throw it in a task when trying again cannot help: the job fails as `poison`. */
export class NonRetryableError extends Error {
  override readonly name: string = "NonRetryableError";
}

/** Throw it in a task to choose the delay before the next attempt, in milliseconds. */
export class RetryLater extends Error {
  override readonly name: string = "RetryLater";

  constructor(readonly delayMs: number, message = `asked to be tried again in ${delayMs} ms`) {
    super(message);
  }
}

/** Results and outputs are what JSON makes of them: the same now and after a restart. */
export function throughJson(value: unknown): JsonValue | undefined {
  const text = JSON.stringify(value);
  return text === undefined ? undefined : fromJson(text);
}

/** What a text that JSON made stands for, with all of its texts well-formed. */
export function fromJson(text: string): JsonValue {
  const value = parseJsonText(text) as JsonValue;
  // JSON writes half a surrogate pair as an escape, and nothing else that begins so.
  return text.includes("\\ud") ? wellFormed(value) : value;
}
