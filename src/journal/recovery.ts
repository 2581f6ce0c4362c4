/** Reads a journal, whatever its last stop left behind, and tells what has to be mended of it. */

import type { JournalConsumer, JournalHead, Random, SegmentInfo } from "../engine/ports.ts";
import type { FoundSegments } from "./background_proof.ts";
import type { FileSystem } from "./file_system.ts";
import { type Layout, segmentName } from "./layout.ts";
import type { LineIndex } from "./line_index.ts";
import { Mending } from "./mending.ts";
import type { ReadingProgress } from "./options.ts";
import { withoutTail } from "./segment_end.ts";
import { listSegments } from "./segment_listing.ts";
import type { ActiveEnds } from "./segment_rolls.ts";
import { Trust } from "./trust.ts";
import { replayFromNewest } from "./snapshot_choice.ts";
import type { LastSnapshot } from "./snapshots.ts";
import { requireWitnessed } from "./witness.ts";

export interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly consumer: JournalConsumer;
  readonly random: Random;
  readonly progress: ReadingProgress;
  /** Whether the disk did not do as asked of the process before. */
  readonly lastFailed: boolean;
  /** Goes on without a snapshot of entries that the journal does not hold. */
  readonly acceptSnapshotAhead: boolean;
  /** Whoever opens it knows that its end is gone, and records it. */
  readonly acceptLoss: boolean;
}

export interface Recovery {
  readonly head: JournalHead;
  /** At least one; the last is active. */
  readonly segments: readonly SegmentInfo[];
  /** Where the lines of each segment are, by its name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly ends: ActiveEnds;
  /** What is still to be proven, or to be written of what was. */
  readonly found: FoundSegments;
  /** Whether the last stop ended with a seal, or nothing was ever recorded. */
  readonly clean: boolean;
  readonly entriesReplayed: number;
  /** The snapshot that replay began with. */
  readonly snapshot: LastSnapshot | null;
  /** What has to be done before anything is written. */
  readonly mending: Mending;
  /** Things set aside on the way, in words. */
  readonly warnings: readonly string[];
}

/**
 * Replays the journal into its consumer. Changes nothing.
 *
 * @throws {JournalDamagedError} when something is wrong that a crash cannot explain;
 * segments are left as they are then.
 * @throws {JournalUnusableError} when the disk does not do as asked.
 */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const { fileSystem, layout, random, lastFailed } = options;
  const found = await segmentsOf(fileSystem, layout);
  const trust = await Trust.in(fileSystem, layout, found.slice(0, -1));
  const choice = await replayFromNewest({ ...options, trusted: trust.sidecars }, found);
  const { replayed, snapshot, warnings } = choice;
  const { head, indexes, entriesReplayed, torn, active: ends } = replayed;
  if (!options.acceptLoss) await requireWitnessed(fileSystem, layout, head, found.at(-1));
  const segments = found.length > 0 ? found : [{ name: segmentName(1), firstLogId: 1, bytes: 0 }];
  const clean = torn === undefined && (head.logId === 0 || ends.stopped);
  const whole = withoutTail(segments, torn);
  const isNew = found.length === 0;
  return {
    head,
    segments: whole,
    indexes,
    ends,
    found: trust.found(replayed),
    clean,
    entriesReplayed,
    snapshot,
    mending: new Mending({ fileSystem, layout, random, lastFailed, segments: whole, isNew, torn }),
    warnings,
  };
}

/** @throws {JournalUnusableError} when something else lies between them. */
async function segmentsOf(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<readonly SegmentInfo[]> {
  const { segments, foreign, unusable } = await listSegments(fileSystem, layout);
  const [problem] = [...foreign, ...unusable];
  if (problem !== undefined) throw problem;
  return segments;
}
