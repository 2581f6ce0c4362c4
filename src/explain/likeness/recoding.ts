/**
 * What programs make of a value on its way if they escape or encode it, read its bytes in another
 * encoding, set it in print, cut it off, or take a long number for a floating-point one; or if they
 * put it into a text: an id with a prefix, as in `urn:order:7118`, or an object as a text of JSON.
 */

import type { JsonObject, JsonScalar } from "../../core/json.ts";
import { placesIn } from "./elsewhere.ts";
import { looseForm } from "./loose_form.ts";
import { isDistinctive } from "./own_values.ts";

const LENGTH_MAX = 80;

interface Recoding {
  readonly what: string;
  /** Whether a text may be the result for a value: it tells most others apart, fast. */
  readonly mayMake: (made: string, value: string) => boolean;
  readonly recode: (text: string) => Iterable<string>;
}

export const URL_ESCAPED = "escaped for a URL";
export const CUT_OFF = "cut off";

const ESCAPES: readonly Recoding[] = [
  { what: "escaped for HTML", mayMake: (made) => made.includes("&"), recode: escapedForHtml },
  { what: URL_ESCAPED, mayMake: (made) => /[%+]/.test(made), recode: escapedForUrl },
];
const RECODINGS: readonly Recoding[] = [
  ...ESCAPES,
  {
    what: "its UTF-8 read in another encoding",
    mayMake: (made) => BEYOND_ASCII.test(made),
    recode: misread,
  },
  {
    what: "without the letters beyond ASCII",
    mayMake: (_, value) => BEYOND_ASCII.test(value),
    recode: withoutLetters,
  },
  {
    what: "with the dashes or quotes of a word processor",
    mayMake: (made) => /[\u2010-\u2015\u2018-\u201d\u2212]/.test(made),
    recode: typeset,
  },
  {
    what: "in the digits of another script",
    mayMake: (made) => /[٠-٩۰-۹०-९]/.test(made),
    recode: inOtherDigits,
  },
  {
    what: "in base64",
    mayMake: (made, { length }) => made.length * 3 >= length * 4 && /^[\w+/-]{11,}=*$/.test(made),
    recode: inBase64,
  },
  {
    what: "rounded, as JavaScript and spreadsheets do with long numbers",
    mayMake: (made) => /^\d[\d.]*(?:E\+\d+)?$/i.test(made),
    recode: rounded,
  },
  { what: CUT_OFF, mayMake: (made, value) => value.startsWith(made), recode: cutOff },
];

const TO = "it is the expected value, ";
const FROM = "what was expected is this value, ";

/** `undefined` if the found value was not made from the expected one, nor what that escapes. */
export function recodingNote(expected: JsonScalar, found: JsonScalar): string | undefined {
  const made = recodedAs(expected, found);
  if (made !== undefined) return TO + made;
  const escaped = madeFrom(found, expected, ESCAPES);
  return escaped && FROM + escaped;
}

/** How a value was made from another; `undefined` if it was not. */
export function recodedAs(value: JsonScalar, made: JsonScalar): string | undefined {
  return madeFrom(value, made, RECODINGS);
}

export function isRecodingNote(note = ""): boolean {
  return note.startsWith(TO) || note.startsWith(FROM);
}

/** Loose forms of what may have become of a value, or of what it may have been. */
export function* recodedForms(value: JsonScalar): Iterable<string> {
  for (const text of recoded(value)) {
    const loose = looseForm(text);
    if (loose !== looseForm(value)) yield loose;
  }
}

function* recoded(value: JsonScalar): Iterable<string> {
  if (!isText(value)) return;
  for (const { recode } of RECODINGS) yield* recode(value);
  yield* unescaped(value);
}

function madeFrom(
  value: JsonScalar,
  made: JsonScalar,
  recodings: readonly Recoding[],
): string | undefined {
  if (!isText(value) || !isText(made)) return undefined;
  return recodings.find(({ mayMake, recode }) => {
    if (!mayMake(made, value)) return false;
    const loose = looseForm(made);
    return [...recode(value)].some((text) => looseForm(text) === loose);
  })?.what;
}

function isText(value: JsonScalar): value is string {
  return typeof value === "string" && value.length <= LENGTH_MAX;
}

const APOSTROPHES = ["&#39;", "&#x27;", "&apos;"];

function* escapedForHtml(text: string): Iterable<string> {
  if (!/[&<>"']/.test(text)) return;
  for (const apostrophe of APOSTROPHES) {
    yield text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;").replaceAll("'", apostrophe);
  }
}

function* escapedForUrl(text: string): Iterable<string> {
  const escaped = encodeURIComponent(text.toWellFormed());
  if (escaped === text) return;
  yield escaped;
  yield escaped.replaceAll("%20", "+");
}

/** What may have been escaped. */
function* unescaped(text: string): Iterable<string> {
  if (text.includes("&")) {
    yield text.replaceAll(/&(?:#39|#x27|apos);/g, "'").replaceAll("&quot;", '"')
      .replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
  }
  if (!/%[\da-f]{2}/i.test(text)) return;
  try {
    yield decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // It was not escaped.
  }
}

const BEYOND_ASCII = /[^\p{ASCII}]/u;
const ALL_BEYOND_ASCII = /[^\p{ASCII}]/gu;
/** The characters of Windows-1252 in place of the controls from 0x80 on. */
const WINDOWS = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ";

function utf8As(characters: (byte: number) => string): (character: string) => string {
  return (character) =>
    encodeURIComponent(character.toWellFormed())
      .replaceAll(/%(..)/g, (_, byte) => characters(Number.parseInt(byte, 16)));
}

const asLatin = utf8As((byte) => String.fromCharCode(byte));
const asWindows = utf8As((byte) => WINDOWS[byte - 0x80] ?? String.fromCharCode(byte));

function* misread(text: string): Iterable<string> {
  if (!BEYOND_ASCII.test(text)) return;
  yield text.replaceAll(ALL_BEYOND_ASCII, asLatin);
  yield text.replaceAll(ALL_BEYOND_ASCII, asWindows);
}

const asQuestionMarks = utf8As(() => "?");

const LETTERS = /(?!\p{ASCII})\p{L}/gu;

function* withoutLetters(text: string): Iterable<string> {
  // Little would be left of a text in another script.
  if (!/[a-z]{2}/i.test(text) || text.search(LETTERS) < 0) return;
  yield text.replaceAll(LETTERS, "?");
  yield text.replaceAll(LETTERS, "\ufffd");
  yield text.replaceAll(LETTERS, "");
  yield text.replaceAll(LETTERS, asQuestionMarks);
}

const DASHES = ["\u2010", "\u2013", "\u2014", "\u2212"];

function* typeset(text: string): Iterable<string> {
  if (text.includes("-")) yield* DASHES.map((dash) => text.replaceAll("-", dash));
  if (text.includes("'")) yield text.replaceAll("'", "\u2019");
  if (text.includes('"')) yield text.replace('"', "\u201c").replaceAll('"', "\u201d");
}

/** The zeros of Arabic, Persian and Hindi. */
const ZEROS = ["٠", "۰", "०"];

function* inOtherDigits(text: string): Iterable<string> {
  if (!/\d/.test(text)) return;
  for (const zero of ZEROS) {
    const first = zero.charCodeAt(0);
    yield text.replaceAll(/\d/g, (digit) => String.fromCharCode(first + Number(digit)));
  }
}

const BASE64_LENGTH_MIN = 8;

function* inBase64(text: string): Iterable<string> {
  if (text.length < BASE64_LENGTH_MIN || !/^\p{ASCII}*$/u.test(text)) return;
  const encoded = btoa(text);
  yield encoded;
  yield encoded.replaceAll("=", "").replaceAll("+", "-").replaceAll("/", "_");
}

/** How many decimals a spreadsheet leaves of a long number. */
const DECIMALS = [2, 5];

/** The rounded form of a shorter one may as well be the next in a sequence. */
function* rounded(text: string): Iterable<string> {
  if (!/^[1-9]\d{11,19}$/.test(text)) return;
  const number = Number(text);
  for (const decimals of DECIMALS) yield number.toExponential(decimals);
  if (text.length > 16 && String(number) !== text) yield String(number);
}

/** Lengths of columns and fields. */
const LENGTHS = [10, 12, 15, 16, 18, 20, 24, 27, 30, 32, 35, 40, 50, 64];

function* cutOff(text: string): Iterable<string> {
  for (const length of LENGTHS) {
    if (length < text.length) yield text.slice(0, length).toWellFormed();
  }
}

/** Shorter values are parts of many texts by chance. */
const LENGTH_MIN = 4;
/** Longer texts are not searched. */
export const SEARCHED_LENGTH_MAX = 16_384;
/** How many values are searched in one text. */
const VALUES_MAX = 64;

/** The descriptions of such a text in an explanation. */
export const CONTAINED_TEXT = "the text contains the expected value";
export const ENCODED_TEXT = "the text is JSON that has the expected value";

/** `undefined` if the text has none of the values inside, or is no text. */
export function insideText(values: readonly JsonScalar[], found: JsonScalar): string | undefined {
  if (typeof found !== "string" || found.length > SEARCHED_LENGTH_MAX) return undefined;
  const sought = values.slice(0, VALUES_MAX).filter(isDistinctive);
  const encoded = encodedValues(found);
  if (sought.some((value) => encoded.has(looseForm(value)))) return ENCODED_TEXT;
  const text = found.toLowerCase();
  return sought.some((value) => contains(text, `${value}`.toLowerCase()))
    ? CONTAINED_TEXT
    : undefined;
}

/** Loose forms of the values in a text that is an object or a list as JSON. */
function encodedValues(text: string): ReadonlySet<string> {
  if (!/^\s*[[{]/.test(text)) return new Set();
  try {
    const encoded: JsonObject = { text: JSON.parse(text) };
    return new Set(placesIn(encoded).map(({ value }) => looseForm(value)));
  } catch {
    return new Set();
  }
}

/** Between characters that are neither letters nor digits. */
function contains(text: string, value: string): boolean {
  if (value.length < LENGTH_MIN) return false;
  for (let at = text.indexOf(value); at >= 0; at = text.indexOf(value, at + 1)) {
    if (isBoundary(text, at) && isBoundary(text, at + value.length)) return true;
  }
  return false;
}

function isBoundary(text: string, at: number): boolean {
  return !/[\p{L}\p{N}]$/u.test(text.slice(Math.max(0, at - 2), at)) ||
    !/^[\p{L}\p{N}]/u.test(text.slice(at, at + 2));
}
