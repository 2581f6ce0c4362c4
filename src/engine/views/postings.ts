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
/** How many entries with one key can be found. */
export const CARRIERS_MAX = 4_096;

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

  /** Calls back with each key, with pauses. Keys that are filed meanwhile are left out. */
  *eachKey(see: (key: number) => void): Work<void> {
    const slots = this.#slots;
    for (let at = 0; at < slots.length; at += 2) {
      if (at % SLOTS_AT_A_TIME === 0) yield;
      if (slots[at + 1] !== 0) see(slots[at] ?? 0);
    }
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
