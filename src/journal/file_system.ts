/**
 * All that the journal asks of a disk. Every file access goes through here, so that
 * a simulated disk with faults can stand in for the real one.
 */

/** What is at a path; a symbolic link is not followed. */
export type PathKind = "file" | "folder" | "link" | "other" | "missing";

/** `create` makes a new file, which only its owner may read, and fails when there is one. */
export type OpenMode = "read" | "write" | "create";

export interface OpenFile {
  /**
   * Writes all of the bytes, from an offset on, over what is there. When this rejects, any
   * part of them may have been written.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** The bytes from an offset on; fewer than asked for only at the end of the file. */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>;
  /** Bytes. */
  size(): Promise<number>;
  /** Cuts the file to a size in bytes. */
  truncate(size: number): Promise<void>;
  /**
   * Returns when the content is on disk. A rejection must never be followed by a retry.
   *
   * @param holdUp Whether the event loop may be held up until then; it need not be.
   */
  syncData(holdUp?: boolean): Promise<void>;
  /** Returns when the content and all that the file system knows of the file are on disk. */
  sync(): Promise<void>;
  /** Whether a path leads to this file still; true where the system does not tell. Quick. */
  isAt(path: string): boolean;
  close(): void;
}

/**
 * What tells a file from another one, and from itself before a change, without reading it.
 * Times are as fine as the file system has them, which may be a second.
 */
export interface FileStamp {
  readonly bytes: number;
  readonly inode: number;
  /** Milliseconds since the epoch: when the content was last written. Anyone may set it. */
  readonly modifiedMs: number;
  /** Milliseconds since the epoch: when anything of the file was last changed. */
  readonly changedMs: number;
}

export interface HeldLock {
  /** Replaces the text in the file that is locked, which others may read. Not synced. */
  note(text: string): Promise<void>;
  /** Whether a path leads to the file that is locked; true where the system does not tell. */
  isAt(path: string): boolean;
  release(): void;
}

export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<OpenFile>;
  /** `undefined` when someone else holds it. The system frees it when the process dies. */
  lock(path: string): Promise<HeldLock | undefined>;
  /** Names of what is in a folder, in no order. */
  list(folder: string): Promise<readonly string[]>;
  kind(path: string): Promise<PathKind>;
  /** `undefined` when there is no file, or the system does not tell all of it. */
  stamp(path: string): Promise<FileStamp | undefined>;
  /**
   * Makes a folder in one that is there; one that was made before is fine. Its name is not
   * on disk before the folder that holds it was synced. Nobody but its owner may look into
   * a new one.
   */
  makeFolder(path: string): Promise<void>;
  /** Whether nobody but its owner may do anything with a file or folder; true on Windows. */
  isPrivate(path: string): Promise<boolean>;
  /** Takes from all but its owner what they may do with a file or folder. */
  makePrivate(path: string): Promise<void>;
  /** Replaces what is at the new name, in one step. */
  rename(from: string, to: string): Promise<void>;
  remove(path: string): Promise<void>;
  /** Returns when the names in the folder are on disk. */
  syncFolder(path: string): Promise<void>;
}

/** Whether a file is the same one as before, and was not changed meanwhile. */
export function isSame(before: FileStamp, now: FileStamp | undefined): boolean {
  return now !== undefined && before.bytes === now.bytes && before.inode === now.inode &&
    before.modifiedMs === now.modifiedMs && before.changedMs === now.changedMs;
}

/** What tells a file from others, where that can be known. */
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

/** Opens a file for as long as it is used. */
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

/** The whole content of a file. */
export function readWhole(
  fileSystem: FileSystem,
  path: string,
): Promise<Uint8Array<ArrayBuffer>> {
  return withFile(
    fileSystem,
    path,
    "read",
    async (file) => await file.read(0, await file.size()),
  );
}

/** The content of a file from one byte offset to another. */
export function readBetween(
  fileSystem: FileSystem,
  path: string,
  start: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  return withFile(fileSystem, path, "read", (file) => file.read(start, end - start));
}

/** Writes a new file and returns when it is on disk; its name is not, before its folder is. */
export async function writeNew(
  fileSystem: FileSystem,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  await withFile(fileSystem, path, "create", async (file) => {
    await file.write(0, bytes);
    await file.sync();
  });
}
