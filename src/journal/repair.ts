/**
 * Repairs the last segment before it is written to, and keeps the note of an operator's repair.
 * Deletes no data.
 */

import type { FrameworkAttributes } from "../core/framework_events.ts";
import type { Random, SegmentInfo } from "../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "./errors.ts";
import { copyBeginning, type FileSystem, readWhole, replaceFile, withFile } from "./file_system.ts";
import { type Layout, segmentName } from "./layout.ts";
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

/**
 * Prepares the last segment for writing by copying it to a new file. Even after a clean stop it is
 * unknown whether the last sync of the previous process succeeded, or whether the name of the
 * segment was synced.
 */
export class SegmentPreparation {
  #quarantine: string | null = null;
  #isSettled = false;

  constructor(private readonly options: SegmentPreparationOptions) {}

  get bytesQuarantined(): number {
    return this.options.torn?.bytes.length ?? 0;
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
    const { fileSystem, layout, active: { name, bytes }, isNew } = this.options;
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
    const { fileSystem, layout, active, isNew, torn, random } = this.options;
    if (isNew) return await this.#createFirst();
    if (torn !== undefined && this.#quarantine === null) {
      const { name } = active;
      this.#quarantine = await quarantineTail(fileSystem, layout, name, torn, random.ulid());
    }
    // After a failed sync, the old file may read correctly from memory although it never reached
    // the disk.
    const path = `${layout.segments}/${active.name}`;
    await orUnusable(
      "copy",
      path,
      () =>
        replaceFile(
          fileSystem,
          path,
          (copy) =>
            withFile(fileSystem, path, "read", (file) => copyBeginning(file, copy, active.bytes)),
        ),
    );
  }

  async #createFirst(): Promise<void> {
    const { fileSystem, layout } = this.options;
    const path = `${layout.segments}/${segmentName(1)}`;
    await orUnusable("create", path, async () => {
      await replaceFile(fileSystem, path, new Uint8Array());
    });
  }
}

/**
 * Moves a torn tail to quarantine and truncates the segment after its last whole batch.
 *
 * @returns The path of the quarantined bytes, within the folder of the journal.
 * @throws {JournalUnusableError}
 */
export async function quarantineTail(
  fileSystem: FileSystem,
  layout: Layout,
  segment: string,
  torn: TornTail,
  unique: string,
): Promise<string> {
  const name = `${segment.replace(/\.ndjson$/, "")}-${torn.offset}-${unique}.bin`;
  const aside = `${layout.quarantine}/${name}`;
  await orUnusable("write", aside, () => replaceFile(fileSystem, aside, torn.bytes));
  const path = `${layout.segments}/${segment}`;
  await orUnusable("cut", path, () => cut(fileSystem, path, torn.offset));
  await orUnusable("sync", layout.segments, () => fileSystem.syncFolder(layout.segments));
  return `quarantine/${name}`;
}

async function cut(fileSystem: FileSystem, path: string, size: number): Promise<void> {
  await withFile(fileSystem, path, "write", async (file) => {
    await file.truncate(size);
    await file.sync();
  });
}

// A repair writes a note to a file of its own until it is recorded in the journal. If the repair is
// interrupted, the note still shows what was lost.

export type RepairedAttributes = FrameworkAttributes["journal.Repaired"];

/**
 * @returns `undefined` when no repair has begun.
 * @throws {JournalUnusableError}
 */
export async function readRepairNote(
  fileSystem: FileSystem,
  layout: Layout,
): Promise<RepairedAttributes | undefined> {
  const path = pathOf(layout);
  return await orUnusable("read", path, async () => {
    if (await fileSystem.kind(path) === "missing") return undefined;
    const text = new TextDecoder().decode(await readWhole(fileSystem, path));
    const note = JSON.parse(text);
    if (typeof note?.lostFrom === "number" && typeof note.aside === "string") return note;
    const reason = "it is not the note of a repair; move it elsewhere";
    throw new JournalUnusableError("use", path, reason);
  });
}

/** @throws {JournalUnusableError} */
export async function writeRepairNote(
  fileSystem: FileSystem,
  layout: Layout,
  note: RepairedAttributes,
): Promise<void> {
  const path = pathOf(layout);
  const bytes = new TextEncoder().encode(`${JSON.stringify(note)}\n`);
  await orUnusable("write", path, () => replaceFile(fileSystem, path, bytes));
}

/** @throws {JournalUnusableError} */
export async function removeRepairNote(fileSystem: FileSystem, layout: Layout): Promise<void> {
  const path = pathOf(layout);
  await orUnusable("remove", path, async () => {
    if (await fileSystem.kind(path) === "missing") return;
    await fileSystem.remove(path);
    await fileSystem.syncFolder(layout.folder);
  });
}

function pathOf({ folder }: Layout): string {
  return `${folder}/repair.json`;
}
