/**
 * A response body that its reader pulls. Chunks are made one by one, when there is room
 * for one: what a slow reader has not taken stays in the journal, not in memory.
 */

import type { Clock } from "../engine/ports.ts";
import type { Gauge } from "./capacity.ts";
import type { Permit } from "./permit.ts";

export interface StreamLimits {
  readonly clock: Clock;
  readonly streams: Gauge;
  readonly shutdownSignal: AbortSignal;
  /** Milliseconds for which a chunk may lie untaken; `Infinity` lets it lie. */
  readonly streamStallMs: number;
}

/** What one reader asked for, and whether it may still have it. */
export interface ReaderLimits extends StreamLimits {
  readonly permit: Permit;
}

/** The signal aborts when nobody wants more chunks: end what waits, and return. */
export type Chunks = (signal: AbortSignal) => AsyncGenerator<string>;

export function streamBody(chunks: Chunks, limits: ReaderLimits): ReadableStream<Uint8Array> {
  // Without a buffer of its own, the stream pulls only when a read is pending.
  return new ReadableStream(new PulledSource(chunks, limits), { highWaterMark: 0 });
}

class PulledSource implements UnderlyingDefaultSource<Uint8Array> {
  readonly #encoder = new TextEncoder();
  readonly #leave = new AbortController();
  readonly #chunks: AsyncGenerator<string>;
  #cancelStall: (() => void) | undefined;
  #ended = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(chunks: Chunks, private readonly limits: ReaderLimits) {
    this.#chunks = chunks(this.#leave.signal);
  }

  /** Called whenever the reader has room; the first call opens the stream. */
  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    this.#stopWatching();
    if (this.#controller === undefined) this.#open(controller);
    try {
      const { done, value } = await this.#chunks.next();
      if (done || !this.limits.permit()) this.#close();
      else this.#give(value);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The client left. */
  cancel(): void {
    this.#end();
  }

  #open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.limits.streams.opened();
    this.limits.shutdownSignal.addEventListener("abort", this.#onShutdown, { once: true });
    if (this.limits.shutdownSignal.aborted) this.#onShutdown();
  }

  #give(chunk: string): void {
    if (this.#ended) return;
    this.#controller?.enqueue(this.#encoder.encode(chunk));
    const { clock, streamStallMs } = this.limits;
    if (!Number.isFinite(streamStallMs) || this.#leave.signal.aborted) return;
    this.#cancelStall = clock.setTimer(streamStallMs, () => this.#close());
  }

  /** A reader with a chunk untaken would hold up the stop, so it is not waited for. */
  readonly #onShutdown = (): void => {
    if (this.#cancelStall !== undefined) this.#close();
    else this.#leave.abort();
  };

  #close(): void {
    if (this.#end()) this.#controller?.close();
  }

  #fail(error: unknown): void {
    if (this.#end()) this.#controller?.error(error);
  }

  #stopWatching(): void {
    this.#cancelStall?.();
    this.#cancelStall = undefined;
  }

  /** Lets go of everything, once. */
  #end(): boolean {
    if (this.#ended) return false;
    this.#ended = true;
    this.#stopWatching();
    this.limits.shutdownSignal.removeEventListener("abort", this.#onShutdown);
    if (this.#controller !== undefined) this.limits.streams.closed();
    this.#leave.abort();
    return true;
  }
}
