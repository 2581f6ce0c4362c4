/** The channels that have readers, indexed by filter and by job. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import {
  type EntryFilter,
  type Feed,
  heartbeatAt,
  passes,
  type Scan,
  type StreamMessages,
} from "./feed.ts";
import type { StreamTurns } from "./turns.ts";

/** In UTF-16 units; a chunk exceeds it by at most one message. */
const CHUNK_LENGTH = { min: 3 * 1024, max: 16 * 1024, ofAllReaders: 1024 * 1024 };
/** Reading this many entries takes as long as sending a chunk. */
const ENTRIES_PER_CHUNK = 32;
const PAGE_SIZE_FIRST = 16;
const PAGE_SIZE_MAX = 512;
const PAGE_GROWTH = 1.25;

export interface Wanted {
  readonly filter: EntryFilter;
  /** The stream ends with the job that the filter names. */
  readonly untilEnd: boolean;
}

/** A reader that has received everything there is. */
export interface Waiter {
  /** Everything up to here was sent, or did not match. */
  cursor: LogId;
  serve(): void;
}

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

/**
 * How long a chunk may be. Deno holds several for a reader that stalls, so it is shorter the more
 * readers there are. A long chunk costs less for each message.
 */
export function chunkLengthFor(readers: number): number {
  const { min, max, ofAllReaders } = CHUNK_LENGTH;
  return Math.max(min, Math.min(max, ofAllReaders / readers));
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

interface ChannelParts {
  readonly engine: Pick<JobEngine, "job">;
  /** Reads entries from the journal. */
  readonly history: Feed;
  readonly chunks: ChunkCache;
  readonly messages: Pick<StreamMessages, "of" | "transitionAt">;
  readonly turns: Pick<StreamTurns, "spend">;
  chunkLength(): number;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

/** All readers with the same filter: each entry is matched and encoded once for all of them. */
export class Channel {
  readonly waiting = new Set<Waiter>();
  readers = 0;
  #pageSize = PAGE_SIZE_FIRST;
  readonly #reading = new Map<LogId, Promise<Chunk>>();

  /** @param name Unique among channels, as long as the chunks are kept. */
  constructor(
    readonly wanted: Wanted,
    private readonly name: string,
    private readonly parts: ChannelParts,
  ) {}

  /** Whether an entry gives the waiting readers a message, or the end of their stream. */
  concerns(entry: JobEventLogEntry): boolean {
    if (this.waiting.size === 0) return false;
    const { untilEnd, filter } = this.wanted;
    return (untilEnd && entry.jobId === filter.jobId) || this.#wants(entry);
  }

  /**
   * Removes and returns the waiting readers, and moves them to a position that they have passed.
   */
  takeWaiting(passed: LogId): readonly Waiter[] {
    const waiters = [...this.waiting];
    this.waiting.clear();
    for (const waiter of waiters) waiter.cursor = Math.max(waiter.cursor, passed);
    return waiters;
  }

  /** The chunk after a position, if it is cached or only the end of the stream is left. */
  chunkAfter(after: LogId): Chunk | undefined {
    const endedBy = this.#endedBy();
    return endedBy !== undefined && after >= endedBy
      ? this.#chunkOf(after, { entries: [], scannedTo: after })
      : this.parts.chunks.get(this.#keyOf(after));
  }

  /** Creates and caches a chunk from the entries after the position. */
  makeChunk(after: LogId, scan: Pick<Scan, "entries" | "scannedTo">): Chunk {
    const chunk = this.#chunkOf(after, scan);
    if (chunk.to > after) this.parts.chunks.add(this.#keyOf(after), chunk);
    return chunk;
  }

  /** Creates the chunk from the journal; concurrent calls share one read. */
  readChunk(after: LogId): Promise<Chunk> {
    return this.#reading.getOrInsertComputed(
      after,
      () => this.#readPage(after).finally(() => this.#reading.delete(after)),
    );
  }

  async #readPage(after: LogId): Promise<Chunk> {
    const scan = await this.parts.history.read(after, this.#pageSize);
    this.parts.turns.spend(scan.entries.length / ENTRIES_PER_CHUNK);
    const chunk = this.makeChunk(after, scan);
    if (chunk.to <= after) throw nothingAfter(after);
    this.#pageSize = pageSizeAfter(this.#pageSize, scan.entries, chunk.to);
    return chunk;
  }

  #keyOf(after: LogId): string {
    return `${this.name}/${after}`;
  }

  #chunkOf(after: LogId, { entries, scannedTo }: Pick<Scan, "entries" | "scannedTo">): Chunk {
    const endedBy = this.#endedBy();
    let to = Math.max(after, Math.min(scannedTo, endedBy ?? Infinity));
    const chunkLength = this.parts.chunkLength();
    let text = "";
    for (const entry of entries) {
      if (entry.logId > to) break;
      if (this.#wants(entry)) text += this.parts.messages.of(entry);
      if (text.length < chunkLength) continue;
      to = entry.logId;
      break;
    }
    const isLast = endedBy !== undefined && to >= endedBy;
    // The filter may hide the last entry. Without this position a client would reconnect again and
    // again.
    if (isLast) text += heartbeatAt(to);
    return { bytes: text === "" ? NOTHING : encoder.encode(text), to, isLast };
  }

  /** The entry that ends the stream, if it exists. */
  #endedBy(): LogId | undefined {
    const { untilEnd, filter } = this.wanted;
    return untilEnd ? jobEnd(this.parts.engine, filter.jobId) : undefined;
  }

  #wants(entry: JobEventLogEntry): boolean {
    return passes(entry, this.wanted.filter, this.parts.messages);
  }
}

/** Without this error, a journal that returns nothing would be read forever. */
export function nothingAfter(position: LogId): Error {
  return new Error(`Cannot continue: the journal returns no entry after ${position}`);
}

/** Entries that did not fit into a chunk are read again, so pages shrink to what fits. */
function pageSizeAfter(size: number, page: readonly JobEventLogEntry[], to: LogId): number {
  const used = page.filter(({ logId }) => logId <= to).length;
  return used < page.length
    ? Math.max(1, used)
    : Math.min(PAGE_SIZE_MAX, Math.ceil(PAGE_GROWTH * size));
}

/** The entry that ended a job; `undefined` while the job is active. */
export function jobEnd(
  engine: Pick<JobEngine, "job">,
  jobId: JobId | undefined,
): LogId | undefined {
  const job = jobId === undefined ? undefined : engine.job(jobId);
  return job !== undefined && isTerminal(job) ? job.endedBy : undefined;
}

export class Channels {
  readonly #byWanted = new Map<string, Channel>();
  /** Channels whose filter names no job. */
  readonly #general = new Set<Channel>();
  readonly #byJob = new Map<JobId, Set<Channel>>();

  /** @param make Called if there is no channel with this filter yet. */
  join(wanted: Wanted, make: () => Channel): Channel {
    const channel = this.#byWanted.getOrInsertComputed(channelKey(wanted), make);
    this.#setOf(wanted.filter.jobId).add(channel);
    channel.readers += 1;
    return channel;
  }

  left(channel: Channel): void {
    channel.readers -= 1;
    if (channel.readers > 0) return;
    const { jobId } = channel.wanted.filter;
    const set = this.#setOf(jobId);
    set.delete(channel);
    if (jobId !== undefined && set.size === 0) this.#byJob.delete(jobId);
    this.#byWanted.delete(channelKey(channel.wanted));
  }

  /**
   * Channels with a reader that waits for one of these entries; jobs without readers cost nothing.
   */
  concernedBy(entries: readonly JobEventLogEntry[]): ReadonlySet<Channel> {
    const concerned = new Set<Channel>();
    for (const channel of this.#general) {
      if (entries.some((entry) => channel.concerns(entry))) concerned.add(channel);
    }
    for (const entry of this.#byJob.size === 0 ? [] : entries) {
      const channels = entry.jobId === undefined ? undefined : this.#byJob.get(entry.jobId);
      for (const channel of channels ?? []) {
        if (channel.concerns(entry)) concerned.add(channel);
      }
    }
    return concerned;
  }

  #setOf(jobId: JobId | undefined): Set<Channel> {
    return jobId === undefined
      ? this.#general
      : this.#byJob.getOrInsertComputed(jobId, () => new Set());
  }
}

function channelKey({ filter, untilEnd }: Wanted): string {
  const { eventTypes, jobId, stratum, onlyTransitions = false } = filter;
  const types = eventTypes === undefined ? null : [...eventTypes].toSorted();
  return JSON.stringify([jobId ?? null, stratum ?? null, types, onlyTransitions, untilEnd]);
}
