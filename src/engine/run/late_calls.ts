/**
 * Reports calls of `emit` and `progress` after the end of their attempt, which are not recorded:
 * once for each step, not for each call.
 */

/** The most steps that are reported; a job may make up names as it goes. */
const STEPS_MAX = 1_000;

interface LateCall {
  readonly call: "emit" | "progress";
  /** Of the job. */
  readonly type: string;
  readonly jobId: string;
  readonly taskId: string;
  readonly attempt: number;
}

export class LateCalls {
  readonly #report: (message: string) => void;
  readonly #reported = new Set<string>();

  constructor(tell: (message: string) => void) {
    this.#report = tell;
  }

  came({ call, type, jobId, taskId, attempt }: LateCall): void {
    const step = `${call} ${type} ${taskId}`;
    if (this.#reported.has(step) || this.#reported.size >= STEPS_MAX) return;
    this.#reported.add(step);
    this.#report(
      `task ${taskId} of ${type}, job ${jobId}, called task.${call} after its attempt ${attempt} ` +
        "had ended: it is not recorded; await its caller in the task (reported once)",
    );
  }
}
