/** Copies a folder, and verifies the copy. */

import { Buffer } from "node:buffer";
import { join } from "node:path";
import { JournalUnusableError, orUnusable } from "../journal/errors.ts";
import {
  copyBeginning,
  type FileSystem,
  type OpenFile,
  withFile,
  writeNew,
} from "../journal/file_system.ts";

const PART_BYTES = 4 * 1024 * 1024;

/** The suffix of a copy until it is complete. */
const UNFINISHED = "-unfinished";

/**
 * Copies a folder, except some of its members, to a new folder beside it. The new name appears once
 * everything is on disk and has been compared byte for byte.
 *
 * @param parent The folder that contains both.
 * @param without Names in the folder that are not copied.
 * @throws {JournalUnusableError}
 */
export async function copyFolder(
  fileSystem: FileSystem,
  from: string,
  to: string,
  parent: string,
  without: readonly string[] = [],
): Promise<void> {
  await copyInto(fileSystem, from, to + UNFINISHED, without);
  await orUnusable("create", to, async () => {
    await fileSystem.rename(to + UNFINISHED, to);
    await fileSystem.syncFolder(parent);
  });
}

/**
 * Removes incomplete copies. Nothing relied on them, and their source still exists, since they
 * would have been completed before it changed.
 *
 * @param begin The beginning of their paths.
 * @throws {JournalUnusableError}
 */
export async function removeUnfinished(
  fileSystem: FileSystem,
  begin: string,
  parent: string,
): Promise<void> {
  for (const name of await orUnusable("list", parent, () => fileSystem.list(parent))) {
    const path = join(parent, name);
    if (!path.startsWith(join(begin)) || !path.endsWith(UNFINISHED)) continue;
    if (await orUnusable("read", path, () => fileSystem.kind(path)) !== "folder") continue;
    await removeFolder(fileSystem, path);
  }
}

async function removeFolder(fileSystem: FileSystem, folder: string): Promise<void> {
  for (const name of await orUnusable("list", folder, () => fileSystem.list(folder))) {
    const path = `${folder}/${name}`;
    const kind = await orUnusable("read", path, () => fileSystem.kind(path));
    if (kind === "folder") await removeFolder(fileSystem, path);
    else await orUnusable("remove", path, () => fileSystem.remove(path));
  }
  await orUnusable("remove", folder, () => fileSystem.remove(folder));
}

async function copyInto(
  fileSystem: FileSystem,
  from: string,
  to: string,
  without: readonly string[] = [],
): Promise<void> {
  await orUnusable("create", to, () => fileSystem.makeFolder(to));
  const names = await orUnusable("list", from, () => fileSystem.list(from));
  for (const name of names.filter((name) => !without.includes(name))) {
    const [source, target] = [`${from}/${name}`, `${to}/${name}`];
    const kind = await orUnusable("read", source, () => fileSystem.kind(source));
    if (kind === "folder") await copyInto(fileSystem, source, target);
    else if (kind === "file") await copyFile(fileSystem, source, target);
    else throw new JournalUnusableError("copy", source, `it is a ${kind}; move it elsewhere`);
  }
  await orUnusable("sync", to, () => fileSystem.syncFolder(to));
}

async function copyFile(fileSystem: FileSystem, from: string, to: string): Promise<void> {
  await orUnusable("copy to", to, () =>
    withFile(fileSystem, from, "read", async (source) => {
      const size = await source.size();
      await writeNew(fileSystem, to, (target) => copyBeginning(source, target, size));
    }));
  await orUnusable("compare", to, () =>
    withFile(
      fileSystem,
      from,
      "read",
      (source) => withFile(fileSystem, to, "read", (target) => requireEqual(source, target)),
    ));
}

async function requireEqual(source: OpenFile, target: OpenFile): Promise<void> {
  const size = await source.size();
  if (size !== await target.size()) throw new Error("it has another length");
  for (let at = 0; at < size; at += PART_BYTES) {
    const part = await source.read(at, PART_BYTES);
    const copied = await target.read(at, PART_BYTES);
    if (!Buffer.from(part).equals(copied)) throw new Error(`it differs after byte ${at}`);
  }
}
