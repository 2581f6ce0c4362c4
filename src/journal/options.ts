/** How a journal is opened. */

import type { JournalEventDraft } from "../core/event.ts";
import type { Clock, JournalConsumer, Random } from "../engine/ports.ts";
import type { FileSystem } from "./file_system.ts";
import type { SharedJournal } from "./shared_log.ts";

export interface CommittedBatch {
  readonly entries: number;
  readonly bytes: number;
  /** From the first byte written until the disk said that all of it is there. */
  readonly durationMs: number;
}

/** Counts batches. Every request waits for this: it must be quick. */
export interface CommitWatch {
  committed(batch: CommittedBatch): void;
}

export interface FileJournalOptions {
  /** Made when it is missing. */
  readonly folder: string;
  readonly fileSystem: FileSystem;
  readonly clock: Clock;
  readonly random: Random;
  readonly consumer: JournalConsumer;
  /** A segment that has this many bytes gets no more batches; 64 MiB. */
  readonly segmentBytes?: number;
  /** Entries from one snapshot to the next; 100,000. */
  readonly snapshotEvery?: number;
  /**
   * Bytes that are kept on the disk for what is vital when it is full; without, 0, every
   * append is tried.
   */
  readonly reserveBytes?: number;
  /** How long nothing is written before a seal; a second. */
  readonly quietSealMs?: number;
  /** A batch takes no more groups when the next would bring it over this; 4 MiB. */
  readonly batchBytesMax?: number;
  /** Starts even if a snapshot has entries that the journal does not hold; `false`. */
  readonly acceptSnapshotAhead?: boolean;
  /** Recorded before anything else, once the journal is open; none. */
  readonly firstFacts?: readonly JournalEventDraft[];
  /** Shares the journal with other processes; the folder is a copy then. */
  readonly shared?: SharedJournal | undefined;
  /** Called with each batch that became durable. */
  readonly watch?: CommitWatch | undefined;
  /** Called with the progress of an opening. */
  readonly progress?: ReadingProgress;
  /** Told of what an operator should know and the journal can live with. */
  readonly warn?: (message: string) => void;
}

/**
 * Told, after each batch, of the bytes that are read and of all that have to be. What it returns
 * is waited for: others have their turn then.
 */
export type ReadingProgress = (bytesDone: number, bytesTotal: number) => Promise<void> | undefined;

export const SEGMENT_BYTES = 64 * 1024 * 1024;
export const SNAPSHOT_EVERY = 100_000;
export const QUIET_SEAL_MS = 1000;
export const BATCH_BYTES_MAX = 4 * 1024 * 1024;
/** The reserve of the journal of a process. */
export const RESERVE_BYTES = 1024 * 1024;

/** A proof reads segments whole, and their line offsets have 32 bits. */
const SEGMENT_BYTES_LIMIT = 1024 * 1024 * 1024;

export type ResolvedOptions =
  & Required<Omit<FileJournalOptions, "watch" | "shared">>
  & Pick<FileJournalOptions, "shared">
  & { readonly watch: CommitWatch | undefined };

/** @throws {RangeError} when a number is not one that the journal can work with. */
export function resolvedOptions(options: FileJournalOptions): ResolvedOptions {
  const resolved = {
    segmentBytes: SEGMENT_BYTES,
    snapshotEvery: SNAPSHOT_EVERY,
    reserveBytes: 0,
    quietSealMs: QUIET_SEAL_MS,
    batchBytesMax: BATCH_BYTES_MAX,
    acceptSnapshotAhead: false,
    firstFacts: [],
    watch: undefined,
    progress: () => undefined,
    warn: () => {},
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
