/**
 * Which event ids the journal holds. It keeps a 64-bit hash and a position for each, in
 * about 20 bytes, since the ids themselves would take ten times as much; a hit is a
 * candidate that the caller confirms by reading the entry.
 */

import type { LogId } from "../core/ids.ts";

const SLOT_WORDS = 3;
const LOAD_MAX = 0.7;

export class EventIdIndex {
  /** Slots of [hash, hash, logId]; a logId of 0 is an empty slot. */
  #slots: Uint32Array;
  #capacity: number;
  #size = 0;

  constructor(capacity = 1024) {
    this.#capacity = capacity;
    this.#slots = new Uint32Array(capacity * SLOT_WORDS);
  }

  get size(): number {
    return this.#size;
  }

  add(eventId: string, logId: LogId): void {
    this.#addHash(hashOf(eventId, 0x9e3779b9), hashOf(eventId, 0x85ebca6b), logId);
  }

  /** The entries that may have this id: nearly always none or one. */
  candidates(eventId: string): readonly LogId[] {
    const high = hashOf(eventId, 0x9e3779b9);
    const low = hashOf(eventId, 0x85ebca6b);
    const found: LogId[] = [];
    for (let slot = high % this.#capacity;; slot = (slot + 1) % this.#capacity) {
      const at = slot * SLOT_WORDS;
      const logId = this.#slots[at + 2] ?? 0;
      if (logId === 0) return found;
      if (this.#slots[at] === high && this.#slots[at + 1] === low) found.push(logId);
    }
  }

  /** All filled slots, as they are now. */
  capture(): Uint32Array {
    const packed = new Uint32Array(this.#size * SLOT_WORDS);
    let to = 0;
    for (let at = 0; at < this.#slots.length; at += SLOT_WORDS) {
      if (this.#slots[at + 2] === 0) continue;
      packed.set(this.#slots.subarray(at, at + SLOT_WORDS), to);
      to += SLOT_WORDS;
    }
    return packed;
  }

  /** Takes over what `capture` gave. */
  restore(packed: Uint32Array): void {
    for (let at = 0; at < packed.length; at += SLOT_WORDS) {
      this.#addHash(packed[at] ?? 0, packed[at + 1] ?? 0, packed[at + 2] ?? 0);
    }
  }

  #addHash(high: number, low: number, logId: LogId): void {
    if (this.#size + 1 > this.#capacity * LOAD_MAX) this.#grow();
    let slot = high % this.#capacity;
    while (this.#slots[slot * SLOT_WORDS + 2] !== 0) slot = (slot + 1) % this.#capacity;
    this.#slots[slot * SLOT_WORDS] = high;
    this.#slots[slot * SLOT_WORDS + 1] = low;
    this.#slots[slot * SLOT_WORDS + 2] = logId;
    this.#size++;
  }

  #grow(): void {
    const before = this.capture();
    this.#capacity *= 2;
    this.#slots = new Uint32Array(this.#capacity * SLOT_WORDS);
    this.#size = 0;
    this.restore(before);
  }
}

/** FNV-1a with a final mix, from a seed. */
function hashOf(text: string, seed: number): number {
  let hash = seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}
