/**
 * Verifies a journal and replays it into the consumer, from a snapshot or from the beginning.
 * Segments that the snapshot covers completely are not read if their sidecars can be trusted.
 */

import type { LogId } from "../../core/ids.ts";
import type { JournalConsumer, JournalHead, SegmentInfo } from "../../engine/ports.ts";
import { JournalDamagedError } from "../errors.ts";
import { type FileStamp, isSame, stampAt } from "../files/file_system.ts";
import { FORMAT_VERSION } from "../format/line_codec.ts";
import { LineIndex } from "../read/line_index.ts";
import { NO_ENDS, type SealedSegment, type SegmentEnds } from "../read/segment_proof.ts";
import type { ReadingProgress, SegmentProver } from "../options.ts";
import { isStop } from "../read/seals.ts";
import { gapBefore, type TornTail, tornTail } from "../read/segment_end.ts";
import { piecesOf, type SegmentSource } from "../read/segment_pieces.ts";
import type { ScannedBatch } from "../read/segment_scanner.ts";
import type { SegmentVerdict } from "../read/sidecar_store.ts";
import type { Snapshot } from "../write/snapshot_store.ts";

/** A segment that gets no more batches, as the replay found it. */
export interface FoundSegment {
  readonly segment: SealedSegment;
  /** Whether every line was verified. Otherwise a verdict was trusted, or a proof came too early. */
  readonly isRead: boolean;
  /** The stamp of the file that was read, unless the file changed meanwhile. */
  readonly stamp: FileStamp | undefined;
}

export interface Replayed {
  readonly head: JournalHead;
  readonly active: SegmentEnds;
  /** All but the active one. */
  readonly sealed: readonly FoundSegment[];
  readonly entriesReplayed: number;
  /** The line indexes of the segments that were read, by name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly torn: TornTail | undefined;
}

/**
 * Why a snapshot is unusable: the consumer refuses it, or the journal ends before it. The consumer
 * has received nothing then.
 */
type SnapshotProblem = "refused" | "ahead";

interface ReplaySource extends SegmentSource {
  readonly consumer: Pick<JournalConsumer, "restore" | "refuse" | "replay">;
  /** Verdicts on segments that are unchanged since then, by segment name; default none. */
  readonly trusted?: ReadonlyMap<string, SegmentVerdict>;
  /** Verifies each full segment in another thread while the one before it is replayed. */
  readonly prover?: SegmentProver | undefined;
  readonly progress?: ReadingProgress;
}

/**
 * Replays the entries after a snapshot, or all entries. Changes nothing on disk.
 *
 * @throws {JournalDamagedError} on damage that a crash cannot explain.
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
  #restored: boolean;
  #head: JournalHead = { logId: 0, chain: "" };
  #active: SegmentEnds = NO_ENDS;
  readonly #sealed: FoundSegment[] = [];
  #entriesReplayed = 0;
  #toRead: readonly SegmentInfo[] = [];
  #bytesRead = 0;
  #bytesToRead = 0;
  /** The segments proven by another thread, by name, each with its stamp before. */
  readonly #proven = new Map<string, FileStamp>();
  readonly #indexes = new Map<string, LineIndex>();
  #torn: TornTail | undefined;

  constructor(
    private readonly source: ReplaySource,
    private readonly snapshot: Snapshot | undefined,
  ) {
    this.#restored = snapshot === undefined;
  }

  /**
   * Whether a wrong verdict may be the cause of an error. The chain of the snapshot proves the
   * verdicts before it; until the snapshot is restored, the consumer has received nothing.
   */
  get mayHaveErred(): boolean {
    return !this.#restored && this.#sealed.some(({ isRead }) => !isRead);
  }

  async run(): Promise<Replayed | SnapshotProblem> {
    const [first] = this.source.segments;
    if (first !== undefined && first.firstLogId !== 1) throw gapBefore(first, 1);
    const candidates = this.#candidates();
    this.#toRead = this.source.segments.filter(({ name }) => !candidates.has(name));
    this.#bytesToRead = this.#toRead.reduce((sum, { bytes }) => sum + bytes, 0);
    for (const segment of this.source.segments) {
      const known = candidates.get(segment.name);
      // A segment whose verdict does not fit is read.
      const isUsable = known === undefined || !this.#follows(known)
        ? await this.#read(segment)
        : this.#trust(known);
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

  /** Verdicts that can replace reading their segments, if they fit the segments before them. */
  #candidates(): ReadonlyMap<string, SegmentVerdict> {
    const { trusted = new Map<string, SegmentVerdict>(), segments } = this.source;
    const restoredLogId = this.snapshot?.logId ?? 0;
    return new Map(
      [...trusted].filter(([name, { segment }]) =>
        name !== segments.at(-1)?.name && segment.lastLogId <= restoredLogId
      ),
    );
  }

  #follows({ segment }: SegmentVerdict): boolean {
    const { logId, chain } = this.#head;
    const isNext = segment.firstLogId === logId + 1 && segment.chainBefore === chain;
    const isSnapshot = segment.lastLogId === this.snapshot?.logId;
    return isNext && (!isSnapshot || segment.chain === this.snapshot?.chain);
  }

  /** `false` if the consumer cannot use the snapshot. */
  #trust({ segment }: SegmentVerdict): boolean {
    const { lastLogId, chain } = segment;
    this.#head = { logId: lastLogId, chain };
    this.#active = segment;
    this.#sealed.push({ segment, isRead: false, stamp: undefined });
    if (lastLogId !== this.snapshot?.logId) return true;
    return this.#restored = this.source.consumer.restore(this.snapshot.lines);
  }

  /** `false` if the consumer cannot use the snapshot. */
  async #read(segment: SegmentInfo): Promise<boolean> {
    const { fileSystem, layout } = this.source;
    const path = `${layout.segments}/${segment.name}`;
    const before = await stampAt(fileSystem, path);
    const proven = this.#proven.get(segment.name);
    const isProven = proven !== undefined && isSame(proven, before);
    void this.#proveAfter(segment);
    if (!await this.#scan(segment, isProven)) return false;
    if (segment === this.source.segments.at(-1)) return true;
    const isUnchanged = before !== undefined && isSame(before, await stampAt(fileSystem, path));
    const { formatVersion = FORMAT_VERSION } = this.#active;
    const sealed = { ...segment, ...this.#active, formatVersion, lastLogId: this.#head.logId };
    const stamp = isUnchanged ? before : undefined;
    // If a proven file changed while it was read, what was read may be something else.
    this.#sealed.push({ segment: sealed, isRead: isUnchanged || !isProven, stamp });
    return true;
  }

  /**
   * Lets the other thread prove the next full segment. If it has not when the replay gets there, the
   * segment is verified here.
   */
  async #proveAfter(segment: SegmentInfo): Promise<void> {
    const { fileSystem, layout, segments, prover } = this.source;
    const next = this.#toRead[this.#toRead.indexOf(segment) + 1];
    if (prover === undefined || next === undefined || next === segments.at(-1)) return;
    const path = `${layout.segments}/${next.name}`;
    const stamp = await stampAt(fileSystem, path);
    if (stamp === undefined) return;
    const known = { ...next, lastLogId: this.#lastLogIdOf(next) };
    if (await prover.isWhole(path, known).catch(() => false)) this.#proven.set(next.name, stamp);
  }

  /** `false` if the consumer cannot use the snapshot. */
  async #scan(segment: SegmentInfo, isProven: boolean): Promise<boolean> {
    const { logId, chain } = this.#head;
    if (segment.firstLogId !== logId + 1) throw gapBefore(segment, logId + 1);
    // Also parses the last entry that the snapshot covers and the last of the segment: either may
    // be the seal of a clean stop.
    const parsedFrom = Math.min(this.snapshot?.logId ?? 1, this.#lastLogIdOf(segment));
    const { stopped } = this.#active;
    this.#active = { chainBefore: chain, chain, stopped, formatVersion: undefined };
    const index = new LineIndex();
    this.#indexes.set(segment.name, index);
    const isActive = segment === this.source.segments.at(-1);
    for await (const piece of piecesOf(this.source, segment, chain, parsedFrom)) {
      const { scanner, from } = piece;
      scanner.checksCrcs = false;
      scanner.checksChains = !isProven;
      for (const batch of scanner.batches()) {
        index.add(batch.offsets, from);
        if (!this.#take(segment, batch, from)) return false;
        const bytesDone = this.#bytesRead + from + scanner.end;
        const pausing = this.source.progress?.(bytesDone, this.#bytesToRead);
        if (pausing !== undefined) await pausing;
      }
      this.#head = { logId: scanner.nextLogId - 1, chain: scanner.chain };
      const { formatVersion = scanner.formatVersion } = this.#active;
      this.#active = { ...this.#active, formatVersion };
      if (piece.isLast) this.#torn = tornTail(segment, piece.bytes, scanner, isActive, from);
    }
    this.#bytesRead += segment.bytes;
    index.trim();
    return true;
  }

  /** The last position of a segment; `Infinity` for the active one. */
  #lastLogIdOf(segment: SegmentInfo): LogId {
    const { segments } = this.source;
    const next = segments[segments.indexOf(segment) + 1];
    return next === undefined ? Infinity : next.firstLogId - 1;
  }

  /** `false` if the consumer cannot use the snapshot. */
  #take(segment: SegmentInfo, batch: ScannedBatch, from: number): boolean {
    const stopped = isStop(batch.entries.at(-1));
    this.#active = { ...this.#active, chain: batch.chain, stopped };
    if (this.#restored || this.snapshot === undefined) {
      this.#deliver(segment, batch, from);
      return true;
    }
    const { logId, chain, lines } = this.snapshot;
    if (batch.lastLogId < logId) return true;
    if (batch.lastLogId > logId || batch.chain !== chain) {
      const reason = `the snapshot at logId ${logId} belongs to another history`;
      throw new JournalDamagedError(locationIn(segment, batch, from, 0), reason);
    }
    return this.#restored = this.source.consumer.restore(lines);
  }

  #deliver(segment: SegmentInfo, batch: ScannedBatch, from: number): void {
    const { consumer } = this.source;
    let index = 0;
    try {
      for (const entry of batch.entries) {
        const reason = consumer.refuse(entry);
        if (reason !== undefined) {
          throw new JournalDamagedError(locationIn(segment, batch, from, index), reason, true);
        }
        consumer.replay(entry);
        index++;
      }
    } catch (error) {
      // The entry does not follow from those before it.
      if (!(error instanceof TypeError)) throw error;
      throw new JournalDamagedError(locationIn(segment, batch, from, index), error.message);
    }
    this.#entriesReplayed += batch.entries.length;
  }
}

/** @param from The offset in the segment that the offsets of the batch are relative to. */
function locationIn(segment: SegmentInfo, batch: ScannedBatch, from: number, index: number) {
  const logId = batch.firstLogId + index;
  return { segment: segment.name, offset: from + (batch.offsets[index] ?? 0), logId };
}
