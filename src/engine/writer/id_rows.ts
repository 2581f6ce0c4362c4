/**
 * A hash table from event ids, as 53-bit hashes, to positions. A hit is a candidate: reading the
 * entry confirms it. Each id takes about 40 bytes.
 */

import type { EventId, LogId } from "../../core/ids.ts";
import { HASH_SEED, mixed } from "../views/text_hash.ts";

export type IdRow = readonly [hash: number, logId: LogId];

const FIRST_CAPACITY = 1 << 10;
/** The table grows when this many eighths of its slots are in use. */
const LOAD_EIGHTHS_MAX = 5;
const HIGH_UNIT = 2 ** 32;
const HIGH_MASK = 2 ** 21 - 1;
const OTHER_SEED = 0x2545f491;
const NONE: readonly LogId[] = [];

export class IdRows implements Iterable<IdRow> {
  /** Slots of [hash, logId]; a logId of 0 marks an empty slot. The slot count is a power of 2. */
  #slots = new Float64Array(FIRST_CAPACITY * 2);
  #mask = FIRST_CAPACITY - 1;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(hash: number, logId: LogId): void {
    if (this.#size * 8 >= (this.#mask + 1) * LOAD_EIGHTHS_MAX) this.#grow();
    const slots = this.#slots;
    const mask = this.#mask;
    let slot = hash & mask;
    while (slots[slot * 2 + 1] !== 0) slot = (slot + 1) & mask;
    slots[slot * 2] = hash;
    slots[slot * 2 + 1] = logId;
    this.#size++;
  }

  /** The positions of the entries whose ids have this hash: nearly always none or one. */
  at(hash: number): readonly LogId[] {
    let found: LogId[] | undefined;
    for (let slot = hash & this.#mask;; slot = (slot + 1) & this.#mask) {
      const logId = this.#slots[slot * 2 + 1] ?? 0;
      if (logId === 0) return found ?? NONE;
      if (this.#slots[slot * 2] === hash) (found ??= []).push(logId);
    }
  }

  clear(): void {
    if (this.#mask >= FIRST_CAPACITY) this.#slots = new Float64Array(FIRST_CAPACITY * 2);
    else this.#slots.fill(0);
    this.#mask = FIRST_CAPACITY - 1;
    this.#size = 0;
  }

  *[Symbol.iterator](): Iterator<IdRow> {
    for (let at = 0; at < this.#slots.length; at += 2) {
      const logId = this.#slots[at + 1] ?? 0;
      if (logId !== 0) yield [this.#slots[at] ?? 0, logId];
    }
  }

  /** A copy of all rows, in the order of their entries. */
  capture(): Float64Array {
    return new Float64Array([...this].sort(([, left], [, right]) => left - right).flat());
  }

  /** Restores what `capture` returned. */
  restore(rows: Float64Array): void {
    for (let at = 0; at + 1 < rows.length; at += 2) this.add(rows[at] ?? 0, rows[at + 1] ?? 0);
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Float64Array(before.length * 2);
    this.#mask = this.#slots.length / 2 - 1;
    this.#size = 0;
    for (let at = 0; at < before.length; at += 2) {
      const logId = before[at + 1] ?? 0;
      if (logId !== 0) this.add(before[at] ?? 0, logId);
    }
  }
}

/** An integer from 0 to 2^53 - 1: two hashes like FNV-1a, with different seeds and multipliers. */
export function eventIdHash(eventId: EventId): number {
  let [low, high] = [HASH_SEED, OTHER_SEED];
  for (let index = 0; index < eventId.length; index++) {
    const code = eventId.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ code, 0x85ebca6b);
  }
  return (mixed(high) & HIGH_MASK) * HIGH_UNIT + mixed(low);
}
