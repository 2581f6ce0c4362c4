/**
 * The sidecars of a journal: caches, one for each segment that gets no more batches. Nothing is
 * lost when they are deleted, and none that cannot be used is an error.
 */

import {
  type FileStamp,
  type FileSystem,
  isSame,
  readWhole,
  stampAt,
  withFile,
} from "./file_system.ts";
import { isTemporary, type Layout, sidecarLogIdOf, sidecarName, TEMPORARY } from "./layout.ts";
import type { SegmentInfo } from "../engine/ports.ts";
import { reasonOf } from "./errors.ts";
import { decodedSidecar, encodedSidecar, type Sidecar, SIDECAR_BYTES_MAX } from "./sidecar_file.ts";

export class SidecarStore {
  readonly #fileSystem: FileSystem;
  readonly #layout: Layout;

  constructor(fileSystem: FileSystem, layout: Layout) {
    this.#fileSystem = fileSystem;
    this.#layout = layout;
  }

  /** What the sidecar of a segment says, why it says nothing, or `undefined` without one. */
  async read({ name, firstLogId }: SegmentInfo): Promise<Sidecar | string | undefined> {
    const path = this.#pathOf(firstLogId);
    try {
      if (!await this.#isFolder()) return undefined;
      const kind = await this.#fileSystem.kind(path);
      if (kind === "missing") return undefined;
      if (kind !== "file") return `it is a ${kind}`;
      const size = await withFile(this.#fileSystem, path, "read", (file) => file.size());
      if (size > SIDECAR_BYTES_MAX) return `it has ${size} bytes`;
      const found = decodedSidecar(await readWhole(this.#fileSystem, path));
      if (typeof found === "string") return found;
      return found.segment.name === name ? found : `it is that of ${found.segment.name}`;
    } catch (error) {
      return `it cannot be read: ${reasonOf(error, path)}`;
    }
  }

  /** What is known of a segment whose file is the one that the verdict names, unchanged. */
  async trusted(segment: SegmentInfo): Promise<Sidecar | undefined> {
    const found = await this.read(segment);
    if (typeof found !== "object" || found.segment.bytes !== segment.bytes) return undefined;
    return isSame(found.verdict, await this.stampOf(segment)) ? found : undefined;
  }

  /** `undefined` when the file is missing, or the system does not tell. */
  stampOf({ name }: SegmentInfo): Promise<FileStamp | undefined> {
    return stampAt(this.#fileSystem, `${this.#layout.segments}/${name}`);
  }

  /**
   * The time of the file system, in its own grain. A file that was last changed before it has
   * another time after any later change; of one that was changed in the same grain nobody could
   * tell. `undefined` when the system does not tell.
   */
  async now(): Promise<number | undefined> {
    const path = `${this.#layout.folder}/clock${TEMPORARY}`;
    const file = await this.#fileSystem.open(path, "create");
    try {
      return (await this.#fileSystem.stamp(path))?.changedMs;
    } finally {
      file.close();
      await this.#fileSystem.remove(path);
    }
  }

  /** Writes one, whose name appears when all of it is on disk. */
  async write(sidecar: Sidecar): Promise<void> {
    await this.#requireFolder();
    const path = this.#pathOf(sidecar.segment.firstLogId);
    const temporary = path + TEMPORARY;
    try {
      await withFile(this.#fileSystem, temporary, "create", async (file) => {
        await file.write(0, encodedSidecar(sidecar));
        await file.sync();
      });
      await this.#fileSystem.rename(temporary, path);
    } catch (error) {
      await this.#drop(temporary);
      throw error;
    }
    await this.#fileSystem.syncFolder(this.#layout.sidecars);
  }

  /** Removes what a process left that died while it wrote one. */
  async removeUnfinished(): Promise<void> {
    if (!await this.#isFolder()) return;
    const { sidecars } = this.#layout;
    const names = await this.#fileSystem.list(sidecars);
    for (const name of names.filter(isTemporary)) await this.#drop(`${sidecars}/${name}`);
  }

  /** Removes those of other segments than these: repaired away, or active again. */
  async keepOnly(segments: readonly SegmentInfo[]): Promise<void> {
    if (!await this.#isFolder()) return;
    const kept = new Set(segments.map(({ firstLogId }) => firstLogId));
    for (const name of await this.#fileSystem.list(this.#layout.sidecars)) {
      const logId = sidecarLogIdOf(name);
      const path = `${this.#layout.sidecars}/${name}`;
      if (logId !== undefined && !kept.has(logId)) await this.#drop(path);
    }
  }

  async #drop(path: string): Promise<void> {
    if (await this.#fileSystem.kind(path) === "file") await this.#fileSystem.remove(path);
  }

  /** A link leads elsewhere, where nothing is to be read or written. */
  async #isFolder(): Promise<boolean> {
    return await this.#fileSystem.kind(this.#layout.sidecars) === "folder";
  }

  async #requireFolder(): Promise<void> {
    const { folder, sidecars } = this.#layout;
    const kind = await this.#fileSystem.kind(sidecars);
    if (kind === "folder") return;
    if (kind !== "missing") throw new Error(`${sidecars} is a ${kind}, not a folder`);
    await this.#fileSystem.makeFolder(sidecars);
    await this.#fileSystem.syncFolder(folder);
  }

  #pathOf(firstLogId: number): string {
    return `${this.#layout.sidecars}/${sidecarName(firstLogId)}`;
  }
}
