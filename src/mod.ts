/**
 * Daybook's public API, for modules of definitions and for programs that embed Daybook.
 *
 * @example A definition, and a program that runs it
 * ```ts
 * import { Hono } from "hono";
 * import * as v from "valibot";
 * import { defineJob, openDaybook } from "@daybook/daybook";
 *
 * const greet = defineJob({
 *   type: "greeting.send",
 *   version: 1,
 *   input: v.object({ name: v.string() }),
 *   run: (ctx, { name }) => ctx.task("write", () => `Good day, ${name}`),
 * });
 *
 * const daybook = await openDaybook({ journal: "journal", definitions: [greet] });
 * const app = new Hono();
 * app.post("/greetings/:name", async (c) => {
 *   const job = await daybook.submit(greet, { name: c.req.param("name") });
 *   return c.json({ jobId: job.jobId }, 202);
 * });
 * Deno.serve({ hostname: "127.0.0.1" }, app.fetch);
 * ```
 *
 * @module
 */

export {
  type AnyJobDefinition,
  defineJob,
  type ErrorMatcher,
  type Expectation,
  type InputSchema,
  type JobDefinition,
  type JobLimits,
  type JobRate,
  type ParsedInput,
  type SecretPath,
  type StartsOn,
  type SubmittedInput,
} from "./engine/definition.ts";
export type {
  ExpectOptions,
  FactEvent,
  JobContext,
  SleepTime,
  TaskContext,
  TaskOptions,
} from "./engine/job_context.ts";
export { NonRetryableError, RetryLater } from "./engine/job_errors.ts";
export type { Correlation, Equalities } from "./core/correlation.ts";
export type { Deadline, ExpectedEventKind, Multiplicity } from "./core/job_plan.ts";
export type {
  ErrorCause as JobErrorCause,
  ErrorFact as JobError,
} from "./core/framework_events.ts";
export type { JsonForm, NotJson, Recordable, Returns } from "./core/json_form.ts";
export type { JsonObject, JsonScalar, JsonValue } from "./core/json.ts";
export type { PauseRule } from "./core/pauses.ts";
export type { RetryPolicy } from "./core/retry_policy.ts";
export type { InputRetention } from "./core/sealed_input.ts";
export { openDaybook } from "./embedded/daybook.ts";
export type {
  ControlOptions,
  EmbeddedDaybook,
  ExplainOptions,
  JobControl,
  OpenOptions,
  WaitOptions,
} from "./embedded/daybook.ts";
export type {
  DeliveredEvent,
  EventReceipt,
  EventReceiptJob,
  JobReceipt,
  SubmitOptions,
  SubmittedJob,
} from "./embedded/submission.ts";
export type { LimitValues } from "./core/place_limits.ts";
export type { TypeLimits } from "./engine/requests.ts";
export type { LimitChange, Pause, PauseOptions } from "./embedded/pauses_and_limits.ts";
export type {
  JobStanding,
  JobStep,
  StepsOptions,
  SupposedEvent,
  SupposedJob,
  SupposedLimits,
  Suppositions,
} from "./embedded/what_if.ts";
export type {
  Job,
  JobCondition,
  JobExpectation,
  JobFailure,
  JobParking,
  JobStateName,
  JobTask,
  JobWait,
} from "./embedded/job.ts";
export { type Issue, RefusedError } from "./embedded/refused_error.ts";
export { JournalFailedError } from "./engine/ports.ts";
export {
  JournalDamagedError,
  type JournalLocation,
  JournalLockedError,
  JournalUnusableError,
} from "./journal/errors.ts";
