/** Tells which segment gets no more batches, as batches become durable. */

import type { SegmentInfo } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { FORMAT_VERSION } from "./line_codec.ts";
import { isStop } from "./seals.ts";
import type { LogId } from "../core/ids.ts";

export interface SealedSegment extends SegmentInfo {
  readonly lastLogId: LogId;
  /** The chain before its first batch; empty in the first segment of all. */
  readonly chainBefore: string;
  /** The chain of its last batch. */
  readonly chain: string;
  /** Whether its last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  /** What its opening line names. */
  readonly formatVersion: number;
}

/** What is known of the active segment. */
export interface ActiveEnds {
  /** The chain before its first batch. */
  readonly chainBefore: string;
  /** The chain of its last batch, or the one before it where it has none. */
  readonly chain: string;
  /** Whether its last entry is the seal of a clean stop. */
  readonly stopped: boolean;
  /** What its opening line names; `undefined` while it is empty. */
  readonly formatVersion: number | undefined;
}

export class SegmentRolls {
  #ends: ActiveEnds;

  constructor(ends: ActiveEnds) {
    this.#ends = ends;
  }

  /**
   * The segment that a batch closes, if it opens another.
   *
   * @param active as it was before the batch.
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
