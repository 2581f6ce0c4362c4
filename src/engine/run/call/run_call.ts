/**
 * Calls a definition's `run` on the record of a job, in the engine's thread or in a thread of its
 * own, which can die. In both the code asks for every step through `ctx`. Live runs and history
 * checks share this code, so that they cannot get different answers.
 */

import { INVALID_INPUT } from "../../../core/failure.ts";
import type { LogId } from "../../../core/ids.ts";
import type { JobPlan } from "../../../core/job_plan.ts";
import type { JobState, StartedJob } from "../../../core/job_state.ts";
import type { JsonValue } from "../../../core/json.ts";
import { planMisfitText } from "../../../core/misfit.ts";
import { isThrown } from "../../../core/thrown.ts";
import type { Answers } from "./answers.ts";
import { RunContext, type RunListener } from "./run_context.ts";
import { expectationNames, UnplannedError } from "./step_checks.ts";
import type { AnyJobDefinition } from "../../definition.ts";
import type { UncaughtInThread } from "../../writer/process_facts.ts";
import { NonRetryableError } from "../../job_errors.ts";
import { issuesText, parseInput } from "../../parsed_input.ts";
import { secretValues } from "../../secrets/protection.ts";
import { recordable } from "../../recordable.ts";
import type { SecretGuard } from "../../secrets/secret_guard.ts";

interface RunCall {
  readonly ctx: RunContext;
  /** What `run` returns, as JSON; rejects with what it throws. */
  readonly output: Promise<JsonValue | undefined>;
  /** Absent when `run` was not called. */
  readonly code: CodeCall | undefined;
}

export type RunEnd =
  | { readonly kind: "pending" }
  | { readonly kind: "returned"; readonly output: JsonValue | undefined }
  | { readonly kind: "threw"; readonly error: unknown };

/** The definition does not fit how the job was created. */
export abstract class MisfitError extends NonRetryableError {
  /** How it disagrees with the entry that created the job, as a predicate. */
  abstract misfit(createdBy: LogId): string;
}

/** The definition rejects the input of the job; `run` was not called. */
export class InputMismatchError extends MisfitError {
  override readonly name = INVALID_INPUT;
  /** The validation issues, on one line. */
  readonly #issues: string;

  constructor({ version }: AnyJobDefinition, issues: string) {
    super(`Cannot run: the recorded input does not fit version ${version}: ${issues}`);
    this.#issues = issues;
  }

  misfit(createdBy: LogId): string {
    return `rejects the input that entry ${createdBy} recorded: ${this.#issues}`;
  }
}

/** `run` waits for an expectation that the definition has now, but the plan of the job lacks. */
export class PlanMismatchError extends MisfitError {
  constructor(private readonly unplanned: UnplannedError, private readonly plan: JobPlan) {
    super(unplanned.message);
  }

  misfit(createdBy: LogId): string {
    const { expectation } = this.unplanned;
    return planMisfitText(expectation, createdBy, expectationNames(this.plan.expected));
  }
}

/** Calls `run` with the recorded input, if it still fits, and gives `run` its first answers. */
export function callRun(
  definition: AnyJobDefinition,
  job: StartedJob,
  answers: Answers,
  host: RunListener & CodeHost,
  guard: SecretGuard,
  place: CodePlace,
): RunCall {
  const ctx = new RunContext(job.jobId, job.plan.expected, host, guard);
  let code: CodeCall | undefined;
  const call = (input: unknown) => {
    code = place.call({ definition, ctx, input, recorded: job.input, host });
    return code.output;
  };
  const output = runToOutput(definition, job, answers, ctx, guard, call);
  return { ctx, output, code };
}

async function runToOutput(
  definition: AnyJobDefinition,
  job: StartedJob,
  answers: Answers,
  ctx: RunContext,
  guard: SecretGuard,
  call: (input: unknown) => unknown,
): Promise<JsonValue | undefined> {
  const parsed = parseInput(definition, job.input);
  if (!parsed.ok) {
    throw new InputMismatchError(definition, issuesText(parsed.issues));
  }
  // A schema may remove the spaces of a card number: `run` never sees it as it was submitted.
  guard.watch(secretValues(parsed.value, job.sealed?.secrets ?? []));
  answers.begin(ctx, job);
  let output: unknown;
  try {
    output = await call(parsed.value);
  } catch (error) {
    throw planMismatch(definition, parsed.value, job, error) ?? error;
  } finally {
    ctx.close();
  }
  ctx.mustHaveEnded();
  return guard.requireNoSecret("the output", recordable(output, "output"));
}

/**
 * The plan of a job is fixed when it is created. A job that runs is not at fault if newer code names
 * other expectations; a name that this code does not declare either is a mistake in the code.
 */
function planMismatch(
  definition: AnyJobDefinition,
  input: unknown,
  { state, plan }: JobState,
  error: unknown,
): PlanMismatchError | undefined {
  if (state !== "Running" || !isThrown(error, UnplannedError)) return undefined;
  const isDeclared = declaredNow(definition, input).includes(error.expectation);
  return isDeclared ? new PlanMismatchError(error, plan) : undefined;
}

function declaredNow(definition: AnyJobDefinition, input: unknown): readonly string[] {
  try {
    return Object.keys(definition.expects?.(input as never) ?? {});
  } catch {
    return [];
  }
}

export interface CodeRequest {
  readonly definition: AnyJobDefinition;
  readonly ctx: RunContext;
  readonly input: unknown;
  /** The input as recorded, for a place that has its own copy of the definition. */
  readonly recorded: JsonValue | undefined;
  readonly host: CodeHost;
}

/** The call that the code belongs to. */
export interface CodeHost {
  /** `run`, or code that it called outside tasks, printed something. */
  printed(text: string): void;
  /** No code in the thread caught an error. */
  uncaught(error: UncaughtInThread): void;
  /** `run` is done reacting to its last answer, or its thread has died. */
  reacted(): void;
  /**
   * The thread has died of its open attempts: they fail or are withdrawn, and the call of `run`
   * never settles.
   */
  lost(): void;
}

export interface CodeCall {
  /** What `run` returns, or a promise of it. */
  readonly output: unknown;
  /**
   * Whether `run` may still be reacting, or an attempt that was told to end has not, so that
   * nothing new may begin. Always `false` in the engine's own event loop.
   */
  readonly isReacting: boolean;
  /** Whether the thread has died, and with it all that `run` asked for. */
  readonly isLost: boolean;
  /** The call is no longer needed: frees its resources. */
  letGo(): void;
}

export interface CodePlace {
  call(request: CodeRequest): CodeCall;
}

/** Calls the code in the engine's thread. */
export const IN_PROCESS: CodePlace = {
  call: ({ definition, ctx, input }) => ({
    output: definition.run(ctx, input),
    isReacting: false,
    isLost: false,
    letGo: () => {},
  }),
};
