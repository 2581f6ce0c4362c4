/**
 * Creates folders whose names are on disk. Synced files are lost with their folder if the machine
 * stops before the parent of the folder is synced.
 */

import { failureReason, orUnusable } from "../errors.ts";
import type { FileSystem } from "./file_system.ts";

/**
 * Creates a folder in an existing one, and resolves when its name is on disk. An existing folder is
 * synced too: the process that created it may have died first.
 *
 * @param warn Called when the system does not allow the parent of a new folder to be synced.
 * @throws {JournalUnusableError} also when the parent is missing: if a disk is not mounted, a
 * journal must not be created elsewhere.
 */
export async function makeNamedFolder(
  fileSystem: FileSystem,
  folder: string,
  warn: (message: string) => void,
): Promise<void> {
  const isNew = await isMissing(fileSystem, folder);
  await orUnusable("create folder", folder, () => fileSystem.makeFolder(folder));
  const refusal = await syncName(fileSystem, folder);
  if (refusal !== undefined && isNew) warn(folderWarning(folder, refusal));
}

/** The same, but also creates missing parents. */
export async function makeNamedFolders(
  fileSystem: FileSystem,
  folder: string,
  warn: (message: string) => void,
): Promise<void> {
  const around = parentOf(folder);
  const isRoot = around === "." || around === "/" || around === folder;
  // Outer folders first, so that if a folder exists, the names of its parents are on disk.
  if (!isRoot && await isMissing(fileSystem, around)) {
    await makeNamedFolders(fileSystem, around, warn);
  }
  await makeNamedFolder(fileSystem, folder, warn);
}

function folderWarning(path: string, refusal: string): string {
  return `Cannot make sure that new folder ${path} is on disk (${refusal}): if the machine loses ` +
    "power soon, it may be lost with its contents";
}

async function isMissing(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    return await fileSystem.kind(path) === "missing";
  } catch (error) {
    if (isForbidden(error)) return false; // Creating the folder shows whether that matters.
    throw error;
  }
}

/**
 * Syncs the name of a folder.
 *
 * @returns Why that is not permitted, if so.
 */
async function syncName(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  const parent = parentOf(path);
  return await orUnusable("sync the name of", path, async () => {
    try {
      await fileSystem.syncFolder(parent);
      return undefined;
    } catch (error) {
      if (isForbidden(error)) return failureReason(error, parent);
      throw error;
    }
  });
}

/** Whether a permission is missing, of Deno or of the operating system. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "NotCapable" || error.name === "PermissionDenied");
}

/** The folder that contains a path. */
function parentOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return trimmed === ".." || trimmed === "." ? `${trimmed}/..` : ".";
  return trimmed.slice(0, at).replace(/\/+$/, "") || "/";
}
