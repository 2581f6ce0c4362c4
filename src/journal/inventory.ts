/** All that is in the folder of a journal, for those who prove it. */

import { orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import { type Layout, snapshotLogIdOf } from "./layout.ts";
import { listSegments, requireJournal, type SegmentListing } from "./segment_listing.ts";

export interface Inventory extends SegmentListing {
  /** File names, oldest first. */
  readonly snapshots: readonly string[];
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
  return { ...await listSegments(fileSystem, layout), snapshots };
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
