/**
 * Calls of job code that have not returned. What they await besides Daybook and the clock takes
 * real time, so each gets a little.
 */

import type { JobId, TaskId } from "../core/ids.ts";
import type { AttemptWatch } from "../engine/watches.ts";

// Kept, since the test may replace the global one.
const { setTimeout } = globalThis;

/**
 * How many times to check, a millisecond or more apart, whether a call has returned. After that it
 * counts as blocked by the test. It is a count, not a duration, so that a busy machine has more
 * time.
 */
export const POLLS_MAX = 200;
/** The same for a caller that waits for one job and does not advance the clock. */
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
   * Waits a moment; `false` at once when there is nothing to wait for.
   *
   * @param jobId Only calls of this job count; all calls when absent.
   */
  async waitForReturn(looksMax: number, jobId?: string): Promise<boolean> {
    const awaited = [...this.#calls.values()].filter((call) =>
      call.looks < looksMax && (jobId === undefined || call.jobId === jobId)
    );
    if (awaited.length === 0) return false;
    for (const call of awaited) call.looks++;
    await new Promise((resolve) => setTimeout(resolve, 1));
    return true;
  }
}
