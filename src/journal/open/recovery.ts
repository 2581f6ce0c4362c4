/** Reads a journal in any state that a stop can leave, and determines what must be repaired. */

import type { LogId } from "../../core/ids.ts";
import type { JournalHead, RecoveryReport, SegmentInfo } from "../../engine/ports.ts";
import type { FullSegment } from "./background_proof.ts";
import { failureReason, JournalDamagedError, orUnusable } from "../errors.ts";
import { requireKind } from "../files/folder.ts";
import { AHEAD, DAMAGED, type Layout } from "../layout.ts";
import type { LineIndex } from "../read/line_index.ts";
import type { ResolvedOptions } from "../options.ts";
import { SegmentPreparation } from "./repair.ts";
import { type FoundSegment, replay, type Replayed } from "./replay.ts";
import { withoutTail } from "../read/segment_end.ts";
import { FIRST_SEGMENT, onlySegments } from "../read/segment_listing.ts";
import { isSameSegment, type SegmentEnds } from "../read/segment_proof.ts";
import { type SegmentVerdict, SidecarStore } from "../read/sidecar_store.ts";
import { type Snapshot, SnapshotStore } from "../write/snapshot_store.ts";
import type { LastSnapshot } from "../write/snapshots.ts";
import { confirmedPoint, requireIndexed, requireWitnessed } from "./witnesses.ts";

interface RecoveryOptions extends
  Pick<
    ResolvedOptions,
    "fileSystem" | "consumer" | "random" | "prover" | "progress" | "acceptSnapshotAhead"
  > {
  readonly layout: Layout;
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
  readonly ends: SegmentEnds;
  readonly full: readonly FullSegment[];
  /**
   * Whether the last stop ended with a seal, or nothing was ever recorded. A copy of a shared journal
   * needs only to end with a whole batch: a follower records no seal.
   */
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
  const found = await onlySegments(fileSystem, layout);
  const isNew = found.length === 0;
  const active = found.at(-1) ?? FIRST_SEGMENT;
  const preparation = new SegmentPreparation({ fileSystem, layout, random, active, isNew });
  try {
    const { torn, ...verified } = await verify(options, found);
    await preparation.verified(torn);
    const segments = isNew ? [active] : withoutTail(found, torn);
    return { ...verified, segments, preparation };
  } catch (error) {
    await preparation.refused();
    throw error;
  }
}

/** Verifies and replays the segments, as far as the caches do not make that unnecessary. */
async function verify(options: RecoveryOptions, found: readonly SegmentInfo[]) {
  if (!options.acceptLoss) await requireIndexed(options, found);
  const store = new SidecarStore(options.fileSystem, options.layout);
  const trusted = await trustedIn(store, found.slice(0, -1));
  // The file system time before any segment is read. Without it, no verdict can be written before
  // the segment is checked again.
  const beganMs = trusted.size < found.length - 1
    ? await store.now().catch(() => undefined)
    : undefined;
  const { replayed, snapshot, warnings } = await replayFromNewest(options, found, trusted);
  const { head, indexes, entriesReplayed, torn, active: ends } = replayed;
  if (!options.acceptLoss) await requireWitnessed(options, found, replayed);
  // Otherwise the next start would find the loss again. A failure is no error.
  else await store.keepOnly(found.slice(0, -1)).catch(() => {});
  return {
    head,
    indexes,
    ends,
    torn,
    full: replayed.sealed.map((each) => fullSegment(each, trusted, beganMs)),
    clean: torn === undefined && (options.isCopy || head.logId === 0 || ends.stopped),
    entriesReplayed,
    snapshot,
    warnings,
  };
}

/** Verdicts on segments that are unchanged since then, by segment name. */
type Verdicts = ReadonlyMap<string, SegmentVerdict>;

/** Sidecars to read at a time: reading one takes several calls, each of them short. */
const SIDECARS_AT_A_TIME = 16;

/** Which segments a start need not read. */
async function trustedIn(store: SidecarStore, sealed: readonly SegmentInfo[]): Promise<Verdicts> {
  await store.removeUnfinished().catch(() => {});
  const verdicts = new Map<string, SegmentVerdict>();
  for (let at = 0; at < sealed.length; at += SIDECARS_AT_A_TIME) {
    const some = sealed.slice(at, at + SIDECARS_AT_A_TIME);
    for (const found of await Promise.all(some.map((segment) => store.trusted(segment)))) {
      if (found !== undefined) verdicts.set(found.segment.name, found);
    }
  }
  return verdicts;
}

function fullSegment(
  { segment, isRead, stamp }: FoundSegment,
  trusted: Verdicts,
  beganMs: number | undefined,
): FullSegment {
  if (!isRead) return { segment, origin: "trusted", isStored: true };
  const known = trusted.get(segment.name);
  const isStored = known !== undefined && isSameSegment(known.segment, segment);
  const isSettled = stamp !== undefined && beganMs !== undefined && stamp.changedMs < beganMs;
  return { segment, origin: "read", isStored, ...(isSettled ? { read: stamp } : {}) };
}

/** A replay, and the snapshot that it started from. */
interface Choice {
  readonly replayed: Replayed;
  readonly snapshot: LastSnapshot | null;
  readonly warnings: readonly string[];
}

/**
 * Finds the newest usable snapshot, and replays the entries after it.
 *
 * @throws {JournalDamagedError} when a snapshot covers entries that are gone, unless that is
 * accepted, or when the journal itself is damaged.
 * @throws {JournalUnusableError}
 */
async function replayFromNewest(
  options: RecoveryOptions,
  segments: readonly SegmentInfo[],
  trusted: Verdicts,
): Promise<Choice> {
  const { fileSystem, layout, consumer, prover, progress } = options;
  const source = { fileSystem, layout, consumer, segments, trusted, prover, progress };
  const store = new SnapshotStore(fileSystem, layout);
  const warnings: string[] = [];
  for (const name of await orUnusable("list", layout.snapshots, () => store.names())) {
    const snapshot = await load(options, store, name, warnings);
    if (snapshot === undefined) continue;
    const replayed = await replay(source, snapshot);
    if (typeof replayed !== "string") {
      return { replayed, snapshot: { logId: snapshot.logId, file: name }, warnings };
    }
    if (replayed === "ahead") await acceptAhead(options, segments, store, name, snapshot);
    // Most snapshots rely on caches, which a command does not have.
    const isExpected = replayed === "refused" && consumer.known === undefined;
    if (!isExpected) warnings.push(WARNINGS[replayed](name));
  }
  const point = await confirmedPoint(options, segments);
  if (point !== undefined) consumer.keep?.(point);
  const replayed = await replay(source, undefined);
  if (typeof replayed === "string") throw new TypeError(`Cannot replay everything: ${replayed}`);
  return { replayed, snapshot: null, warnings };
}

const WARNINGS = {
  refused: (name: string) =>
    `Did not use snapshot ${name}: another version wrote it, or it needs an index that is not here`,
  ahead: (name: string) => `Set aside snapshot ${name}: the journal ends before it`,
};

async function load(
  { fileSystem, layout }: RecoveryOptions,
  store: SnapshotStore,
  name: string,
  warnings: string[],
): Promise<Snapshot | undefined> {
  const path = `${layout.snapshots}/${name}`;
  await requireKind(fileSystem, path, ["file"]);
  const snapshot = await store.read(name);
  if (typeof snapshot !== "string") return snapshot;
  warnings.push(await setAside(store, name, path, snapshot));
  return undefined;
}

/**
 * Sets a damaged snapshot aside and returns a warning. Even a failure to rename it is only a
 * warning.
 */
async function setAside(
  store: SnapshotStore,
  name: string,
  path: string,
  flaw: string,
): Promise<string> {
  try {
    await store.setAside(name, DAMAGED);
    return `Set aside snapshot ${name}: ${flaw}`;
  } catch (error) {
    return `Did not use snapshot ${name}: ${flaw}; nor could it be set aside: ` +
      failureReason(error, path);
  }
}

async function acceptAhead(
  { layout, acceptSnapshotAhead }: RecoveryOptions,
  segments: readonly SegmentInfo[],
  store: SnapshotStore,
  name: string,
  { logId }: Snapshot,
): Promise<void> {
  if (acceptSnapshotAhead) {
    const path = `${layout.snapshots}/${name}`;
    return await orUnusable("set aside", path, () => store.setAside(name, AHEAD));
  }
  const { name: segment, bytes: offset } = segments.at(-1) ?? FIRST_SEGMENT;
  throw new JournalDamagedError(
    { segment, offset, logId },
    `snapshot ${name} covers logId ${logId}, but the journal ends before it: acknowledged ` +
      "entries are lost (--accept-snapshot-ahead continues without them); in a copy made while " +
      "Daybook ran, delete its snapshots instead: they are caches",
  );
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
