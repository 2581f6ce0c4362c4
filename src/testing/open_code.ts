/**
 * The code of jobs that has been called and has not come back. What it awaits, other than Daybook
 * and the clock, takes real time: it is given a little.
 */

import type { JobId, TaskId } from "../core/ids.ts";
import type { AttemptWatch } from "../engine/ports.ts";

/**
 * So many times, a millisecond or more apart, it is looked whether a call has come back; then it
 * counts as held up by the test. Not a span of time: on a busy machine they are further apart.
 */
const LOOKS_MAX = 200;

export class OpenCode implements AttemptWatch {
  /** Of each call, how often it was looked for. */
  readonly #calls = new Map<number, number>();
  #count = 0;

  began(_jobId: JobId, _taskId: TaskId, _attempt: number): number {
    this.#calls.set(++this.#count, 0);
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

  /** Waits for a moment; `false` at once when there is nothing to wait for. */
  async comesBack(): Promise<boolean> {
    const awaited = [...this.#calls].filter(([, looks]) => looks < LOOKS_MAX);
    if (awaited.length === 0) return false;
    for (const [call, looks] of awaited) this.#calls.set(call, looks + 1);
    await new Promise((resolve) => setTimeout(resolve, 1));
    return true;
  }
}
