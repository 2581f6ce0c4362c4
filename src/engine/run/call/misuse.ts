/** Reports misuse of `ctx` and of the context of a task, with messages that name the step. */

import { NonRetryableError } from "../../job_errors.ts";
import { attemptHere } from "../../async_context.ts";

export class MisuseError extends NonRetryableError {
  override readonly name = "MisuseError";
}

/**
 * Only `run` itself may ask for a step, and only until it ends.
 *
 * @param step Such as `task charge`.
 * @throws {MisuseError} when a task asks for the step, or `run` has ended.
 */
export function mustBeInRun(step: string, caller: StepCaller | undefined): void {
  if (caller === undefined) {
    throw new MisuseError(
      `Cannot ask for ${step} without ctx: call the methods of ctx as ctx.task, ctx.sleep and ` +
        "ctx.expect, not taken out of it",
    );
  }
  const { jobId, isOver } = caller;
  const outer = attemptHere();
  if (outer?.jobId === jobId) {
    throw new MisuseError(
      `Cannot ask for ${step} inside task ${outer.taskId}: a task is a single step; ` +
        "ask for both in run, one after the other",
    );
  }
  if (outer !== undefined) {
    throw new MisuseError(
      `Cannot ask for ${step} of job ${jobId} inside task ${outer.taskId} of job ` +
        `${outer.jobId}: only the run of a job may use its ctx`,
    );
  }
  if (isOver) {
    throw new MisuseError(
      `Cannot ask for ${step} of job ${jobId}: its run has ended; await every step in run`,
    );
  }
}

interface StepCaller {
  readonly jobId: string;
  readonly isOver: boolean;
}

/**
 * All steps must have ended when `run` returns, or they would be silently abandoned.
 *
 * @param steps Steps that have not ended, such as `task charge`.
 * @throws {MisuseError} when there are open steps.
 */
export function mustHaveEnded(steps: readonly string[]): void {
  if (steps.length === 0) return;
  const named = steps.slice(0, STEPS_NAMED_MAX).join(", ");
  const more = steps.length > STEPS_NAMED_MAX ? ` and ${steps.length - STEPS_NAMED_MAX} more` : "";
  const limited = steps.some((step) => step.startsWith("expectation "))
    ? "; to wait for an event only for a time, give ctx.expect withinMs"
    : "";
  throw new MisuseError(
    `run returned before ${named}${more} had ended: await everything that ctx returns${limited}`,
  );
}

const STEPS_NAMED_MAX = 10;

/** The most steps that are reported, since a job may generate any number of task names. */
const STEPS_MAX = 1_000;

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
    if (this.#reported.has(step) || this.#reported.size >= STEPS_MAX) return;
    this.#reported.add(step);
    this.report(
      `task ${taskId} of ${type}, job ${jobId}, called task.${call} after its attempt ${attempt} ` +
        "had ended: the call is not recorded; await its caller in the task (reported once)",
    );
  }
}
