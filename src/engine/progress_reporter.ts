/** Reports of progress: one at a time on its way to the journal, and then the latest. */

import type { Progress } from "../core/job_state.ts";

const NOTE_LENGTH_MAX = 1_000;

export class ProgressReporter {
  readonly #record: (progress: Progress) => Promise<void>;
  #next: Progress | undefined;
  #recording: Promise<void> | undefined;

  constructor(record: (progress: Progress) => Promise<void>) {
    this.#record = record;
  }

  /** @throws {TypeError} when a number is not finite. */
  report(done: number, total?: number, note?: string): void {
    if (!Number.isFinite(done) || (total !== undefined && !Number.isFinite(total))) {
      throw new TypeError(`Cannot report progress ${done} of ${total}: both must be numbers`);
    }
    this.#next = {
      done,
      ...(total === undefined ? {} : { total }),
      ...(note === undefined
        ? {}
        : { note: String(note).slice(0, NOTE_LENGTH_MAX).toWellFormed() }),
    };
    this.#recording ??= this.#recordAll();
  }

  /** Resolves when the latest report is on record. */
  async flushed(): Promise<void> {
    await this.#recording;
  }

  async #recordAll(): Promise<void> {
    while (this.#next !== undefined) {
      const progress = this.#next;
      this.#next = undefined;
      await this.#record(progress);
    }
    this.#recording = undefined;
  }
}
