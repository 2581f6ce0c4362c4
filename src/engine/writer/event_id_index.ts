/**
 * Which event ids the journal holds. It keeps a 32-bit hash and a position for each, in
 * about 16 bytes, since the ids themselves would take ten times as much; a hit is a
 * candidate that the caller confirms by reading the entry. With ten million entries, one
 * new id in four hundred costs such a read for nothing.
 */

import type { LogId } from "../../core/ids.ts";
import { HASH_SEED, hashed, mixed } from "../views/text_hash.ts";

const FIRST_CAPACITY = 1 << 12;
/** Filled further than this, in parts of 8, the table grows. */
const LOAD_EIGHTHS_MAX = 5;
/** A small table grows by more, since moving its slots is most of what a start costs. */
const QUICK_GROWTH_BELOW = 1 << 20;
const NONE: readonly LogId[] = [];

export class EventIdIndex {
  /** Slots of [hash, logId]; a logId of 0 is an empty slot. The number is a power of 2. */
  #slots = new Uint32Array(FIRST_CAPACITY * 2);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(eventId: string, logId: LogId): void {
    this.#insert(hashOf(eventId), logId);
  }

  /** Adds an id, and gives the entries before it that may have the same. */
  addFinding(eventId: string, logId: LogId): readonly LogId[] {
    const hash = hashOf(eventId);
    const found = this.#candidatesOf(hash);
    this.#insert(hash, logId);
    return found;
  }

  /** The entries that may have this id: nearly always none or one. */
  candidates(eventId: string): readonly LogId[] {
    return this.#candidatesOf(hashOf(eventId));
  }

  /** All filled slots, as they are now. */
  capture(): Uint32Array {
    const packed = new Uint32Array(this.#size * 2);
    let to = 0;
    for (let at = 0; at < this.#slots.length; at += 2) {
      if (this.#slots[at + 1] === 0) continue;
      packed[to++] = this.#slots[at] ?? 0;
      packed[to++] = this.#slots[at + 1] ?? 0;
    }
    return packed;
  }

  /** Takes over what `capture` gave. */
  restore(packed: Uint32Array): void {
    for (let at = 0; at < packed.length; at += 2) {
      this.#insert(packed[at] ?? 0, packed[at + 1] ?? 0);
    }
  }

  #candidatesOf(hash: number): readonly LogId[] {
    let found: LogId[] | undefined;
    for (let slot = hash & this.#mask;; slot = (slot + 1) & this.#mask) {
      const logId = this.#slots[slot * 2 + 1] ?? 0;
      if (logId === 0) return found ?? NONE;
      if (this.#slots[slot * 2] === hash) (found ??= []).push(logId);
    }
  }

  #insert(hash: number, logId: LogId): void {
    if (this.#size * 8 >= this.#slots.length / 2 * LOAD_EIGHTHS_MAX) this.#grow();
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = logId;
    this.#size++;
  }

  #grow(): void {
    const before = this.#slots;
    const factor = before.length < QUICK_GROWTH_BELOW ? 4 : 2;
    this.#slots = new Uint32Array(before.length * factor);
    this.#mask = this.#slots.length / 2 - 1;
    this.#size = 0;
    for (let at = 0; at < before.length; at += 2) {
      const logId = before[at + 1] ?? 0;
      if (logId !== 0) this.#insert(before[at] ?? 0, logId);
    }
  }
}

function hashOf(text: string): number {
  return mixed(hashed(HASH_SEED, text));
}
