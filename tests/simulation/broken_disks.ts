/**
 * Journals that are broken on purpose by a layer between them and the disk. The simulation must
 * catch each of them.
 */

import type {
  FileStamp,
  OpenFile,
  OpenMode,
  PathKind,
} from "../../src/journal/files/file_system.ts";
import { PassingDisk } from "../support/journal/journal_disk.ts";

const NEWLINE = 10;

/** Acknowledges before the sync, which happens in the background with its result ignored. */
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

/** A failed sync is retried, and the second one does not report what the first lost. */
export class RetriesFailedSync extends PassingDisk {
  override wrapped(file: OpenFile): OpenFile {
    return { ...file, syncData: () => file.syncData().catch(() => file.syncData()) };
  }
}

/**
 * The newlines that a segment is written ahead with are not awaited: a batch may be written first.
 */
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

/** Recognizes a changed file only by its size. */
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
