/**
 * A folder whose name is on disk. All that is synced in a folder is lost with it when the
 * machine stops before the folder that it is in was synced too.
 */

import { orUnusable, reasonOf } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";

/**
 * Makes a folder, with those that it is in, and returns when all that were made have their
 * names on disk. So has one that was there: the process that made it may have died before.
 *
 * @param warn Told when the system lets nobody sync the folder that a new one is in.
 * @throws {JournalUnusableError}
 */
export async function makeNamedFolder(
  fileSystem: FileSystem,
  folder: string,
  warn: (message: string) => void,
): Promise<void> {
  const missing = await orUnusable(
    "create folder",
    folder,
    () => missingFolders(fileSystem, folder),
  );
  // The outer ones first: where an inner one is, the name of the outer one is on disk.
  for (const path of missing.length > 0 ? missing : [folder]) {
    await orUnusable("create folder", path, () => fileSystem.makeFolder(path));
    const refusal = await syncName(fileSystem, path);
    if (refusal !== undefined && missing.length > 0) warn(warningOf(path, refusal));
  }
}

function warningOf(path: string, refusal: string): string {
  return `Cannot make sure that new folder ${path} is on disk (${refusal}): if the machine loses ` +
    "power soon, it may be lost with all that is in it";
}

/** A folder and those that it is in, as far as they are missing, the outer ones first. */
async function missingFolders(fileSystem: FileSystem, folder: string): Promise<readonly string[]> {
  const missing: string[] = [];
  for (let path = folder; await isMissing(fileSystem, path); path = parentOf(path)) {
    missing.unshift(path);
  }
  return missing;
}

async function isMissing(fileSystem: FileSystem, path: string): Promise<boolean> {
  if (path === "." || path === "/") return false;
  try {
    return await fileSystem.kind(path) === "missing";
  } catch (error) {
    if (isForbidden(error)) return false; // Making the folder tells whether that matters.
    throw error;
  }
}

/** Puts the name of a folder on disk; the result is why nobody may do that. */
async function syncName(fileSystem: FileSystem, path: string): Promise<string | undefined> {
  const parent = parentOf(path);
  return await orUnusable("sync the name of", path, async () => {
    try {
      await fileSystem.syncFolder(parent);
      return undefined;
    } catch (error) {
      if (isForbidden(error)) return reasonOf(error, parent);
      throw error;
    }
  });
}

/** Of the program, for want of a flag, or of the user. */
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
