/**
 * Reports calls of `emit` and `progress` that come after the end of their attempt and are not
 * recorded. Each step is reported once.
 */

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

export class LateCalls {
  readonly #report: (message: string) => void;
  readonly #reported = new Set<string>();

  constructor(report: (message: string) => void) {
    this.#report = report;
  }

  came({ call, type, jobId, taskId, attempt }: LateCall): void {
    const step = `${call} ${type} ${taskId}`;
    if (this.#reported.has(step) || this.#reported.size >= STEPS_MAX) return;
    this.#reported.add(step);
    this.#report(
      `task ${taskId} of ${type}, job ${jobId}, called task.${call} after its attempt ${attempt} ` +
        "had ended: the call is not recorded; await its caller in the task (reported once)",
    );
  }
}
