/**
 * Backs up a journal, which may be in use, to another folder. The copy is itself a journal, of
 * whole batches and without caches. Full segments never change, so a later backup does not copy
 * them again.
 */

import { Buffer } from "node:buffer";
import type { SegmentInfo } from "../engine/ports.ts";
import { orUnusable } from "../journal/errors.ts";
import type { FileSystem } from "../journal/files/file_system.ts";
import { requireKind } from "../journal/files/folder.ts";
import type { Layout } from "../journal/layout.ts";
import { tornTail } from "../journal/read/segment_end.ts";
import {
  onlySegments,
  readSegment,
  segmentsToRead,
  withSegment,
  writeSegment,
} from "../journal/read/segment_listing.ts";
import { SegmentScanner } from "../journal/read/segment_scanner.ts";

/** What was copied. */
export interface Copied {
  /** Segments that were written; the others existed already. */
  readonly written: number;
  readonly bytes: number;
}

/** The target is not an earlier state of this journal. */
export class OtherHistoryError extends Error {
  override readonly name = "OtherHistoryError";
}

interface BackupOptions {
  readonly fileSystem: FileSystem;
  readonly from: Layout;
  /** Its folders exist, and no other process writes to them. */
  readonly to: Layout;
  /** Called with the progress, in bytes. */
  readonly progress: (done: number, total: number) => void;
}

/**
 * Copies the oldest segment first, and gives each its name once it is on disk. If the backup is
 * interrupted, the target is the journal at an earlier time.
 *
 * @throws {OtherHistoryError} before anything is changed.
 * @throws {JournalDamagedError} when the active segment is damaged.
 * @throws {JournalUnusableError}
 */
export async function backUp(options: BackupOptions): Promise<Copied> {
  const { fileSystem, from, to, progress } = options;
  // All but the last are full by the time they are listed.
  const segments = await segmentsToRead(fileSystem, from);
  const there = new Map(
    (await onlySegments(fileSystem, to)).map((segment) => [segment.name, segment]),
  );
  await requireSameHistory(options, segments, there);
  const total = segments.reduce((sum, { bytes }) => sum + bytes, 0);
  let [written, bytes, done] = [0, 0, 0];
  for (const segment of segments) {
    const size = there.has(segment.name) ? await sizeIn(options, segment) : 0;
    const copied = await copySegment(options, segment, segment === segments.at(-1), size);
    if (copied > 0) written++;
    bytes += copied;
    progress(done += segment.bytes, total);
  }
  await orUnusable("sync", to.segments, () => fileSystem.syncFolder(to.segments));
  return { written, bytes };
}

/** Includes blank lines: a copy made by another tool may end with some, which must be removed. */
function sizeIn({ fileSystem, to }: BackupOptions, { name }: SegmentInfo): Promise<number> {
  return withSegment(fileSystem, to, name, (file) => file.size());
}

/** Returns the number of bytes written: none if the target has them already. */
async function copySegment(
  { fileSystem, from, to }: BackupOptions,
  segment: SegmentInfo,
  isActive: boolean,
  size: number,
): Promise<number> {
  if (!isActive && size === segment.bytes) return 0;
  const content = await readSegment(fileSystem, from, segment.name, 0, segment.bytes);
  const bytes = isActive ? wholeBatches(content, segment) : content;
  if (bytes.length === 0 || bytes.length === size) return 0;
  await writeSegment(fileSystem, to, segment.name, bytes);
  return bytes.length;
}

/** Leaves out a batch that is incomplete. */
function wholeBatches(
  content: Uint8Array<ArrayBuffer>,
  segment: SegmentInfo,
): Uint8Array<ArrayBuffer> {
  const scanner = new SegmentScanner(content, segment.firstLogId, undefined);
  scanner.parsedFrom = Infinity;
  while (scanner.next() !== undefined);
  return content.subarray(0, tornTail(segment, content, scanner, true)?.offset);
}

/**
 * Every segment of the target must be a segment of the journal and no longer than it, and the last
 * one must begin like the journal's. Its chain covers everything before it.
 */
async function requireSameHistory(
  { fileSystem, from, to }: BackupOptions,
  segments: readonly SegmentInfo[],
  there: ReadonlyMap<string, SegmentInfo>,
): Promise<void> {
  const last = [...there.values()].at(-1);
  if (last === undefined) return;
  const sizes = new Map(segments.map(({ name, bytes }) => [name, bytes]));
  for (const { name, bytes } of there.values()) {
    const size = sizes.get(name);
    if (size === undefined) throw otherHistory(to, name, "which the journal does not have");
    const isTooLong = name !== last.name && bytes > size;
    if (isTooLong) throw otherHistory(to, name, "which is longer than the journal's");
  }
  for (const folder of [from, to]) {
    await requireKind(fileSystem, `${folder.segments}/${last.name}`, ["file"]);
  }
  const copied = wholeBatches(await readSegment(fileSystem, to, last.name, 0, last.bytes), last);
  // As it was when it was listed: no more than that is copied.
  const content = await readSegment(fileSystem, from, last.name, 0, sizes.get(last.name) ?? 0);
  if (Buffer.from(copied).equals(content.subarray(0, copied.length))) return;
  throw otherHistory(to, last.name, "which begins differently from the journal's");
}

function otherHistory({ folder }: Layout, segment: string, what: string): OtherHistoryError {
  return new OtherHistoryError(
    `${folder} holds another history: it has segment ${segment}, ${what}. Nothing was ` +
      "changed; choose an empty folder",
  );
}
