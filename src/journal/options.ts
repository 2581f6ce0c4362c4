/** The options with which a journal is opened. */

import type { JournalEventDraft } from "../core/event.ts";
import type { Clock, JournalConsumer, Random } from "../engine/ports.ts";
import type { FileSystem } from "./files/file_system.ts";
import type { ProvableSegment } from "./read/segment_proof.ts";
import type { SharedJournal } from "./write/shared_log.ts";

export interface CommittedBatch {
  readonly entries: number;
  readonly bytes: number;
  /** From the first byte written until the sync ended. */
  readonly durationMs: number;
}

/** Counts batches. Every request waits for it, so it must be fast. */
export interface CommitWatch {
  committed(batch: CommittedBatch): void;
}

/** Verifies full segments in another thread. */
export interface SegmentProver {
  /**
   * Resolves to whether the file is the segment, as far as is known of it. `false` proves nothing:
   * the journal then reads the file itself.
   */
  isWhole(path: string, segment: ProvableSegment): Promise<boolean>;
}

export interface FileJournalOptions {
  /** Created if it is missing. */
  readonly folder: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly consumer: JournalConsumer;
  /** A segment of this size gets no more batches; default 64 MiB. */
  readonly segmentBytes?: number;
  /** The most entries from one snapshot to the next; default 100,000. */
  readonly snapshotEvery?: number;
  /**
   * Bytes reserved on the disk for vital entries when it is full; default 0. Without a reserve,
   * every append is tried.
   */
  readonly reserveBytes?: number;
  /** How long the journal must be quiet before it is sealed; default 1 second. */
  readonly quietSealMs?: number;
  /** A batch takes no more groups that would exceed this size; default 4 MiB. */
  readonly batchBytesMax?: number;
  /** Starts even if a snapshot covers entries that the journal does not have; default `false`. */
  readonly acceptSnapshotAhead?: boolean;
  /** Recorded before anything else once the journal is open; default none. */
  readonly firstFacts?: readonly JournalEventDraft[];
  /** Shares the journal with other processes; the folder is then a copy. */
  readonly shared?: SharedJournal | undefined;
  /** By default the journal verifies its segments itself. */
  readonly prover?: SegmentProver | undefined;
  /** Called with each batch that has become durable. */
  readonly watch?: CommitWatch | undefined;
  /** Called with progress while the journal is opened. */
  readonly progress?: ReadingProgress;
  /** Called with warnings for the operator; the journal continues. */
  readonly warn?: (message: string) => void;
}

/**
 * Called after each batch with the bytes read so far and in total. A returned promise is awaited,
 * so that other work can run.
 */
export type ReadingProgress = (bytesDone: number, bytesTotal: number) => Promise<void> | undefined;

/** The default reserve of a server. */
export const RESERVE_BYTES = 1024 * 1024;

/** Some readers load whole segments, and line offsets have 32 bits. */
const SEGMENT_BYTES_LIMIT = 1024 * 1024 * 1024;

type WithoutDefault = "watch" | "shared" | "prover";

export type ResolvedOptions =
  & Required<Omit<FileJournalOptions, WithoutDefault>>
  & Pick<FileJournalOptions, WithoutDefault>;

/** What is used unless an option says otherwise. */
export const DEFAULTS = {
  segmentBytes: 64 * 1024 * 1024,
  snapshotEvery: 100_000,
  quietSealMs: 1000,
  batchBytesMax: 4 * 1024 * 1024,
  warn: () => {},
};

/** @throws {RangeError} when a number is out of range. */
export function resolvedOptions(options: FileJournalOptions): ResolvedOptions {
  const resolved = {
    ...DEFAULTS,
    reserveBytes: 0,
    acceptSnapshotAhead: false,
    firstFacts: [],
    progress: () => undefined,
    ...options,
  };
  requireWhole("segmentBytes", resolved.segmentBytes, SEGMENT_BYTES_LIMIT);
  requireWhole("snapshotEvery", resolved.snapshotEvery, Number.MAX_SAFE_INTEGER);
  requireWhole("reserveBytes", resolved.reserveBytes, SEGMENT_BYTES_LIMIT, 0);
  requireWhole("quietSealMs", resolved.quietSealMs, 2 ** 31 - 1);
  requireWhole("batchBytesMax", resolved.batchBytesMax, SEGMENT_BYTES_LIMIT);
  return resolved;
}

function requireWhole(name: string, value: number, limit: number, least = 1): void {
  if (!Number.isInteger(value) || value < least || value > limit) {
    const range = `from ${least} to ${limit}`;
    throw new RangeError(`Cannot open the journal: ${name} must be ${range}: ${value}`);
  }
}
