/** The sink of a journal in memory. A test can pause it and make it fail. */

import type { BatchSink } from "./group_commit.ts";

export class MemorySink implements BatchSink {
  #gate: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: Error; after: number } | undefined;

  /** Keeps batches from becoming durable until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** Makes a batch fail with this error: the next one, or the one after `after` more. */
  failNext(error: Error, after: number): void {
    this.#failure = { error, after };
  }

  async write(): Promise<void> {
    await this.#gate?.promise;
    const failure = this.#failure;
    if (failure === undefined || failure.after-- > 0) return;
    this.#failure = undefined;
    throw failure.error;
  }
}
