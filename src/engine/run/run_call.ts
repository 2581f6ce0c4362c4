/**
 * Calls a definition's `run` on the record of a job. Live runs and history checks share this code,
 * so that they cannot get different answers.
 */

import type { JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { Answers } from "./answers.ts";
import { RunContext, type RunListener } from "./run_context.ts";
import {
  type CodeCall,
  type CodeHost,
  type CodePlace,
  IN_PROCESS,
  SILENT_HOST,
} from "./code_place.ts";
import { outsideAttempts } from "./current_attempt.ts";
import type { AnyJobDefinition } from "../definition.ts";
import { NonRetryableError } from "../job_errors.ts";
import { issuesText, parseInput } from "../parsed_input.ts";
import { recordable } from "../recordable.ts";
import { NO_SECRETS, type SecretGuard } from "../secrets/secret_guard.ts";

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

/** The definition rejects the input of the job; `run` was not called. */
export class InputMismatchError extends NonRetryableError {
  override readonly name = "InvalidInput";
  /** The validation issues, on one line. */
  readonly issues: string;

  constructor({ version }: AnyJobDefinition, issues: string) {
    super(`Cannot run: the recorded input does not fit version ${version}: ${issues}`);
    this.issues = issues;
  }
}

/** Calls `run` with the recorded input, if it still fits, and gives `run` its first answers. */
export function callRun(
  definition: AnyJobDefinition,
  job: Exclude<JobState, { state: "Created" }>,
  answers: Answers,
  listener: Omit<RunListener, "seenAt">,
  guard: SecretGuard = NO_SECRETS,
  place: CodePlace = IN_PROCESS,
  host: CodeHost = SILENT_HOST,
): RunCall {
  const expectables = job.plan.expected.map(({ id, within }) => (
    { name: id, isWaivable: within?.otherwise === "waive" }
  ));
  const ctx = new RunContext(job.jobId, expectables, {
    seenAt: () => answers.seenAtMs,
    onTask: (task) => {
      guard.requireNoSecret("the name of a task", task.taskId);
      listener.onTask(task);
    },
    onSleep: (sleep) => {
      guard.requireNoSecret("the name of a sleep", sleep.taskId);
      listener.onSleep(sleep);
    },
    onExpectation: (expectation) => listener.onExpectation(expectation),
    onWait: (wait) => listener.onWait(wait),
  });
  let code: CodeCall | undefined;
  const call = (input: unknown) => {
    code = place.call({ definition, ctx, input, recorded: job.input, host });
    return code.output;
  };
  const output = outsideAttempts(() => runToOutput(definition, job, answers, ctx, guard, call));
  return { ctx, output, code };
}

async function runToOutput(
  definition: AnyJobDefinition,
  job: Exclude<JobState, { state: "Created" }>,
  answers: Answers,
  ctx: RunContext,
  guard: SecretGuard,
  call: (input: unknown) => Promise<unknown>,
): Promise<JsonValue | undefined> {
  const parsed = parseInput(definition, job.input);
  if (!parsed.ok) {
    throw new InputMismatchError(definition, issuesText(parsed.issues));
  }
  answers.begin(ctx, job);
  const output = await call(parsed.value).finally(() => ctx.close());
  ctx.mustHaveEnded();
  return guard.requireNoSecret("the output", recordable(output, "output"));
}
