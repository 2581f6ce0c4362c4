/** A 32-bit hash of text that can be taken piece by piece. Equal texts alone prove nothing. */

/** What a hash begins with. */
export const HASH_SEED = 0x811c9dc5;

/**
 * Takes in more text; the pieces count as one text. FNV-1a.
 * Source: http://www.isthe.com/chongo/tech/comp/fnv/
 */
export function hashed(hash: number, text: string): number {
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash;
}

/** Spreads a hash over all 32 bits; the last thing done to it. */
export function mixed(hash: number): number {
  hash = Math.imul(hash ^ (hash >>> 16), 0x7feb352d);
  return (hash ^ (hash >>> 15)) >>> 0;
}
