/**
 * A repair that has begun, in a file of its own until the fact of it is in the journal: so
 * that what was lost is still on record when the repair itself is cut short.
 */

import type { FrameworkAttributes } from "../core/framework_events.ts";
import { JournalUnusableError, orUnusable } from "./errors.ts";
import { type FileSystem, readWhole, writeNew } from "./file_system.ts";
import { type Layout, TEMPORARY } from "./layout.ts";

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
    throw new JournalUnusableError("use", path, "it is no note of a repair; move it elsewhere");
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
