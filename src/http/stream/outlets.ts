/** All streams that are open: how many there may be, how long they may stall, and their end. */

import type { Clock } from "../../engine/ports.ts";
import type { Gauge } from "../guard/capacity.ts";
import { Timeouts } from "./timeouts.ts";
import type { Permit } from "../guard/viewer.ts";

/** Creates the chunks of one outlet. */
export interface ChunkSource {
  /** The reader has room: give one chunk, now or later, or end. */
  wanted(): void;
  /** The process is stopping: end soon. */
  stop(): void;
  /** The reader is gone. */
  left(): void;
}

/** What all outlets share. */
export interface OutletKeeper {
  opened(outlet: Outlet): void;
  closed(outlet: Outlet): void;
  /** The timeouts of chunks that are not read. */
  readonly stalls: Pick<Timeouts<Outlet>, "start" | "stop">;
}

export interface OutletOptions {
  readonly keeper: OutletKeeper;
  readonly permit: Permit;
  /** Whether a chunk may lie untaken forever. */
  readonly isPatient?: boolean;
  /** Called when the first chunk is wanted: an answer that is not read costs nothing. */
  readonly sourceOf: (outlet: Outlet) => ChunkSource;
}

/**
 * The body of an endless answer: its reader pulls, and gets one chunk at a time. What a slow reader
 * has not taken stays in the journal, not in memory. Deno takes chunks ahead of the connection
 * until it holds 64 KiB of them, by reference, and up to 64 KiB more as a copy that is being
 * written. So chunks should be small, and shared between readers with the same filter.
 */
export class Outlet implements UnderlyingDefaultSource<Uint8Array> {
  /** Without a buffer of its own, the stream pulls only when a read is pending. */
  readonly body: ReadableStream<Uint8Array>;
  readonly #options: OutletOptions;
  #source: ChunkSource | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #isHungry = false;
  #isEnding = false;
  #isOver = false;

  constructor(options: OutletOptions) {
    this.#options = options;
    this.body = new ReadableStream(this, { highWaterMark: 0 });
  }

  /** Whether a chunk can be given. */
  get isHungry(): boolean {
    return this.#isHungry;
  }

  /** Called whenever the reader has room; the first call opens the stream. */
  pull(controller: ReadableStreamDefaultController<Uint8Array>): void {
    if (this.#controller === undefined) this.#open(controller);
    else this.#options.keeper.stalls.stop(this);
    if (this.#isEnding) return this.#close();
    this.#isHungry = true;
    this.#source?.wanted();
  }

  /** The client left. */
  cancel(): void {
    this.#letGo();
  }

  /** Gives a chunk to a hungry reader; if its permit has expired, closes the stream. */
  give(chunk: Uint8Array): void {
    const { keeper, permit, isPatient } = this.#options;
    if (!this.#isHungry) return;
    if (!permit()) return this.#close();
    this.#isHungry = false;
    if (isPatient !== true && !this.#isEnding) keeper.stalls.start(this);
    this.#controller?.enqueue(chunk);
  }

  /** Closes the stream once the reader has taken its chunk. */
  end(): void {
    if (this.#isHungry) return this.#close();
    this.#isEnding = true;
    this.#options.keeper.stalls.stop(this);
  }

  fail(error: unknown): void {
    if (this.#letGo()) this.#controller?.error(error);
  }

  /**
   * The reader has taken nothing for too long. Only the client can end such a connection: until it
   * reads on or leaves, its chunks stay in memory, so its place stays taken.
   */
  stall(): void {
    this.end();
    this.#source?.left();
  }

  stop(): void {
    this.#source?.stop();
  }

  #open(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#source = this.#options.sourceOf(this);
    this.#options.keeper.opened(this);
  }

  #close(): void {
    if (this.#letGo()) this.#controller?.close();
  }

  /** Releases its place and its source, once. */
  #letGo(): boolean {
    if (this.#isOver) return false;
    this.#isOver = true;
    this.#isHungry = false;
    if (this.#controller !== undefined) this.#options.keeper.closed(this);
    this.#source?.left();
    return true;
  }
}

interface OutletsOptions {
  readonly clock: Clock;
  readonly streams: Gauge;
  /** A stream is closed when its reader leaves a chunk untaken for this long. */
  readonly streamStallMs: number;
  readonly shutdownSignal: AbortSignal;
}

export class Outlets implements OutletKeeper {
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

  /** @throws {Problem} `over-capacity`, when no more streams may be opened. */
  requireRoom(): void {
    this.#streams.requireRoom();
  }

  opened(outlet: Outlet): void {
    this.#streams.opened();
    this.#open.add(outlet);
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
