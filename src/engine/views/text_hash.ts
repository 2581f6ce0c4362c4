/** Hashes of text. Equal hashes do not prove that texts are equal. */

import type { EventId } from "../../core/ids.ts";

/** The initial value of a hash of 32 bits. */
export const HASH_SEED = 0x811c9dc5;

/**
 * Adds text. The pieces of a text hash like the whole. FNV-1a.
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function hashed(hash: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** The last step: spreads a hash over all 32 bits. */
export function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}

const OTHER_SEED = 0x2545f491;
const HIGH_UNIT = 2 ** 32;
const HIGH_MASK = 2 ** 21 - 1;

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
