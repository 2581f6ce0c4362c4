/** Brings a journal from whatever its last stop left behind to where it can go on. */

import type { JournalConsumer, JournalHead, Random, SegmentInfo } from "../engine/ports.ts";
import { orUnusable } from "./errors.ts";
import { type FileSystem, writeNew } from "./file_system.ts";
import { type Layout, segmentName } from "./layout.ts";
import type { LineIndex } from "./line_index.ts";
import type { FoundSegments } from "./background_proof.ts";
import type { ReadingProgress } from "./options.ts";
import { copyForward, quarantineTail } from "./repair.ts";
import { type TornTail, withoutTail } from "./segment_end.ts";
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
  readonly bytesQuarantined: number;
  readonly quarantine: string | null;
  /** Things set aside on the way, in words. */
  readonly warnings: readonly string[];
}

/**
 * Replays the journal into its consumer and repairs what a crash explains. The active segment
 * is a fresh file then: even after a clean stop nobody knows whether the last sync of the
 * process before succeeded, or whether it lived to sync the name of the segment.
 *
 * @throws {JournalDamagedError} when something is wrong that a crash cannot explain;
 * segments are left as they are then.
 * @throws {JournalUnusableError} when the disk does not do as asked.
 */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const { fileSystem, layout } = options;
  const found = await segmentsOf(fileSystem, layout);
  const trust = await Trust.in(fileSystem, layout, found.slice(0, -1));
  const choice = await replayFromNewest({ ...options, trusted: trust.sidecars }, found);
  const { replayed, snapshot, warnings } = choice;
  const { head, indexes, entriesReplayed, torn, active: ends } = replayed;
  if (!options.acceptLoss) await requireWitnessed(fileSystem, layout, head, found.at(-1));
  const segments = found.length > 0 ? found : [await createFirst(fileSystem, layout)];
  const clean = torn === undefined && (head.logId === 0 || ends.stopped);
  const active = segments.at(-1)?.name ?? segmentName(1);
  const quarantine = torn === undefined ? null : await putAside(options, active, torn);
  const whole = withoutTail(segments, torn);
  if (found.length > 0) await copyForward(fileSystem, layout, whole);
  const bytesQuarantined = torn?.bytes.length ?? 0;
  return {
    head,
    segments: whole,
    indexes,
    ends,
    found: trust.found(replayed),
    clean,
    entriesReplayed,
    snapshot,
    bytesQuarantined,
    quarantine,
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

function putAside(
  { fileSystem, layout, random }: RecoveryOptions,
  active: string,
  torn: TornTail,
): Promise<string> {
  return quarantineTail(fileSystem, layout, active, torn, random.ulid());
}

async function createFirst(fileSystem: FileSystem, layout: Layout): Promise<SegmentInfo> {
  const name = segmentName(1);
  await orUnusable("create", `${layout.segments}/${name}`, async () => {
    await writeNew(fileSystem, `${layout.segments}/${name}`, new Uint8Array());
    await fileSystem.syncFolder(layout.segments);
  });
  return { name, firstLogId: 1, bytes: 0 };
}
