/** Reports of progress: one at a time on its way to the journal, and then the latest. */

import type { Progress } from "../core/job_state.ts";

export class ProgressReporter {
  readonly #record: (progress: Progress) => Promise<void>;
  #next: Progress | undefined;
  #recording: Promise<void> | undefined;

  constructor(record: (progress: Progress) => Promise<void>) {
    this.#record = record;
  }

  report(done: number, total?: number, note?: string): void {
    this.#next = {
      done,
      ...(total === undefined ? {} : { total }),
      ...(note === undefined ? {} : { note }),
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
