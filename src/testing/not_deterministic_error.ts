/** The error for a `run` that does not do the same each time. */

/**
 * A job's `run` was called again, as after a restart, and asked for other steps or ended
 * differently. The message names the step and the difference.
 */
export class NotDeterministicError extends Error {
  /** For logs. */
  override readonly name = "NotDeterministicError";
  /** The job whose `run` it is. */
  readonly jobId: string;
  /**
   * The last call of `ctx` that was the same both times, such as `ctx.task("reserve")`; or `null`.
   */
  readonly after: string | null;

  /** Created by the test kit. `what` is a clause that says how the second call differed. */
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
