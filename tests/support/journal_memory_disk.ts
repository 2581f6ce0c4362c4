/** A disk in memory, for sweeps over thousands of journals. Everything is durable at once. */

import type {
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../src/journal/file_system.ts";

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

export class MemoryDisk implements FileSystem {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly #folders = new Set<string>();
  readonly #locks = new Set<string>();

  /** One with the same content, and no locks. */
  copy(): MemoryDisk {
    const copy = new MemoryDisk();
    for (const [path, bytes] of this.files) copy.files.set(path, bytes.slice());
    for (const folder of this.#folders) copy.#folders.add(folder);
    return copy;
  }

  open(path: string, mode: OpenMode): Promise<OpenFile> {
    return Promise.try(() => {
      const exists = this.files.has(path);
      const isNew = mode === "create" || mode === "createPrivate";
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

  makeFolder(path: string): Promise<void> {
    this.#folders.add(path);
    return Promise.resolve();
  }

  rename(from: string, to: string): Promise<void> {
    if (this.#folders.has(from)) {
      this.#renameFolder(from, to);
    } else {
      this.files.set(to, this.#content(from));
      this.files.delete(from);
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
      this.files.delete(path);
      this.files.set(to + path.slice(from.length), bytes);
    }
  }

  #content(path: string): Uint8Array<ArrayBuffer> {
    const bytes = this.files.get(path);
    if (bytes === undefined) throw new Deno.errors.NotFound(path);
    return bytes;
  }

  #handle(path: string): OpenFile {
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
      close: () => {},
    };
  }
}
