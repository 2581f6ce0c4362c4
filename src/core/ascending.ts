/** Positions and other numbers in ascending order. */

/** Each number once. */
export function ascending(numbers: Iterable<number>): readonly number[] {
  return [...new Set(numbers)].sort((left, right) => left - right);
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
