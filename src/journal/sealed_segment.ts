/** A segment that gets no more batches, and what is known of it without reading it. */

import type { LogId } from "../core/ids.ts";
import type { SegmentInfo } from "../engine/ports.ts";

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
