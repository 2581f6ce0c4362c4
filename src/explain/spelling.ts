/** Whether one name may be a misspelling of another. */

import leven from "leven";

/** Longer texts are not names, and comparing them would take long. */
const LENGTH_MAX = 500;
/** Names that are more edits apart are different names. */
const EDITS_MAX = 2;
/**
 * One edit per this many letters counts as a misspelling: nearly all short names are two edits
 * apart.
 */
const LETTERS_OF_EDIT = 4;

/**
 * The distance between two names: 0 when they differ in letter case only, otherwise the letters
 * added, left out or exchanged (Levenshtein distance). `undefined` when they are equal, or more
 * than two edits apart.
 */
export function slipBetween(left: string, right: string): number | undefined {
  if (left === right) return undefined;
  if (left.length === right.length && left.toLowerCase() === right.toLowerCase()) return 0;
  if (left.length > LENGTH_MAX || right.length > LENGTH_MAX) return undefined;
  const edits = leven(left, right, { maxDistance: EDITS_MAX + 1 });
  return edits > EDITS_MAX ? undefined : edits;
}

/** The nearest of some names, the first of several; `undefined` when none is likely. */
export function nearestName(name: string, candidates: Iterable<string>): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const edits = slipBetween(name, candidate);
    const letters = Math.min(name.length, candidate.length);
    if (edits === undefined || edits * LETTERS_OF_EDIT > letters) continue;
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/** `line1` and `line2` are both intended: a digit is never a slip. */
export function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}
