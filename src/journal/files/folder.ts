/**
 * Prepares the folder of a journal, checks that it is usable, and announces in its lock file which
 * server uses it.
 */

import {
  failureReason,
  isOutOfRoom,
  JournalLockedError,
  JournalUnusableError,
  orUnusable,
} from "../errors.ts";
import {
  type FileSystem,
  type HeldLock,
  type PathKind,
  readText,
  removeIfThere,
  writeNew,
} from "./file_system.ts";
import { isTemporary, type Layout, TEMPORARY } from "../layout.ts";
import { makeNamedFolder } from "./named_folder.ts";

const PROBE = new TextEncoder().encode("probe\n");

/**
 * Takes the lock of a journal, and creates missing folders.
 *
 * @throws {JournalLockedError} when another process holds it.
 * @throws {JournalUnusableError} when the folder cannot be written, or holds something unexpected.
 */
export async function takeFolder(
  fileSystem: FileSystem,
  layout: Layout,
  warn: (message: string) => void,
): Promise<HeldLock> {
  await makeNamedFolder(fileSystem, layout.folder, warn);
  const lock = await lockFolder(fileSystem, layout);
  try {
    await prepare(fileSystem, layout);
    await makePrivate(fileSystem, layout, warn);
  } catch (error) {
    lock.release();
    throw error;
  }
  return lock;
}

/**
 * Takes the lock of a folder that exists.
 *
 * @throws {JournalLockedError} when another process holds it.
 * @throws {JournalUnusableError} when it cannot be locked.
 */
export async function lockFolder(fileSystem: FileSystem, layout: Layout): Promise<HeldLock> {
  const { folder, lock: path } = layout;
  await requireKind(fileSystem, path, ["file", "missing"]);
  const lock = await orUnusable("lock", path, () => fileSystem.lock(path));
  if (lock !== undefined) return lock;
  throw new JournalLockedError(folder, await announcedIn(fileSystem, layout));
}

async function prepare(fileSystem: FileSystem, layout: Layout): Promise<void> {
  for (const folder of [layout.segments, layout.snapshots, layout.quarantine]) {
    await requireKind(fileSystem, folder, ["folder", "missing"]);
    await orUnusable("create folder", folder, () => fileSystem.makeFolder(folder));
  }
  await requireKind(fileSystem, layout.keys, ["folder", "missing"]);
  for (const folder of [layout.folder, layout.segments, layout.snapshots, layout.quarantine]) {
    await removeTemporaries(fileSystem, folder);
  }
  await probe(fileSystem, layout.folder);
}

/** Removes files that were unfinished when the journal stopped: nothing refers to them. */
async function removeTemporaries(fileSystem: FileSystem, folder: string): Promise<void> {
  const names = await orUnusable("list", folder, () => fileSystem.list(folder));
  for (const name of names.filter(isTemporary)) {
    const path = `${folder}/${name}`;
    await requireKind(fileSystem, path, ["file"]);
    await orUnusable("remove", path, () => fileSystem.remove(path));
  }
}

/**
 * Tries every operation that the journal relies on later; also makes the names of the folders
 * durable. A full disk is not a failure: it may have space later.
 */
async function probe(fileSystem: FileSystem, folder: string): Promise<void> {
  const temporary = `${folder}/probe${TEMPORARY}`;
  const renamed = `${folder}/probe`;
  await orUnusable("write to", folder, async () => {
    try {
      await writeNew(fileSystem, temporary, PROBE);
      await fileSystem.rename(temporary, renamed);
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      await removeIfThere(fileSystem, temporary);
    }
    await fileSystem.syncFolder(folder);
    await removeIfThere(fileSystem, renamed);
  });
}

/** @throws {JournalUnusableError} when the path is of another kind. */
export async function requireKind(
  fileSystem: FileSystem,
  path: string,
  allowed: readonly PathKind[],
): Promise<void> {
  const kind = await orUnusable("read", path, () => fileSystem.kind(path));
  if (allowed.includes(kind)) return;
  throw new JournalUnusableError("use", path, `it is ${named(kind)}, not a ${allowed[0]}`);
}

/** The kind of a path, in words. */
export function named(kind: PathKind): string {
  switch (kind) {
    case "link":
      return "a symbolic link";
    case "other":
      return "a device or a pipe";
    case "missing":
      return "missing";
    default:
      return `a ${kind}`;
  }
}

// Only its owner may read a journal: it holds the inputs and results of jobs. New files are created
// that way. A start also restricts files that an earlier version created or that were copied in.

/** Does nothing if the folder is private: its files are out of reach for others. */
async function makePrivate(
  fileSystem: FileSystem,
  layout: Layout,
  warn: (message: string) => void,
): Promise<void> {
  const { folder } = layout;
  try {
    if (await fileSystem.isPrivate(folder)) return;
    const files = await listFiles(fileSystem, layout);
    let taken = 0;
    for (const path of files) {
      if (await fileSystem.isPrivate(path)) continue;
      await fileSystem.makePrivate(path);
      taken++;
    }
    await fileSystem.makePrivate(folder);
    if (taken > 0) {
      warn(
        `Other users of this machine could read journal ${folder}; now only its owner can ` +
          "(0700, its files 0600)",
      );
    }
  } catch (error) {
    const reason = failureReason(error, folder);
    warn(`Cannot make journal ${folder} private, other users may read it: ${reason}`);
  }
}

/** The files and folders of the journal. */
async function listFiles(fileSystem: FileSystem, layout: Layout): Promise<readonly string[]> {
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

/**
 * Announces the address of the server in the lock file of the journal, so that a process that finds
 * the journal also finds the server. The lock belongs to the open file, so the content is replaced
 * in place: a new file of the same name would be a different lock.
 */
export class Announcement {
  #ended = false;

  constructor(
    private readonly lock: HeldLock,
    private readonly path: string,
    private readonly warn: (message: string) => void,
  ) {}

  async make(url: string): Promise<void> {
    if (this.#ended) return;
    await this.#note(`${url}\n`, `Cannot announce ${url} in`);
  }

  /** Clears the file: a server that crashed could not. */
  async clear(): Promise<void> {
    await this.#note("", "Cannot empty");
  }

  /** Clears the file and releases the lock. */
  async end(): Promise<void> {
    this.#ended = true;
    await this.clear();
    this.lock.release();
  }

  async #note(text: string, failure: string): Promise<void> {
    try {
      await this.lock.note(text);
    } catch (error) {
      this.warn(`${failure} ${this.path}: ${failureReason(error, this.path)}`);
    }
  }
}

/** The address that the holder of the lock has announced, if any. */
async function announcedIn(fileSystem: FileSystem, { lock }: Layout): Promise<string | undefined> {
  try {
    const text = (await readText(fileSystem, lock)).trim();
    return /^https?:\/\/\S+$/.test(text) ? text : undefined;
  } catch {
    return undefined; // The address is only a hint.
  }
}
