/**
 * Daybook's public surface: what a module of definitions needs.
 *
 * @module
 */

export {
  defineJob,
  type ErrorMatcher,
  type Expectation,
  type FactEvent,
  type InputSchema,
  type JobContext,
  type JobDefinition,
  NonRetryableError,
  type ParsedInput,
  RetryLater,
  type StartsOn,
  type SubmittedInput,
  type TaskContext,
  type TaskOptions,
} from "./engine/definition.ts";
export type { Correlation } from "./core/correlation.ts";
export type { ExpectedEventKind, Multiplicity } from "./core/job_plan.ts";
export type { JsonObject, JsonScalar, JsonValue } from "./core/json.ts";
export type { RetryPolicy } from "./core/retry_policy.ts";
export type { InputRetention } from "./core/sealed_input.ts";
export type { Equalities } from "./core/correlation.ts";
export type { SecretPath } from "./engine/secret_path.ts";
