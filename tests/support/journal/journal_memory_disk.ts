/** A disk in memory, for sweeps over thousands of journals. Everything is durable at once. */

import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../../src/journal/file_system.ts";

/** A copy with other bytes from an offset on. */
export function overwritten(
  content: Uint8Array,
  offset: number,
  bytes: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const result = new Uint8Array(Math.max(content.length, offset + bytes.length));
  result.set(content);
  result.set(bytes, offset);
  return result;
}

/** One counter for all disks, so that later changes have later times on each. */
let ticks = 0;

/** Files by path, with their change times and identities. */
class StampedFiles extends Map<string, Uint8Array<ArrayBuffer>> {
  readonly #stamps = new Map<string, { readonly inode: number; readonly changed: number }>();

  override set(path: string, bytes: Uint8Array<ArrayBuffer>): this {
    const inode = this.#stamps.get(path)?.inode ?? ++ticks;
    this.#stamps.set(path, { inode, changed: ++ticks });
    return super.set(path, bytes);
  }

  override delete(path: string): boolean {
    this.#stamps.delete(path);
    return super.delete(path);
  }

  /** Changes only the content of a file, like a bad disk. */
  rot(path: string, bytes: Uint8Array<ArrayBuffer>): void {
    super.set(path, bytes);
  }

  move(from: string, to: string, bytes: Uint8Array<ArrayBuffer>): void {
    const inode = this.#stamps.get(from)?.inode ?? ++ticks;
    this.delete(from);
    super.set(to, bytes);
    this.#stamps.set(to, { inode, changed: ++ticks });
  }

  stamp(path: string): FileStamp | undefined {
    const [bytes, stamp] = [this.get(path)?.length, this.#stamps.get(path)];
    if (bytes === undefined || stamp === undefined) return undefined;
    return { bytes, inode: stamp.inode, modifiedMs: stamp.changed, changedMs: stamp.changed };
  }

  /** Like an image of the disk: the two are indistinguishable. */
  copyTo(copy: StampedFiles): void {
    for (const [path, bytes] of this) copy.set(path, bytes.slice());
    for (const [path, stamp] of this.#stamps) copy.#stamps.set(path, stamp);
  }
}

export class MemoryDisk implements FileSystem {
  readonly files = new StampedFiles();
  readonly #folders = new Set<string>();
  readonly #locks = new Set<string>();

  /** One with the same content, and no locks. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    this.files.copyTo(copy.files);
    for (const folder of this.#folders) copy.#folders.add(folder);
    return copy;
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return Promise.try(() => {
      const exists = this.files.has(path);
      const isNew = mode === "create";
      if (isNew && exists) throw new Deno.errors.AlreadyExists(path);
      if (!isNew && !exists) throw new Deno.errors.NotFound(path);
      if (isNew) this.files.set(path, new Uint8Array());
      return this.#handle(path);
    });
  }

  lock(path: string): Promise<HeldLock | undefined> {
    if (this.#locks.has(path)) return Promise.resolve(undefined);
    this.#locks.add(path);
    return Promise.resolve({
      note: () => Promise.resolve(),
      isAt: () => true,
      release: () => void this.#locks.delete(path),
    });
  }

  list(folder: string): Promise<readonly string[]> {
    const names = [...this.files.keys(), ...this.#folders]
      .filter((path) => path.startsWith(`${folder}/`))
      .map((path) => path.slice(folder.length + 1))
      .filter((name) => !name.includes("/"));
    return Promise.resolve(names);
  }

  kind(path: string): Promise<PathKind> {
    if (this.files.has(path)) return Promise.resolve("file");
    return Promise.resolve(this.#folders.has(path) ? "folder" : "missing");
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    return Promise.resolve(this.files.stamp(path));
  }

  makeFolder(path: string): Promise<void> {
    this.#folders.add(path);
    return Promise.resolve();
  }

  isPrivate(_path: string): Promise<boolean> {
    return Promise.resolve(true);
  }

  makePrivate(_path: string): Promise<void> {
    return Promise.resolve();
  }

  rename(from: string, to: string): Promise<void> {
    if (this.#folders.has(from)) {
      this.#renameFolder(from, to);
    } else {
      this.files.move(from, to, this.#content(from));
    }
    return Promise.resolve();
  }

  remove(path: string): Promise<void> {
    this.files.delete(path);
    this.#folders.delete(path);
    return Promise.resolve();
  }

  syncFolder(): Promise<void> {
    return Promise.resolve();
  }

  #renameFolder(from: string, to: string): void {
    const isInside = (path: string) => path === from || path.startsWith(`${from}/`);
    for (const folder of [...this.#folders].filter(isInside)) {
      this.#folders.delete(folder);
      this.#folders.add(to + folder.slice(from.length));
    }
    for (const [path, bytes] of [...this.files].filter(([path]) => isInside(path))) {
      this.files.move(path, to + path.slice(from.length), bytes);
    }
  }

  #content(path: string): Uint8Array<ArrayBuffer> {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Deno.errors.NotFound(path);
    return bytes;
  }

  #handle(path: string): OpenFile {
    const inode = this.files.stamp(path)?.inode;
    return {
      write: (offset, bytes) => {
        this.files.set(path, overwritten(this.#content(path), offset, bytes));
        return Promise.resolve();
      },
      read: (offset, length) => Promise.resolve(this.#content(path).slice(offset, offset + length)),
      size: () => Promise.resolve(this.#content(path).length),
      truncate: (size) => {
        this.files.set(path, this.#content(path).slice(0, size));
        return Promise.resolve();
      },
      syncData: () => Promise.resolve(),
      sync: () => Promise.resolve(),
      isAt: (path) => this.files.stamp(path)?.inode === inode,
      close: () => {},
    };
  }
}

/** The bytes of a file; none if there is no such file. */
export function bytesOf(disk: MemoryDisk, path: string): Uint8Array<ArrayBuffer> {
  return disk.files.get(path) ?? new Uint8Array();
}

/** The text of a file. */
export function textAt(disk: MemoryDisk, path: string): string {
  return new TextDecoder().decode(bytesOf(disk, path));
}

export function setText(disk: MemoryDisk, path: string, text: string): void {
  disk.files.set(path, new TextEncoder().encode(text));
}

/** Paths of the segments of the journal, oldest first. */
export function segmentPaths(disk: MemoryDisk): string[] {
  return [...disk.files.keys()].filter((path) => path.startsWith("journal/segments/")).sort();
}

export function lastSegment(disk: MemoryDisk): string {
  return segmentPaths(disk).at(-1) ?? "";
}

/** All lines of the segments, without blank ones. */
export function linesOf(disk: MemoryDisk): readonly string[] {
  return segmentPaths(disk).flatMap((path) => textAt(disk, path).split("\n"))
    .filter((line) => line !== "");
}

export function snapshotPaths(disk: MemoryDisk): string[] {
  return [...disk.files.keys()].filter((path) => path.endsWith(".snapshot")).sort();
}

export function dropSnapshots(disk: MemoryDisk): void {
  for (const path of snapshotPaths(disk)) disk.files.delete(path);
}
