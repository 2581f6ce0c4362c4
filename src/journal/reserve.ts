/**
 * Room that is kept on the disk: a file that is removed when there is no other, so that
 * running jobs can still put on record how they end.
 */

import { messageOf } from "../core/thrown.ts";
import { isOutOfRoom, orUnusable } from "./errors.ts";
import { type FileSystem, type OpenFile, withFile } from "./file_system.ts";
import { requireKind } from "./folder.ts";
import type { Layout } from "./layout.ts";

/** Beyond the reserve itself, there must be room for this before it counts as made. */
const MARGIN_BYTES = 64 * 1024;
const PART_BYTES = 64 * 1024;

export class Reserve {
  readonly #fileSystem: FileSystem;
  readonly #path: string;
  readonly #bytes: number;
  readonly #warn: (message: string) => void;

  constructor(
    fileSystem: FileSystem,
    layout: Layout,
    bytes: number,
    warn: (message: string) => void,
  ) {
    this.#fileSystem = fileSystem;
    this.#path = layout.reserve;
    this.#bytes = bytes;
    this.#warn = warn;
  }

  /**
   * Uses the one that is there, when it is whole, or makes one; `false` without room.
   *
   * @throws {JournalUnusableError} when something else is in its place.
   */
  async take(): Promise<boolean> {
    await requireKind(this.#fileSystem, this.#path, ["file", "missing"]);
    return await orUnusable("measure", this.#path, () => this.#isWhole()) || await this.make();
  }

  /** Makes it anew; `false` when there is no room for it and some more. */
  async make(): Promise<boolean> {
    try {
      await this.#remove();
      await withFile(this.#fileSystem, this.#path, "create", (file) => this.#fill(file));
      return true;
    } catch (error) {
      if (!isOutOfRoom(error)) this.#warn(`Cannot keep a reserve: ${messageOf(error)}`);
      await this.giveUp();
      return false;
    }
  }

  /** Makes its room free. */
  async giveUp(): Promise<void> {
    try {
      await this.#remove();
    } catch (error) {
      this.#warn(`Cannot give up the reserve: ${messageOf(error)}`);
    }
  }

  async #fill(file: OpenFile): Promise<void> {
    const part = incompressible();
    const end = this.#bytes + MARGIN_BYTES;
    for (let at = 0; at < end; at += part.length) {
      await file.write(at, part.subarray(0, end - at));
    }
    // Some file systems tell only now that there is no room.
    await file.syncData();
    await file.truncate(this.#bytes);
  }

  async #isWhole(): Promise<boolean> {
    if (await this.#fileSystem.kind(this.#path) === "missing") return false;
    const size = await withFile(this.#fileSystem, this.#path, "read", (file) => file.size());
    return size === this.#bytes;
  }

  async #remove(): Promise<void> {
    if (await this.#fileSystem.kind(this.#path) === "missing") return;
    await this.#fileSystem.remove(this.#path);
  }
}

/** Bytes that a file system which compresses cannot make shorter: a xorshift. */
function incompressible(): Uint8Array {
  const words = new Uint32Array(PART_BYTES / 4);
  let state = 0x9e3779b9;
  for (let index = 0; index < words.length; index++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[index] = state;
  }
  return new Uint8Array(words.buffer);
}
