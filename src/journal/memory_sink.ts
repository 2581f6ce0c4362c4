/** Where a journal without files writes to. A test can hold it up, and make it fail. */

import type { BatchSink } from "./group_commit.ts";

export class MemorySink implements BatchSink {
  #gate: PromiseWithResolvers<void> | undefined;
  #failure: { readonly error: Error; after: number } | undefined;

  /** No batch becomes durable until `release`. */
  hold(): void {
    this.#gate ??= Promise.withResolvers();
  }

  release(): void {
    this.#gate?.resolve();
    this.#gate = undefined;
  }

  /** A batch is lost with this error: the next one, or the one after so many more. */
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
