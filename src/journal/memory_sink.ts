/** Where a journal without files writes to. A test can hold it up, and make it fail. */

import type { BatchSink } from "./group_commit.ts";

export class MemorySink implements BatchSink {
  #gate: PromiseWithResolvers<void> | undefined;
  #failure: Error | undefined;

  /** No batch becomes durable until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** The next batch is lost with this error. */
  failNext(error: Error): void {
    this.#failure = error;
  }

  async write(): Promise<void> {
    await this.#gate?.promise;
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
  }
}
