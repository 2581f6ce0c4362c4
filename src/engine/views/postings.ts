/**
 * Positions by key, newest first: a posting is a position and a link to the posting before
 * it with the same key, eight bytes in all, and a table leads from the hash of a key to
 * its newest posting. Two keys of one hash share a chain: who reads the entries tells.
 */

import type { Work } from "../../core/at_once.ts";
import type { LogId } from "../../core/ids.ts";
import { BUCKET_BITS } from "./value_runs.ts";

const FIRST_CAPACITY = 1 << 10;
/** Filled further than this, in parts of 8, the table grows. */
const LOAD_EIGHTHS_MAX = 5;
const SLOTS_AT_A_TIME = 1 << 13;
const BUCKETS_AT_A_TIME = 16;

export class Postings {
  /** Pairs of [position, 1 + index of the posting before it with this key, or 0]. */
  #postings = new Uint32Array(FIRST_CAPACITY * 2);
  #size = 0;
  /** Slots of [hash, 1 + index of its newest posting]; the number is a power of 2. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  #keys = 0;

  get size(): number {
    return this.#size;
  }

  /** The position filed last; 0 when there is none. */
  get last(): LogId {
    return this.#postings[this.#size * 2 - 2] ?? 0;
  }

  /** What it holds in memory. */
  get bytes(): number {
    return this.#postings.byteLength + this.#slots.byteLength;
  }

  /** Files a position, which is not below any filed before. */
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

  /** Positions filed under a key, newest first, at most `limit`. */
  newest(hash: number, limit: number): LogId[] {
    return this.#chain(this.#slots[slotOf(this.#slots, hash) + 1] ?? 0, limit);
  }

  #chain(head: number, limit: number): LogId[] {
    const found: LogId[] = [];
    for (let next = head; next > 0 && found.length < limit;) {
      found.push(this.#postings[next * 2 - 2] ?? 0);
      next = this.#postings[next * 2 - 1] ?? 0;
    }
    return found;
  }

  /**
   * All of it in buckets, as work with pauses: of each key its hash, how many positions follow,
   * and the newest of them, at most `limit`. What is filed meanwhile is not in it.
   */
  *buckets(limit: number): Work<readonly Uint32Array[]> {
    const slots = this.#slots;
    const sizes = new Uint32Array(1 << BUCKET_BITS);
    const hashes: number[][] = Array.from({ length: 1 << BUCKET_BITS }, () => []);
    for (let at = 0; at < slots.length; at += 2) {
      if (at % SLOTS_AT_A_TIME === 0) yield;
      if (slots[at + 1] === 0) continue;
      const hash = slots[at] ?? 0;
      const bucket = hash >>> (32 - BUCKET_BITS);
      hashes[bucket]?.push(hash);
      sizes[bucket] = (sizes[bucket] ?? 0) + 2 + this.#length(slots[at + 1] ?? 0, limit);
    }
    const buckets: Uint32Array[] = [];
    for (const [bucket, keys] of hashes.entries()) {
      if (bucket % BUCKETS_AT_A_TIME === 0) yield;
      buckets.push(this.#bucket(keys.sort(byNumber), sizes[bucket] ?? 0, limit));
    }
    return buckets;
  }

  #length(head: number, limit: number): number {
    let length = 0;
    for (let next = head; next > 0 && length < limit; length++) {
      next = this.#postings[next * 2 - 1] ?? 0;
    }
    return length;
  }

  #bucket(keys: readonly number[], size: number, limit: number): Uint32Array {
    const packed = new Uint32Array(size);
    let to = 0;
    for (const hash of keys) {
      const count = to + 1;
      packed[to] = hash;
      to += 2;
      let next = this.#slots[slotOf(this.#slots, hash) + 1] ?? 0;
      for (; next > 0 && to - count <= limit; next = this.#postings[next * 2 - 1] ?? 0) {
        packed[to++] = this.#postings[next * 2 - 2] ?? 0;
      }
      packed[count] = to - count - 1;
    }
    return packed;
  }

  /** All postings and filled slots, as they are now. */
  capture(): Uint32Array {
    const packed = new Uint32Array(1 + (this.#size + this.#keys) * 2);
    packed[0] = this.#size;
    packed.set(this.#postings.subarray(0, this.#size * 2), 1);
    let to = 1 + this.#size * 2;
    for (let at = 0; at < this.#slots.length; at += 2) {
      if (this.#slots[at + 1] === 0) continue;
      packed[to++] = this.#slots[at] ?? 0;
      packed[to++] = this.#slots[at + 1] ?? 0;
    }
    return packed;
  }

  /**
   * What was captured, with its slots in an order of their own: two captures of the same
   * postings are then the same, however their tables came about. `undefined` when it is no
   * capture.
   */
  static canonical(packed: Uint32Array): Uint32Array | undefined {
    const end = 1 + (packed[0] ?? 0) * 2;
    if (end > packed.length || (packed.length - end) % 2 !== 0) return undefined;
    const slots = new BigUint64Array(new Uint32Array(packed.subarray(end)).buffer).sort();
    const canonical = new Uint32Array(packed);
    canonical.set(new Uint32Array(slots.buffer), end);
    return canonical;
  }

  static restored(packed: Uint32Array): Postings {
    const restored = new Postings();
    restored.#restore(packed);
    return restored;
  }

  #restore(packed: Uint32Array): void {
    this.#size = packed[0] ?? 0;
    const end = 1 + this.#size * 2;
    while (this.#postings.length < this.#size * 2) this.#growPostings();
    this.#postings.set(packed.subarray(1, end));
    this.#keys = (packed.length - end) / 2;
    let capacity = FIRST_CAPACITY;
    while (this.#keys * 8 >= capacity * LOAD_EIGHTHS_MAX) capacity *= 2;
    this.#slots = rehashed(packed.subarray(end), capacity);
  }

  #growPostings(): void {
    const before = this.#postings;
    this.#postings = new Uint32Array(before.length * 2);
    this.#postings.set(before);
  }

  #growSlots(): void {
    this.#slots = rehashed(this.#slots, this.#slots.length);
  }
}

/** Where the slot of a hash begins: the one that has it, or the empty one for it. */
function slotOf(slots: Uint32Array, hash: number): number {
  const mask = slots.length / 2 - 1;
  let slot = hash & mask;
  while (slots[slot * 2 + 1] !== 0 && slots[slot * 2] !== hash) slot = (slot + 1) & mask;
  return slot * 2;
}

/** A table of so many slots that holds the filled ones of another. */
function rehashed(before: Uint32Array, capacity: number): Uint32Array<ArrayBuffer> {
  const slots = new Uint32Array(capacity * 2);
  for (let at = 0; at < before.length; at += 2) {
    if (before[at + 1] === 0) continue;
    const slot = slotOf(slots, before[at] ?? 0);
    slots[slot] = before[at] ?? 0;
    slots[slot + 1] = before[at + 1] ?? 0;
  }
  return slots;
}

function byNumber(left: number, right: number): number {
  return left - right;
}
