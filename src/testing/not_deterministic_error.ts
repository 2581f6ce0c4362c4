/** That `run` does not take the same way each time. */

/**
 * A job's `run` was called again, as after a restart, and did not ask for the same steps, or did
 * not end the same. The message names the step and what differed.
 */
export class NotDeterministicError extends Error {
  /** For logs. */
  override readonly name = "NotDeterministicError";
  /** Whose `run` it is. */
  readonly jobId: string;
  /** The last call of `ctx` that was still the same, such as `ctx.task("reserve")`; or `null`. */
  readonly after: string | null;

  /** Made by the test kit; `what` says, as a clause, how the second call differed. */
  constructor(type: string, jobId: string, after: string | null, what: string) {
    super(
      `Cannot call run of ${type} again: for job ${jobId}, ${what}. Between calls of ctx, run ` +
        "must do the same each time: take the time from ctx.now(), and put random values and " +
        "calls to other systems into a step",
    );
    this.jobId = jobId;
    this.after = after;
  }
}
