/**
 * Whether one value may be a misspelling of another, such as `"R-40O"` of `"R-400"`. The rule, for
 * loose forms of at least four characters: a letter and a digit that look alike are exchanged, or
 * in a word of at least four letters one letter is wrong, missing or added. A wrong digit is not a
 * misspelling: `7118` and `7119` are two orders.
 */

import type { JsonScalar } from "../../core/json.ts";
import { looseForm } from "./loose_form.ts";

const LENGTH_MIN = 4;
const LENGTH_MAX = 40;
const WORD_MIN = 4;
const LETTERS = "abcdefghijklmnopqrstuvwxyz";

/** Letters that are confused with a digit. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "0": "odq",
  "1": "il",
  "2": "z",
  "4": "a",
  "5": "s",
  "6": "bg",
  "7": "t",
  "8": "b",
  "9": "gq",
};

/** The description of such a value in an explanation. */
export const SLIP_TEXT = "one letter off";

export function isSpellingSlip(expected: JsonScalar, found: JsonScalar): boolean {
  const [left, right] = [looseForm(expected), looseForm(found)];
  if (!isLongEnough(left) || !isLongEnough(right) || left === right) return false;
  let start = 0;
  while (start < left.length && left[start] === right[start]) start++;
  let end = 0;
  const shortest = Math.min(left.length, right.length) - start;
  while (end < shortest && left.at(-1 - end) === right.at(-1 - end)) end++;
  const [wanted, has] = [
    left.slice(start, left.length - end),
    right.slice(start, right.length - end),
  ];
  if (wanted.length > 1 || has.length > 1) return false;
  if (wanted !== "" && has !== "" && lookalikesOf(wanted).includes(has)) return true;
  const longer = wanted.length >= has.length ? left : right;
  return [wanted, has].every((one) => one === "" || isLetter(one)) && isInWord(longer, start) &&
    (left.length !== right.length || isInWord(right, start));
}

/** The loose forms that would be misspellings of one, the likeliest first. */
export function* spellingSlips(loose: string): Iterable<string> {
  if (!isLongEnough(loose)) return;
  for (const [at, character] of [...loose].entries()) {
    for (const other of lookalikesOf(character)) yield withAt(loose, at, other, 1);
  }
  for (const [at, character] of [...loose].entries()) {
    if (isLetter(character) && isInWord(loose, at)) yield withAt(loose, at, "", 1);
  }
  for (const [at, character] of [...loose].entries()) {
    if (!isLetter(character) || !isInWord(loose, at)) continue;
    for (const letter of LETTERS) if (letter !== character) yield withAt(loose, at, letter, 1);
  }
  for (let at = 0; at <= loose.length; at++) {
    for (const letter of LETTERS) {
      const longer = withAt(loose, at, letter, 0);
      if (!isInWord(longer, at)) break;
      yield longer;
    }
  }
}

function isLongEnough(loose: string): boolean {
  return loose.length >= LENGTH_MIN && loose.length <= LENGTH_MAX;
}

function withAt(text: string, at: number, instead: string, length: number): string {
  return text.slice(0, at) + instead + text.slice(at + length);
}

function lookalikesOf(character: string): string {
  const letters = LOOKALIKES[character];
  if (letters !== undefined) return letters;
  return Object.entries(LOOKALIKES).flatMap(([digit, alike]) =>
    alike.includes(character) ? [digit] : []
  ).join("");
}

function isLetter(character: string): boolean {
  return /^\p{L}$/u.test(character);
}

/** Whether the letter at a position is part of a long enough word. */
function isInWord(text: string, at: number): boolean {
  let [from, to] = [at, at];
  while (from > 0 && isLetter(text[from - 1] ?? "")) from--;
  while (to < text.length && isLetter(text[to] ?? "")) to++;
  return to - from >= WORD_MIN;
}
