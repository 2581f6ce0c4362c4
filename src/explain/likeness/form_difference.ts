/** Describes how two scalars differ that are equal except for form. */

import type { JsonScalar } from "../../core/json.ts";
import { dateForm, looseForm } from "./loose_form.ts";

/** How many characters around the difference are shown as code points when texts look alike. */
const POINTS_MAX = 4;

/**
 * `"ö" is U+00F6 where U+006F U+0308 was found`, `letter case`, `spaces`. `undefined` when the two
 * are not equal except for form, or when the difference is visible, as with a number.
 */
export function formDifference(expected: JsonScalar, found: JsonScalar): string | undefined {
  if (typeof expected !== "string" || typeof found !== "string") return undefined;
  if (expected === found || looseForm(expected) !== looseForm(found)) return undefined;
  if (isDate(expected) || isDate(found)) {
    return zoneOf(expected) === zoneOf(found)
      ? "the same date, written in another way"
      : "the same time, in another time zone";
  }
  if (looksAlike(expected, found)) return codePoints(expected, found);
  return differences(expected, found);
}

/** `+01:00`; `Z` for UTC, and for what names no zone. */
function zoneOf(text: string): string {
  return /T.*?([+-]\d\d:?\d\d)$/i.exec(text.trim())?.[1] ?? "Z";
}

function isDate(text: string): boolean {
  return dateForm(text.trim()) !== undefined;
}

/** Whether the two look the same to a reader, apart from their ends. */
function looksAlike(left: string, right: string): boolean {
  const [one, other] = [left, right].map((text) => text.normalize("NFKC").replace(/\p{Cf}/gu, ""));
  if (one === other) return true;
  return one !== undefined && other !== undefined && hasOtherScript(one) !== hasOtherScript(other);
}

function hasOtherScript(text: string): boolean {
  return /[\u0370-\u04ff]/.test(text);
}

function codePoints(expected: string, found: string): string {
  const [left, right] = [[...expected], [...found]];
  let start = 0;
  while (start < left.length && left[start] === right[start]) start++;
  // A combining mark belongs to the character before it.
  if (isMark(left[start]) || isMark(right[start])) start = Math.max(0, start - 1);
  let end = 0;
  const shortest = Math.min(left.length, right.length) - start;
  while (end < shortest && left.at(-1 - end) === right.at(-1 - end)) end++;
  const wanted = left.slice(start, left.length - end), has = right.slice(start, right.length - end);
  if (wanted.length === 0) return `${shown(has)} more`;
  if (has.length === 0) return `${shown(wanted)} less`;
  return `${shown(wanted)} was expected, ${shown(has)} came`;
}

function isMark(character: string | undefined): boolean {
  return character !== undefined && /\p{M}/u.test(character);
}

function shown(characters: readonly string[]): string {
  const listed = characters.slice(0, POINTS_MAX).map((character) => {
    const point = character.codePointAt(0) ?? 0;
    return `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  });
  const text = characters.slice(0, POINTS_MAX).join("");
  const seen = /^[\p{L}\p{N}\p{P}\p{S}][\p{L}\p{N}\p{P}\p{S}\p{M}]*$/u.test(text)
    ? `"${text}" as `
    : "";
  return `${seen}${listed.join(" and ")}${characters.length > POINTS_MAX ? " and more" : ""}`;
}

function differences(expected: string, found: string): string {
  const parts: string[] = [];
  if (expected.trim() !== expected || found.trim() !== found) parts.push("spaces around it");
  const [left, right] = [expected.trim(), found.trim()];
  if (withoutCase(left) !== withoutCase(right)) parts.push(spelling(left, right));
  else if (left !== right) parts.push("letter case");
  return parts.join(" and ");
}

function spelling(left: string, right: string): string {
  return /\d/.test(left + right) && Number(left) === Number(right)
    ? "the same number, written in another way"
    : "what divides its parts";
}

function withoutCase(text: string): string {
  return text.toUpperCase().toLowerCase();
}
