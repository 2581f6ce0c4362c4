/** Positions and other numbers in ascending order, and entries in the order of the journal. */

/** Each number once. */
export function ascending(numbers: Iterable<number>): readonly number[] {
  return [...new Set(numbers)].sort((left, right) => left - right);
}

/** What is at positions of the journal, such as entries, in its order. */
export function inOrder<At extends { readonly logId: number }>(all: Iterable<At>): readonly At[] {
  return [...all].sort((left, right) => left.logId - right.logId);
}

/**
 * The first index at which a condition is met, from `start` up to `end`; `end` if there is none.
 *
 * @param isMet Once it is met at an index, it is met at all later ones.
 */
export function firstIndex(start: number, end: number, isMet: (index: number) => boolean): number {
  let [low, high] = [start, end];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isMet(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
