/**
 * A disk in memory with power cuts: it distinguishes durable data from data that was only written.
 * Names in a folder and the content of a file are durable once synced; after a power cut any part
 * of the rest may be there or not.
 */

import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../../src/journal/files/file_system.ts";

import { PowerCut } from "../damage/power_cut.ts";
import {
  apply,
  change,
  cloneOf,
  FileNode,
  FilesByPath,
  findNode,
  FolderNode,
  overwritten,
  partsOf,
} from "../damage/power_nodes.ts";

export class MemoryDisk implements FileSystem {
  readonly files: FilesByPath;
  readonly #locks = new Set<string>();
  /** Called before each operation that changes something, and once more at `end`. */
  before: (operation: string) => void = () => {};

  constructor(private readonly root = new FolderNode()) {
    this.files = new FilesByPath(root);
  }

  /** One with the same content, as an image of the disk, and no locks. */
  copy(): MemoryDisk {
    return new MemoryDisk(cloneOf(this.root, new Map()));
  }

  /** A copy of the current state, and of what is durable. */
  cut(): PowerCut {
    return new PowerCut(cloneOf(this.root, new Map()));
  }

  /** The same disk for the next process: the previous one has ended, and its locks are released. */
  restarted(): MemoryDisk {
    return new MemoryDisk(this.root);
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    if (mode === "create") await this.#create(path);
    const node = findNode(this.root, path);
    if (!(node instanceof FileNode)) throw new Deno.errors.NotFound(path);
    return this.#handle(path, node);
  }

  lock(path: string): Promise<HeldLock | undefined> {
    if (this.#locks.has(path)) return Promise.resolve(undefined);
    this.#locks.add(path);
    const release = () => void this.#locks.delete(path);
    return Promise.resolve({ note: () => Promise.resolve(), isAt: () => true, release });
  }

  list(path: string): Promise<readonly string[]> {
    return Promise.try(() => [...this.#folder(path).names.keys()]);
  }

  kind(path: string): Promise<PathKind> {
    const node = findNode(this.root, path);
    if (node === undefined) return Promise.resolve("missing");
    return Promise.resolve(node instanceof FileNode ? "file" : "folder");
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    const node = findNode(this.root, path);
    if (!(node instanceof FileNode)) return Promise.resolve(undefined);
    const { inode, changed } = node;
    const bytes = node.content.length;
    return Promise.resolve({ bytes, inode, modifiedMs: changed, changedMs: changed });
  }

  makeFolder(path: string): Promise<void> {
    return Promise.try(() => {
      let folder = this.root;
      for (const name of partsOf(path)) {
        const found = folder.names.get(name);
        if (found instanceof FileNode) throw new Deno.errors.AlreadyExists(path);
        if (found === undefined) this.before(`makeFolder ${path}`);
        const next = found ?? new FolderNode();
        if (found === undefined) change(folder, [[name, next]]);
        folder = next;
      }
    });
  }

  isPrivate(_path: string): Promise<boolean> {
    return Promise.resolve(true);
  }

  makePrivate(_path: string): Promise<void> {
    return Promise.resolve();
  }

  rename(from: string, to: string): Promise<void> {
    return Promise.try(() => {
      const node = findNode(this.root, from);
      if (node === undefined) throw new Deno.errors.NotFound(from);
      this.before(`rename ${from} ${to}`);
      const [source, target] = [this.#placeOf(from), this.#placeOf(to)];
      if (source.folder === target.folder) {
        change(source.folder, [[source.name, undefined], [target.name, node]]);
      } else {
        change(target.folder, [[target.name, node]]);
        change(source.folder, [[source.name, undefined]]);
      }
    });
  }

  remove(path: string): Promise<void> {
    return Promise.try(() => {
      const { folder, name } = this.#placeOf(path);
      if (!folder.names.has(name)) throw new Deno.errors.NotFound(path);
      this.before(`remove ${path}`);
      change(folder, [[name, undefined]]);
    });
  }

  syncFolder(path: string): Promise<void> {
    return Promise.try(() => {
      const folder = this.#folder(path);
      this.before(`syncFolder ${path}`);
      for (const each of folder.pending) apply(folder.durable, each);
      folder.pending = [];
    });
  }

  #create(path: string): Promise<void> {
    return Promise.try(() => {
      const { folder, name } = this.#placeOf(path);
      if (folder.names.has(name)) throw new Deno.errors.AlreadyExists(path);
      this.before(`create ${path}`);
      change(folder, [[name, new FileNode()]]);
    });
  }

  #handle(path: string, file: FileNode): OpenFile {
    const sync = () =>
      Promise.try(() => {
        this.before(`sync ${path}`);
        file.durable = file.content;
      });
    return {
      write: (offset, bytes) =>
        Promise.try(() => {
          this.before(`write ${path}`);
          file.content = overwritten(file.content, offset, bytes);
        }),
      read: (offset, length) => Promise.resolve(file.content.slice(offset, offset + length)),
      size: () => Promise.resolve(file.content.length),
      truncate: (size) =>
        Promise.try(() => {
          this.before(`truncate ${path}`);
          file.content = file.content.slice(0, size);
        }),
      syncData: sync,
      sync,
      isAt: (path) => findNode(this.root, path) === file,
      close: () => {},
    };
  }

  #folder(path: string): FolderNode {
    const node = findNode(this.root, path);
    if (!(node instanceof FolderNode)) throw new Deno.errors.NotFound(path);
    return node;
  }

  #placeOf(path: string): { readonly folder: FolderNode; readonly name: string } {
    const slash = path.lastIndexOf("/");
    return { folder: this.#folder(path.slice(0, Math.max(0, slash))), name: path.slice(slash + 1) };
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
