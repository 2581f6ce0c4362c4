/**
 * Preallocates newlines ahead of the batches, which overwrite them. If a file grows, each sync also
 * commits metadata; existing bytes only have to be written. Readers ignore blank lines at the end,
 * so the file can be read at any time.
 */

import { isOutOfRoom } from "../errors.ts";
import type { OpenFile } from "../files/file_system.ts";
import { NEWLINE } from "../format/line_bytes.ts";

/** A segment is preallocated by as much as it already holds, within these bounds. */
const AHEAD_BYTES_MIN = 4 * 1024;
const AHEAD_BYTES_MAX = 1024 * 1024;

/** Newlines, as many as the largest preallocation so far. */
let newlines = new Uint8Array();

export class Preallocation {
  /** The size of the file at least: batches, and the newlines after them. */
  #end: number;
  /** After a full disk, nothing is preallocated until the batches reach this offset. */
  #resumeAt = 0;
  #running: Promise<void> | undefined;

  /** @param end The size of the file, which holds only batches. */
  constructor(
    private readonly file: OpenFile,
    end: number,
    /** The size at which a segment gets no more batches, so it needs no newlines beyond. */
    private readonly limit: number,
  ) {
    this.#end = end;
  }

  /**
   * Starts to preallocate more when less than half of the newlines are left, so that they are on
   * disk before they are needed. Nothing else may be written before `settled`.
   */
  keepAhead(batchesEnd: number): void {
    this.#end = Math.max(this.#end, batchesEnd);
    const end = Math.min(bytesAhead(batchesEnd), this.limit);
    const isEnough = 2 * (this.#end - batchesEnd) >= end - batchesEnd;
    if (isEnough || batchesEnd < this.#resumeAt) return;
    this.#running = this.#extend(end);
    this.#running.catch(() => {}); // `settled` reports it.
  }

  /** What the file was extended to: it is never smaller. */
  get end(): number {
    return this.#end;
  }

  /** Resolves when no preallocation is running; rejects if the disk has failed. */
  async settled(): Promise<void> {
    if (this.#running === undefined) return;
    await this.#running;
    this.#running = undefined;
  }

  /** Truncates the file after the last batch; resolves when that is on disk. */
  async cut(batchesEnd: number): Promise<void> {
    await this.file.truncate(batchesEnd);
    await this.file.sync();
    this.#end = batchesEnd;
    this.#resumeAt = bytesAhead(batchesEnd);
  }

  /** Like `cut`, but does nothing if the file already ends with the last batch. */
  async cutAhead(batchesEnd: number): Promise<void> {
    if (this.#end > batchesEnd) await this.cut(batchesEnd);
  }

  async #extend(end: number): Promise<void> {
    try {
      await this.file.write(this.#end, newlinesOf(end - this.#end));
      this.#end = end;
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      // Keeps the newlines that there was space for.
      this.#end = await this.file.size();
      this.#resumeAt = bytesAhead(this.#end);
    }
    await this.file.sync();
  }
}

/** The size to preallocate to when the batches end at `batchesEnd`. */
function bytesAhead(batchesEnd: number): number {
  return batchesEnd + Math.min(Math.max(batchesEnd, AHEAD_BYTES_MIN), AHEAD_BYTES_MAX);
}

function newlinesOf(count: number): Uint8Array {
  if (newlines.length < count) newlines = new Uint8Array(count).fill(NEWLINE);
  return newlines.subarray(0, count);
}
