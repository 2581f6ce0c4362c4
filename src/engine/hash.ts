/** Hashes of texts, of 32 bits. Equal hashes do not prove that texts are equal. */

/** The initial value. */
export const HASH_SEED = 0x811c9dc5;

/** FNV-1a. Source: http://www.isthe.com/chongo/tech/comp/fnv/ */
export function hashed(text: string): number {
  let hash = HASH_SEED;
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
