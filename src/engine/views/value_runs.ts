/** Where a value index puts what it does not keep in memory. */

import type { LogId } from "../../core/ids.ts";

/** What was put there at a time. */
export interface ValueRun {
  readonly run: number;
  /** The last position in it. */
  readonly last: LogId;
  /** Of its content: two runs of one number may be of two journals. */
  readonly crc: number;
}

/** The bits of a hash that name its bucket. */
export const BUCKET_BITS = 12;

/**
 * Postings on disk, in runs that are never changed. A cache of what the journal says: where a run
 * is missing or damaged, the index is made again from the lines.
 */
export interface ValueRuns {
  /** Forgets all but these; `false` when one of them is not there as it was. */
  keep(runs: readonly ValueRun[]): boolean;
  /** What follows is of a new run, of which nothing is seen before `commit`. */
  begin(run: number): void;
  put(run: number, bucket: number, postings: Uint32Array): void;
  /** Durable on return. */
  commit(run: number, last: LogId): ValueRun;
  /** Nothing of the run that was begun stays. */
  abandon(): void;
  /** `undefined` for one in which there is nothing. */
  bucket(run: number, bucket: number): Uint32Array | undefined;
}
