/** The channels that have readers, found by what they want and by the job that they are of. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { isTerminal } from "../../core/job_state.ts";
import type { EnginePort } from "../ports/engine_port.ts";
import { type EntryFilter, type Feed, heartbeatAt, messageOf, passes, type Scan } from "./feed.ts";
import type { Chunk, ChunkCache } from "./generated.ts";
import type { StreamTurns } from "./stream_turns.ts";

/** In UTF-16 units; a chunk is over it by one message at most. */
const CHUNK_LENGTH_MAX = 16 * 1024;
/** That take as long to read as a chunk takes to be given. */
const ENTRIES_PER_CHUNK = 32;
const PAGE_SIZE_FIRST = 16;
const PAGE_SIZE_MAX = 512;
const PAGE_GROWTH = 1.25;

export interface Wanted {
  readonly filter: EntryFilter;
  readonly onlyTransitions: boolean;
  /** The stream ends with the job that the filter names. */
  readonly untilEnd: boolean;
}

/** A reader that has been given all there is. */
export interface Waiter {
  /** All up to here has been given, or did not pass. */
  cursor: LogId;
  serve(): void;
}

interface ChannelParts {
  readonly engine: Pick<EnginePort, "job" | "transitionAt">;
  /** Where what is not at hand is read. */
  readonly history: Feed;
  readonly chunks: ChunkCache;
  readonly turns: Pick<StreamTurns, "spend">;
}

const encoder = new TextEncoder();
const NOTHING = new Uint8Array();

/** All readers that want the same: each entry is matched and encoded once for them. */
export class Channel {
  readonly waiting = new Set<Waiter>();
  readers = 0;
  #pageSize = PAGE_SIZE_FIRST;
  readonly #reading = new Map<LogId, Promise<Chunk>>();

  /** @param name Of this channel alone, as long as the chunks are kept. */
  constructor(
    readonly wanted: Wanted,
    private readonly name: string,
    private readonly parts: ChannelParts,
  ) {}

  /** Whether an entry gives those who wait anything: a message, or the end. */
  concerns(entry: JobEventLogEntry): boolean {
    if (this.waiting.size === 0) return false;
    const { untilEnd, filter } = this.wanted;
    return (untilEnd && entry.jobId === filter.jobId) || this.#wants(entry);
  }

  /** Those who waited, with what they have passed while they did. */
  takeWaiting(passed: LogId): readonly Waiter[] {
    const waiters = [...this.waiting];
    this.waiting.clear();
    for (const waiter of waiters) waiter.cursor = Math.max(waiter.cursor, passed);
    return waiters;
  }

  /** The chunk that begins after a position, when it has been made or there is only the end. */
  chunkAfter(after: LogId): Chunk | undefined {
    const endedBy = this.#endedBy();
    return endedBy !== undefined && after >= endedBy
      ? this.#chunkOf(after, { entries: [], scannedTo: after })
      : this.parts.chunks.get(this.#keyOf(after));
  }

  /** Makes that chunk from entries that follow the position. */
  makeChunk(after: LogId, scan: Pick<Scan, "entries" | "scannedTo">): Chunk {
    const chunk = this.#chunkOf(after, scan);
    if (chunk.to > after) this.parts.chunks.add(this.#keyOf(after), chunk);
    return chunk;
  }

  /** Makes it from what the journal holds, once for all that ask meanwhile. */
  readChunk(after: LogId): Promise<Chunk> {
    let reading = this.#reading.get(after);
    if (reading === undefined) {
      reading = this.#readPage(after).finally(() => this.#reading.delete(after));
      this.#reading.set(after, reading);
    }
    return reading;
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
    const { engine } = this.parts;
    const endedBy = this.#endedBy();
    let to = Math.max(after, Math.min(scannedTo, endedBy ?? Infinity));
    let text = "";
    for (const entry of entries) {
      if (entry.logId > to) break;
      if (this.#wants(entry)) text += messageOf(entry, engine);
      if (text.length < CHUNK_LENGTH_MAX) continue;
      to = entry.logId;
      break;
    }
    const isLast = endedBy !== undefined && to >= endedBy;
    // A filter may have kept the end from the reader, who would ask for it again and again.
    if (isLast) text += heartbeatAt(to);
    return { bytes: text === "" ? NOTHING : encoder.encode(text), to, isLast };
  }

  /** The entry with which the stream ends, when it is there. */
  #endedBy(): LogId | undefined {
    const { untilEnd, filter } = this.wanted;
    return untilEnd ? endOf(this.parts.engine, filter.jobId) : undefined;
  }

  #wants(entry: JobEventLogEntry): boolean {
    const { filter, onlyTransitions } = this.wanted;
    return passes(entry, filter) &&
      (!onlyTransitions || this.parts.engine.transitionAt(entry) !== undefined);
  }
}

/** A journal that does not give what it has would be asked for ever. */
export function nothingAfter(position: LogId): Error {
  return new Error(`Cannot read on: the journal gives nothing after ${position}`);
}

/** What did not fit into a chunk is read again, so pages shrink to what fits. */
function pageSizeAfter(size: number, page: readonly JobEventLogEntry[], to: LogId): number {
  const used = page.filter(({ logId }) => logId <= to).length;
  return used < page.length
    ? Math.max(1, used)
    : Math.min(PAGE_SIZE_MAX, Math.ceil(PAGE_GROWTH * size));
}

/** The entry that ended a job, or `undefined` while it goes on. */
export function endOf(
  engine: Pick<EnginePort, "job">,
  jobId: JobId | undefined,
): LogId | undefined {
  const job = jobId === undefined ? undefined : engine.job(jobId);
  return job !== undefined && isTerminal(job) ? job.endedBy : undefined;
}

export class Channels {
  readonly #byWanted = new Map<string, Channel>();
  /** Of no job in particular. */
  readonly #general = new Set<Channel>();
  readonly #byJob = new Map<JobId, Set<Channel>>();

  /** @param make Called when nobody wants the same already. */
  join(wanted: Wanted, make: () => Channel): Channel {
    const key = keyOf(wanted);
    let channel = this.#byWanted.get(key);
    if (channel === undefined) {
      this.#byWanted.set(key, channel = make());
      this.#setOf(wanted.filter.jobId).add(channel);
    }
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
    this.#byWanted.delete(keyOf(channel.wanted));
  }

  /** Those of which a reader waits for one of these entries; jobs that nobody reads cost nothing. */
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
    if (jobId === undefined) return this.#general;
    let channels = this.#byJob.get(jobId);
    if (channels === undefined) this.#byJob.set(jobId, channels = new Set());
    return channels;
  }
}

function keyOf({ filter, onlyTransitions, untilEnd }: Wanted): string {
  const { eventTypes, jobId, stratum } = filter;
  const types = eventTypes === undefined ? null : [...eventTypes].toSorted();
  return JSON.stringify([jobId ?? null, stratum ?? null, types, onlyTransitions, untilEnd]);
}
