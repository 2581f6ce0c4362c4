/**
 * Streams of entries. One cursor follows the journal for all readers. Each batch is matched and
 * encoded once for each filter, and passed to the waiting readers. Readers that are behind take
 * turns to read the journal page by page.
 */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { Clock } from "../../engine/ports.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { greetingAt, HEARTBEAT_MS, heartbeatAt, selectFeed, StreamMessages } from "./feed.ts";
import type { Permit } from "../requests/viewer.ts";
import {
  Channel,
  Channels,
  type Chunk,
  ChunkCache,
  chunkLengthFor,
  nothingAfter,
  type Waiter,
  type Wanted,
} from "./channels.ts";
import { type ChunkSource, Outlet, type Outlets } from "./outlets.ts";
import { StreamTurns, Timeouts } from "./turns.ts";

const READ_AT_ONCE_MAX = 512;
/** Readers that read the journal at the same time. */
const LANES = 4;
/** Never elapses: the wait ends with new entries, or with the last reader. */
const FOREVER_MS = 2 ** 31 - 1;

interface HubOptions {
  readonly engine: JobEngine;
  readonly clock: Clock;
  readonly outlets: Outlets;
}

export class StreamHub {
  /** Heartbeats for readers that were sent nothing since they last took a chunk. */
  readonly heartbeats: Timeouts<StreamReader>;
  readonly turns: StreamTurns;
  readonly #chunks = new ChunkCache();
  readonly #messages: StreamMessages;
  readonly #channels = new Channels();
  readonly #readers = new Set<StreamReader>();
  /** Readers that are behind, in the order of their turns. */
  readonly #queue = new Set<StreamReader>();
  #lanes = 0;
  #head: LogId = 0;
  #channelsMade = 0;
  /** Aborts when the last reader leaves. */
  #following: AbortController | undefined;

  constructor(private readonly options: HubOptions) {
    this.#messages = new StreamMessages(options.engine);
    this.turns = new StreamTurns(options.clock);
    this.heartbeats = new Timeouts(options.clock, HEARTBEAT_MS, (reader) => reader.sendHeartbeat());
  }

  /** All entries up to here were passed to the waiting readers. */
  get head(): LogId {
    return this.#head;
  }

  /** The body of a stream that starts after a position, which must not be beyond the head. */
  open(wanted: Wanted, after: LogId, permit: Permit): ReadableStream<Uint8Array> {
    const sourceOf = (outlet: Outlet) => this.#join(wanted, after, outlet);
    return new Outlet({ keeper: this.options.outlets, permit, sourceOf }).body;
  }

  /** Calls `readOn` when it is the turn of this reader. */
  queue(reader: StreamReader): void {
    this.#queue.add(reader);
    if (this.#lanes < LANES) void this.#serveQueue();
  }

  left(reader: StreamReader): void {
    if (!this.#readers.delete(reader)) return;
    this.#queue.delete(reader);
    this.#channels.left(reader.channel);
    if (this.#readers.size > 0) return;
    this.#following?.abort();
    this.#following = undefined;
    this.#chunks.clear();
  }

  #join(wanted: Wanted, after: LogId, outlet: Outlet): StreamReader {
    const channel = this.#channels.join(wanted, () => this.#makeChannel(wanted));
    const reader = new StreamReader(channel, after, outlet, this);
    this.#readers.add(reader);
    if (this.options.engine.draining) reader.stop();
    else if (this.#following === undefined) void this.#follow();
    return reader;
  }

  #makeChannel(wanted: Wanted): Channel {
    return new Channel(wanted, String(this.#channelsMade++), {
      engine: this.options.engine,
      history: selectFeed(this.options.engine, wanted.filter.jobId),
      chunks: this.#chunks,
      messages: this.#messages,
      turns: this.turns,
      chunkLength: () => chunkLengthFor(this.#readers.size),
    });
  }

  /** Follows the journal as long as there are readers. */
  async #follow(): Promise<void> {
    const { engine } = this.options;
    const { signal } = this.#following = new AbortController();
    this.#head = engine.headLogId;
    try {
      while (!signal.aborted) {
        await engine.changed(this.#head, FOREVER_MS, signal);
        await this.turns.next();
        if (signal.aborted) return;
        const isBehind = this.#head < engine.headLogId;
        const entries = await engine.entries(this.#head, READ_AT_ONCE_MAX);
        if (signal.aborted) return;
        if (isBehind && entries.length === 0) throw nothingAfter(this.#head);
        await this.#distribute(entries);
        if (engine.draining && this.#head >= engine.headLogId) return this.#stop();
      }
    } catch (error) {
      for (const reader of [...this.#readers]) reader.fail(error);
    }
  }

  /** Serves the readers for which a batch has messages; the others only move past it. */
  async #distribute(entries: readonly JobEventLogEntry[]): Promise<void> {
    const scannedTo = entries.at(-1)?.logId ?? this.#head;
    const waiters = [...this.#channels.concernedBy(entries)].flatMap((channel) => {
      channel.makeChunk(this.#head, { entries, scannedTo });
      return channel.takeWaiting(this.#head);
    });
    this.#messages.clear();
    this.#head = scannedTo;
    for (const waiter of waiters) {
      if (this.turns.isOver) await this.turns.next();
      waiter.serve();
    }
  }

  /** Serves the readers that are behind, until none are left. */
  async #serveQueue(): Promise<void> {
    this.#lanes += 1;
    for (const reader of this.#queue) {
      this.#queue.delete(reader);
      await this.turns.next();
      await reader.readOn();
    }
    this.#lanes -= 1;
  }

  #stop(): void {
    for (const reader of [...this.#readers]) reader.stop();
  }
}

const encoder = new TextEncoder();

/** One reader of a stream: a cursor, and an outlet that takes one chunk at a time. */
class StreamReader implements ChunkSource, Waiter {
  #isGreeted = false;
  #isReading = false;
  #isStopping = false;

  constructor(
    readonly channel: Channel,
    public cursor: LogId,
    private readonly outlet: Outlet,
    private readonly hub: StreamHub,
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

  /** Sends the current position to an idle client, unless it has a chunk to read. */
  sendHeartbeat(): void {
    if (!this.outlet.wantsChunk) return;
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
    this.hub.turns.spend(1);
    this.outlet.give(bytes);
  }
}
