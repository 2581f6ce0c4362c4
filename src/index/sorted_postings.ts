/** Postings in the form in which a file keeps them: sorted by key, in buckets of a common prefix. */

import type { LogId } from "../core/ids.ts";
import type { Work } from "../core/work.ts";
import { CARRIERS_MAX, type Postings } from "../engine/views/postings.ts";

const BUCKETS_AT_A_TIME = 32;

export interface KeyBucket {
  readonly number: number;
  readonly postings: SortedPostings;
}

/** @param bits How many of the first bits of a key name its bucket. */
export function bucketNumber(key: number, bits: number): number {
  return key >>> (32 - bits);
}

/**
 * Copies all postings into buckets, with pauses. Empty buckets are left out.
 *
 * @param bits See `bucketNumber`.
 */
export function* bucketsIn(postings: Postings, bits: number): Work<readonly KeyBucket[]> {
  const keys: number[][] = Array.from({ length: 1 << bits }, () => []);
  yield* postings.eachKey((key) => void keys[bucketNumber(key, bits)]?.push(key));
  const buckets: KeyBucket[] = [];
  for (const [number, ofBucket] of keys.entries()) {
    if (number % BUCKETS_AT_A_TIME === 0) yield;
    if (ofBucket.length > 0) buckets.push({ number, postings: sorted(postings, ofBucket) });
  }
  return buckets;
}

function sorted(postings: Postings, keys: number[]): SortedPostings {
  keys.sort((left, right) => left - right);
  const found = keys.map((key) => postings.newest(key, CARRIERS_MAX));
  const size = found.reduce((sum, positions) => sum + positions.length, 0);
  const sorted = new SortedPostings(new Uint32Array(2 * size));
  for (const [index, positions] of found.entries()) sorted.append(keys[index] ?? 0, positions);
  return sorted;
}

/** Immutable postings: all keys in ascending order, then their positions, newest first. */
export class SortedPostings {
  readonly #size: number;
  #filled = 0;

  /** @param words Room for what is appended, or complete postings to read. */
  constructor(readonly words: Uint32Array) {
    this.#size = words.length >>> 1;
  }

  get size(): number {
    return this.#size;
  }

  /** @param key Must be above all keys appended before. */
  append(key: number, positions: readonly LogId[]): void {
    const end = this.#filled + positions.length;
    this.words.fill(key, this.#filled, end);
    this.words.set(positions, this.#size + this.#filled);
    this.#filled = end;
  }

  /** Positions of a key, newest first, at most `limit`. */
  newest(key: number, limit: number): Uint32Array {
    const { words } = this;
    const begin = this.#indexOf(key);
    let end = begin;
    while (end < this.#size && end - begin < limit && words[end] === key) end++;
    return words.subarray(this.#size + begin, this.#size + end);
  }

  /** The index of the first key that is not below this one. */
  #indexOf(key: number): number {
    let [low, high] = [0, this.#size];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.words[middle] ?? 0) < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The postings with keys from `from` up to, but without, `to`. */
  between(from: number, to: number): SortedPostings {
    const [begin, end] = [this.#indexOf(from), this.#indexOf(to)];
    if (begin === 0 && end === this.#size) return this;
    const words = new Uint32Array(2 * (end - begin));
    words.set(this.words.subarray(begin, end));
    words.set(this.words.subarray(this.#size + begin, this.#size + end), end - begin);
    return new SortedPostings(words);
  }

  /** Concatenates several, the keys of each above those of the one before. */
  static joined(parts: readonly SortedPostings[]): SortedPostings {
    const [first] = parts;
    if (first !== undefined && parts.length === 1) return first;
    const all = new SortedPostings(
      new Uint32Array(2 * parts.reduce((sum, { size }) => sum + size, 0)),
    );
    for (const { words, size } of parts) {
      all.words.set(words.subarray(0, size), all.#filled);
      all.words.set(words.subarray(size), all.#size + all.#filled);
      all.#filled += size;
    }
    return all;
  }

  /**
   * Merges several into one, with at most `limit` positions of each key.
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
