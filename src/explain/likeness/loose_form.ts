/**
 * One text for all scalars that a sender might confuse: `42`, `"42"` and `" 042 "`; `"eu"` and
 * `"EU"`; `"ö"` as one character and as two; `"2026-11-26"` and `"26.11.2026"`. Indexes file values
 * under it. Values with the same loose form are equal except for form.
 */

import type { JsonScalar } from "../../core/json.ts";

/**
 * Longer texts hardly ever identify anything, and have no loose form but themselves: one character
 * may become eighteen, so a megabyte would take seconds.
 */
export const TEXT_LENGTH_MAX = 200;

/** Text that the steps below would not change, like most names and words. */
const PLAIN = /^[a-z][a-z0-9]*$/;
const NUMBER = /^[+-]?\d{1,15}(?:\.\d{1,9})?$/;
/** A decimal comma: `10,5` and `10,50`, which cannot be thousands. */
const DECIMAL_COMMA = /^[+-]?\d{1,12},\d{1,2}$/;
const UUID = /^[\da-f]{8}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{4}-?[\da-f]{12}$/;
/** Word separators, unless digits are on both sides: `a-1-2` and `a-12` differ. */
const DIVIDERS = /[\s_-]+/g;
/** Invisible marks: joiners, marks of direction, a soft hyphen, a byte order mark. */
const UNSEEN = /\p{Cf}+/gu;
const ASCII = /^[\x20-\x7e]*$/;

export function looseForm(value: JsonScalar): string {
  if (typeof value !== "string") return String(value);
  if (value.length > TEXT_LENGTH_MAX || PLAIN.test(value)) return value;
  const isAscii = ASCII.test(value);
  const text = (isAscii ? value : value.normalize("NFKC").replace(UNSEEN, "")).trim();
  // It may have become longer.
  if (text.length > TEXT_LENGTH_MAX) return value;
  if (NUMBER.test(text)) return String(Number(text));
  if (DECIMAL_COMMA.test(text)) return String(Number(text.replace(",", ".")));
  const date = dateForm(text);
  if (date !== undefined) return date;
  const folded = isAscii ? text.toLowerCase() : foldedText(text);
  if (UUID.test(folded)) return folded.replaceAll("-", "");
  return withoutDividers(folded);
}

/** Case folding, and letters of other scripts that look Latin. */
function foldedText(text: string): string {
  const capitals = text.toUpperCase().replace(/[\u0370-\u04ff]/g, (one) => LOOKALIKES[one] ?? one);
  return capitals.toLowerCase().normalize("NFKC");
}

/** Greek and Cyrillic capitals that look like Latin ones. */
const LOOKALIKES: Readonly<Record<string, string>> = {
  "Α": "A",
  "Β": "B",
  "Ε": "E",
  "Ζ": "Z",
  "Η": "H",
  "Ι": "I",
  "Κ": "K",
  "Μ": "M",
  "Ν": "N",
  "Ο": "O",
  "Ρ": "P",
  "Τ": "T",
  "Υ": "Y",
  "Χ": "X",
  "А": "A",
  "В": "B",
  "Е": "E",
  "К": "K",
  "М": "M",
  "Н": "H",
  "О": "O",
  "Р": "P",
  "С": "C",
  "Т": "T",
  "У": "Y",
  "Х": "X",
  "Ѕ": "S",
  "І": "I",
  "Ј": "J",
};

function withoutDividers(text: string): string {
  return text.replace(DIVIDERS, (divider, at: number) => {
    const isBetweenDigits = isDigit(text, at - 1) && isDigit(text, at + divider.length);
    return isBetweenDigits ? "-" : "";
  });
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

const ISO =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$/i;
const DAY_FIRST = /^(\d{1,2})\.(\d{1,2})\.(\d{4})$/;
const YEAR_FIRST = /^(\d{4})[/.](\d{1,2})[/.](\d{1,2})$/;
const SLASHES = /^(\d{1,2})\/(\d{1,2})\/(\d{4})$/;
const DAY_MS = 86_400_000;

/**
 * `20261126` for a day, and for midnight UTC; milliseconds since 1970 for another instant;
 * `undefined` for what is not a date, and for an ambiguous one. A time without a zone counts as UTC.
 */
function dateForm(text: string): string | undefined {
  const first = text.charCodeAt(0);
  if (text.length < 8 || text.length > 40 || first < 48 || first > 57) return undefined;
  const ms = isoMs(text) ?? writtenMs(text);
  if (ms === undefined || Number.isNaN(ms)) return undefined;
  return ms % DAY_MS === 0
    ? new Date(ms).toISOString().slice(0, 10).replaceAll("-", "")
    : String(ms);
}

function isoMs(text: string): number | undefined {
  const found = ISO.exec(text);
  if (found === null) return undefined;
  const [, year, month, day, hour = "0", minute = "0", second = "0", part = "0", zone] = found;
  const dayMs = utc(year, month, day);
  if (dayMs === undefined) return undefined;
  const ms = Number(`0.${part}`) * 1_000;
  const time = ((Number(hour) * 60 + Number(minute)) * 60 + Number(second)) * 1_000 + ms;
  return Math.round(dayMs + time - zoneMs(zone));
}

function zoneMs(zone: string | undefined): number {
  if (zone === undefined || zone.toUpperCase() === "Z") return 0;
  const digits = zone.replace(/\D/g, "");
  const minutes = Number(digits.slice(0, 2)) * 60 + Number(digits.slice(2));
  return (zone.startsWith("-") ? -1 : 1) * minutes * 60_000;
}

function writtenMs(text: string): number | undefined {
  const [, day, month, year] = DAY_FIRST.exec(text) ?? [];
  if (day !== undefined) return utc(year, month, day);
  const [, first, second, third] = YEAR_FIRST.exec(text) ?? [];
  if (first !== undefined) return utc(first, second, third);
  const [, left = "", right = "", last] = SLASHES.exec(text) ?? [];
  if (Number(left) > 12) return utc(last, right, left);
  return Number(right) > 12 ? utc(last, left, right) : undefined;
}

/** Milliseconds of midnight; `undefined` for a day that does not exist. */
function utc(
  year: string | undefined,
  month: string | undefined,
  day: string | undefined,
): number | undefined {
  const ms = Date.UTC(Number(year), Number(month) - 1, Number(day));
  const date = new Date(ms);
  const isReal = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  return isReal ? ms : undefined;
}

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
