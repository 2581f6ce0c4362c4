/** Writes batches to the active segment, and begins the next one. */

import { messageOf } from "../core/thrown.ts";
import { JournalFullError } from "../engine/ports.ts";
import type { SealedBatch } from "./batch.ts";
import { isOutOfRoom } from "./errors.ts";
import type { FileSystem, OpenFile } from "./file_system.ts";
import type { BatchSink } from "./group_commit.ts";
import { type Layout, segmentName } from "./layout.ts";

export class SegmentWriter implements BatchSink {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;
  #file: OpenFile;
  #name: string;
  /** Bytes known to be on disk. */
  #bytes: number;

  private constructor(
    fileSystem: FileSystem,
    layout: Layout,
    active: { readonly name: string; readonly bytes: number; readonly file: OpenFile },
  ) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
    this.#file = active.file;
    this.#name = active.name;
    this.#bytes = active.bytes;
  }

  static async open(
    fileSystem: FileSystem,
    layout: Layout,
    active: { readonly name: string; readonly bytes: number },
  ): Promise<SegmentWriter> {
    const file = await fileSystem.open(`${layout.segments}/${active.name}`, "append");
    return new SegmentWriter(fileSystem, layout, { ...active, file });
  }

  async write(batch: SealedBatch, holdUp: boolean): Promise<void> {
    if (batch.opensSegment && this.#bytes > 0) await this.#roll(segmentName(batch.firstLogId));
    await this.#append(batch.bytes);
    await this.#step("sync", () => this.#file.syncData(holdUp));
    this.#bytes += batch.bytes.length;
  }

  close(): void {
    this.#file.close();
  }

  /** The new segment and its name are on disk before anything is written to it. */
  async #roll(name: string): Promise<void> {
    const file = await this.#create(name);
    this.#file.close();
    this.#file = file;
    this.#name = name;
    this.#bytes = 0;
    await this.#step("sync", () => file.sync());
    await this.#step(
      "sync the folder of",
      () => this.#fileSystem.syncFolder(this.#layout.segments),
    );
  }

  async #create(name: string): Promise<OpenFile> {
    try {
      return await this.#fileSystem.open(`${this.#layout.segments}/${name}`, "create");
    } catch (error) {
      if (isOutOfRoom(error)) throw full(`create segment ${name}`, error);
      throw failed(`create segment ${name}`, error);
    }
  }

  async #append(bytes: Uint8Array): Promise<void> {
    try {
      await this.#file.append(bytes);
    } catch (error) {
      await this.#step("cut back", () => this.#cutBack());
      if (isOutOfRoom(error)) throw full(`write to segment ${this.#name}`, error);
      throw failed(`write to segment ${this.#name}`, error);
    }
  }

  /**
   * On disk before anything else is written there: after a loss of power the pages of one
   * batch could come back among those of the next, line by line as good as its own.
   */
  async #cutBack(): Promise<void> {
    await this.#file.truncate(this.#bytes);
    await this.#file.sync();
  }

  async #step(action: string, run: () => Promise<void>): Promise<void> {
    try {
      await run();
    } catch (error) {
      throw failed(`${action} segment ${this.#name}`, error);
    }
  }
}

function full(action: string, cause: unknown): JournalFullError {
  return new JournalFullError(`Cannot ${action}: the disk is full. Nothing was recorded`, {
    cause,
  });
}

function failed(action: string, cause: unknown): Error {
  const reason = messageOf(cause);
  return new Error(`cannot ${action}: ${reason}`, { cause });
}
