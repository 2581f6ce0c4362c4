/**
 * Postings that are never changed: all keys, which ascend, and then all positions, of one key the
 * newest first.
 */

import type { LogId } from "../../core/ids.ts";

export class SortedPostings {
  readonly words: Uint32Array;
  readonly #size: number;
  #filled = 0;

  /** @param words Room for what is appended; or all of it, to be read. */
  constructor(words: Uint32Array) {
    this.words = words;
    this.#size = words.length >>> 1;
  }

  get size(): number {
    return this.#size;
  }

  /** @param key Above all that were appended before. */
  append(key: number, positions: readonly LogId[]): void {
    const end = this.#filled + positions.length;
    this.words.fill(key, this.#filled, end);
    this.words.set(positions, this.#size + this.#filled);
    this.#filled = end;
  }

  /** Positions of a key, the newest first, at most `limit`. */
  newest(key: number, limit: number): Uint32Array {
    const { words } = this;
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((words[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    let end = low;
    while (end < this.#size && end - low < limit && words[end] === key) end++;
    return words.subarray(this.#size + low, this.#size + end);
  }

  /**
   * All of several in one; of each key so many positions at most.
   *
   * @param parts The newest first.
   */
  static merged(parts: readonly SortedPostings[], limit: number): SortedPostings {
    const room = new Uint32Array(2 * parts.reduce((sum, { size }) => sum + size, 0));
    const size = room.length >>> 1;
    const at = parts.map(() => 0);
    let filled = 0;
    for (;;) {
      const key = leastOf(parts, at);
      if (key === Infinity) break;
      const begin = filled;
      for (const [index, { words, size: partSize }] of parts.entries()) {
        let from = at[index] ?? 0;
        for (; from < partSize && words[from] === key; from++) {
          if (filled - begin === limit) continue;
          room[filled] = key;
          room[size + filled++] = words[partSize + from] ?? 0;
        }
        at[index] = from;
      }
    }
    if (filled === size) return new SortedPostings(room);
    const words = new Uint32Array(2 * filled);
    words.set(room.subarray(0, filled));
    words.set(room.subarray(size, size + filled), filled);
    return new SortedPostings(words);
  }
}

function leastOf(parts: readonly SortedPostings[], at: readonly number[]): number {
  let least = Infinity;
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    const place = at[index] ?? 0;
    if (part === undefined || place >= part.size) continue;
    const key = part.words[place] ?? 0;
    if (key < least) least = key;
  }
  return least;
}
