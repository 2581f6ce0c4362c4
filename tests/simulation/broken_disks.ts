/**
 * Journals that are broken on purpose, by what stands between them and the disk. The
 * simulation has to find each of them out.
 */

import type {
  FileStamp,
  FileSystem,
  HeldLock,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../src/journal/file_system.ts";

const NEWLINE = 10;

/** Passes everything on. */
export class PassingDisk implements FileSystem {
  readonly inner: FileSystem;

  constructor(inner: FileSystem) {
    this.inner = inner;
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    return this.wrapped(await this.inner.open(path, mode), path);
  }

  wrapped(file: OpenFile, _path: string): OpenFile {
    return file;
  }

  lock(path: string): Promise<HeldLock | undefined> {
    return this.inner.lock(path);
  }

  list(folder: string): Promise<readonly string[]> {
    return this.inner.list(folder);
  }

  kind(path: string): Promise<PathKind> {
    return this.inner.kind(path);
  }

  stamp(path: string): Promise<FileStamp | undefined> {
    return this.inner.stamp(path);
  }

  isPrivate(path: string): Promise<boolean> {
    return this.inner.isPrivate(path);
  }

  makePrivate(path: string): Promise<void> {
    return this.inner.makePrivate(path);
  }

  makeFolder(path: string): Promise<void> {
    return this.inner.makeFolder(path);
  }

  rename(from: string, to: string): Promise<void> {
    return this.inner.rename(from, to);
  }

  remove(path: string): Promise<void> {
    return this.inner.remove(path);
  }

  syncFolder(path: string): Promise<void> {
    return this.inner.syncFolder(path);
  }
}

/** Acknowledges before the sync: that goes on in the background, and nobody hears how it ends. */
export class AcknowledgesBeforeSync extends PassingDisk {
  override wrapped(file: OpenFile): OpenFile {
    const syncData = () => {
      file.syncData().catch(() => {});
      return Promise.resolve();
    };
    return { ...file, syncData };
  }
}

export class SyncsNoFolder extends PassingDisk {
  override syncFolder(): Promise<void> {
    return Promise.resolve();
  }
}

/** A sync that fails is tried again, and the second one tells nothing of what the first lost. */
export class RetriesFailedSync extends PassingDisk {
  override wrapped(file: OpenFile): OpenFile {
    return { ...file, syncData: () => file.syncData().catch(() => file.syncData()) };
  }
}

/** Nobody waits for the newlines that a segment is written ahead with: a batch may be there before. */
export class PrewritesLate extends PassingDisk {
  override wrapped(file: OpenFile): OpenFile {
    const write = (offset: number, bytes: Uint8Array) => {
      if (bytes.some((byte) => byte !== NEWLINE)) return file.write(offset, bytes);
      const copy = bytes.slice();
      void file.sync().then(() => file.write(offset, copy)).catch(() => {});
      return Promise.resolve();
    };
    return { ...file, write };
  }
}

/** Does not look whether a file is the one that it was, but for its size. */
export class LooksAtSizesAlone extends PassingDisk {
  override async stamp(path: string): Promise<FileStamp | undefined> {
    const stamp = await super.stamp(path);
    const changedMs = path.endsWith(".tmp") ? 1 : 0;
    return stamp && { ...stamp, inode: 1, modifiedMs: 0, changedMs };
  }
}

/** Snapshots are written under their own names at once. */
export class WritesSnapshotInPlace extends PassingDisk {
  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const name = finalName(path);
    if (mode === "create" && name !== path && await this.inner.kind(name) === "file") {
      await this.inner.remove(name);
    }
    return await super.open(name, mode);
  }

  override kind(path: string): Promise<PathKind> {
    return super.kind(finalName(path));
  }

  override async rename(from: string, to: string): Promise<void> {
    if (finalName(from) === from) await super.rename(from, to);
  }

  override remove(path: string): Promise<void> {
    return super.remove(finalName(path));
  }
}

function finalName(path: string): string {
  return path.replace(/\.snapshot\.tmp$/, ".snapshot");
}
