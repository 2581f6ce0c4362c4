/**
 * The code of jobs that has been called and has not come back. What it awaits, other than Daybook
 * and the clock, takes real time: it is given a little.
 */

import type { JobId, TaskId } from "../core/ids.ts";
import type { AttemptWatch } from "../engine/watches.ts";

// As the platform has it: the test may put another one in its place.
const { setTimeout } = globalThis;

/**
 * So many times, a millisecond or more apart, it is looked whether a call has come back; then it
 * counts as held up by the test. Not a span of time: on a busy machine they are further apart.
 */
export const POLLS_MAX = 200;
/** The same for a caller that waits for one job, and lets no time pass. */
export const PATIENT_POLLS_MAX = 5_000;

interface Call {
  readonly jobId: JobId;
  looks: number;
}

export class OpenCode implements AttemptWatch {
  readonly #calls = new Map<number, Call>();
  #count = 0;

  began(jobId: JobId, _taskId: TaskId, _attempt: number): number {
    this.#calls.set(++this.#count, { jobId, looks: 0 });
    return this.#count;
  }

  ended(call: number): void {
    this.#calls.delete(call);
  }

  get isOpen(): boolean {
    return this.#calls.size > 0;
  }

  /** Changes with each call that begins or ends. */
  get mark(): string {
    return `${this.#count} ${this.#calls.size}`;
  }

  /**
   * Waits for a moment; `false` at once when there is nothing to wait for.
   *
   * @param jobId Whose calls count; those of all, when absent.
   */
  async comesBack(looksMax: number, jobId?: string): Promise<boolean> {
    const awaited = [...this.#calls.values()].filter((call) =>
      call.looks < looksMax && (jobId === undefined || call.jobId === jobId)
    );
    if (awaited.length === 0) return false;
    for (const call of awaited) call.looks++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    return true;
  }
}
