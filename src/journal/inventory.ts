/** What is in the folder of a journal, for those who only read it. */

import type { SegmentInfo } from "../engine/ports.ts";
import { JournalUnusableError, orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import { requireKind, sizeOf } from "./folder.ts";
import { firstLogIdOf, isTemporary, type Layout, snapshotLogIdOf } from "./layout.ts";

export interface Inventory {
  /** With their sizes, oldest first. */
  readonly segments: readonly SegmentInfo[];
  /** File names, oldest first. */
  readonly snapshots: readonly string[];
  /** Why a start would refuse what is in `segments/` and does not belong there. */
  readonly foreign: readonly JournalUnusableError[];
}

/**
 * Lists a journal that may be in use. Snapshots are listed before segments are measured,
 * so that the segments hold all that a snapshot stands for.
 *
 * @throws {JournalUnusableError} when there is no journal, or it cannot be read.
 */
export async function inventoryOf(fileSystem: FileSystem, layout: Layout): Promise<Inventory> {
  await requireJournal(fileSystem, layout);
  const snapshots = await snapshotNames(fileSystem, layout);
  const segments: SegmentInfo[] = [];
  const foreign: JournalUnusableError[] = [];
  const names = await orUnusable("list", layout.segments, () => fileSystem.list(layout.segments));
  for (const name of names.filter((name) => !isTemporary(name)).sort()) {
    const segment = await segmentOrForeign(fileSystem, `${layout.segments}/${name}`, name);
    if (segment instanceof JournalUnusableError) foreign.push(segment);
    else segments.push(segment);
  }
  return { segments, snapshots, foreign };
}

async function requireJournal(fileSystem: FileSystem, { folder, segments }: Layout) {
  const kind = await orUnusable("read", segments, () => fileSystem.kind(segments));
  if (kind === "missing") {
    throw new JournalUnusableError("read journal", folder, "there is no segments folder in it");
  }
  await requireKind(fileSystem, segments, ["folder"]);
}

async function snapshotNames(
  fileSystem: FileSystem,
  { snapshots }: Layout,
): Promise<readonly string[]> {
  const kind = await orUnusable("read", snapshots, () => fileSystem.kind(snapshots));
  if (kind === "missing") return [];
  const names = await orUnusable("list", snapshots, () => fileSystem.list(snapshots));
  return names.filter((name) => snapshotLogIdOf(name) !== undefined).sort();
}

async function segmentOrForeign(
  fileSystem: FileSystem,
  path: string,
  name: string,
): Promise<SegmentInfo | JournalUnusableError> {
  const firstLogId = firstLogIdOf(name);
  if (firstLogId === undefined) {
    return new JournalUnusableError("use", path, "it is not a segment; move it elsewhere");
  }
  try {
    await requireKind(fileSystem, path, ["file"]);
    return { name, firstLogId, bytes: await sizeOf(fileSystem, path) };
  } catch (error) {
    if (!(error instanceof JournalUnusableError) || error.cause !== undefined) throw error;
    return error; // It is a link or a folder.
  }
}
