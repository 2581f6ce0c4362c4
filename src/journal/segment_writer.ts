/** Writes batches to the active segment, and starts the next one. */

import { errorMessage } from "../core/thrown.ts";
import { isOutOfDescriptors } from "../engine/descriptors.ts";
import { JournalFullError, type SegmentInfo } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { isOutOfRoom, missingRoom } from "./errors.ts";
import type { FileSystem, OpenFile } from "./file_system.ts";
import type { BatchSink } from "./group_commit.ts";
import { type Layout, segmentName } from "./layout.ts";
import { Preallocation } from "./preallocation.ts";
import type { WatchedFiles } from "./watched_files.ts";

interface SegmentWriterOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  /** A segment of this size gets no more batches. */
  readonly segmentBytes: number;
  /** What has happened to the open files, if anything. */
  readonly watched: WatchedFiles;
  /** Called with warnings for the operator; the journal continues. */
  readonly warn: (message: string) => void;
}

export class SegmentWriter implements BatchSink {
  readonly #options: SegmentWriterOptions;
  #file: OpenFile;
  #name: string;
  /** Bytes of batches known to be on disk; newlines follow. */
  #bytes: number;
  #preallocation: Preallocation;
  #hasFailed = false;

  private constructor(options: SegmentWriterOptions, file: OpenFile, { name, bytes }: SegmentInfo) {
    this.#options = options;
    this.#file = file;
    this.#name = name;
    this.#bytes = bytes;
    this.#preallocation = new Preallocation(file, bytes, options.segmentBytes);
  }

  /** @param active As long as its batches. */
  static async open(options: SegmentWriterOptions, active: SegmentInfo): Promise<SegmentWriter> {
    const { fileSystem, layout } = options;
    const file = await fileSystem.open(`${layout.segments}/${active.name}`, "write");
    return new SegmentWriter(options, file, active);
  }

  async write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    await this.#step("write ahead in", () => this.#preallocation.settled());
    if (batch.opensSegment && this.#bytes > 0) await this.#roll(segmentName(batch.firstLogId));
    await this.#put(batch.bytes);
    await this.#step("sync", () => this.#synced(holdUp));
    this.#bytes += batch.bytes.length;
    this.#preallocation.keepAhead(this.#bytes);
  }

  /** @throws {Error} if the file is synced, and its path no longer leads to it. */
  async #synced(holdUp: boolean): Promise<void> {
    const synced = this.#file.syncData(holdUp);
    // Another thread is waiting for the disk meanwhile.
    const loss = this.#options.watched.loss(this.#file, this.#path);
    await synced;
    if (loss !== undefined) throw new Error(loss);
  }

  get #path(): string {
    return `${this.#options.layout.segments}/${this.#name}`;
  }

  /**
   * Removes everything after the last batch, unless the disk has failed: then the next start does.
   */
  async close(): Promise<void> {
    try {
      if (this.#hasFailed) return;
      await this.#preallocation.settled();
      await this.#preallocation.cutAhead(this.#bytes);
    } catch (error) {
      const reason = errorMessage(error);
      this.#options.warn(
        `Cannot cut the blank lines at the end of segment ${this.#name}: ${reason}`,
      );
    } finally {
      this.#file.close();
    }
  }

  /**
   * Nothing more is written to the old segment, so it has to be final before there is a new one.
   * The new file and its name are on disk before anything is written to it.
   */
  async #roll(name: string): Promise<void> {
    await this.#step("cut", () => this.#preallocation.cutAhead(this.#bytes));
    // The old one is not looked at again.
    const loss = this.#options.watched.lossAtLast(this.#file, this.#path);
    if (loss !== undefined) throw this.#failed(`continue segment ${this.#name}`, new Error(loss));
    const file = await this.#create(name);
    this.#file.close();
    this.#file = file;
    this.#name = name;
    this.#bytes = 0;
    this.#preallocation = new Preallocation(file, 0, this.#options.segmentBytes);
  }

  /** The new file and its name, on disk; without space for it, nothing of it is left. */
  async #create(name: string): Promise<OpenFile> {
    const { fileSystem, layout } = this.#options;
    const path = `${layout.segments}/${name}`;
    let file: OpenFile | undefined;
    try {
      file = await fileSystem.open(path, "create");
      await file.sync();
      await fileSystem.syncFolder(layout.segments);
      return file;
    } catch (error) {
      file?.close();
      // A failed sync says nothing about space; a sync without a descriptor does.
      const isLack = file === undefined ? isOutOfRoom(error) : isOutOfDescriptors(error);
      if (!isLack) throw this.#failed(`create segment ${name}`, error);
      if (file !== undefined) await this.#step("take back", () => fileSystem.remove(path));
      throw full(`create segment ${name}`, error);
    }
  }

  /**
   * What is left of a batch without space must be off the disk before anything else is written
   * there: after a power loss its pages could reappear among those of the next batch, with lines
   * just as valid.
   */
  async #put(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.write(this.#bytes, bytes);
    } catch (error) {
      await this.#step("cut back", () => this.#preallocation.cut(this.#bytes));
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
