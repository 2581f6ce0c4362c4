/** Reads a journal that another process may be writing to, without a lock and without a change. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { EntryLocation, JournalConsumer, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { Catalogue, LineIndexes, requireDurable } from "../journal/read/catalogue.ts";
import type { FileSystem, OpenFile } from "../journal/files/file_system.ts";
import { journalLayout, type Layout } from "../journal/layout.ts";
import { replay, type Replayed } from "../journal/open/replay.ts";
import { gapBefore, tornTail, withoutTail } from "../journal/read/segment_end.ts";
import {
  FIRST_SEGMENT,
  segmentsToRead,
  withSegment,
  writtenBytes,
} from "../journal/read/segment_listing.ts";
import type { SegmentSource } from "../journal/read/segment_pieces.ts";
import { SegmentReader } from "../journal/read/segment_reader.ts";
import { JournalDamagedError } from "../journal/errors.ts";
import { type ScannedBatch, SegmentScanner } from "../journal/read/segment_scanner.ts";

/** Receives the entries, oldest first. */
interface EntryViewer extends Pick<JournalConsumer, "refuse" | "replay"> {
  /** Called with the progress, in bytes. */
  progress?(done: number, total: number): void;
}

/**
 * What is there at the beginning, verified in full. A batch that is just being written, or was torn
 * by a crash, is not part of it.
 */
export class JournalReading {
  /** The end of the intact journal at the beginning. */
  readonly head: JournalHead;
  readonly #catalogue: Catalogue;
  readonly #reader: SegmentReader;

  private constructor({ fileSystem, layout, segments }: SegmentSource, replayed: Replayed) {
    const { head, indexes, torn } = replayed;
    const whole = segments.length > 0 ? withoutTail(segments, torn) : [FIRST_SEGMENT];
    this.head = head;
    this.#catalogue = new Catalogue(whole, new LineIndexes(indexes));
    this.#reader = new SegmentReader(fileSystem, layout, this.#catalogue);
  }

  /**
   * Replays all entries.
   *
   * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
   * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
   */
  static async begin(
    fileSystem: FileSystem,
    folder: string,
    viewer: EntryViewer,
  ): Promise<JournalReading> {
    const layout = journalLayout(folder);
    const segments = await segmentsToRead(fileSystem, layout);
    const source = { fileSystem, layout, segments };
    return new JournalReading(source, await shown(source, viewer));
  }

  /**
   * The entries at these positions, which ascend.
   *
   * @throws {RangeError} when a position is not part of it, or they do not ascend.
   */
  async readAt(logIds: readonly LogId[]): Promise<readonly JobEventLogEntry[]> {
    requireDurable(logIds, this.head.logId);
    return await this.#reader.readAt(logIds);
  }

  /**
   * Where the lines of these positions are, which ascend; answered from memory.
   *
   * @throws {RangeError} when a position is not part of it, or they do not ascend.
   */
  locate(logIds: readonly LogId[]): Promise<readonly EntryLocation[]> {
    return this.#catalogue.locate(logIds, this.head.logId);
  }
}

async function shown(source: SegmentSource, viewer: EntryViewer): Promise<Replayed> {
  const replayed = await replay({
    ...source,
    consumer: {
      restore: () => false,
      refuse: (entry) => viewer.refuse(entry),
      replay: (entry) => viewer.replay(entry),
    },
    progress: (done, total) => void viewer.progress?.(done, total),
  }, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot read everything: ${replayed}`);
  return replayed;
}

export interface FedBatch {
  readonly batch: ScannedBatch;
  /** What the offsets of the batch refer to. */
  readonly bytes: Uint8Array;
  /** Where the batch ends in the bytes. */
  readonly end: number;
}

/** The segment that is being read, and the position in it. */
interface Place {
  readonly segment: SegmentInfo;
  /** Bytes of whole batches that were returned. */
  readonly offset: number;
  readonly nextLogId: LogId;
  /** The chain at that position; not known before the first line of the first segment is read. */
  readonly chain: string | undefined;
}

/**
 * The batches in order, including those that are appended meanwhile. At most one segment is in
 * memory.
 */
export class BatchFeed {
  #place: Place | undefined;

  /**
   * @param after Batches that end at or before it may be left out.
   * @param parsing Whether batches come with their entries. Everything is verified in any case.
   */
  constructor(
    private readonly fileSystem: FileSystem,
    private readonly layout: Layout,
    private readonly after: LogId,
    private readonly parsing: boolean,
  ) {}

  /**
   * The batches that are whole on disk and were not returned yet. A partial batch at the end is
   * left for the next call.
   *
   * @throws {JournalDamagedError} when a line is not what was written.
   * @throws {JournalUnusableError} when the journal cannot be read.
   */
  async *next(): AsyncGenerator<FedBatch> {
    // Listed first: a segment that has a successor at that time is complete.
    const segments = await segmentsToRead(this.fileSystem, this.layout);
    this.#place ??= this.#firstPlace(segments);
    while (this.#place !== undefined) {
      const { segment } = this.#place;
      const later = segments.find(({ firstLogId }) => firstLogId > segment.firstLogId);
      yield* this.#rest(this.#place, later === undefined);
      if (later === undefined) return;
      this.#place = follow(this.#place, later);
    }
  }

  #firstPlace(segments: readonly SegmentInfo[]): Place | undefined {
    const segment = segments.findLast(({ firstLogId }) => firstLogId <= this.after + 1);
    if (segment === undefined && segments[0] !== undefined) throw gapBefore(segments[0], 1);
    return segment &&
      { segment, offset: 0, nextLogId: segment.firstLogId, chain: undefined };
  }

  async *#rest(place: Place, isLast: boolean): AsyncGenerator<FedBatch> {
    const bytes = await this.#read(place, isLast);
    const { segment, nextLogId, chain, offset } = place;
    const start = offset === 0 ? "opening" : "later";
    const scanner = new SegmentScanner(bytes, nextLogId, chain, start);
    scanner.parsedFrom = this.parsing ? 1 : Infinity;
    for (const batch of scanner.batches()) {
      this.#place = {
        segment,
        offset: offset + scanner.end,
        nextLogId: scanner.nextLogId,
        chain: scanner.chain,
      };
      yield { batch, bytes, end: scanner.end };
    }
    tornTail(segment, bytes, scanner, isLast, offset); // Throws if there is damage instead.
  }

  async #read(
    { segment, offset, nextLogId }: Place,
    isLast: boolean,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const rest = async (file: OpenFile) => {
      const size = await (isLast ? writtenBytes(file) : file.size());
      if (size >= offset) return await file.read(offset, size - offset);
      const location = { segment: segment.name, offset: size, logId: nextLogId };
      throw new JournalDamagedError(location, "batches that were read before have disappeared");
    };
    return await withSegment(this.fileSystem, this.layout, segment.name, rest);
  }
}

function follow({ nextLogId, chain }: Place, segment: SegmentInfo): Place {
  if (segment.firstLogId !== nextLogId) throw gapBefore(segment, nextLogId);
  return { segment, offset: 0, nextLogId, chain };
}
