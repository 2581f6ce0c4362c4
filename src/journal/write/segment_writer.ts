/**
 * Writes batches to the active segment, starts the next one, and checks that the files that are open
 * are still those that their paths lead to.
 */

import { errorMessage, isOutOfDescriptors } from "../../core/thrown.ts";
import { type Clock, JournalFullError, type SegmentInfo } from "../../engine/ports.ts";
import type { SealedBatch } from "../read/segment_scanner.ts";
import { isOutOfRoom, missingRoom } from "../errors.ts";
import type { FileSystem, HeldLock, OpenFile } from "../files/file_system.ts";
import type { BatchSink } from "./group_commit.ts";
import { type Layout, segmentName } from "../layout.ts";
import { Preallocation } from "./preallocation.ts";

interface SegmentWriterOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** A segment of this size gets no more batches. */
  readonly segmentBytes: number;
  /** Detects whether open files were removed, replaced or cut. */
  readonly watched: WatchedFiles;
  /** Called with warnings for the operator; the journal continues. */
  readonly warn: (message: string) => void;
}

export class SegmentWriter implements BatchSink {
  #file: OpenFile;
  #name: string;
  /** Bytes of batches known to be on disk; newlines follow. */
  #bytes: number;
  #preallocation: Preallocation;
  #hasFailed = false;

  private constructor(
    private readonly options: SegmentWriterOptions,
    file: OpenFile,
    { name, bytes }: SegmentInfo,
  ) {
    this.#file = file;
    this.#name = name;
    this.#bytes = bytes;
    this.#preallocation = new Preallocation(file, bytes, options.segmentBytes);
  }

  /** @param active The active segment, without preallocated newlines. */
  static async open(options: SegmentWriterOptions, active: SegmentInfo): Promise<SegmentWriter> {
    const { fileSystem, layout } = options;
    const file = await fileSystem.open(`${layout.segments}/${active.name}`, "write");
    return new SegmentWriter(options, file, active);
  }

  async write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    await this.#step("preallocate in", () => this.#preallocation.settled());
    if (batch.opensSegment && this.#bytes > 0) await this.#roll(segmentName(batch.firstLogId));
    await this.#put(batch.bytes);
    await this.#step("sync", () => this.#synced(holdUp));
    this.#bytes += batch.bytes.length;
    this.#preallocation.keepAhead(this.#bytes);
  }

  /** @throws {Error} if the file is synced, but its path no longer leads to it. */
  async #synced(holdUp: boolean): Promise<void> {
    const [, loss] = await Promise.all([
      this.#file.syncData(holdUp),
      // Checked while another thread waits for the disk. Both can fail.
      Promise.try(() => this.options.watched.loss(this.#watchedFile)),
    ]);
    if (loss !== undefined) throw new Error(loss);
  }

  get #watchedFile(): WatchedSegment {
    const path = `${this.options.layout.segments}/${this.#name}`;
    return { file: this.#file, path, bytes: this.#preallocation.end };
  }

  /** Describes what happened to the open segment; `undefined` if its path leads to it. */
  loss(): string | undefined {
    return this.options.watched.lossAtLast(this.#watchedFile);
  }

  /** Truncates the file after the last batch. After a disk failure, the next start does that. */
  async close(): Promise<void> {
    try {
      if (this.#hasFailed) return;
      await this.#preallocation.settled();
      await this.#preallocation.cutAhead(this.#bytes);
    } catch (error) {
      const reason = errorMessage(error);
      this.options.warn(
        `Cannot remove the blank lines at the end of segment ${this.#name}: ${reason}`,
      );
    } finally {
      this.#file.close();
    }
  }

  /**
   * Starts the next segment. The old one must be final before the new one exists, because nothing
   * more is written to it. The new file and its name are on disk before anything is written to it.
   */
  async #roll(name: string): Promise<void> {
    await this.#step("truncate", () => this.#preallocation.cutAhead(this.#bytes));
    // The last check of the old segment.
    const loss = this.loss();
    if (loss !== undefined) throw this.#failed(`continue segment ${this.#name}`, new Error(loss));
    const file = await this.#create(name);
    this.#file.close();
    this.#file = file;
    this.#name = name;
    this.#bytes = 0;
    this.#preallocation = new Preallocation(file, 0, this.options.segmentBytes);
  }

  /** Creates a file and puts its name on disk. If there is no space, leaves no file behind. */
  async #create(name: string): Promise<OpenFile> {
    const { fileSystem, layout } = this.options;
    const path = `${layout.segments}/${name}`;
    let file: OpenFile | undefined;
    try {
      file = await fileSystem.open(path, "create");
      await file.sync();
      await fileSystem.syncFolder(layout.segments);
      return file;
    } catch (error) {
      file?.close();
      // A failed sync does not mean a full disk, but running out of descriptors is recoverable.
      const isRecoverable = file === undefined ? isOutOfRoom(error) : isOutOfDescriptors(error);
      if (!isRecoverable) throw this.#failed(`create segment ${name}`, error);
      if (file !== undefined) await this.#step("remove", () => fileSystem.remove(path));
      throw full(`create segment ${name}`, error);
    }
  }

  /**
   * If a write fails, what it wrote must be removed from the disk before the next batch is written
   * there: after a power loss, its pages could reappear among those of the next batch, with valid
   * lines.
   */
  async #put(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.write(this.#bytes, bytes);
    } catch (error) {
      await this.#step("truncate", () => this.#preallocation.cut(this.#bytes));
      if (isOutOfRoom(error)) throw full(`write to segment ${this.#name}`, error);
      throw this.#failed(`write to segment ${this.#name}`, error);
    }
  }

  async #step(action: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      throw this.#failed(`${action} segment ${this.#name}`, error);
    }
  }

  #failed(action: string, cause: unknown): Error {
    this.#hasFailed = true;
    return new Error(`cannot ${action}: ${errorMessage(cause)}`, { cause });
  }
}

function full(action: string, cause: unknown): JournalFullError {
  return new JournalFullError(`Cannot ${action}: ${missingRoom(cause)}. Nothing was recorded`, {
    cause,
  });
}

/**
 * A check at every batch would add a seventh to the event loop time of a commit. So batches within
 * a millisecond share one check: a client that awaits its responses does not send faster than that.
 */
const SEGMENT_EVERY_MS = 1;
/**
 * Longer, because a second process that takes a replaced lock also replaces the segment, which is
 * noticed first.
 */
const LOCK_EVERY_MS = 100;

interface WatchedFilesOptions {
  readonly clock: Pick<Clock, "monotonic">;
  readonly lock: HeldLock;
  readonly lockPath: string;
}

interface WatchedSegment {
  readonly file: OpenFile;
  readonly path: string;
  /** Its size at least. */
  readonly bytes: number;
}

/**
 * Checks that the paths of open files still lead to them. If a file was removed, replaced or cut,
 * everything written to it is lost when the process ends, even if it was synced.
 */
export class WatchedFiles {
  #segmentSeenMs = -Infinity;
  #lockSeenMs = -Infinity;

  constructor(private readonly options: WatchedFilesOptions) {}

  /**
   * Describes what happened to the lock or to the open segment; `undefined` if nothing did, or no
   * check was due.
   */
  loss({ file, path, bytes }: WatchedSegment): string | undefined {
    const { clock, lock, lockPath } = this.options;
    const now = clock.monotonic();
    if (now - this.#segmentSeenMs < SEGMENT_EVERY_MS) return undefined;
    this.#segmentSeenMs = now;
    const loss = lossOf("segment", path, () => file.isAt(path, bytes));
    if (loss !== undefined) return loss;
    if (now - this.#lockSeenMs < LOCK_EVERY_MS) return undefined;
    this.#lockSeenMs = now;
    return lossOf("lock", lockPath, () => lock.isAt(lockPath));
  }

  /** The same, but the segment is always checked. */
  lossAtLast(segment: WatchedSegment): string | undefined {
    this.#segmentSeenMs = -Infinity;
    return this.loss(segment);
  }
}

function lossOf(what: "segment" | "lock", path: string, isAt: () => boolean): string | undefined {
  try {
    return isAt() ? undefined : lossText(what, path);
  } catch (error) {
    return `${path} cannot be checked, and may no longer be the file in use: ${
      errorMessage(error)
    }; restore access to it before the next start`;
  }
}

function lossText(what: "segment" | "lock", path: string): string {
  const happened = `${path} was removed, replaced or cut while it was in use`;
  return what === "segment"
    ? `${happened}: the content of the original file is lost unless you put it back before the ` +
      "next start"
    : `${happened}: another process may also hold the journal`;
}
