/**
 * Reads all segments from the first line, and continues after damage. Segments after damage follow
 * no known chain, but each can still be verified by itself.
 */

import type { LogId } from "../core/ids.ts";
import type { JournalHead, SegmentInfo } from "../engine/ports.ts";
import type { Damage } from "../journal/errors.ts";
import { findSegmentEnd, gapReason, type TornTail } from "../journal/read/segment_end.ts";
import { lineNumberIn } from "../journal/read/segment_listing.ts";
import { type Piece, piecesOf, type SegmentSource } from "../journal/read/segment_pieces.ts";

/** A damaged line, and where the last intact batch before it ends. */
export interface WalkedDamage extends Damage {
  /** Number of the line in its segment, from 1; blank lines count. */
  readonly line: number;
  /** Where the damaged batch begins. */
  readonly batch: { readonly offset: number; readonly firstLogId: LogId };
}

export interface WalkedSegment {
  readonly segment: SegmentInfo;
  /** Must be read to their end before the next segment is requested. */
  readonly pieces: AsyncIterable<Piece>;
  /** Whether the chain is unbroken up to this segment; otherwise its lines are only verified. */
  readonly isConnected: boolean;
}

export class SegmentWalk {
  /** The end of the previous segment, if that is intact. */
  #previous: JournalHead | undefined = { logId: 0, chain: "" };
  #isConnected = true;
  #torn: TornTail | undefined;

  constructor(
    private readonly source: SegmentSource,
    private readonly onDamage: (damage: WalkedDamage) => void,
  ) {}

  /** Whether no damage has broken the chain so far. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** What an unfinished or interrupted write left after the last whole batch. */
  get torn(): TornTail | undefined {
    return this.#torn;
  }

  /** @throws {JournalUnusableError} when a segment cannot be read. */
  async *segments(): AsyncGenerator<WalkedSegment> {
    for (const segment of this.source.segments) {
      this.#requireNext(segment);
      yield { segment, pieces: this.#pieces(segment), isConnected: this.#isConnected };
    }
  }

  async *#pieces(segment: SegmentInfo): AsyncGenerator<Piece> {
    const parsedFrom = this.#isConnected ? 1 : Infinity;
    for await (const piece of piecesOf(this.source, segment, this.#previous?.chain, parsedFrom)) {
      yield piece;
      if (piece.isLast) await this.#end(segment, piece);
    }
  }

  #requireNext(segment: SegmentInfo): void {
    const expected = this.#previous === undefined ? undefined : this.#previous.logId + 1;
    if (expected === undefined || expected === segment.firstLogId) return;
    this.#broken({
      segment: segment.name,
      line: 1,
      offset: 0,
      logId: expected,
      reason: gapReason(segment, expected),
      batch: { offset: 0, firstLogId: expected },
      byNewerVersion: false,
    });
  }

  async #end(segment: SegmentInfo, { bytes, scanner, from }: Piece): Promise<void> {
    const isLast = segment === this.source.segments.at(-1);
    const end = findSegmentEnd(segment, bytes, scanner, isLast, from);
    this.#previous = { logId: scanner.nextLogId - 1, chain: scanner.chain };
    if (end === undefined) return;
    if ("bytes" in end) this.#torn = end;
    else {
      const { fileSystem, layout } = this.source;
      const line = await lineNumberIn(fileSystem, layout, segment.name, end.offset);
      const batch = { offset: from + scanner.end, firstLogId: scanner.nextLogId };
      this.#broken({ ...end, line, batch });
    }
  }

  #broken(damage: WalkedDamage): void {
    this.#previous = undefined;
    this.#isConnected = false;
    this.onDamage(damage);
  }
}
