/**
 * All open streams: limits their number, closes them when they stall or the process stops, and
 * takes chunks from a generator, one by one as they are pulled.
 */

import type { Clock } from "../../engine/ports.ts";
import type { Gauge } from "../capacity/limits.ts";
import type { Permit } from "../requests/viewer.ts";
import { Timeouts } from "./turns.ts";

/** Creates the chunks of one outlet. */
export interface ChunkSource {
  /** The reader has room: give it one chunk, now or later, or end the stream. */
  wanted(): void;
  /** The process is stopping: end the stream soon. */
  stop(): void;
  /** The client has disconnected. */
  left(): void;
}

interface OutletOptions {
  /** Of all outlets. */
  readonly keeper: Outlets;
  readonly permit: Permit;
  /** Whether a chunk may stay unread forever. */
  readonly neverStalls?: boolean;
  /** Called when the first chunk is pulled, so that an unread answer costs nothing. */
  readonly sourceOf: (outlet: Outlet) => ChunkSource;
}

/**
 * The body of an endless answer: the client pulls one chunk at a time, so what a slow client has
 * not read stays in the journal, not in memory. Deno pulls several chunks ahead of the connection: up
 * to 64 KiB by reference, and up to 64 KiB more as a copy being written, but less if the chunks are
 * small. So they should be small when there are many readers, and shared between those with the same
 * filter.
 */
export class Outlet implements UnderlyingDefaultSource<Uint8Array> {
  /** Without a buffer of its own, the stream pulls only when a read is pending. */
  readonly body: ReadableStream<Uint8Array>;
  #source: ChunkSource | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #wantsChunk = false;
  #isEnding = false;
  #isOver = false;

  /**
   * Takes a place at once, since many requests may be answered before the first body is pulled.
   *
   * @throws {Problem} `over-capacity` if no more streams may be opened.
   */
  constructor(private readonly options: OutletOptions) {
    options.keeper.admit(this);
    this.body = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** Whether a chunk can be given. */
  get wantsChunk(): boolean {
    return this.#wantsChunk;
  }

  /** Called whenever the reader has room; the first call opens the stream. */
  pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#isOver) return controller.error(new Error("It was not read in time"));
    if (this.#controller === undefined) this.#open(controller);
    if (this.#isEnding) return this.#close();
    this.#wantsChunk = true;
    this.#source?.wanted();
  }

  /** The client disconnected. */
  cancel(): void {
    this.#release();
  }

  /** Gives a chunk to a hungry reader; if its permit has expired, closes the stream. */
  give(chunk: Uint8Array): void {
    const { keeper, permit, neverStalls } = this.options;
    if (!this.#wantsChunk) return;
    if (!permit()) return this.#close();
    this.#wantsChunk = false;
    if (neverStalls !== true && !this.#isEnding) keeper.stalls.start(this);
    this.#controller?.enqueue(chunk);
  }

  /** Closes the stream once the reader has taken its chunk. */
  end(): void {
    if (this.#wantsChunk) return this.#close();
    this.#isEnding = true;
    this.options.keeper.stalls.stop(this);
  }

  fail(error: unknown): void {
    if (this.#release()) this.#controller?.error(error);
  }

  /**
   * The client has read nothing for too long. Only the client can end such a connection: until it
   * reads again or disconnects, its chunks stay in memory, so it still counts against the limit. If
   * the body was never pulled, the client has left.
   */
  stall(): void {
    if (this.#wantsChunk) return; // It was read in time.
    if (this.#controller === undefined) return void this.#release();
    this.end();
    this.#source?.left();
  }

  stop(): void {
    this.#source?.stop();
  }

  #open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#source = this.options.sourceOf(this);
    this.options.keeper.opened(this);
  }

  #close(): void {
    if (this.#release()) this.#controller?.close();
  }

  /** Releases its place and its source, once. */
  #release(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#wantsChunk = false;
    this.options.keeper.closed(this);
    this.#source?.left();
    return true;
  }
}

interface OutletsOptions {
  readonly clock: Clock;
  readonly streams: Gauge;
  /** A stream is closed if its client leaves a chunk unread for this long. */
  readonly streamStallMs: number;
  readonly shutdownSignal: AbortSignal;
}

export class Outlets {
  /** Closes outlets whose chunk is not read in time. */
  readonly stalls: Timeouts<Pick<Outlet, "stall">>;
  readonly #streams: Gauge;
  readonly #shutdownSignal: AbortSignal;
  readonly #open = new Set<Outlet>();

  constructor({ clock, streams, streamStallMs, shutdownSignal }: OutletsOptions) {
    this.#streams = streams;
    this.#shutdownSignal = shutdownSignal;
    this.stalls = new Timeouts(clock, streamStallMs, (outlet) => outlet.stall());
    shutdownSignal.addEventListener("abort", () => this.#stop(), { once: true });
  }

  /** @throws {Problem} `over-capacity` if there is no room for it. */
  admit(outlet: Outlet): void {
    this.#streams.requireRoom();
    this.#streams.opened();
    this.#open.add(outlet);
    this.stalls.start(outlet);
  }

  opened(outlet: Outlet): void {
    this.stalls.stop(outlet);
    if (this.#shutdownSignal.aborted) outlet.stop();
  }

  closed(outlet: Outlet): void {
    this.#streams.closed();
    this.#open.delete(outlet);
    this.stalls.stop(outlet);
  }

  #stop(): void {
    for (const outlet of [...this.#open]) outlet.stop();
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
