/** A disk in memory that can be full, or limit the size of each file. */

import type { OpenFile, OpenMode } from "../../src/journal/file_system.ts";
import { noSpace } from "./journal_disk.ts";
import { MemoryDisk } from "./journal_memory_disk.ts";

export class SmallDisk extends MemoryDisk {
  /** Bytes of all files together. */
  capacity = Infinity;
  /** Bytes of one file. */
  fileBytesMax = Infinity;

  /** Leaves room for so many bytes more than there are. */
  leave(bytes: number): void {
    this.capacity = this.#used() + bytes;
  }

  override async open(path: string, mode: OpenMode): Promise<OpenFile> {
    const file = await super.open(path, mode);
    return { ...file, append: (bytes) => this.#append(file, bytes) };
  }

  async #append(file: OpenFile, bytes: Uint8Array): Promise<void> {
    const inFile = this.fileBytesMax - await file.size();
    const room = Math.max(0, Math.min(this.capacity - this.#used(), inFile));
    await file.append(bytes.subarray(0, room));
    if (room < bytes.length) throw noSpace();
  }

  #used(): number {
    return [...this.files.values()].reduce((sum, { length }) => sum + length, 0);
  }
}
