/**
 * Prepares the last segment before anything is written to it, by copying it to a fresh file: even
 * after a clean stop it is unknown whether the last sync of the previous process succeeded, or
 * whether it synced the name of the segment.
 */

import type { Random, SegmentInfo } from "../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "./errors.ts";
import { type FileSystem, readBetween, withFile, writeNew } from "./file_system.ts";
import { removeIfThere } from "./folder.ts";
import { type Layout, segmentName } from "./layout.ts";
import { copyForward, quarantineTail } from "./repair.ts";
import type { TornTail } from "./segment_end.ts";

interface SegmentPreparationOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly random: Random;
  /** Up to their last whole batch; the last one is active. */
  readonly segments: readonly SegmentInfo[];
  /** Whether there is no segment yet. */
  readonly isNew: boolean;
  /** What an interrupted write left behind. */
  readonly torn: TornTail | undefined;
}

export class SegmentPreparation {
  readonly #options: SegmentPreparationOptions;
  #quarantine: string | null = null;
  #isSettled = false;

  constructor(options: SegmentPreparationOptions) {
    this.#options = options;
  }

  get bytesQuarantined(): number {
    return this.#options.torn?.bytes.length ?? 0;
  }

  /** Where a torn tail was put, within the journal's folder. */
  get quarantine(): string | null {
    return this.#quarantine;
  }

  /**
   * Does what is left to do. `false` if there was no space for it, so that it may be tried again;
   * what was read is on disk in any case.
   *
   * @throws {JournalUnusableError} if the disk fails in another way.
   */
  async run(): Promise<boolean> {
    try {
      await this.#mend();
      return true;
    } catch (error) {
      const isFull = error instanceof JournalUnusableError && isOutOfRoom(error.cause);
      if (!isFull) throw error;
      await this.#settle();
      return false;
    }
  }

  /**
   * Writes the segment again in place, which needs no room, and syncs it. A sync alone would prove
   * nothing: after one that failed, the page cache counts as clean what never reached the disk.
   */
  async #settle(): Promise<void> {
    const { fileSystem, layout, segments, isNew } = this.#options;
    if (isNew || this.#isSettled) return;
    const { name, bytes } = segments.at(-1) ?? { name: segmentName(1), bytes: 0 };
    const path = `${layout.segments}/${name}`;
    await orUnusable("write again", path, async () => {
      const content = await readBetween(fileSystem, path, 0, bytes);
      await withFile(fileSystem, path, "write", async (file) => {
        await file.write(0, content);
        await file.sync();
      });
    });
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
