/**
 * Positions by key, newest first. A posting is a position and a link to the previous posting with
 * the same key, eight bytes in all. A table leads from the hash of a key to its newest posting. Two
 * keys with the same hash share a chain, so the reader must check the entries.
 */

import type { Work } from "../../core/work.ts";
import type { LogId } from "../../core/ids.ts";

const FIRST_CAPACITY = 1 << 10;
/** The table grows when more than this many eighths are used. */
const LOAD_EIGHTHS_MAX = 5;
const SLOTS_AT_A_TIME = 1 << 13;
const BUCKETS_AT_A_TIME = 32;
/** How many entries with one key can be found. */
export const CARRIERS_MAX = 4_096;

export interface KeyBucket {
  readonly number: number;
  readonly postings: SortedPostings;
}

/** @param bits How many of the first bits of a key name its bucket. */
export function bucketNumber(key: number, bits: number): number {
  return key >>> (32 - bits);
}

export class Postings {
  /** Pairs of [position, 1 + index of the posting before it with this key, or 0]. */
  #postings = new Uint32Array(FIRST_CAPACITY * 2);
  #size = 0;
  /** Slots of [hash, 1 + index of its newest posting]; their number is a power of 2. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  #keys = 0;

  get size(): number {
    return this.#size;
  }

  /** The last filed position; 0 when there is none. */
  get last(): LogId {
    return this.#postings[this.#size * 2 - 2] ?? 0;
  }

  get bytes(): number {
    return this.#postings.byteLength + this.#slots.byteLength;
  }

  /** Files a position, which must not be below those filed before. */
  add(hash: number, logId: LogId): void {
    if (this.#size * 2 === this.#postings.length) this.#growPostings();
    if (this.#keys * 8 >= this.#slots.length / 2 * LOAD_EIGHTHS_MAX) this.#growSlots();
    const slot = slotOf(this.#slots, hash);
    const before = this.#slots[slot + 1] ?? 0;
    if (before === 0) this.#keys++;
    this.#postings[this.#size * 2] = logId;
    this.#postings[this.#size * 2 + 1] = before;
    this.#slots[slot] = hash;
    this.#slots[slot + 1] = ++this.#size;
  }

  newest(hash: number, limit: number): LogId[] {
    const found: LogId[] = [];
    let next = this.#slots[slotOf(this.#slots, hash) + 1] ?? 0;
    while (next > 0 && found.length < limit) {
      found.push(this.#postings[next * 2 - 2] ?? 0);
      next = this.#postings[next * 2 - 1] ?? 0;
    }
    return found;
  }

  /**
   * Copies everything into buckets, with pauses. Empty buckets are left out, and so is what is
   * filed meanwhile.
   *
   * @param bits See `bucketNumber`.
   */
  *buckets(bits: number): Work<readonly KeyBucket[]> {
    const slots = this.#slots;
    const keys: number[][] = Array.from({ length: 1 << bits }, () => []);
    for (let at = 0; at < slots.length; at += 2) {
      if (at % SLOTS_AT_A_TIME === 0) yield;
      const key = slots[at] ?? 0;
      if (slots[at + 1] !== 0) keys[bucketNumber(key, bits)]?.push(key);
    }
    const buckets: KeyBucket[] = [];
    for (const [number, ofBucket] of keys.entries()) {
      if (number % BUCKETS_AT_A_TIME === 0) yield;
      if (ofBucket.length > 0) buckets.push({ number, postings: this.#bucket(ofBucket) });
    }
    return buckets;
  }

  #bucket(keys: number[]): SortedPostings {
    const found = keys.sort(byNumber).map((key) => this.newest(key, CARRIERS_MAX));
    const size = found.reduce((sum, positions) => sum + positions.length, 0);
    const sorted = new SortedPostings(new Uint32Array(2 * size));
    for (const [index, positions] of found.entries()) sorted.append(keys[index] ?? 0, positions);
    return sorted;
  }

  #growPostings(): void {
    const before = this.#postings;
    this.#postings = new Uint32Array(before.length * 2);
    this.#postings.set(before);
  }

  #growSlots(): void {
    const before = this.#slots;
    this.#slots = new Uint32Array(before.length * 2);
    for (let at = 0; at < before.length; at += 2) {
      if (before[at + 1] === 0) continue;
      const slot = slotOf(this.#slots, before[at] ?? 0);
      this.#slots[slot] = before[at] ?? 0;
      this.#slots[slot + 1] = before[at + 1] ?? 0;
    }
  }
}

/** The slot that has a hash, or the empty slot for it. */
function slotOf(slots: Uint32Array, hash: number): number {
  const mask = slots.length / 2 - 1;
  // The last bit is the same in nearly all keys.
  let slot = (hash >>> 1) & mask;
  while (slots[slot * 2 + 1] !== 0 && slots[slot * 2] !== hash) slot = (slot + 1) & mask;
  return slot * 2;
}

function byNumber(left: number, right: number): number {
  return left - right;
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
