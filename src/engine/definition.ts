/** Definitions: code that knows how to run a type of job. */

import type { Correlation } from "../core/correlation.ts";
import type { Returns } from "../core/json_form.ts";
import type { Deadline, ExpectedEventKind, Multiplicity } from "../core/job_plan.ts";
import type { PauseRule } from "../core/pauses.ts";
import type { InputRetention } from "../core/sealed_input.ts";
import type { FactEvent, JobContext } from "./job_context.ts";

/**
 * A valibot schema, reduced to the types that follow from it: what it accepts and what it returns.
 * Written out here so that the public surface names no type of a library.
 */
export interface InputSchema<Input = unknown, Output = unknown> {
  /** Distinguishes a schema from other parts of valibot. */
  readonly kind: "schema";
  /** Inputs are checked at once, so a schema may not be asynchronous. */
  readonly async: false;
  /** For the compiler only: it does not exist at run time. */
  readonly "~types"?: { readonly input: Input; readonly output: Output } | undefined;
}

/** The input of a schema: what callers submit a job with. */
export type SubmittedInput<Schema extends InputSchema> = NonNullable<Schema["~types"]>["input"];

/** The output of a schema: what `run` receives. */
export type ParsedInput<Schema extends InputSchema> = NonNullable<Schema["~types"]>["output"];

/** An event that a job waits for, under the name that `ctx.expect` takes. */
export interface Expectation {
  /** Default `"DomainFact"`. */
  readonly kind?: ExpectedEventKind;
  /** A dotted name in the past tense, such as `ec.shipment.ShipmentCompleted`. */
  readonly eventType: string;
  /** Default `"any"`. */
  readonly correlation?: Correlation;
  /** Default `"ExactlyOnce"`. */
  readonly multiplicity?: Multiplicity;
  /** The time limit, from the start of the job; unlimited by default. */
  readonly within?: Deadline;
}

/** An event that fails the job. */
export interface ErrorMatcher {
  /** A dotted name, such as `ec.order.OrderCancelled`. */
  readonly eventType: string;
  /** Default `"any"`: each event of the type fails the job. */
  readonly correlation?: Correlation;
}

/** Events that start a job of this type. */
export interface StartsOn {
  /** A dotted name, outside the reserved namespaces `job.` and `journal.`. */
  readonly eventType: string;
  /** Default `"any"`: each event of the type starts a job. */
  readonly correlation?: Correlation;
  /**
   * The input of the job that an event starts. The schema checks it, so pass on what the event says
   * as it is. If the schema rejects the input, the job fails and says what was wrong: the event is
   * not lost.
   */
  input(event: FactEvent): unknown;
}

/**
 * How many jobs of a type may run at a time. A job holds its place from its first attempt until it
 * waits, sleeps, backs off, is suspended or ends.
 */
export interface JobLimits<Input> {
  /** For all keys together. */
  readonly maxRunning?: number;
  /**
   * Groups the jobs, for example by customer. Keys of one priority take turns, so a key with very
   * many jobs does not hold up the others. 1 to 200 characters, recorded in the clear when the job is
   * created. If it throws, the job is refused.
   */
  key?(input: Input): string;
  /** For each key. */
  readonly perKey?: number;
  /** How many jobs may start within a time; a job starts with its first attempt. */
  readonly rate?: JobRate<Input>;
}

/** At most `count` jobs start within any `perMs` milliseconds. */
export interface JobRate<Input> {
  /** A whole number, at most 10,000. */
  readonly count: number;
  /** In milliseconds, at most a day. */
  readonly perMs: number;
  /**
   * Counts each key separately; by default, all jobs of the type are counted together. Recorded as
   * `key` is.
   */
  key?(input: Input): string;
}

/**
 * A dotted path of an input as a type, so that a misspelt path does not compile: `card.number`,
 * `cards.*.number`, or any text if the type of the input is unknown.
 *
 * @typeParam Levels One element for each level that is followed, since a type may contain itself.
 */
export type SecretPath<Input, Levels extends readonly unknown[] = [1, 2, 3, 4, 5, 6, 7]> =
  Levels extends readonly [unknown, ...infer Deeper] ? unknown extends Input ? string
    : Input extends readonly (infer Element)[]
      ? `*` | `*.${SecretPath<NonNullable<Element>, Deeper>}`
    : Input extends object ? {
        [Name in keyof Input & string]:
          | Name
          | `${Name}.${SecretPath<NonNullable<Input[Name]>, Deeper>}`;
      }[keyof Input & string]
    : never
    : string;

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
   * Other versions whose jobs this one may run if those versions are not loaded. It must then ask for
   * the same tasks in the same order. A job that no version may run is parked.
   */
  readonly runs?: readonly number[];
  /** For `GET /definitions` and the dashboard. */
  readonly description?: string;
  /** A valibot schema. Submitting an input that it rejects creates no job. */
  readonly input: Schema;
  /** What the job waits for besides `run`; fixed and recorded when the job is created. */
  expects?(input: ParsedInput<Schema>): Readonly<Record<ExpectationName, Expectation>>;
  /** Events that fail the job. */
  errors?(input: ParsedInput<Schema>): readonly ErrorMatcher[];
  /** How a job ends after its compensation. Default `"Failed"`. */
  readonly onCompensated?: "Done" | "Failed";
  /** Events that start a job of this type. The same event starts only one job. */
  readonly startsOn?: StartsOn;
  /**
   * Dotted paths of secrets in the input, with `*` for every element of an array: `["card.number",
   * "recipients.*.iban"]`. `run` receives the values; the journal, and everything derived from it,
   * shows a mark instead. Values of 6 characters or more are also searched for in what tasks return
   * and report: in a message they are replaced, in a result they fail the job.
   */
  readonly secrets?: readonly SecretPath<SubmittedInput<Schema>>[];
  /**
   * What happens to the input when the job has ended. Default `"keep"`. Otherwise the whole input
   * is sealed from the beginning, and removed at the end or `afterMs` later; after that the job
   * cannot be retried. The plan is never hidden.
   */
  readonly retention?: InputRetention;
  /** How many of its jobs may run at a time, in total and for each key; unlimited by default. */
  readonly limits?: JobLimits<ParsedInput<Schema>>;
  /**
   * A circuit breaker: when this many attempts of jobs of this type fail within this many
   * milliseconds, the type is paused for a while. The pause is recorded with these failures. No
   * attempt starts meanwhile, so none is used up. The rule of the newest version applies.
   */
  readonly pauseAfter?: PauseRule;
  /**
   * `"thread"` calls `run` and its tasks in a thread with limited memory. If they ignore a time limit,
   * Daybook ends the thread. An endless loop, an exit or running out of memory then affects this job
   * alone. Needs `module`.
   */
  readonly isolation?: "thread";
  /** `import.meta.url` of the module that exports this definition; for `isolation`. */
  readonly module?: string;
  /**
   * The code of the job. It is called again after a restart, and must then ask for the same tasks
   * and expectations: await only what `ctx` returns, and take the time from `ctx.now()`. Its result
   * is the job's output, as JSON; a result that JSON would lose or change fails the job.
   */
  run(ctx: JobContext<ExpectationName>, input: ParsedInput<Schema>): Promise<Output>;
}

/**
 * A definition with any input and expectations, as the engine holds it. Members that take an input
 * are methods, so that every definition is one of these.
 */
export type AnyJobDefinition = JobDefinition<InputSchema, string, unknown>;

export function isThreaded({ isolation }: AnyJobDefinition): boolean {
  return isolation === "thread";
}

/**
 * Declares a type of job, and infers its types: `input` from its schema, the names that
 * `ctx.expect` accepts from `expects`, and the result of a task from its function.
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
  const { type, run }: Partial<AnyJobDefinition> = definition ?? {};
  if (typeof run !== "function") {
    const flaw = run === undefined ? "is missing; it " : "";
    throw new TypeError(`Cannot define ${type ?? "a job"}: run ${flaw}must be a function`);
  }
  return definition;
}
