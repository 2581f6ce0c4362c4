/**
 * Verifies all that a journal holds, and gives it to the consumer: from a snapshot on, or
 * from the beginning.
 */

import type { JobEventLogEntry } from "../core/event.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalConsumer, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError, orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import type { Layout } from "./layout.ts";
import { LineIndex } from "./line_index.ts";
import { type ScannedBatch, SegmentScanner } from "./segment_scanner.ts";
import type { Snapshot } from "./snapshot_file.ts";
import { findOtherBatch } from "./torn_tail.ts";

/** What a write that a crash cut short left at the end of the last segment. */
export interface TornTail {
  /** Byte offset where whole batches end. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export interface Replayed {
  readonly head: JournalHead;
  readonly lastEntry: JobEventLogEntry | undefined;
  readonly entriesReplayed: number;
  /** Where the lines of each segment are, by its name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly torn: TornTail | undefined;
}

/**
 * Why a snapshot is of no use: the consumer cannot use it, or the journal ends before
 * it. Nothing was given to the consumer then.
 */
export type SnapshotProblem = "refused" | "ahead";

export interface ReplaySource {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** All there are, oldest first. */
  readonly segments: readonly SegmentInfo[];
  readonly consumer: Pick<JournalConsumer, "restore" | "refuse" | "replay">;
  /** Told of each batch that is found whole, before its entries are replayed. */
  readonly onBatch?: (segment: SegmentInfo, batch: ScannedBatch) => void;
}

/**
 * Replays what comes after a snapshot, or everything. Changes nothing on disk.
 *
 * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
 * @throws {JournalUnusableError} when a segment cannot be read.
 */
export function replay(
  source: ReplaySource,
  snapshot: Snapshot | undefined,
): Promise<Replayed | SnapshotProblem> {
  return new Replay(source, snapshot).run();
}

class Replay {
  readonly #source: ReplaySource;
  readonly #snapshot: Snapshot | undefined;
  #restored: boolean;
  #head: JournalHead = { logId: 0, chain: "" };
  #lastEntry: JobEventLogEntry | undefined;
  #entriesReplayed = 0;
  readonly #indexes = new Map<string, LineIndex>();
  #torn: TornTail | undefined;

  constructor(source: ReplaySource, snapshot: Snapshot | undefined) {
    this.#source = source;
    this.#snapshot = snapshot;
    this.#restored = snapshot === undefined;
  }

  async run(): Promise<Replayed | SnapshotProblem> {
    const [first] = this.#source.segments;
    if (first !== undefined && first.firstLogId !== 1) throw missing(first, 1);
    for await (const { segment, bytes } of contentsOf(this.#source)) {
      if (!this.#scan(segment, bytes)) return "refused";
    }
    if (!this.#restored) return "ahead";
    return {
      head: this.#head,
      lastEntry: this.#lastEntry,
      entriesReplayed: this.#entriesReplayed,
      indexes: this.#indexes,
      torn: this.#torn,
    };
  }

  /** `false` when the consumer cannot use the snapshot. */
  #scan(segment: SegmentInfo, bytes: Uint8Array<ArrayBuffer>): boolean {
    const { logId, chain } = this.#head;
    if (segment.firstLogId !== logId + 1) throw missing(segment, logId + 1);
    const scanner = new SegmentScanner(bytes, segment.firstLogId, chain);
    scanner.parsing = this.#restored;
    const index = new LineIndex();
    this.#indexes.set(segment.name, index);
    for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
      index.add(batch.offsets);
      this.#source.onBatch?.(segment, batch);
      if (!this.#take(segment, batch)) return false;
      scanner.parsing = this.#restored;
    }
    index.trim();
    this.#head = { logId: scanner.nextLogId - 1, chain: scanner.chain };
    this.#judge(segment, bytes, scanner);
    return true;
  }

  /** `false` when the consumer cannot use the snapshot. */
  #take(segment: SegmentInfo, batch: ScannedBatch): boolean {
    this.#lastEntry = batch.entries.at(-1);
    if (this.#restored || this.#snapshot === undefined) {
      this.#deliver(segment, batch);
      return true;
    }
    const { logId, chain, lines } = this.#snapshot;
    if (batch.lastLogId < logId) return true;
    if (batch.lastLogId > logId || batch.chain !== chain) {
      const reason = `the snapshot of logId ${logId} stands for another history`;
      throw new JournalDamagedError(locationIn(segment, batch, 0), reason);
    }
    return this.#restored = this.#source.consumer.restore(lines);
  }

  #deliver(segment: SegmentInfo, batch: ScannedBatch): void {
    const { consumer } = this.#source;
    for (const entry of batch.entries) {
      const reason = consumer.refuse(entry);
      if (reason !== undefined) {
        const location = locationIn(segment, batch, entry.logId - batch.firstLogId);
        throw new JournalDamagedError(location, reason);
      }
      consumer.replay(entry);
    }
    this.#entriesReplayed += batch.entries.length;
  }

  /** Tells a write that was cut short from damage. */
  #judge(segment: SegmentInfo, bytes: Uint8Array<ArrayBuffer>, scanner: SegmentScanner): void {
    const { flaw, end, nextLogId } = scanner;
    if (flaw === undefined) return;
    const isLast = segment === this.#source.segments.at(-1);
    const later = flaw.maybeTorn ? findOtherBatch(bytes, end, nextLogId) : undefined;
    if (isLast && flaw.maybeTorn && later === undefined) {
      this.#torn = { offset: end, bytes: bytes.subarray(end) };
      return;
    }
    const { offset, logId } = flaw;
    const proof = later === undefined
      ? ""
      : `, and a whole line of batch ${later.batch} is at byte ${later.offset}`;
    throw new JournalDamagedError({ segment: segment.name, offset, logId }, flaw.reason + proof);
  }
}

function missing(segment: SegmentInfo, expected: LogId): JournalDamagedError {
  return new JournalDamagedError(
    { segment: segment.name, offset: 0, logId: expected },
    `logId ${expected} should be here, but the segment begins with ${segment.firstLogId}`,
  );
}

function locationIn(segment: SegmentInfo, batch: ScannedBatch, index: number) {
  const logId = batch.firstLogId + index;
  return { segment: segment.name, offset: batch.offsets[index] ?? 0, logId };
}

/** A file whose whole content is being read. */
interface Loading {
  readonly bytes: Promise<Uint8Array<ArrayBuffer>>;
}

/** Reads one segment ahead, so that the disk and the processor work side by side. */
async function* contentsOf(
  { fileSystem, layout, segments }: ReplaySource,
): AsyncGenerator<{ segment: SegmentInfo; bytes: Uint8Array<ArrayBuffer> }> {
  let ahead = await load(fileSystem, layout, segments[0]);
  try {
    for (const [index, segment] of segments.entries()) {
      const bytes = await ahead.bytes;
      ahead = await load(fileSystem, layout, segments[index + 1]);
      yield { segment, bytes };
    }
  } finally {
    await ahead.bytes.catch(() => {});
  }
}

/** Returns as soon as the read is under way: it goes on while a segment is scanned. */
async function load(
  fileSystem: FileSystem,
  layout: Layout,
  segment: SegmentInfo | undefined,
): Promise<Loading> {
  if (segment === undefined) return { bytes: Promise.resolve(new Uint8Array()) };
  const path = `${layout.segments}/${segment.name}`;
  return await orUnusable("read", path, async () => {
    const file = await fileSystem.open(path, "read");
    const bytes = orUnusable("read", path, () => file.read(0, segment.bytes))
      .finally(() => file.close());
    bytes.catch(() => {}); // It is awaited later, when its turn comes.
    return { bytes };
  });
}
