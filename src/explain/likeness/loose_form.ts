/**
 * One text for all scalars that a sender might confuse: `42`, `"42"` and `" 042 "`; `"eu"` and
 * `"EU"`; `"ö"` as one character and as two; `"2026-11-26"` and `"26.11.2026"`. Indexes file values
 * under it. Values with the same loose form are equal except for form.
 */

import type { JsonScalar } from "../../core/json.ts";
import { dateForm } from "./date_form.ts";

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
