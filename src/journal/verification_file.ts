/** The verdict of the last `journal verify`, in a file beside the segments. */

import type { Verification } from "../engine/ports.ts";
import { type FileSystem, readWhole, writeNew } from "./file_system.ts";
import { type Layout, TEMPORARY } from "./layout.ts";

/** `null` when the journal was never verified, or the file is not whole. */
export async function readVerification(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<Verification | null> {
  try {
    const bytes = await readWhole(fileSystem, pathOf(layout));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Replaces the verdict, in one step. */
export async function writeVerification(
  fileSystem: FileSystem,
  layout: Layout,
  verification: Verification,
): Promise<void> {
  const path = pathOf(layout);
  const temporary = path + TEMPORARY;
  if (await fileSystem.kind(temporary) === "file") await fileSystem.remove(temporary);
  const bytes = new TextEncoder().encode(JSON.stringify(verification) + "\n");
  await writeNew(fileSystem, temporary, bytes);
  await fileSystem.rename(temporary, path);
  await fileSystem.syncFolder(layout.folder);
}

function pathOf({ folder }: Layout): string {
  return `${folder}/verification.json`;
}
