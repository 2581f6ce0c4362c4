/**
 * Newlines that are on disk ahead of the batches, which overwrite them. A file that grows makes
 * the file system commit more than its content at each sync; bytes that are there already only
 * have to be written. Blank lines mean nothing to a reader, so the file can be read at any time.
 */

import { isOutOfRoom } from "./errors.ts";
import type { OpenFile } from "./file_system.ts";

/** A segment is written ahead by as much as it holds already, within these bounds. */
const AHEAD_BYTES_MIN = 4 * 1024;
const AHEAD_BYTES_MAX = 1024 * 1024;

const WINDOW_BYTES = 64 * 1024;
const NEWLINE = 10;

/** Newlines, as many as were ever written at once. */
let newlines = new Uint8Array();

export class Preallocation {
  readonly #file: OpenFile;
  /** A segment gets no more batches from here on, so it needs no newlines. */
  readonly #limit: number;
  /** Bytes of the file: the batches, and the newlines after them. */
  #end: number;
  /** Until the batches get here nothing is written ahead: the disk was full. */
  #resumeAt = 0;
  #running: Promise<void> | undefined;

  /** @param end bytes of the file, which holds batches and nothing else. */
  constructor(file: OpenFile, end: number, limit: number) {
    this.#file = file;
    this.#end = end;
    this.#limit = limit;
  }

  /**
   * Begins to write on when less than half of the newlines is left after the last batch, so
   * that it is done when they are needed. Nothing else may be written before `settled`.
   */
  keepAhead(batchesEnd: number): void {
    this.#end = Math.max(this.#end, batchesEnd);
    const end = Math.min(bytesAhead(batchesEnd), this.#limit);
    const isEnough = 2 * (this.#end - batchesEnd) >= end - batchesEnd;
    if (isEnough || batchesEnd < this.#resumeAt) return;
    this.#running = this.#extend(end);
    this.#running.catch(() => {}); // `settled` reports it.
  }

  /** Resolves when nothing is being written; rejects when the disk has failed. */
  async settled(): Promise<void> {
    if (this.#running === undefined) return;
    await this.#running;
    this.#running = undefined;
  }

  /** Cuts off all that comes after the last batch, and returns when that is on disk. */
  async cut(batchesEnd: number): Promise<void> {
    await this.#file.truncate(batchesEnd);
    await this.#file.sync();
    this.#end = batchesEnd;
    this.#resumeAt = bytesAhead(batchesEnd);
  }

  /** As `cut`, unless the last batch is the end of the file already. */
  async cutAhead(batchesEnd: number): Promise<void> {
    if (this.#end > batchesEnd) await this.cut(batchesEnd);
  }

  async #extend(end: number): Promise<void> {
    try {
      await this.#file.write(this.#end, newlinesOf(end - this.#end));
      this.#end = end;
    } catch (error) {
      if (!isOutOfRoom(error)) throw error;
      // What there was room for is taken, and stays.
      this.#end = await this.#file.size();
      this.#resumeAt = bytesAhead(this.#end);
    }
    await this.#file.sync();
  }
}

/** How far ahead a file is written whose batches end here. */
function bytesAhead(batchesEnd: number): number {
  return batchesEnd + Math.min(Math.max(batchesEnd, AHEAD_BYTES_MIN), AHEAD_BYTES_MAX);
}

/**
 * Bytes of a segment as far as something was written: up to the end of its last line that is
 * not blank. When a batch is being written, some of it may be in them.
 */
export async function writtenBytes(file: OpenFile): Promise<number> {
  const size = await file.size();
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - WINDOW_BYTES);
    const last = lastInLine(await file.read(start, end - start));
    // The newline that ends the line is one of its own.
    if (last !== undefined) return Math.min(start + last + 2, size);
    end = start;
  }
  return 0;
}

/** The offset of the last byte that is not a newline. */
function lastInLine(bytes: Uint8Array): number | undefined {
  for (let at = bytes.length - 1; at >= 0; at--) if (bytes[at] !== NEWLINE) return at;
  return undefined;
}

function newlinesOf(count: number): Uint8Array {
  if (newlines.length < count) newlines = new Uint8Array(count).fill(NEWLINE);
  return newlines.subarray(0, count);
}
