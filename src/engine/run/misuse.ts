/** What code does with `ctx` that cannot be: told at once, in words that name the step. */

import { NonRetryableError } from "../job_errors.ts";
import { attemptHere } from "./current_attempt.ts";

export class MisuseError extends NonRetryableError {
  override readonly name = "MisuseError";
}

/**
 * A step is asked for by `run` itself, as long as it runs.
 *
 * @param step Such as `task charge`.
 * @throws {MisuseError} when a task asks for it, or `run` has ended.
 */
export function mustBeInRun(step: string, { jobId, isOver }: AskedBy): void {
  const outer = attemptHere();
  if (outer?.jobId === jobId) {
    throw new MisuseError(
      `Cannot ask for ${step} inside of task ${outer.taskId}: a task is one step of its own; ` +
        "ask for both in run, one after the other",
    );
  }
  if (isOver) {
    throw new MisuseError(
      `Cannot ask for ${step} of job ${jobId}: its run has ended; await every step before that`,
    );
  }
}

interface AskedBy {
  readonly jobId: string;
  /** Whether `run` has returned, or thrown. */
  readonly isOver: boolean;
}

/**
 * What `run` has asked for must have ended when it returns: else it would be abandoned in silence.
 *
 * @param steps That have not, such as `task charge`.
 * @throws {MisuseError} when there are some.
 */
export function mustHaveEnded(steps: readonly string[]): void {
  if (steps.length === 0) return;
  const named = steps.slice(0, STEPS_NAMED_MAX).join(", ");
  const more = steps.length > STEPS_NAMED_MAX ? ` and ${steps.length - STEPS_NAMED_MAX} more` : "";
  throw new MisuseError(
    `run returned before ${named}${more} had ended: await all that ctx gives`,
  );
}

const STEPS_NAMED_MAX = 10;
