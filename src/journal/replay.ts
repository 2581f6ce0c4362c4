/**
 * Verifies all that a journal holds, and gives it to the consumer: from a snapshot on, or
 * from the beginning.
 */

import { assertNever } from "../core/assert_never.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JournalConsumer, JournalHead, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError } from "./errors.ts";
import { LineIndex } from "./line_index.ts";
import { contentsOf, type SegmentSource } from "./segment_contents.ts";
import { endOf, gapBefore, type TornTail } from "./segment_end.ts";
import { type ScannedBatch, SegmentScanner } from "./segment_scanner.ts";
import type { Snapshot } from "./snapshot_file.ts";

export interface Replayed {
  readonly head: JournalHead;
  readonly lastEntry: JobEventLogEntry | undefined;
  readonly entriesReplayed: number;
  /** Where the lines of each segment are, by its name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly torn: TornTail | undefined;
  /** Of the last segment; `undefined` while it is empty. */
  readonly formatVersion: number | undefined;
}

/**
 * Why a snapshot is of no use: the consumer cannot use it, or the journal ends before
 * it. Nothing was given to the consumer then.
 */
export type SnapshotProblem = "refused" | "ahead";

export interface ReplaySource extends SegmentSource {
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
  #formatVersion: number | undefined;

  constructor(source: ReplaySource, snapshot: Snapshot | undefined) {
    this.#source = source;
    this.#snapshot = snapshot;
    this.#restored = snapshot === undefined;
  }

  async run(): Promise<Replayed | SnapshotProblem> {
    const [first] = this.#source.segments;
    if (first !== undefined && first.firstLogId !== 1) throw gapBefore(first, 1);
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
      formatVersion: this.#formatVersion,
    };
  }

  /** `false` when the consumer cannot use the snapshot. */
  #scan(segment: SegmentInfo, bytes: Uint8Array<ArrayBuffer>): boolean {
    const { logId, chain } = this.#head;
    if (segment.firstLogId !== logId + 1) throw gapBefore(segment, logId + 1);
    const scanner = new SegmentScanner(bytes, segment.firstLogId, chain);
    // The entry that the snapshot stands for is parsed too: it may be the last of all.
    scanner.parsedFrom = this.#snapshot?.logId ?? 1;
    const index = new LineIndex();
    this.#indexes.set(segment.name, index);
    for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
      index.add(batch.offsets);
      this.#source.onBatch?.(segment, batch);
      if (!this.#take(segment, batch)) return false;
    }
    index.trim();
    this.#head = { logId: scanner.nextLogId - 1, chain: scanner.chain };
    this.#formatVersion = scanner.formatVersion;
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
    const end = endOf(bytes, scanner, segment === this.#source.segments.at(-1));
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

function locationIn(segment: SegmentInfo, batch: ScannedBatch, index: number) {
  const logId = batch.firstLogId + index;
  return { segment: segment.name, offset: batch.offsets[index] ?? 0, logId };
}
