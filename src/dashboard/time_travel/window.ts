/** The part of a long list that a page shows: around what one looks at. */

export interface Window {
  /** Index of the first that is shown. */
  readonly start: number;
  /** Index after the last that is shown. */
  readonly end: number;
}

/** So many of a list around an index, or fewer where the list has no more. */
export function windowAround(index: number, length: number, sizeMax: number): Window {
  const size = Math.min(sizeMax, length);
  const start = Math.max(0, Math.min(index - (size >> 1), length - size));
  return { start, end: start + size };
}
