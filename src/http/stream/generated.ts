/** Response bodies whose chunks come from a generator, one by one as they are pulled. */

import { type ChunkSource, Outlet, type OutletOptions } from "./outlets.ts";
import type { LogId } from "../../core/ids.ts";

/**
 * All messages of a channel after one position and up to another. The journal is append-only, so a
 * chunk never becomes invalid.
 */
export interface Chunk {
  /** Whole messages; empty if nothing passed the filter. */
  readonly bytes: Uint8Array;
  readonly to: LogId;
  /** Whether the stream ends with this chunk. */
  readonly isLast: boolean;
}

const BYTES_MAX = 4 * 1024 * 1024;
const CHUNKS_MAX = 4_096;

/** The newest chunks. A chunk that was evicted is created again when needed. */
export class ChunkCache {
  readonly #chunks = new Map<string, Chunk>();
  #bytes = 0;

  get(key: string): Chunk | undefined {
    return this.#chunks.get(key);
  }

  add(key: string, chunk: Chunk): void {
    if (this.#chunks.has(key)) return;
    this.#chunks.set(key, chunk);
    this.#bytes += chunk.bytes.length;
    for (const [oldest, { bytes }] of this.#chunks) {
      if (this.#bytes <= BYTES_MAX && this.#chunks.size <= CHUNKS_MAX) return;
      this.#chunks.delete(oldest);
      this.#bytes -= bytes.length;
    }
  }

  clear(): void {
    this.#chunks.clear();
    this.#bytes = 0;
  }
}

/** The signal aborts when no more chunks are needed: the generator must then return. */
type Chunks = (signal: AbortSignal) => AsyncGenerator<string>;

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
