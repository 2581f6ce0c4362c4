/** Whole numbers, as headers and queries write them. */

/** The number that decimal digits write, or `undefined` for any other text. */
export function wholeNumberOf(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
