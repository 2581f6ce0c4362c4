/**
 * The line index of one segment. It stores only blocks of neighbouring lines, at about two thirds
 * of a byte per entry; a line is found by scanning from the start of its block. Its line number
 * needs no read, because the index also stores where batches begin.
 */

import { firstIndex } from "../../core/ascending.ts";

/** The size at which a block is full, so that little is read to find one line. */
const BLOCK_BYTES = 8 * 1024;
/** One bit per line marks where batches begin. */
const BLOCK_LINES_MAX = 32;

/** The fields of a block, each a 32-bit number. */
const ENTRY = 0, OFFSET = 1, LINE = 2, BATCHES = 3, FIELDS = 4;
const INITIAL_BLOCKS = 16;
const BLOCK_BYTES_STORED = 4 * FIELDS;

/** How to find a line: by counting newlines from the start of its block. */
export interface LinePlace {
  /** Number of the line, from 1; blank lines count. */
  readonly line: number;
  /** Number of the first line of the block. */
  readonly blockLine: number;
  /** Byte offset where the block begins. */
  readonly blockStart: number;
  /** Byte offset where the next block begins; `undefined` when it is the last. */
  readonly blockEnd: number | undefined;
}

export class LineIndex {
  #blocks = new Uint32Array(INITIAL_BLOCKS * FIELDS);
  /** Index of the last block in `#blocks`; negative before the first. */
  #last = -FIELDS;
  #entries = 0;
  #lines = 0;

  /**
   * Restores an index from its `blocks`, `count` and `lines`. No more batches can be added.
   *
   * @param blocks Little-endian.
   */
  static of(blocks: Uint8Array, entries: number, lines: number): LineIndex {
    const index = new LineIndex();
    const count = Math.floor(blocks.length / BLOCK_BYTES_STORED) * FIELDS;
    index.#blocks = new Uint32Array(count);
    const view = new DataView(blocks.buffer, blocks.byteOffset, blocks.length);
    for (let at = 0; at < count; at++) index.#blocks[at] = view.getUint32(4 * at, true);
    index.#last = count - FIELDS;
    index.#entries = entries;
    index.#lines = lines;
    return index;
  }

  /** Number of entries. */
  get count(): number {
    return this.#entries;
  }

  /** Number of lines, including blank ones. */
  get lines(): number {
    return this.#lines;
  }

  /** The blocks as bytes, little-endian. */
  get blocks(): Uint8Array {
    const count = this.#last + FIELDS;
    const view = new DataView(new ArrayBuffer(4 * count));
    for (let at = 0; at < count; at++) view.setUint32(4 * at, this.#blocks[at] ?? 0, true);
    return new Uint8Array(view.buffer);
  }

  /** Adds a batch, given the byte offsets of its lines relative to `origin`. */
  add(offsets: readonly number[], origin = 0): void {
    this.#lines++; // The blank line before the batch.
    let opensBatch = true;
    for (const offset of offsets) {
      this.#addLine(origin + offset, opensBatch);
      opensBatch = false;
    }
  }

  /** The place of the line of an entry, numbered from 0; `undefined` past the last. */
  find(entry: number): LinePlace | undefined {
    if (entry < 0 || entry >= this.#entries) return undefined;
    const block = this.#blockOf(entry);
    const distance = entry - this.#field(block, ENTRY);
    const blockLine = this.#field(block, LINE);
    return {
      line: blockLine + distance + bitsUpTo(this.#field(block, BATCHES), distance),
      blockLine,
      blockStart: this.#field(block, OFFSET),
      blockEnd: block === this.#last ? undefined : this.#field(block + FIELDS, OFFSET),
    };
  }

  /** Frees memory allocated for further lines. */
  trim(): void {
    this.#blocks = this.#blocks.slice(0, this.#last + FIELDS);
  }

  #addLine(offset: number, opensBatch: boolean): void {
    this.#lines++;
    const distance = this.#entries++ - this.#field(this.#last, ENTRY);
    const bytes = offset - this.#field(this.#last, OFFSET);
    if (this.#last < 0 || distance >= BLOCK_LINES_MAX || bytes >= BLOCK_BYTES) {
      this.#beginBlock(offset);
    } else if (opensBatch) {
      this.#set(BATCHES, this.#field(this.#last, BATCHES) | (1 << distance));
    }
  }

  #beginBlock(offset: number): void {
    this.#last += FIELDS;
    if (this.#last >= this.#blocks.length) {
      const larger = new Uint32Array(2 * this.#blocks.length + INITIAL_BLOCKS * FIELDS);
      larger.set(this.#blocks);
      this.#blocks = larger;
    }
    this.#set(ENTRY, this.#entries - 1);
    this.#set(OFFSET, offset);
    this.#set(LINE, this.#lines);
  }

  /** The last block that begins at or before an entry. */
  #blockOf(entry: number): number {
    const blocks = this.#last / FIELDS + 1;
    return FIELDS * (firstIndex(1, blocks, (at) => this.#field(at * FIELDS, ENTRY) > entry) - 1);
  }

  #field(block: number, field: number): number {
    return this.#blocks[block + field] ?? 0;
  }

  #set(field: number, value: number): void {
    this.#blocks[this.#last + field] = value;
  }
}

/** The number of bits set in a word, up to and including the one at `place`. */
function bitsUpTo(word: number, place: number): number {
  let count = 0;
  for (let rest = word & ((2 << place) - 1); rest !== 0; rest &= rest - 1) count++;
  return count;
}
