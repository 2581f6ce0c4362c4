/** Whether one name may be a slip of the pen for another. */

/** More edits than this make another name. */
const EDITS_MAX = 2;
/** One edit is a slip in so many letters: nearly all short names are two edits apart. */
const LETTERS_OF_EDIT = 4;

/**
 * How far two names are apart: 0 when they differ in letter case only, otherwise the
 * letters added, left out or exchanged (Levenshtein distance). `undefined` when they are
 * equal, or more than two edits apart; that is found out after a few letters.
 */
export function slipBetween(left: string, right: string): number | undefined {
  if (left === right) return undefined;
  if (left.length === right.length && left.toLowerCase() === right.toLowerCase()) return 0;
  for (let edits = 1; edits <= EDITS_MAX; edits++) {
    if (isWithin(edits, left, right, 0, 0)) return edits;
  }
  return undefined;
}

/** The nearest of some names, the first of several; `undefined` when none may be meant. */
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

/** Whether the rest of one text becomes the rest of the other in so many edits. */
function isWithin(edits: number, left: string, right: string, l: number, r: number): boolean {
  while (l < left.length && left[l] === right[r]) [l, r] = [l + 1, r + 1];
  const [restLeft, restRight] = [left.length - l, right.length - r];
  if (restLeft === 0 || restRight === 0) return restLeft + restRight <= edits;
  if (edits === 0 || Math.abs(restLeft - restRight) > edits) return false;
  return isWithin(edits - 1, left, right, l + 1, r + 1) ||
    isWithin(edits - 1, left, right, l + 1, r) ||
    isWithin(edits - 1, left, right, l, r + 1);
}
