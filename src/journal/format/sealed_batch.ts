/** A batch as it is written to disk, in one write. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";

export interface SealedBatch {
  readonly firstLogId: LogId;
  readonly lastLogId: LogId;
  readonly entries: readonly JobEventLogEntry[];
  /** Its lines, as they are in a segment. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Offset in `bytes` of the line of each entry. */
  readonly offsets: readonly number[];
  /** The chain before it; empty for the first batch. */
  readonly previousChain: string;
  readonly chain: string;
  /** Whether its first entry is the first of a segment. */
  readonly opensSegment: boolean;
}
