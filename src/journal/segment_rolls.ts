/** Tracks durable batches to determine when a segment is complete. */

import type { SegmentInfo } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { FORMAT_VERSION } from "./line_codec.ts";
import { isStop } from "./seals.ts";
import type { LogId } from "../core/ids.ts";

export interface SealedSegment extends SegmentInfo {
  readonly lastLogId: LogId;
  /** The chain before its first batch; empty in the first segment of the journal. */
  readonly chainBefore: string;
  /** The chain of its last batch. */
  readonly chain: string;
  /** Whether its last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  /** The format version in its opening line. */
  readonly formatVersion: number;
}

export function isSameSegment(known: SealedSegment, found: SealedSegment): boolean {
  return known.name === found.name && known.bytes === found.bytes &&
    known.lastLogId === found.lastLogId && known.chainBefore === found.chainBefore &&
    known.chain === found.chain && known.stopped === found.stopped &&
    known.formatVersion === found.formatVersion;
}

/** The state of the active segment. */
export interface ActiveEnds {
  /** The chain before its first batch. */
  readonly chainBefore: string;
  /** The chain of its last batch; while it is empty, the chain before it. */
  readonly chain: string;
  /** Whether its last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  /** The format version in its opening line; `undefined` while it is empty. */
  readonly formatVersion: number | undefined;
}

export class SegmentRolls {
  #ends: ActiveEnds;

  constructor(ends: ActiveEnds) {
    this.#ends = ends;
  }

  /**
   * Returns the segment that a batch completes, if the batch opens another one.
   *
   * @param active The active segment before the batch.
   */
  take(batch: SealedBatch, active: SegmentInfo): SealedSegment | undefined {
    const closes = batch.opensSegment && active.bytes > 0;
    const before = this.#ends;
    this.#ends = {
      chainBefore: closes ? before.chain : before.chainBefore,
      chain: batch.chain,
      stopped: isStop(batch.entries.at(-1)),
      formatVersion: batch.opensSegment ? FORMAT_VERSION : before.formatVersion,
    };
    if (!closes) return undefined;
    const formatVersion = before.formatVersion ?? FORMAT_VERSION;
    return { ...active, ...before, formatVersion, lastLogId: batch.firstLogId - 1 };
  }
}
