/**
 * Reads JSON that comes from outside, and refuses what JSON.parse would let through:
 * documents too deep or too manifold to walk, keys that reach a prototype, keys that come twice in
 * an object, and numbers that would not be recorded as they were sent.
 */

import { parseJsonText } from "../../core/json_text.ts";
import type { JsonValue } from "../../core/json.ts";
import { positionOfError } from "./json_error.ts";
import { excessOf } from "./json_extent.ts";
import { endOfString, flawsOf, FORBIDDEN_KEYS, withMarks } from "./json_flaws.ts";
import { hasRepeatedKeys, repeatedKeysIn } from "./json_keys.ts";
import { invalidRequest, Problem } from "../problems/problem.ts";

/** Objects and arrays inside one another. */
const JSON_DEPTH_MAX = 64;

/** Numbers that may not be what was sent: a long run of digits, or a large exponent. */
const SUSPICIOUS_NUMBER = /\d{16}|\d[eE]\+?\d{3}/;

/** @throws {Problem} `malformed-json` with the position, or `invalid-request`. */
export function parseJson(text: string): JsonValue {
  if (isDeeperThan(text, JSON_DEPTH_MAX)) {
    throw asWhole(`is nested deeper than ${JSON_DEPTH_MAX} levels`);
  }
  const excess = excessOf(text);
  if (excess !== undefined) throw asWhole(excess);
  const isClean = !isSuspicious(text);
  const value = parseText(text, isClean ? text : withMarks(text));
  if (hasRepeatedKeys(text, value)) throw invalidRequest(repeatedKeysIn(text));
  if (isClean) return value;
  const { issues, count } = flawsOf(value);
  if (count > 0) throw invalidRequest(issues, count);
  return value;
}

/**
 * Whether anything of a text may need a closer look: a forbidden name, an escape that may
 * spell one, a number. Most documents have none; each name is searched for by itself, which
 * is faster than an expression with all of them.
 */
function isSuspicious(text: string): boolean {
  return text.includes("\\u") || FORBIDDEN_KEYS.values().some((name) => text.includes(name)) ||
    SUSPICIOUS_NUMBER.test(text);
}

/** @param marked The same, but for numbers. */
function parseText(text: string, marked: string): JsonValue {
  try {
    return parseJsonText(marked) as JsonValue;
  } catch (error) {
    throw error instanceof SyntaxError ? malformed(text) : error;
  }
}

function malformed(text: string): Problem {
  const position = positionOfError(text);
  const what = position >= text.length ? "it ends too early" : "unexpected character";
  return new Problem("malformed-json", `Cannot read the JSON: ${what} at position ${position}`, {
    position,
  });
}

/** What is wrong with the document, and with no value of it alone. */
function asWhole(detail: string): Problem {
  return invalidRequest([{ pointer: "", detail }]);
}

const QUOTE = 0x22;
const [OPENING_BRACKET, OPENING_BRACE] = [0x5b, 0x7b];
const [CLOSING_BRACKET, CLOSING_BRACE] = [0x5d, 0x7d];

/** Before anything walks the document recursively. */
function isDeeperThan(text: string, depthMax: number): boolean {
  // As many as that have to be open at once: hardly any document has so many at all.
  return hasMoreThan(depthMax, text) && depthReaches(depthMax + 1, text);
}

/** Whether a text has more opening brackets than so many, those in strings included. */
function hasMoreThan(count: number, text: string): boolean {
  let found = 0;
  for (const bracket of ["{", "["]) {
    for (let at = text.indexOf(bracket); at !== -1; at = text.indexOf(bracket, at + 1)) {
      if (++found > count) return true;
    }
  }
  return false;
}

/** Counts brackets outside strings. */
function depthReaches(wanted: number, text: string): boolean {
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = endOfString(text, index);
    else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
    else if ((code === OPENING_BRACKET || code === OPENING_BRACE) && ++depth === wanted) {
      return true;
    }
  }
  return false;
}
