/** Lists the segments of a journal and other files among them; reads and writes their files. */

import type { SegmentInfo } from "../../engine/ports.ts";
import {
  ForeignFileError,
  JournalDamagedError,
  JournalUnusableError,
  orUnusable,
} from "../errors.ts";
import { type FileSystem, type OpenFile, replaceFile, withFile } from "../files/file_system.ts";
import { named, requireKind } from "../files/folder.ts";
import { NEWLINE } from "../format/line_bytes.ts";
import {
  isTemporary,
  type Layout,
  parseSegmentName,
  segmentName,
  snapshotNames,
} from "../layout.ts";

const WINDOW_BYTES = 64 * 1024;

/** The segment with which a journal begins, before anything is written. */
export const FIRST_SEGMENT: SegmentInfo = { name: segmentName(1), firstLogId: 1, bytes: 0 };

interface SegmentListing {
  /** With their sizes, oldest first. */
  readonly segments: readonly SegmentInfo[];
  /** Errors for files that do not have the name of a segment; a start refuses them. */
  readonly foreign: readonly ForeignFileError[];
  /** Errors for paths with the name of a segment that are not files, such as links or folders. */
  readonly unusable: readonly ForeignFileError[];
}

/**
 * Lists the current segments. Ignores temporary files; the size of the last segment excludes
 * preallocated newlines.
 *
 * @throws {JournalUnusableError} when the folder cannot be read.
 */
export async function listSegments(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<SegmentListing> {
  const found = await orUnusable("list", layout.segments, () => fileSystem.list(layout.segments));
  const segments: SegmentInfo[] = [];
  const foreign: ForeignFileError[] = [];
  const unusable: ForeignFileError[] = [];
  const names = found.filter((name) => !isTemporary(name)).toSorted();
  const active = names.findLast((name) => parseSegmentName(name) !== undefined);
  for (const name of names) {
    const path = `${layout.segments}/${name}`;
    const firstLogId = parseSegmentName(name);
    if (firstLogId === undefined) {
      foreign.push(new ForeignFileError(path, "it is not a segment; move it elsewhere"));
      continue;
    }
    const kind = await orUnusable("read", path, () => fileSystem.kind(path));
    if (kind !== "file") {
      unusable.push(new ForeignFileError(path, `it is ${named(kind)}, not a file`));
    } else {
      const measure = (file: OpenFile) => name === active ? writtenBytes(file) : file.size();
      const bytes = await withSegment(fileSystem, layout, name, measure);
      segments.push({ name, firstLogId, bytes });
    }
  }
  return { segments, foreign, unusable };
}

/**
 * The segments of a journal that is written to.
 *
 * @throws {JournalUnusableError} when other files are among them.
 */
export async function onlySegments(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<readonly SegmentInfo[]> {
  const { segments, foreign, unusable } = await listSegments(fileSystem, layout);
  const [problem] = [...foreign, ...unusable];
  if (problem !== undefined) throw problem;
  return segments;
}

/**
 * The segments of a journal that is only read; other files among them are ignored.
 *
 * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
 */
export async function segmentsToRead(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<readonly SegmentInfo[]> {
  await requireJournal(fileSystem, layout);
  const { segments, unusable: [problem] } = await listSegments(fileSystem, layout);
  if (problem !== undefined) throw problem;
  return segments;
}

/** @throws {JournalUnusableError} when the folder holds no journal. */
export async function requireJournal(
  fileSystem: FileSystem,
  { folder, segments }: Layout,
): Promise<void> {
  const kind = await orUnusable("read", segments, () => fileSystem.kind(segments));
  if (kind === "missing") {
    const isThere = await orUnusable("read", folder, () => fileSystem.kind(folder)) !== "missing";
    const reason = isThere ? "it has no segments folder" : "the folder does not exist";
    throw new JournalUnusableError("read journal", folder, reason);
  }
  await requireKind(fileSystem, segments, ["folder"]);
}

/** Opens the file of a segment for the duration of `use`. @throws {JournalUnusableError} */
export function withSegment<Result>(
  fileSystem: FileSystem,
  { segments }: Pick<Layout, "segments">,
  name: string,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  const path = `${segments}/${name}`;
  return orUnusable("read", path, () => withFile(fileSystem, path, "read", use));
}

/**
 * The same for a segment with acknowledged entries.
 *
 * @throws {JournalDamagedError} when there is no such file.
 */
export async function withDurable<Result>(
  fileSystem: FileSystem,
  layout: Layout,
  { name, firstLogId: logId }: SegmentInfo,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  const path = `${layout.segments}/${name}`;
  try {
    return await withFile(fileSystem, path, "read", use);
  } catch (error) {
    const kind = await fileSystem.kind(path);
    if (error instanceof JournalDamagedError || kind === "file") throw error;
    const reason = `the segment is ${kind === "missing" ? kind : "not a file"}`;
    throw new JournalDamagedError({ segment: name, offset: 0, logId }, reason);
  }
}

/** The bytes of a segment between two offsets. @throws {JournalUnusableError} */
export function readSegment(
  fileSystem: FileSystem,
  layout: Layout,
  name: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return withSegment(fileSystem, layout, name, (file) => file.read(start, end - start));
}

/** Writes a whole segment, which gets its name once it is on disk. @throws {JournalUnusableError} */
export function writeSegment(
  fileSystem: FileSystem,
  { segments }: Layout,
  name: string,
  bytes: Uint8Array,
): Promise<void> {
  const path = `${segments}/${name}`;
  return orUnusable("write", path, () => replaceFile(fileSystem, path, bytes));
}

const COUNTED_BYTES = 1024 * 1024;

/** The number, from 1, of the line of a segment that begins at an offset. Blank lines count. */
export async function lineNumberIn(
  fileSystem: FileSystem,
  layout: Layout,
  name: string,
  offset: number,
): Promise<number> {
  let number = 1;
  for (let start = 0; start < offset; start += COUNTED_BYTES) {
    const end = Math.min(start + COUNTED_BYTES, offset);
    const bytes = await readSegment(fileSystem, layout, name, start, end);
    for (let at = bytes.indexOf(NEWLINE); at >= 0; at = bytes.indexOf(NEWLINE, at + 1)) number++;
  }
  return number;
}

export interface Inventory extends SegmentListing {
  /** File names, oldest first. */
  readonly snapshots: readonly string[];
}

/**
 * Lists a journal that may be in use. Snapshots are listed before segments are measured, so that
 * the segments hold every entry that a snapshot covers.
 *
 * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
 */
export async function listJournal(fileSystem: FileSystem, layout: Layout): Promise<Inventory> {
  await requireJournal(fileSystem, layout);
  const snapshots = await listSnapshots(fileSystem, layout);
  return { ...await listSegments(fileSystem, layout), snapshots };
}

async function listSnapshots(
  fileSystem: FileSystem,
  { snapshots }: Layout,
): Promise<readonly string[]> {
  const kind = await orUnusable("read", snapshots, () => fileSystem.kind(snapshots));
  if (kind === "missing") return [];
  return snapshotNames(await orUnusable("list", snapshots, () => fileSystem.list(snapshots)));
}

/**
 * The size of a segment without preallocated newlines: up to the end of its last line that is not
 * blank. May include part of a batch that is being written.
 */
export async function writtenBytes(file: OpenFile): Promise<number> {
  const size = await file.size();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - WINDOW_BYTES);
    const last = lastInLine(await file.read(start, end - start));
    // Includes the newline that ends the last line.
    if (last !== undefined) return Math.min(start + last + 2, size);
    end = start;
  }
  return 0;
}

/** The offset of the last byte that is not a newline. */
function lastInLine(bytes: Uint8Array): number | undefined {
  for (let at = bytes.length - 1; at >= 0; at--) if (bytes[at] !== NEWLINE) return at;
  return undefined;
}
