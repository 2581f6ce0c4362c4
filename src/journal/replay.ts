/**
 * Verifies what a journal holds, and gives it to the consumer: from a snapshot on, or from the
 * beginning. Segments that the snapshot stands for as a whole are not read where their sidecars
 * can be trusted.
 */

import { assertNever } from "../core/assert_never.ts";
import type { LogId } from "../core/ids.ts";
import type { JournalConsumer, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError, orUnusable } from "./errors.ts";
import { type FileStamp, isSame, type OpenFile, stampAt } from "./file_system.ts";
import { FORMAT_VERSION } from "./line_codec.ts";
import { LineIndex } from "./line_index.ts";
import type { ActiveEnds, SealedSegment } from "./segment_rolls.ts";
import type { ReadingProgress } from "./options.ts";
import { isStop } from "./seals.ts";
import type { SegmentSource } from "./segment_walk.ts";
import { findSegmentEnd, gapBefore, type TornTail } from "./segment_end.ts";
import { type Piece, readPieces } from "./segment_pieces.ts";
import type { ScannedBatch } from "./segment_scanner.ts";
import type { Sidecar } from "./sidecar_store.ts";
import type { Snapshot } from "./snapshot_file.ts";

/** A segment that gets no more batches, as the replay found it. */
export interface FoundSegment {
  readonly segment: SealedSegment;
  /** Whether every line of it was verified; else its sidecar was trusted. */
  readonly isRead: boolean;
  /** The file that was read, unless it was changed meanwhile. */
  readonly stamp: FileStamp | undefined;
}

export interface Replayed {
  readonly head: JournalHead;
  readonly active: ActiveEnds;
  /** All but the active one. */
  readonly sealed: readonly FoundSegment[];
  readonly entriesReplayed: number;
  /** Where the lines of each segment are, by its name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly torn: TornTail | undefined;
}

/**
 * Why a snapshot is of no use: the consumer cannot use it, or the journal ends before
 * it. Nothing was given to the consumer then.
 */
type SnapshotProblem = "refused" | "ahead";

interface ReplaySource extends SegmentSource {
  readonly consumer: Pick<JournalConsumer, "restore" | "refuse" | "replay">;
  /** Sidecars of files that are as they were when they were verified, by segment; none. */
  readonly trusted?: ReadonlyMap<string, Sidecar>;
  readonly progress?: ReadingProgress;
  /** Told where each batch begins that is found whole, before its entries are replayed. */
  readonly onBatch?: (segment: SegmentInfo, offset: number) => void;
}

/**
 * Replays what comes after a snapshot, or everything. Changes nothing on disk.
 *
 * @throws {JournalDamagedError} when something is wrong that a crash cannot explain.
 * @throws {JournalUnusableError} when a segment cannot be read.
 */
export async function replay(
  source: ReplaySource,
  snapshot: Snapshot | undefined,
): Promise<Replayed | SnapshotProblem> {
  const trusting = new Replay(source, snapshot);
  try {
    return await trusting.run();
  } catch (error) {
    if (!(error instanceof JournalDamagedError) || !trusting.mayHaveErred) throw error;
    return await new Replay({ ...source, trusted: new Map() }, snapshot).run();
  }
}

class Replay {
  readonly #source: ReplaySource;
  readonly #snapshot: Snapshot | undefined;
  #restored: boolean;
  #head: JournalHead = { logId: 0, chain: "" };
  #active: ActiveEnds = {
    chainBefore: "",
    chain: "",
    stopped: false,
    formatVersion: undefined,
  };
  readonly #sealed: FoundSegment[] = [];
  #entriesReplayed = 0;
  #bytesRead = 0;
  #bytesToRead = 0;
  readonly #indexes = new Map<string, LineIndex>();
  #torn: TornTail | undefined;

  constructor(source: ReplaySource, snapshot: Snapshot | undefined) {
    this.#source = source;
    this.#snapshot = snapshot;
    this.#restored = snapshot === undefined;
  }

  /**
   * Whether a sidecar may be what is wrong. The chain of the snapshot proves those before it;
   * until then nothing was given to the consumer.
   */
  get mayHaveErred(): boolean {
    return !this.#restored && this.#sealed.some(({ isRead }) => !isRead);
  }

  async run(): Promise<Replayed | SnapshotProblem> {
    const [first] = this.#source.segments;
    if (first !== undefined && first.firstLogId !== 1) throw gapBefore(first, 1);
    const candidates = this.#candidates();
    const toRead = this.#source.segments.filter(({ name }) => !candidates.has(name));
    this.#bytesToRead = toRead.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const segment of this.#source.segments) {
      const sidecar = candidates.get(segment.name);
      // A segment whose sidecar does not fit is read after all.
      const isUsable = sidecar === undefined || !this.#follows(sidecar)
        ? await this.#read(segment)
        : this.#trust(sidecar);
      if (!isUsable) return "refused";
    }
    if (!this.#restored) return "ahead";
    return {
      head: this.#head,
      active: this.#active,
      sealed: this.#sealed,
      entriesReplayed: this.#entriesReplayed,
      indexes: this.#indexes,
      torn: this.#torn,
    };
  }

  /** Sidecars that make it needless to read a segment, if they fit what comes before them. */
  #candidates(): ReadonlyMap<string, Sidecar> {
    const { trusted = new Map<string, Sidecar>(), segments } = this.#source;
    const restoredLogId = this.#snapshot?.logId ?? 0;
    return new Map(
      [...trusted].filter(([name, { segment }]) =>
        name !== segments.at(-1)?.name && segment.lastLogId <= restoredLogId
      ),
    );
  }

  #follows({ segment }: Sidecar): boolean {
    const { logId, chain } = this.#head;
    const isNext = segment.firstLogId === logId + 1 && segment.chainBefore === chain;
    const isSnapshot = segment.lastLogId === this.#snapshot?.logId;
    return isNext && (!isSnapshot || segment.chain === this.#snapshot?.chain);
  }

  /** `false` when the consumer cannot use the snapshot. */
  #trust({ segment, index }: Sidecar): boolean {
    const { lastLogId, chain } = segment;
    this.#indexes.set(segment.name, index);
    this.#head = { logId: lastLogId, chain };
    this.#active = segment;
    this.#sealed.push({ segment, isRead: false, stamp: undefined });
    if (lastLogId !== this.#snapshot?.logId) return true;
    return this.#restored = this.#source.consumer.restore(this.#snapshot.lines);
  }

  /** `false` when the consumer cannot use the snapshot. */
  async #read(segment: SegmentInfo): Promise<boolean> {
    const { fileSystem, layout } = this.#source;
    const path = `${layout.segments}/${segment.name}`;
    const before = await stampAt(fileSystem, path);
    const file = await orUnusable("read", path, () => fileSystem.open(path, "read"));
    try {
      const read: OpenFile["read"] = (offset, length) =>
        orUnusable("read", path, () => file.read(offset, length));
      if (!await this.#scan(segment, { read })) return false;
    } finally {
      file.close();
    }
    if (segment === this.#source.segments.at(-1)) return true;
    const isUnchanged = before !== undefined && isSame(before, await stampAt(fileSystem, path));
    const { formatVersion = FORMAT_VERSION } = this.#active;
    const sealed = { ...segment, ...this.#active, formatVersion, lastLogId: this.#head.logId };
    const stamp = isUnchanged ? before : undefined;
    this.#sealed.push({ segment: sealed, isRead: true, stamp });
    return true;
  }

  /** `false` when the consumer cannot use the snapshot. */
  async #scan(segment: SegmentInfo, file: Pick<OpenFile, "read">): Promise<boolean> {
    const { logId, chain } = this.#head;
    if (segment.firstLogId !== logId + 1) throw gapBefore(segment, logId + 1);
    // The entry that the snapshot stands for is parsed too: it may be the last of all.
    const parsedFrom = Math.min(this.#snapshot?.logId ?? 1, this.#lastLogIdOf(segment));
    const { stopped } = this.#active;
    this.#active = { chainBefore: chain, chain, stopped, formatVersion: undefined };
    const index = new LineIndex();
    this.#indexes.set(segment.name, index);
    const { firstLogId, bytes } = segment;
    for await (const piece of readPieces({ file, bytes, firstLogId, chain, parsedFrom })) {
      const { scanner, from } = piece;
      for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
        index.add(batch.offsets, from);
        this.#source.onBatch?.(segment, from + batch.offset);
        if (!this.#take(segment, batch, from)) return false;
        const bytesDone = this.#bytesRead + from + scanner.end;
        const pausing = this.#source.progress?.(bytesDone, this.#bytesToRead);
        if (pausing !== undefined) await pausing;
      }
      this.#head = { logId: scanner.nextLogId - 1, chain: scanner.chain };
      const { formatVersion = scanner.formatVersion } = this.#active;
      this.#active = { ...this.#active, formatVersion };
      if (piece.isLast) this.#judge(segment, piece);
    }
    this.#bytesRead += bytes;
    index.trim();
    return true;
  }

  /** Its last entry is parsed too: it may be the last of all. */
  #lastLogIdOf(segment: SegmentInfo): LogId {
    const { segments } = this.#source;
    const next = segments[segments.indexOf(segment) + 1];
    return next === undefined ? Infinity : next.firstLogId - 1;
  }

  /** `false` when the consumer cannot use the snapshot. */
  #take(segment: SegmentInfo, batch: ScannedBatch, from: number): boolean {
    const stopped = isStop(batch.entries.at(-1));
    this.#active = { ...this.#active, chain: batch.chain, stopped };
    if (this.#restored || this.#snapshot === undefined) {
      this.#deliver(segment, batch, from);
      return true;
    }
    const { logId, chain, lines } = this.#snapshot;
    if (batch.lastLogId < logId) return true;
    if (batch.lastLogId > logId || batch.chain !== chain) {
      const reason = `the snapshot of logId ${logId} stands for another history`;
      throw new JournalDamagedError(locationIn(segment, batch, from, 0), reason);
    }
    return this.#restored = this.#source.consumer.restore(lines);
  }

  #deliver(segment: SegmentInfo, batch: ScannedBatch, from: number): void {
    const { consumer } = this.#source;
    for (const entry of batch.entries) {
      const reason = consumer.refuse(entry);
      if (reason !== undefined) {
        const location = locationIn(segment, batch, from, entry.logId - batch.firstLogId);
        throw new JournalDamagedError(location, reason);
      }
      consumer.replay(entry);
    }
    this.#entriesReplayed += batch.entries.length;
  }

  /** Tells a write that was cut short from damage. */
  #judge(segment: SegmentInfo, { bytes, scanner, from }: Piece): void {
    const end = findSegmentEnd(bytes, scanner, segment === this.#source.segments.at(-1), from);
    switch (end.kind) {
      case "whole":
        return;
      case "torn":
        this.#torn = end.tail;
        return;
      case "damaged": {
        const { offset, logId } = end;
        throw new JournalDamagedError({ segment: segment.name, offset, logId }, end.reason);
      }
      default:
        return assertNever(end, "segment end");
    }
  }
}

/** @param from where the offsets of the batch are counted from. */
function locationIn(segment: SegmentInfo, batch: ScannedBatch, from: number, index: number) {
  const logId = batch.firstLogId + index;
  return { segment: segment.name, offset: from + (batch.offsets[index] ?? 0), logId };
}
