/** A disk in memory that can be full, or limit the size of each file. */

import type { OpenFile, OpenMode } from "../../src/journal/file_system.ts";
import { noSpace } from "../support/journal/journal_disk.ts";
import { MemoryDisk } from "../support/journal/journal_memory_disk.ts";

export class SmallDisk extends MemoryDisk {
  /** Bytes of all files together. */
  capacity = Infinity;
  /** Bytes of one file. */
  fileBytesMax = Infinity;

  /** Leaves room for this many more bytes. */
  leave(bytes: number): void {
    this.capacity = this.#used() + bytes;
  }

  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await super.open(path, mode);
    return { ...file, write: (offset, bytes) => this.#write(file, offset, bytes) };
  }

  /** Overwriting needs no room. */
  async #write(file: OpenFile, offset: number, bytes: Uint8Array): Promise<void> {
    const size = await file.size();
    const room = Math.min(this.capacity - this.#used(), this.fileBytesMax - size);
    const fitting = Math.max(0, size + Math.max(0, room) - offset);
    await file.write(offset, bytes.subarray(0, fitting));
    if (fitting < bytes.length) throw noSpace();
  }

  #used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }
}
