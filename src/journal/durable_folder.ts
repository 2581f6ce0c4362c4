/** Makes a folder whose name is on disk, as far as that is in the hands of this process. */

import { dirname } from "node:path";
import { JournalUnusableError, orUnusable } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";

/**
 * With the folders that it is in; those that are there are fine.
 *
 * @throws {JournalUnusableError}
 */
export async function makeDurableFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  const holders = await holdersOf(fileSystem, folder);
  await orUnusable("create folder", folder, () => fileSystem.makeFolder(folder));
  for (const each of holders) await syncHolder(fileSystem, each);
}

/** The folder that a folder is in, and further ones up to the first that is there. */
async function holdersOf(fileSystem: FileSystem, folder: string): Promise<readonly string[]> {
  const holder = dirname(folder);
  const isLast = holder === folder || !await isMissing(fileSystem, holder);
  return isLast ? [holder] : [holder, ...await holdersOf(fileSystem, holder)];
}

async function isMissing(fileSystem: FileSystem, path: string): Promise<boolean> {
  try {
    return await fileSystem.kind(path) === "missing";
  } catch {
    return false; // Whether it can be made shows when it is made.
  }
}

/**
 * Makes the name of a new folder durable: without it all that is in there can be gone after a
 * power cut. Who may not read the folder around it has to rely on the file system, and most
 * write such names out with what is in the new folder.
 */
async function syncHolder(fileSystem: FileSystem, path: string): Promise<void> {
  if (await isMissing(fileSystem, path)) return;
  try {
    await orUnusable("sync", path, () => fileSystem.syncFolder(path));
  } catch (error) {
    if (!isForbidden(error)) throw error;
  }
}

function isForbidden(error: unknown): boolean {
  return error instanceof JournalUnusableError && error.cause instanceof Error &&
    ["NotCapable", "PermissionDenied"].includes(error.cause.name);
}
