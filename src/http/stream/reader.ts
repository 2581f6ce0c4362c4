/** One reader of a stream: a cursor, and an outlet that takes one chunk at a time. */

import type { LogId } from "../../core/ids.ts";
import type { Channel, Chunk, Waiter } from "./channels.ts";
import type { ChunkSource, Outlet } from "./outlets.ts";
import type { StreamTurns, Timeouts } from "./turns.ts";
import { greetingAt, heartbeatAt } from "./feed.ts";

/** The part of the hub that a reader uses. */
export interface ReaderHub {
  /** All entries up to here were passed to the waiting readers. */
  readonly head: LogId;
  /** Heartbeats for readers that were sent nothing since they last took a chunk. */
  readonly heartbeats: Pick<Timeouts<StreamReader>, "start" | "stop">;
  readonly turns: Pick<StreamTurns, "isOver" | "spend">;
  left(reader: StreamReader): void;
  /** Calls `readOn` when it is this reader's turn. */
  queue(reader: StreamReader): void;
}

const encoder = new TextEncoder();

export class StreamReader implements ChunkSource, Waiter {
  #isGreeted = false;
  #isReading = false;
  #isStopping = false;

  constructor(
    readonly channel: Channel,
    public cursor: LogId,
    private readonly outlet: Outlet,
    private readonly hub: ReaderHub,
  ) {}

  wanted(): void {
    if (!this.#isGreeted) return this.#greet();
    this.hub.heartbeats.start(this);
    this.serve();
  }

  /**
   * Sends the next chunk if it is in memory; otherwise waits for new entries, or for its turn to
   * read.
   */
  serve(): void {
    while (this.outlet.wantsChunk && !this.#isReading) {
      const chunk = this.channel.chunkAfter(this.cursor);
      const isCaughtUp = chunk === undefined && this.cursor >= this.hub.head;
      if (isCaughtUp) return void this.channel.waiting.add(this);
      if (chunk === undefined || this.hub.turns.isOver) return this.hub.queue(this);
      this.#take(chunk);
    }
  }

  /** Sends the next chunk from the journal. */
  async readOn(): Promise<void> {
    if (!this.outlet.wantsChunk || this.#isReading) return;
    this.#isReading = true;
    try {
      const chunk = this.channel.chunkAfter(this.cursor) ??
        await this.channel.readChunk(this.cursor);
      if (this.outlet.wantsChunk) this.#take(chunk);
    } catch (error) {
      this.outlet.fail(error);
    }
    this.#isReading = false;
    if (this.#isStopping) this.outlet.end();
    else this.serve();
  }

  /** Sends the current position to an idle client. */
  sendHeartbeat(): void {
    this.cursor = this.#position;
    this.#give(encoder.encode(heartbeatAt(this.cursor)));
  }

  fail(error: unknown): void {
    this.outlet.fail(error);
  }

  /** A chunk that is being read is sent first. */
  stop(): void {
    this.#isStopping = true;
    if (!this.#isReading) this.outlet.end();
  }

  left(): void {
    this.channel.waiting.delete(this);
    this.hub.heartbeats.stop(this);
    this.hub.left(this);
  }

  #greet(): void {
    this.#isGreeted = true;
    this.#give(encoder.encode(greetingAt(this.cursor)));
  }

  /**
   * While the reader waits, no entry up to the head passed its filter, or it would have been
   * served.
   */
  get #position(): LogId {
    const isWaiting = this.channel.waiting.has(this);
    return isWaiting ? Math.max(this.cursor, this.hub.head) : this.cursor;
  }

  #take({ bytes, to, isLast }: Chunk): void {
    this.cursor = to;
    if (bytes.length > 0) this.#give(bytes);
    if (isLast) this.outlet.end();
  }

  #give(bytes: Uint8Array): void {
    this.channel.waiting.delete(this);
    this.hub.heartbeats.stop(this);
    this.hub.turns.spend(1);
    this.outlet.give(bytes);
  }
}
