/** Bodies whose chunks a generator makes, one by one as they are pulled. */

import { type ChunkSource, Outlet, type OutletOptions } from "./outlet.ts";

/** The signal aborts when nobody wants more chunks: end what waits, and return. */
export type Chunks = (signal: AbortSignal) => AsyncGenerator<string>;

export function generatedBody(
  chunks: Chunks,
  options: Omit<OutletOptions, "sourceOf">,
): ReadableStream<Uint8Array> {
  return new Outlet({ ...options, sourceOf: (outlet) => new Generated(chunks, outlet) }).body;
}

const encoder = new TextEncoder();

class Generated implements ChunkSource {
  readonly #leave = new AbortController();
  readonly #chunks: AsyncGenerator<string>;

  constructor(chunks: Chunks, private readonly outlet: Outlet) {
    this.#chunks = chunks(this.#leave.signal);
  }

  wanted(): void {
    void this.#next();
  }

  stop(): void {
    this.#leave.abort();
  }

  left(): void {
    this.#leave.abort();
  }

  async #next(): Promise<void> {
    try {
      const { done, value } = await this.#chunks.next();
      if (done) this.outlet.end();
      else this.outlet.give(encoder.encode(value));
    } catch (error) {
      this.outlet.fail(error);
    }
  }
}
