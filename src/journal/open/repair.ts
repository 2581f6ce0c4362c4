/**
 * Repairs the last segment before it is written to, and keeps the note of an operator's repair.
 * Deletes no data.
 */

import type { FrameworkAttributes } from "../../core/framework_events.ts";
import type { Random, SegmentInfo } from "../../engine/ports.ts";
import { isOutOfRoom, JournalUnusableError, orUnusable } from "../errors.ts";
import {
  copyBeginning,
  type FileSystem,
  type OpenFile,
  putInPlace,
  readText,
  removeIfThere,
  replaceFile,
  withFile,
  writeNew,
} from "../files/file_system.ts";
import { type Layout, quarantineName, TEMPORARY } from "../layout.ts";
import type { TornTail } from "../read/segment_end.ts";

interface SegmentPreparationOptions {
  readonly fileSystem: FileSystem;
  readonly layout: Layout;
  readonly random: Random;
  /** The last segment, as listed. */
  readonly active: SegmentInfo;
  /** Whether there is no segment yet. */
  readonly isNew: boolean;
}

/**
 * Prepares the last segment for writing by copying it to a new file. Even after a clean stop it is
 * unknown whether the last sync of the previous process succeeded, or whether the name of the
 * segment was synced.
 */
export class SegmentPreparation {
  readonly #path: string;
  /** What an interrupted write left behind. */
  #torn: TornTail | undefined;
  #quarantine: string | null = null;
  #isSettled = false;
  /** Whether the whole segment is on disk under a temporary name. */
  #isCopied: Promise<boolean>;

  /** Begins to copy the segment, since the disk takes as long for that as a verification takes. */
  constructor(private readonly options: SegmentPreparationOptions) {
    this.#path = `${options.layout.segments}/${options.active.name}`;
    this.#isCopied = this.#copied();
  }

  get bytesQuarantined(): number {
    return this.#torn?.bytes.length ?? 0;
  }

  /** Where the torn tail was moved to, relative to the folder of the journal. */
  get quarantine(): string | null {
    return this.#quarantine;
  }

  /**
   * The segment is verified, and may be replaced. Resolves when no copy is being made.
   *
   * @param torn What follows its last whole batch.
   */
  async verified(torn: TornTail | undefined): Promise<void> {
    this.#torn = torn;
    await this.#isCopied;
  }

  /** The segment cannot be used, so its copy is removed. */
  async refused(): Promise<void> {
    if (await this.#isCopied) await this.#removeCopy();
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
    const { fileSystem, layout, isNew } = this.options;
    if (isNew || this.#isSettled) return;
    await orUnusable("rewrite", this.#path, async () => {
      await withFile(fileSystem, this.#path, "write", async (file) => {
        await this.#copyTo(file);
        await file.sync();
      });
    });
    await orUnusable("sync", layout.segments, () => fileSystem.syncFolder(layout.segments));
    this.#isSettled = true;
  }

  async #mend(): Promise<void> {
    const { fileSystem, layout, active, isNew, random } = this.options;
    const [path, torn] = [this.#path, this.#torn];
    if (isNew) {
      return await orUnusable(
        "create",
        path,
        () => replaceFile(fileSystem, path, new Uint8Array()),
      );
    }
    if (torn !== undefined && this.#quarantine === null) {
      this.#quarantine = await quarantineTail(fileSystem, layout, active.name, torn, random.ulid());
    }
    // After a failed sync, the old file may read correctly from memory although it never reached
    // the disk.
    await orUnusable("copy", path, async () => {
      const isCopied = torn === undefined && await this.#isCopied;
      this.#isCopied = Promise.resolve(false);
      if (isCopied) await putInPlace(fileSystem, path + TEMPORARY, path);
      else await replaceFile(fileSystem, path, (copy) => this.#copyTo(copy));
    });
  }

  /** A failure is no error: then the segment is copied once it is verified. */
  async #copied(): Promise<boolean> {
    const { fileSystem, isNew } = this.options;
    const copy = this.#path + TEMPORARY;
    try {
      if (isNew) return false;
      await removeIfThere(fileSystem, copy);
      await writeNew(fileSystem, copy, (file) => this.#copyTo(file));
      return true;
    } catch {
      await this.#removeCopy();
      return false;
    }
  }

  async #removeCopy(): Promise<void> {
    await removeIfThere(this.options.fileSystem, this.#path + TEMPORARY).catch(() => {});
  }

  /** Copies the segment, without a torn tail. */
  async #copyTo(copy: OpenFile): Promise<void> {
    const { fileSystem, active } = this.options;
    const bytes = this.#torn?.offset ?? active.bytes;
    await withFile(fileSystem, this.#path, "read", (file) => copyBeginning(file, copy, bytes));
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
  const name = quarantineName(segment, torn.offset, unique);
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
    const note = JSON.parse(await readText(fileSystem, path));
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
