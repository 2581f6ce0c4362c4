/**
 * The file system as the journal uses it. All file access goes through this interface, so that a
 * simulated disk with faults can replace the real one.
 */

import { dirname } from "node:path";
import { TEMPORARY } from "../layout.ts";

/** The kind of a path; symbolic links are not followed. */
export type PathKind = "file" | "folder" | "link" | "other" | "missing";

/** `create` makes a new file that only its owner can read, and fails if the file exists. */
export type OpenMode = "read" | "write" | "create";

export interface OpenFile {
  /**
   * Writes all bytes at an offset, replacing existing content. If it rejects, any part of the bytes
   * may have been written.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /**
   * Reads bytes at an offset; returns fewer than requested only at the end of the file.
   *
   * @param into At least as long; may be used instead of new memory.
   */
  read(
    offset: number,
    length: number,
    into?: Uint8Array<ArrayBuffer>,
  ): Promise<Uint8Array<ArrayBuffer>>;
  /** In bytes. */
  size(): Promise<number>;
  /** Truncates the file to a size in bytes. */
  truncate(size: number): Promise<void>;
  /**
   * Resolves when the content is on disk. A rejection must never be followed by a retry.
   *
   * @param holdUp Whether the call may block the event loop.
   */
  syncData(holdUp?: boolean): Promise<void>;
  /** Resolves when the content and the metadata are on disk. */
  sync(): Promise<void>;
  /**
   * Whether a path still leads to this file, with at least so many bytes; `true` where the system
   * cannot tell. Fast.
   *
   * @throws {Error} when the path cannot be looked up, as without permission for its folder.
   */
  isAt(path: string, bytes: number): boolean;
  close(): void;
}

/**
 * Identifies a file and its last change without reading it. Times are as precise as the file system
 * keeps them, which may be a second.
 */
export interface FileStamp {
  readonly bytes: number;
  readonly inode: number;
  /** When the content was last written, in milliseconds since the epoch. Programs can set it. */
  readonly modifiedMs: number;
  /** When content or metadata last changed, in milliseconds since the epoch. */
  readonly changedMs: number;
}

export interface HeldLock {
  /** Replaces the text in the lock file, for others to read. Not synced. */
  note(text: string): Promise<void>;
  /** Whether a path still leads to the locked file; the same holds as for `OpenFile.isAt`. */
  isAt(path: string): boolean;
  release(): void;
}

export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /**
   * Takes a lock; `undefined` if another process holds it. The system releases it when this process
   * dies.
   */
  lock(path: string): Promise<HeldLock | undefined>;
  /** The names in a folder, in no particular order. */
  list(folder: string): Promise<readonly string[]>;
  kind(path: string): Promise<PathKind>;
  /** `undefined` if there is no file, or the system does not provide a stamp. */
  stamp(path: string): Promise<FileStamp | undefined>;
  /**
   * Creates a folder within an existing one; the folder may exist already. Its name is on disk once
   * the parent is synced. Only the owner can access a new folder.
   */
  makeFolder(path: string): Promise<void>;
  /** Whether only the owner has access to a file or folder; `true` on Windows. */
  isPrivate(path: string): Promise<boolean>;
  /** Removes access for everyone except the owner. */
  makePrivate(path: string): Promise<void>;
  /** Renames a file, atomically replacing any file with the new name. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Resolves when the names in the folder are on disk. */
  syncFolder(path: string): Promise<void>;
}

/** Whether two stamps are of the same, unchanged file. */
export function isSame(before: FileStamp, now: FileStamp | undefined): boolean {
  return now !== undefined && before.bytes === now.bytes && before.inode === now.inode &&
    before.modifiedMs === now.modifiedMs && before.changedMs === now.changedMs;
}

/** The stamp of a file, if it can be read. */
export async function stampAt(
  fileSystem: FileSystem,
  path: string,
): Promise<FileStamp | undefined> {
  try {
    return await fileSystem.stamp(path);
  } catch {
    return undefined;
  }
}

/** Opens a file for the duration of `use`. */
export async function withFile<Result>(
  fileSystem: FileSystem,
  path: string,
  mode: OpenMode,
  use: (file: OpenFile) => Promise<Result>,
): Promise<Result> {
  const file = await fileSystem.open(path, mode);
  try {
    return await use(file);
  } finally {
    file.close();
  }
}

/** The text in a file. @throws {RangeError} when it has more bytes than expected. */
export async function readText(
  fileSystem: FileSystem,
  path: string,
  bytesMax = Infinity,
): Promise<string> {
  const bytes = await withFile(fileSystem, path, "read", async (file) => {
    const size = await file.size();
    if (size > bytesMax) throw new RangeError(`Cannot use ${path}: it is too long`);
    return await file.read(0, size);
  });
  return new TextDecoder().decode(bytes);
}

const COPIED_BYTES = 4 * 1024 * 1024;

/**
 * Copies the beginning of a file to another one, or to itself, a piece at a time: the whole may be
 * too large for memory.
 */
export async function copyBeginning(
  from: Pick<OpenFile, "read">,
  to: Pick<OpenFile, "write">,
  bytes: number,
): Promise<void> {
  const buffer = new Uint8Array(Math.min(COPIED_BYTES, bytes));
  for (let at = 0; at < bytes;) {
    const piece = await from.read(at, Math.min(COPIED_BYTES, bytes - at), buffer);
    if (piece.length === 0) throw new Error(`the file ends at ${at}, not at ${bytes}`);
    await to.write(at, piece);
    at += piece.length;
  }
}

/** The content of a file: its bytes, or what writes them in pieces. */
type Content = Uint8Array | ((file: OpenFile) => Promise<void>);

/**
 * Writes a new file; resolves when its content is on disk. Its name is on disk once its folder is
 * synced.
 */
export async function writeNew(
  fileSystem: FileSystem,
  path: string,
  content: Content,
): Promise<void> {
  await withFile(fileSystem, path, "create", async (file) => {
    await (typeof content === "function" ? content(file) : file.write(0, content));
    await file.sync();
  });
}

/** Removes a file that may be missing: on a full disk it is unknown whether it was created. */
export async function removeIfThere(fileSystem: FileSystem, path: string): Promise<void> {
  if (await fileSystem.kind(path) !== "missing") await fileSystem.remove(path);
}

/**
 * Replaces a file, or writes a new one; resolves when it is on disk. Its name appears once its
 * content is on disk. After a failure, no temporary file is left.
 */
export async function replaceFile(
  fileSystem: FileSystem,
  path: string,
  content: Content,
  temporary = path + TEMPORARY,
): Promise<void> {
  try {
    // A process that died may have left it.
    await removeIfThere(fileSystem, temporary);
    await writeNew(fileSystem, temporary, content);
  } catch (error) {
    await removeIfThere(fileSystem, temporary).catch(() => {});
    throw error;
  }
  await putInPlace(fileSystem, temporary, path);
}

/** Gives a file that is on disk its name. After a failure to do so, it is removed. */
export async function putInPlace(
  fileSystem: FileSystem,
  temporary: string,
  path: string,
): Promise<void> {
  try {
    await fileSystem.rename(temporary, path);
  } catch (error) {
    await removeIfThere(fileSystem, temporary).catch(() => {});
    throw error;
  }
  await fileSystem.syncFolder(dirname(path));
}
