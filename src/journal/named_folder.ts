/**
 * A folder whose name is on disk. All that is synced in a folder is lost with it when the
 * machine stops before the folder that it is in was synced too.
 */

import { failureReason, orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";

/**
 * Makes a folder in one that is there, and returns when its name is on disk. So is that of
 * one that was made before: the process that made it may have died.
 *
 * @param warn Called when the system does not allow to sync the parent of a new folder.
 * @throws {JournalUnusableError} also when the folder that it is to be in is missing: a disk
 * that is not mounted must not begin a journal elsewhere.
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

/** The same, with the folders that it is in, as far as they are missing. */
export async function makeNamedFolders(
  fileSystem: FileSystem,
  folder: string,
  warn: (message: string) => void,
): Promise<void> {
  const around = parentOf(folder);
  const isRoot = around === "." || around === "/" || around === folder;
  // The outer ones first: where an inner one is, the name of the outer one is on disk.
  if (!isRoot && await isMissing(fileSystem, around)) {
    await makeNamedFolders(fileSystem, around, warn);
  }
  await makeNamedFolder(fileSystem, folder, warn);
}

function folderWarning(path: string, refusal: string): string {
  return `Cannot make sure that new folder ${path} is on disk (${refusal}): if the machine loses ` +
    "power soon, it may be lost with all that is in it";
}

async function isMissing(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    return await fileSystem.kind(path) === "missing";
  } catch (error) {
    if (isForbidden(error)) return false; // Creating the folder shows whether that matters.
    throw error;
  }
}

/** Puts the name of a folder on disk; the result is why that is not allowed. */
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

/** Whether a permission is missing: a flag of the program, or a right of the user. */
function isForbidden(error: unknown): boolean {
  return error instanceof Error &&
    (error.name === "NotCapable" || error.name === "PermissionDenied");
}

/** The folder that a path lies in. */
function parentOf(path: string): string {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  if (at < 0) return trimmed === ".." || trimmed === "." ? `${trimmed}/..` : ".";
  return trimmed.slice(0, at).replace(/\/+$/, "") || "/";
}
