/**
 * A journal is for its owner alone: inputs and results of jobs are in it. What is made is made
 * so; what an earlier version made, or a copy brought, is taken from others by a start.
 */

import { reasonOf } from "./errors.ts";
import type { FileSystem } from "./file_system.ts";
import type { Layout } from "./layout.ts";

/** Does nothing where the folder is private: what is in it is out of reach then. */
export async function makePrivate(
  fileSystem: FileSystem,
  layout: Layout,
  warn: (message: string) => void,
): Promise<void> {
  const { folder } = layout;
  try {
    if (await fileSystem.isPrivate(folder)) return;
    const files = await filesOf(fileSystem, layout);
    let taken = 0;
    for (const path of files) {
      if (await fileSystem.isPrivate(path)) continue;
      await fileSystem.makePrivate(path);
      taken++;
    }
    await fileSystem.makePrivate(folder);
    if (taken > 0) {
      warn(
        `Other users of this machine could read journal ${folder}; it is its owner's alone now ` +
          "(0700, its files 0600)",
      );
    }
  } catch (error) {
    const reason = reasonOf(error, folder);
    warn(`Cannot make journal ${folder} private, other users may read it: ${reason}`);
  }
}

/** Those that are ours, with their folders. */
async function filesOf(fileSystem: FileSystem, layout: Layout): Promise<readonly string[]> {
  const { segments, snapshots, quarantine, sidecars, keys, index } = layout;
  const paths: string[] = [];
  for (const folder of [segments, snapshots, quarantine, sidecars, keys, index]) {
    if (await fileSystem.kind(folder) !== "folder") continue;
    paths.push(folder);
    for (const name of await fileSystem.list(folder)) {
      const path = `${folder}/${name}`;
      if (await fileSystem.kind(path) === "file") paths.push(path);
    }
  }
  for (const path of [layout.lock, layout.reserve, layout.verification]) {
    if (await fileSystem.kind(path) === "file") paths.push(path);
  }
  return paths;
}
