/**
 * What is done to the last segment before anything is written to it. It is a fresh file then:
 * even after a clean stop nobody knows whether the last sync of the process before succeeded, or
 * whether it lived to sync the name of the segment.
 */

import type { Random, SegmentInfo } from "../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "./errors.ts";
import { type FileSystem, withFile, writeNew } from "./file_system.ts";
import { removeIfThere } from "./folder.ts";
import { type Layout, segmentName } from "./layout.ts";
import { copyForward, quarantineTail } from "./repair.ts";
import type { TornTail } from "./segment_end.ts";

export interface MendingOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly random: Random;
  /** Whether the disk did not do as asked of the process before. */
  readonly lastFailed: boolean;
  /** As far as their batches are whole; the last is active. */
  readonly segments: readonly SegmentInfo[];
  /** Whether there is no segment yet. */
  readonly isNew: boolean;
  /** What a write that was cut short has left. */
  readonly torn: TornTail | undefined;
}

export class Mending {
  readonly #options: MendingOptions;
  #quarantine: string | null = null;
  #isSettled = false;

  constructor(options: MendingOptions) {
    this.#options = options;
  }

  get bytesQuarantined(): number {
    return this.#options.torn?.bytes.length ?? 0;
  }

  /** Where a torn tail was put, within the folder of the journal. */
  get quarantine(): string | null {
    return this.#quarantine;
  }

  /**
   * Does what was not done yet. `false` when there was no room for it, and it may be tried again;
   * what was read is on disk then all the same.
   *
   * @throws {JournalUnusableError} when the disk does not do as asked otherwise, or did not do so
   * for the process before: then only a copy proves what is on it.
   */
  async run(): Promise<boolean> {
    try {
      await this.#mend();
      return true;
    } catch (error) {
      const isFull = error instanceof JournalUnusableError && isOutOfRoom(error.cause);
      if (!isFull || this.#options.lastFailed) throw error;
      await this.#settle();
      return false;
    }
  }

  /** A process that was killed may have left in memory what it had not synced yet. */
  async #settle(): Promise<void> {
    const { fileSystem, layout, segments, isNew } = this.#options;
    if (isNew || this.#isSettled) return;
    const path = `${layout.segments}/${segments.at(-1)?.name}`;
    await orUnusable(
      "sync",
      path,
      () => withFile(fileSystem, path, "write", (file) => file.sync()),
    );
    await orUnusable("sync", layout.segments, () => fileSystem.syncFolder(layout.segments));
    this.#isSettled = true;
  }

  async #mend(): Promise<void> {
    const { fileSystem, layout, segments, isNew, torn, random } = this.#options;
    if (isNew) return await this.#createFirst();
    if (torn !== undefined && this.#quarantine === null) {
      const active = segments.at(-1)?.name ?? segmentName(1);
      this.#quarantine = await quarantineTail(fileSystem, layout, active, torn, random.ulid());
    }
    await copyForward(fileSystem, layout, segments);
  }

  async #createFirst(): Promise<void> {
    const { fileSystem, layout } = this.#options;
    const path = `${layout.segments}/${segmentName(1)}`;
    await orUnusable("create", path, async () => {
      await removeIfThere(fileSystem, path);
      await writeNew(fileSystem, path, new Uint8Array());
      await fileSystem.syncFolder(layout.segments);
    });
  }
}
