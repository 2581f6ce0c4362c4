/** Reads a journal in any state that a stop can leave, and determines what must be repaired. */

import type {
  JournalConsumer,
  JournalHead,
  Random,
  RecoveryReport,
  SegmentInfo,
} from "../engine/ports.ts";
import type { FoundSegments, Unproven } from "./background_proof.ts";
import type { FileSystem } from "./file_system.ts";
import { type Layout, segmentName } from "./layout.ts";
import type { LineIndex } from "./line_index.ts";
import { SegmentPreparation } from "./repair.ts";
import type { ReadingProgress } from "./options.ts";
import { listSegments } from "./segment_listing.ts";
import { type ActiveEnds, isSameSegment } from "./segment_rolls.ts";
import { replayFromNewest } from "./snapshot_choice.ts";
import type { LastSnapshot } from "./snapshots.ts";
import type { FoundSegment, Replayed } from "./replay.ts";
import { type SegmentVerdict, SidecarStore } from "./sidecar_store.ts";
import { requireIndexed, requireWitnessed } from "./witnesses.ts";
import type { LogId } from "../core/ids.ts";

interface RecoveryOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly consumer: JournalConsumer;
  readonly random: Random;
  readonly progress: ReadingProgress;
  /** Starts even if a snapshot covers entries that the journal does not have. */
  readonly acceptSnapshotAhead: boolean;
  /** The caller knows that the end of the journal is lost, and records that. */
  readonly acceptLoss: boolean;
  /** Whether this is a copy of a shared journal, which has what is missing here. */
  readonly isCopy: boolean;
}

export interface Recovery {
  readonly head: JournalHead;
  /** At least one; the last is active. */
  readonly segments: readonly SegmentInfo[];
  /** The line indexes of the segments that were read, by name. */
  readonly indexes: ReadonlyMap<string, LineIndex>;
  readonly ends: ActiveEnds;
  /** The full segments, with those still to be verified or whose verdict is still to be written. */
  readonly found: FoundSegments;
  /** Whether the last stop ended with a seal, or nothing was ever recorded. */
  readonly clean: boolean;
  readonly entriesReplayed: number;
  /** The snapshot that the replay started from. */
  readonly snapshot: LastSnapshot | null;
  /** Work that must be done before anything is written. */
  readonly preparation: SegmentPreparation;
  /** Warnings for the operator, such as about snapshots that were set aside. */
  readonly warnings: readonly string[];
}

/**
 * Replays the journal into its consumer. Changes no segment.
 *
 * @throws {JournalDamagedError} on damage that a crash cannot explain.
 * @throws {JournalUnusableError} when files cannot be read.
 */
export async function recover(options: RecoveryOptions): Promise<Recovery> {
  const { fileSystem, layout, random } = options;
  const found = await findSegments(fileSystem, layout);
  if (!options.acceptLoss) await requireIndexed(options, found);
  const trust = await Trust.in(fileSystem, layout, found.slice(0, -1));
  const choice = await replayFromNewest({ ...options, trusted: trust.verdicts }, found);
  const { replayed, snapshot, warnings } = choice;
  const { head, indexes, entriesReplayed, torn, active: ends } = replayed;
  const last = found.at(-1) ?? { name: segmentName(1), firstLogId: 1, bytes: 0 };
  if (!options.acceptLoss) await requireWitnessed(options, found, replayed);
  // Otherwise the next start would find the loss again.
  else await trust.forgetOthers();
  const clean = torn === undefined && (head.logId === 0 || ends.stopped);
  const active = torn === undefined ? last : { ...last, bytes: torn.offset };
  const isNew = found.length === 0;
  return {
    head,
    segments: [...found.slice(0, -1), active],
    indexes,
    ends,
    found: trust.found(replayed),
    clean,
    entriesReplayed,
    snapshot,
    preparation: new SegmentPreparation({
      fileSystem,
      layout,
      random,
      active,
      isNew,
      torn,
    }),
    warnings,
  };
}

/** @throws {JournalUnusableError} when other files are among the segments. */
async function findSegments(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<readonly SegmentInfo[]> {
  const { segments, foreign, unusable } = await listSegments(fileSystem, layout);
  const [problem] = [...foreign, ...unusable];
  if (problem !== undefined) throw problem;
  return segments;
}

/** Which segments a start need not read, and which are left to verify in the background. */
class Trust {
  /** Verdicts on segments that are unchanged since then, by segment name. */
  readonly verdicts: ReadonlyMap<string, SegmentVerdict>;
  readonly #store: SidecarStore;
  readonly #sealed: readonly SegmentInfo[];
  /** The file system time before any segment is read. */
  readonly #beganMs: number | undefined;

  private constructor(
    store: SidecarStore,
    sealed: readonly SegmentInfo[],
    verdicts: ReadonlyMap<string, SegmentVerdict>,
    beganMs: number | undefined,
  ) {
    this.#store = store;
    this.#sealed = sealed;
    this.verdicts = verdicts;
    this.#beganMs = beganMs;
  }

  /** @param sealed The segments that get no more batches. */
  static async in(
    fileSystem: FileSystem,
    layout: Layout,
    sealed: readonly SegmentInfo[],
  ): Promise<Trust> {
    const store = new SidecarStore(fileSystem, layout);
    await store.removeUnfinished().catch(() => {});
    const verdicts = new Map<string, SegmentVerdict>();
    for (const segment of sealed) {
      const found = await store.trusted(segment);
      if (found !== undefined) verdicts.set(segment.name, found);
    }
    // Without this time, no verdict can be written before the segment is checked again.
    const beganMs = verdicts.size < sealed.length
      ? await store.now().catch(() => undefined)
      : undefined;
    return new Trust(store, sealed, verdicts, beganMs);
  }

  /** Removes the sidecars of segments that are gone, or in use again. A failure is no error. */
  async forgetOthers(): Promise<void> {
    await this.#store.keepOnly(this.#sealed).catch(() => {});
  }

  /** What is left to verify after a replay. */
  found({ sealed }: Pick<Replayed, "sealed">): FoundSegments {
    const unproven = sealed.flatMap((found) => this.#unproven(found));
    const unstored = new Set(
      unproven.filter(({ origin }) => origin === "read").map(({ segment }) => segment),
    );
    const segments = sealed.map(({ segment }) => segment);
    return {
      sealed: segments,
      stored: segments.filter((segment) => !unstored.has(segment)),
      trusted: sealed.filter(({ isRead }) => !isRead).length,
      // Verdicts that only have to be written come first: they save the next start the most.
      unproven: [
        ...unproven.filter(({ read }) => read !== undefined),
        ...unproven.filter(({ read }) => read === undefined),
      ],
    };
  }

  #unproven({ segment, isRead, stamp }: FoundSegment): readonly Unproven[] {
    const known = this.verdicts.get(segment.name);
    if (!isRead) return [{ segment, origin: "trusted" }];
    if (known !== undefined && isSameSegment(known.segment, segment)) return [];
    const isSettled = stamp !== undefined && this.#beganMs !== undefined &&
      stamp.changedMs < this.#beganMs;
    return [{ segment, origin: "read", ...(isSettled ? { read: stamp } : {}) }];
  }
}

/** The recovery report of the `Journal` port. */
export function recoveryReport(
  recovery: Pick<Recovery, "clean" | "entriesReplayed" | "snapshot" | "warnings"> & {
    readonly preparation: Pick<SegmentPreparation, "bytesQuarantined" | "quarantine">;
  },
  recoveredLogId: LogId | null,
  durationMs: number,
): RecoveryReport {
  return {
    clean: recovery.clean,
    entriesReplayed: recovery.entriesReplayed,
    snapshotLogId: recovery.snapshot?.logId ?? null,
    durationMs,
    bytesQuarantined: recovery.preparation.bytesQuarantined,
    quarantine: recovery.preparation.quarantine,
    recoveredLogId,
    warnings: recovery.warnings,
  };
}
