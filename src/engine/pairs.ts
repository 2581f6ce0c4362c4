/** Pairs of numbers below 2^32, one after the other in one array. */

/** The same pairs in an order that goes by nothing but what they are; half a pair is left out. */
export function pairsSorted(words: Uint32Array): Uint32Array {
  const pairs = new BigUint64Array(words.length >> 1);
  const sorted = new Uint32Array(pairs.buffer);
  sorted.set(words.subarray(0, sorted.length));
  pairs.sort();
  return sorted;
}
