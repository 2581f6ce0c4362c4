/** Where each line of one segment begins. */

import { lineStarts } from "./utf8.ts";

const INITIAL_LINES = 1024;

/** Byte offsets below 2^32, in the order of the positions of the segment. */
export class LineIndex {
  #offsets = new Uint32Array(INITIAL_LINES);
  #count = 0;

  /** Lines. */
  get count(): number {
    return this.#count;
  }

  add(offset: number): void {
    if (this.#count === this.#offsets.length) {
      const larger = new Uint32Array(2 * this.#count);
      larger.set(this.#offsets);
      this.#offsets = larger;
    }
    this.#offsets[this.#count++] = offset;
  }

  /** Byte offset of a line, counted from 0; `undefined` past the last. */
  at(line: number): number | undefined {
    return line < this.#count ? this.#offsets[line] : undefined;
  }
}

/** The index of a segment that is known to be whole: blank lines are no entries. */
export function indexOfLines(bytes: Uint8Array): LineIndex {
  const index = new LineIndex();
  for (const start of lineStarts(bytes)) index.add(start);
  return index;
}
