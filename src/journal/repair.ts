/** Repairs the last segment before it is written to again. Deletes no data. */

import type { SegmentInfo } from "../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "./errors.ts";
import {
  copyBeginning,
  createWith,
  type FileSystem,
  type OpenFile,
  readWhole,
  withFile,
  writeNew,
} from "./file_system.ts";
import { removeIfThere } from "./folder.ts";
import { type Layout, TEMPORARY } from "./layout.ts";
import type { TornTail } from "./segment_end.ts";
import type { FrameworkAttributes } from "../core/framework_events.ts";

/**
 * Moves a torn tail to quarantine and truncates the segment after its last whole batch.
 *
 * @returns The path of the quarantined bytes, within the folder of the journal.
 * @throws {JournalUnusableError}
 */
export async function quarantineTail(
  fileSystem: FileSystem,
  layout: Layout,
  segment: string,
  torn: TornTail,
  unique: string,
): Promise<string> {
  const name = `${segment.replace(/\.ndjson$/, "")}-${torn.offset}-${unique}.bin`;
  const aside = `${layout.quarantine}/${name}`;
  await orUnusable("write", aside, async () => {
    await writeInPlace(fileSystem, aside, (file) => file.write(0, torn.bytes));
    await fileSystem.syncFolder(layout.quarantine);
  });
  const path = `${layout.segments}/${segment}`;
  await orUnusable("cut", path, () => cut(fileSystem, path, torn.offset));
  await orUnusable("sync", layout.segments, () => fileSystem.syncFolder(layout.segments));
  return `quarantine/${name}`;
}

/**
 * Copies the last segment, up to the end of its last batch, to a new file that replaces it. After a
 * failed sync, the old file may read correctly from memory although it never reached the disk.
 *
 * @throws {JournalUnusableError}
 */
export async function copyForward(
  fileSystem: FileSystem,
  layout: Layout,
  { name, bytes }: SegmentInfo,
): Promise<void> {
  const path = `${layout.segments}/${name}`;
  await orUnusable("copy", path, async () => {
    await writeInPlace(
      fileSystem,
      path,
      (copy) => withFile(fileSystem, path, "read", (file) => copyBeginning(file, copy, bytes)),
    );
    await fileSystem.syncFolder(layout.segments);
  });
}

/** Replaces a file atomically; on a full disk, leaves no part of the new file. */
async function writeInPlace(
  fileSystem: FileSystem,
  path: string,
  write: (file: OpenFile) => Promise<void>,
): Promise<void> {
  const temporary = path + TEMPORARY;
  try {
    await createWith(fileSystem, temporary, write);
  } catch (error) {
    if (isOutOfRoom(error)) await removeIfThere(fileSystem, temporary);
    throw error;
  }
  await fileSystem.rename(temporary, path);
}

async function cut(fileSystem: FileSystem, path: string, size: number): Promise<void> {
  await withFile(fileSystem, path, "write", async (file) => {
    await file.truncate(size);
    await file.sync();
  });
}

// A repair writes a note to a file of its own until it is recorded in the journal. If the repair is
// interrupted, the note still shows what was lost.

export type RepairedAttributes = FrameworkAttributes["journal.Repaired"];

/**
 * @returns `undefined` when no repair has begun.
 * @throws {JournalUnusableError}
 */
export async function readRepairNote(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<RepairedAttributes | undefined> {
  const path = pathOf(layout);
  return await orUnusable("read", path, async () => {
    if (await fileSystem.kind(path) === "missing") return undefined;
    const text = new TextDecoder().decode(await readWhole(fileSystem, path));
    const note = JSON.parse(text);
    if (typeof note?.lostFrom === "number" && typeof note.aside === "string") return note;
    throw new JournalUnusableError(
      "use",
      path,
      "it is not the note of a repair; move it " +
        "elsewhere",
    );
  });
}

/** @throws {JournalUnusableError} */
export async function writeRepairNote(
  fileSystem: FileSystem,
  layout: Layout,
  note: RepairedAttributes,
): Promise<void> {
  const path = pathOf(layout);
  const temporary = path + TEMPORARY;
  await orUnusable("write", path, async () => {
    if (await fileSystem.kind(temporary) === "file") await fileSystem.remove(temporary);
    await writeNew(fileSystem, temporary, new TextEncoder().encode(`${JSON.stringify(note)}\n`));
    await fileSystem.rename(temporary, path);
    await fileSystem.syncFolder(layout.folder);
  });
}

/** @throws {JournalUnusableError} */
export async function removeRepairNote(fileSystem: FileSystem, layout: Layout): Promise<void> {
  const path = pathOf(layout);
  await orUnusable("remove", path, async () => {
    if (await fileSystem.kind(path) === "missing") return;
    await fileSystem.remove(path);
    await fileSystem.syncFolder(layout.folder);
  });
}

function pathOf({ folder }: Layout): string {
  return `${folder}/repair.json`;
}
