/**
 * Intact lines cannot show that lines after them are missing. Other files in the folder can: the
 * verdict of `journal verify`, the sidecars of full segments, and the index of ended jobs.
 * Snapshots are compared when they are read.
 */

import type { JournalConsumer, JournalHead, KnownEntry, SegmentInfo } from "../../engine/ports.ts";
import { JournalDamagedError } from "../errors.ts";
import type { FileSystem } from "../files/file_system.ts";
import { journalEnd } from "./journal_end.ts";
import { type Layout, sidecarName, SIDECARS } from "../layout.ts";
import type { Replayed } from "./replay.ts";
import { FIRST_SEGMENT, listSegments } from "../read/segment_listing.ts";
import type { SealedSegment } from "../read/segment_proof.ts";
import { piecesOf } from "../read/segment_pieces.ts";
import type { ScannedBatch } from "../read/segment_scanner.ts";
import { SidecarStore } from "../read/sidecar_store.ts";
import { SnapshotStore } from "../write/snapshot_store.ts";
import { readVerification, toWitness } from "../files/verification_file.ts";
import type { LogId } from "../../core/ids.ts";

interface Witness {
  /** A position that was durable. */
  readonly logId: LogId;
  /** What proves that, as the end of a sentence. */
  readonly proof: string;
  /** What to move away if the journal is older on purpose. */
  readonly path: string;
}

interface Place {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
}

interface Source extends Place {
  /** Whether this is a copy of a shared journal, which has what is missing here. */
  readonly isCopy: boolean;
}

/** The last entry up to a position that an index has. */
type KnownUpTo = (logId: LogId) => KnownEntry | undefined;

/** The end of a journal, as far as its lines are whole. */
type End = Pick<Replayed, "head"> & { readonly active: Pick<Replayed["active"], "chainBefore"> };

/** Entries that were recorded, and are not in the journal. */
export interface ShownLoss {
  /** The last of them, as far as is known. */
  readonly last: LogId;
  /** What shows that. */
  readonly fact: string;
  /** The same, with what to do. */
  readonly reason: string;
}

/**
 * Compares the index with the end of the journal. Call it before a replay, which empties an index
 * that does not fit. Usually a snapshot or the last batch shows that the journal reaches as far.
 *
 * @throws {JournalDamagedError} when the index has a job that ended after the last entry. An index
 * whose other jobs are not in the journal belongs to another one, and proves nothing.
 */
export async function requireIndexed(
  source: Source & { readonly consumer: JournalConsumer },
  segments: readonly SegmentInfo[],
): Promise<void> {
  const { consumer, isCopy } = source;
  const knownUpTo: KnownUpTo = (logId) => isCopy ? undefined : consumer.known?.(logId);
  const known = knownUpTo(Number.MAX_SAFE_INTEGER);
  if (known === undefined || await isInSnapshot(source, known.logId)) return;
  const head = await headOf(source, segments);
  if (head === undefined) return;
  const witness = await indexed(source, segments, head, known, knownUpTo);
  requireUpTo(witness, head, segments.at(-1));
}

/** Whether a snapshot covers the position: if the journal ends before it, the start says so. */
async function isInSnapshot({ fileSystem, layout }: Place, logId: LogId): Promise<boolean> {
  const newest = await new SnapshotStore(fileSystem, layout).newestLogId().catch(() => undefined);
  return newest !== undefined && newest >= logId;
}

/** `undefined` when the end is damaged, which the replay reports. */
async function headOf(
  { fileSystem, layout }: Place,
  segments: readonly SegmentInfo[],
): Promise<JournalHead | undefined> {
  try {
    const end = await journalEnd(fileSystem, layout, segments);
    return end?.head ?? { logId: 0, chain: "" };
  } catch {
    return undefined;
  }
}

async function indexed(
  place: Place,
  segments: readonly SegmentInfo[],
  head: JournalHead,
  { jobId, logId }: KnownEntry,
  knownUpTo: KnownUpTo,
): Promise<Witness | undefined> {
  if (logId <= head.logId) return undefined;
  if (segments.length > 0 && !await isOfThis(place, segments, knownUpTo(head.logId))) {
    return undefined;
  }
  const proof = `the index has job ${jobId} with logId ${logId} as its last entry`;
  return { logId, proof, path: `${place.layout.index}/` };
}

/** Whether the journal has the entry. */
async function isOfThis(
  place: Place,
  segments: readonly SegmentInfo[],
  known: KnownEntry | undefined,
): Promise<boolean> {
  const batch = known && await batchAt(place, segments, known.logId);
  const entry = batch?.entries.find(({ logId }) => logId === known?.logId);
  return entry !== undefined && entry.jobId === known?.jobId;
}

/** The batch that holds a position; `undefined` if there is none, or not a whole one. */
async function batchAt(
  place: Place,
  segments: readonly SegmentInfo[],
  logId: LogId,
): Promise<ScannedBatch | undefined> {
  const segment = segments.findLast(({ firstLogId }) => firstLogId <= logId);
  if (segment === undefined) return undefined;
  for await (const { scanner } of piecesOf(place, segment, undefined, logId)) {
    for (const batch of scanner.batches()) if (batch.lastLogId >= logId) return batch;
  }
  return undefined;
}

/**
 * The point of the index, if this journal had such a head; otherwise the index is that of another
 * one, or ahead. Reads one segment: the replay proves those before it.
 *
 * @throws {JournalUnusableError} when it cannot be read.
 */
export async function confirmedPoint(
  source: Place & { readonly consumer: JournalConsumer },
  segments: readonly SegmentInfo[],
): Promise<JournalHead | undefined> {
  const point = source.consumer.point?.();
  const batch = point && await batchAt(source, segments, point.logId);
  const isHead = batch?.lastLogId === point?.logId && batch?.chain === point?.chain;
  return isHead ? point : undefined;
}

/**
 * @throws {JournalDamagedError} when the journal ends before a position that was once verified, or
 * lacks a segment that has a sidecar, or that followed one with a sidecar.
 */
export async function requireWitnessed(
  source: Source,
  segments: readonly SegmentInfo[],
  end: End,
): Promise<void> {
  const active = segments.at(-1);
  requireUpTo(await verified(source), end.head, active);
  if (source.isCopy) return;
  const sidecars = await sidecarsFrom(source, active);
  requireUpTo(described(source, sidecars, active, end), end.head, active);
}

async function verified({ fileSystem, layout }: Place): Promise<Witness | undefined> {
  const verification = await readVerification(fileSystem, layout);
  const witness = verification === null ? undefined : toWitness(verification);
  if (witness === undefined) return undefined;
  const { logId, at } = witness;
  const proof = `it was found intact up to logId ${logId} at ${at}`;
  return { logId, proof, path: layout.verification };
}

function sidecarsFrom(
  { fileSystem, layout }: Place,
  active: SegmentInfo | undefined,
): Promise<readonly SealedSegment[]> {
  return new SidecarStore(fileSystem, layout).from(active?.firstLogId ?? 1);
}

/**
 * A segment gets a sidecar only once another segment has begun. Sidecars whose chains do not continue
 * the journal belong to another one, and prove nothing.
 */
function described(
  { layout }: Place,
  sidecars: readonly SealedSegment[],
  active: SegmentInfo | undefined,
  { head, active: { chainBefore } }: End,
): Witness | undefined {
  let last: SealedSegment | undefined;
  for (const segment of sidecars) {
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
  witness: Witness | undefined,
  head: JournalHead,
  active: SegmentInfo | undefined,
): void {
  const loss = lossAfter(head, active, witness);
  if (loss === undefined) return;
  const { name, bytes } = active ?? FIRST_SEGMENT;
  const location = { segment: name, offset: bytes, logId: head.logId + 1 };
  throw new JournalDamagedError(location, loss.reason);
}

function lossAfter(
  head: JournalHead,
  active: SegmentInfo | undefined,
  witness: Witness | undefined,
): ShownLoss | undefined {
  if (witness === undefined || witness.logId <= head.logId) return undefined;
  const { logId, proof, path } = witness;
  const end = active === undefined
    ? "there are no segments"
    : `the journal ends at logId ${head.logId}`;
  const fact = `${end}, but ${proof}`;
  const reason = `${fact}: acknowledged entries are lost, logId ${head.logId + 1} to ${logId} or ` +
    "more (--accept-snapshot-ahead continues without them). Restore a backup; if this is an " +
    `older journal on purpose, or a copy of one in use, move ${path} away`;
  return { last: logId, fact, reason };
}

/** What the index and the sidecars of a journal show, as a start would find it. */
export class CacheWitnesses {
  private constructor(
    private readonly place: Place,
    private readonly known: KnownEntry | undefined,
    private readonly sidecars: readonly SealedSegment[],
  ) {}

  /**
   * Read them before the segments that they are compared with: a server may be appending.
   *
   * @throws {JournalUnusableError} when the segments or sidecars cannot be listed.
   */
  static async read(place: Place, knownUpTo: KnownUpTo): Promise<CacheWitnesses> {
    const known = knownUpTo(Number.MAX_SAFE_INTEGER);
    const { segments } = await listSegments(place.fileSystem, place.layout);
    return new CacheWitnesses(place, known, await sidecarsFrom(place, segments.at(-1)));
  }

  /** @throws {JournalUnusableError} when a segment cannot be read. */
  async losses(
    segments: readonly SegmentInfo[],
    end: End,
    knownUpTo: KnownUpTo,
  ): Promise<readonly ShownLoss[]> {
    const active = segments.at(-1);
    const inIndex = this.known &&
      await indexed(this.place, segments, end.head, this.known, knownUpTo);
    const besideSegments = described(this.place, this.sidecars, active, end);
    return [inIndex, besideSegments].flatMap((witness) =>
      lossAfter(end.head, active, witness) ?? []
    );
  }
}
