/**
 * Intact lines cannot show that lines after them are missing. Other files in the folder can: the
 * verdict of `journal verify`, the sidecars of full segments, and the index of ended jobs.
 * Snapshots are compared when they are read.
 */

import type { JournalConsumer, JournalHead, KnownEntry, SegmentInfo } from "../engine/ports.ts";
import { JournalDamagedError, orUnusable } from "./errors.ts";
import { type FileSystem, readBetween } from "./file_system.ts";
import { endOf } from "./journal_end.ts";
import { type Layout, segmentName, sidecarName, SIDECARS } from "./layout.ts";
import type { Replayed } from "./replay.ts";
import type { SealedSegment } from "./segment_rolls.ts";
import { SegmentScanner } from "./segment_scanner.ts";
import { SidecarStore } from "./sidecar_store.ts";
import { SnapshotStore } from "./snapshot_store.ts";
import { readVerification, toWitness } from "./verification_file.ts";
import type { LogId } from "../core/ids.ts";

interface Witness {
  /** A position that was durable. */
  readonly logId: LogId;
  /** What proves that, as the end of a sentence. */
  readonly proof: string;
  /** What to move away if the journal is older on purpose. */
  readonly path: string;
}

interface Source {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** Whether this is a copy of a shared journal, which has what is missing here. */
  readonly isCopy: boolean;
}

/**
 * Compares the index with the end of the journal. Call it before a replay, which empties an index
 * that does not fit. Reads the end of the journal only if no snapshot is as recent as the index.
 *
 * @throws {JournalDamagedError} when the index has a job that ended after the last entry. An index
 * whose other jobs are not in the journal is that of another one, and proves nothing.
 */
export async function requireIndexed(
  source: Source & { readonly consumer: JournalConsumer },
  segments: readonly SegmentInfo[],
): Promise<void> {
  const { layout, consumer, isCopy } = source;
  const known = isCopy ? undefined : consumer.known?.(Number.MAX_SAFE_INTEGER);
  if (known === undefined || await isInSnapshot(source, known.logId)) return;
  const head = await headOf(source, segments);
  if (head === undefined || known.logId <= head.logId) return;
  if (segments.length > 0 && !await isOfThis(source, segments, consumer.known?.(head.logId))) {
    return;
  }
  const { jobId, logId } = known;
  const proof = `the index has job ${jobId} with logId ${logId} as its last entry`;
  requireUpTo({ logId, proof, path: `${layout.index}/` }, head, segments.at(-1));
}

/** Whether a snapshot covers the position: if the journal ends before it, the start says so. */
async function isInSnapshot({ fileSystem, layout }: Source, logId: LogId): Promise<boolean> {
  const newest = await new SnapshotStore(fileSystem, layout).newestLogId().catch(() => undefined);
  return newest !== undefined && newest >= logId;
}

/** `undefined` when the end is damaged, which the replay reports. */
async function headOf(
  { fileSystem, layout }: Source,
  segments: readonly SegmentInfo[],
): Promise<JournalHead | undefined> {
  try {
    const end = await endOf(fileSystem, layout, segments);
    return end?.head ?? { logId: 0, chain: "" };
  } catch {
    return undefined;
  }
}

/** Whether the journal has the entry. */
async function isOfThis(
  { fileSystem, layout }: Source,
  segments: readonly SegmentInfo[],
  known: KnownEntry | undefined,
): Promise<boolean> {
  const segment = known && segments.findLast(({ firstLogId }) => firstLogId <= known.logId);
  if (segment === undefined) return false;
  const path = `${layout.segments}/${segment.name}`;
  const bytes = await orUnusable(
    "read",
    path,
    () => readBetween(fileSystem, path, 0, segment.bytes),
  );
  const scanner = new SegmentScanner(bytes, segment.firstLogId, undefined);
  scanner.parsedFrom = known?.logId ?? 1;
  for (let batch = scanner.next(); batch !== undefined; batch = scanner.next()) {
    const entry = batch.entries.find(({ logId }) => logId === known?.logId);
    if (entry !== undefined) return entry.jobId === known?.jobId;
  }
  return false;
}

/**
 * @throws {JournalDamagedError} when the journal ends before a position that was once verified, or
 * lacks a segment that has a sidecar, or that followed one with a sidecar.
 */
export async function requireWitnessed(
  source: Source,
  segments: readonly SegmentInfo[],
  replayed: Pick<Replayed, "head" | "active">,
): Promise<void> {
  for (const find of source.isCopy ? [verified] : [verified, described]) {
    const witness = await find(source, segments.at(-1), replayed);
    if (witness !== undefined) requireUpTo(witness, replayed.head, segments.at(-1));
  }
}

async function verified({ fileSystem, layout }: Source): Promise<Witness | undefined> {
  const verification = await readVerification(fileSystem, layout);
  const witness = verification === null ? undefined : toWitness(verification);
  if (witness === undefined) return undefined;
  const { logId, at } = witness;
  const proof = `it was found intact up to logId ${logId} at ${at}`;
  return { logId, proof, path: layout.verification };
}

/**
 * A segment gets a sidecar only once another segment has begun. Sidecars whose chains do not lead
 * on from the journal are those of another one, and prove nothing.
 */
async function described(
  { fileSystem, layout }: Source,
  active: SegmentInfo | undefined,
  { head, active: { chainBefore } }: Pick<Replayed, "head" | "active">,
): Promise<Witness | undefined> {
  const store = new SidecarStore(fileSystem, layout);
  let last: SealedSegment | undefined;
  for (const segment of await store.from(active?.firstLogId ?? 1)) {
    const { logId, chain } = last === undefined ? head : { ...last, logId: last.lastLogId };
    const isNext = segment.firstLogId === logId + 1 && segment.chainBefore === chain;
    const isActive = segment.name === active?.name && segment.chainBefore === chainBefore;
    if (isNext || isActive) last = segment;
  }
  if (last === undefined) return undefined;
  const { name, firstLogId, lastLogId } = last;
  const what = name === active?.name ? "this segment" : `segment ${name}, which is missing,`;
  const proof = `${SIDECARS}/${sidecarName(firstLogId)} shows that ${what} was full with logId ` +
    `${firstLogId} to ${lastLogId}, and that another one followed`;
  return { logId: lastLogId + 1, proof, path: `${layout.sidecars}/` };
}

function requireUpTo(
  { logId, proof, path }: Witness,
  head: JournalHead,
  active: SegmentInfo | undefined,
): void {
  if (logId <= head.logId) return;
  const { name, bytes } = active ?? { name: segmentName(1), bytes: 0 };
  const first = head.logId + 1;
  const end = active === undefined
    ? "there are no segments"
    : `the journal ends at logId ${head.logId}`;
  throw new JournalDamagedError(
    { segment: name, offset: bytes, logId: first },
    `${end}, but ${proof}: acknowledged entries are lost, logId ${first} to ${logId} or more ` +
      "(--accept-snapshot-ahead continues without them). Restore a backup; if this is an older " +
      `journal on purpose, or a copy of one in use, move ${path} away`,
    // The lines that are left are intact, so there is nothing to repair.
    () => "",
  );
}
