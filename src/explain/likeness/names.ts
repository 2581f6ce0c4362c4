/** Whether one name may have been meant by another: names of types, paths and options. */

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

/**
 * The nearest of some names, the first of several; `undefined` when none is likely.
 *
 * @param lettersOfEdit How long the names must be for each edit.
 */
export function nearestName(
  name: string,
  candidates: Iterable<string>,
  lettersOfEdit = LETTERS_OF_EDIT,
): string | undefined {
  let nearest: string | undefined;
  let fewest = Infinity;
  for (const candidate of candidates) {
    const edits = slipBetween(name, candidate);
    const letters = Math.min(name.length, candidate.length);
    if (edits === undefined || edits * lettersOfEdit > letters) continue;
    if (edits < fewest) [nearest, fewest] = [candidate, edits];
  }
  return nearest;
}

/** `line1` and `line2` are both intended: a digit is never a slip. */
export function digitsOf(text: string): string {
  return text.replace(/\D/g, "");
}

/** In shorter names a different letter means a different name. */
const LETTERS_MIN = 5;

/**
 * How a type differs from the expected one, if they are similar: `letter case`, `another
 * namespace`, `singular and plural`, `a letter differs`, `a part more`, `the order of its
 * parts`. `undefined` for the same type, and for one that is not easily confused with it.
 */
export function neighbourhood(expected: string, found: string): string | undefined {
  if (
    expected === found || digitsOf(expected) !== digitsOf(found) && sameLetters(expected, found)
  ) {
    return undefined;
  }
  const [wanted, has] = [partsOf(expected), partsOf(found)];
  if (wanted.join(".") === has.join(".")) return "letter case and dividers only";
  if (wanted.map(singular).join(".") === has.map(singular).join(".")) return "singular and plural";
  const [name = "", otherName = ""] = [wanted.at(-1), has.at(-1)];
  if (isInserted(wanted, has) || isInserted(has, wanted)) {
    return wanted.length < has.length ? "a part more" : "a part less";
  }
  if (areSame(wanted.toSorted(), has.toSorted())) return "the order of its parts";
  if (isAlike(name, otherName)) return sameName(wanted, has, expected);
  const isSameNamespace = areSame(wanted.slice(0, -1), has.slice(0, -1));
  return isSameNamespace && isLonger(name, otherName) ? "a longer or shorter name" : undefined;
}

/** The names match. This compares the namespaces. */
function sameName(
  wanted: readonly string[],
  has: readonly string[],
  expected: string,
): string | undefined {
  const [spaces, others] = [wanted.slice(0, -1), has.slice(0, -1)];
  if (areSame(spaces, others)) return lettersText(wanted.at(-1) ?? "", has.at(-1) ?? "");
  const differing = spaces.filter((part, at) => !isAlike(part, others[at] ?? ""));
  const isNear = spaces.length === others.length && differing.length === 0;
  if (isNear) return "its namespace is spelled differently";
  // Many things can be `Completed`; `ShipmentCompleted` means one thing in any namespace.
  const saysAll = countWords(expected.split(".").at(-1) ?? "") > 1;
  return saysAll || differing.length <= 1 && spaces.length > 1 ? "another namespace" : undefined;
}

/** How two names that are spelled nearly alike differ. */
function lettersText(left: string, right: string): string {
  if (slipBetween(left, right) === 1) return "a letter differs";
  const differing = [...left].filter((letter, at) => letter !== right[at]).length;
  const isSwap = differing === 2 && areSame([...left].toSorted(), [...right].toSorted());
  return isSwap ? "two letters are swapped" : "two letters differ";
}

/** In lower case, without separators within the parts. */
function partsOf(type: string): readonly string[] {
  return type.toLowerCase().split(".").map((part) => part.replace(/[_-]/g, ""));
}

function singular(part: string): string {
  return part.endsWith("ies") ? `${part.slice(0, -3)}y` : part.replace(/(?<=[a-z]{2})e?s$/, "")
    .replace(/s(?=[a-z]+ed$)/, "");
}

function countWords(name: string): number {
  return name.split(/[_-]|(?<=[a-z\d])(?=[A-Z])/).length;
}

function isAlike(left: string, right: string): boolean {
  if (left === right || singular(left) === singular(right)) return true;
  if (Math.min(left.length, right.length) < LETTERS_MIN) return false;
  if (digitsOf(left) !== digitsOf(right)) return false;
  const slip = slipBetween(left, right);
  return slip !== undefined && slip * LETTERS_MIN <= Math.min(left.length, right.length);
}

/** `line1` and `line2` are both intended. */
function sameLetters(left: string, right: string): boolean {
  return left.replace(/\d/g, "") === right.replace(/\d/g, "");
}

/** Whether one name is the beginning or the end of the other: `Received` and `PaymentReceived`. */
function isLonger(left: string, right: string): boolean {
  const [short = "", long = ""] = [left, right].toSorted((a, b) => a.length - b.length);
  return short.length >= LETTERS_MIN && (long.endsWith(short) || long.startsWith(short));
}

/** Whether the longer one has exactly one more part, anywhere. */
function isInserted(short: readonly string[], long: readonly string[]): boolean {
  if (long.length !== short.length + 1) return false;
  let at = 0;
  while (at < short.length && short[at] === long[at]) at++;
  return areSame(short.slice(at), long.slice(at + 1));
}

function areSame(left: readonly string[], right: readonly string[]): boolean {
  return left.length === right.length && left.every((part, at) => part === right[at]);
}
