/**
 * Prepares the last segment for writing by copying it to a new file. Even after a clean stop it is
 * unknown whether the last sync of the previous process succeeded, or whether the name of the
 * segment was synced.
 */

import type { Random, SegmentInfo } from "../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "./errors.ts";
import { copyBeginning, type FileSystem, withFile, writeNew } from "./file_system.ts";
import { removeIfThere } from "./folder.ts";
import { type Layout, segmentName } from "./layout.ts";
import { copyForward, quarantineTail } from "./repair.ts";
import type { TornTail } from "./segment_end.ts";

interface SegmentPreparationOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly random: Random;
  /** The last segment, up to its last whole batch. */
  readonly active: SegmentInfo;
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

  /** Where the torn tail was moved to, relative to the folder of the journal. */
  get quarantine(): string | null {
    return this.#quarantine;
  }

  /**
   * Does the work that is left. `false` if there was no space, so that it can be tried again; the
   * content that was read is on disk either way.
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
   * Rewrites the segment in place, which needs no space, and syncs it. A sync alone would prove
   * nothing: after a failed sync, the page cache marks data as clean that never reached the disk.
   */
  async #settle(): Promise<void> {
    const { fileSystem, layout, active: { name, bytes }, isNew } = this.#options;
    if (isNew || this.#isSettled) return;
    const path = `${layout.segments}/${name}`;
    await orUnusable("rewrite", path, async () => {
      await withFile(fileSystem, path, "write", async (file) => {
        await withFile(fileSystem, path, "read", (same) => copyBeginning(same, file, bytes));
        await file.sync();
      });
    });
    await orUnusable("sync", layout.segments, () => fileSystem.syncFolder(layout.segments));
    this.#isSettled = true;
  }

  async #mend(): Promise<void> {
    const { fileSystem, layout, active, isNew, torn, random } = this.#options;
    if (isNew) return await this.#createFirst();
    if (torn !== undefined && this.#quarantine === null) {
      const { name } = active;
      this.#quarantine = await quarantineTail(fileSystem, layout, name, torn, random.ulid());
    }
    await copyForward(fileSystem, layout, active);
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
