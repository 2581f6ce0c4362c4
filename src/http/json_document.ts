/**
 * Reads JSON that comes from outside, and refuses what JSON.parse would let through:
 * documents too deep to walk, keys that reach a prototype, and numbers that would
 * not be recorded as they were sent.
 */

import { parseJsonText } from "../core/json_text.ts";
import type { JsonValue } from "../core/json.ts";
import { positionOfError } from "./json_error.ts";
import { invalidRequest, Problem, type RequestIssue } from "./problem.ts";
import { pointerTo } from "../core/json_pointer.ts";

/** Objects and arrays inside one another. */
export const JSON_DEPTH_MAX = 64;

/** Numbers that may not be what was sent: a long run of digits, or a large exponent. */
const SUSPICIOUS_NUMBER = /\d{16}|\d[eE]\+?\d{3}/;

const FORBIDDEN_KEYS: readonly string[] = ["__proto__", "constructor", "prototype"];

/** @throws {Problem} `malformed-json` with the position, or `invalid-request`. */
export function parseJson(text: string): JsonValue {
  if (isDeeperThan(text, JSON_DEPTH_MAX)) throw tooDeep();
  if (!isSuspicious(text)) return parseText(text);
  const value = parseText(text, markUnsafeNumber);
  const issues = [...issuesIn(value, [])];
  if (issues.length > 0) throw invalidRequest(issues);
  return value;
}

/**
 * Whether anything of a text may need a closer look: a forbidden name, an escape that may
 * spell one, a number. Most documents have none; each name is searched for by itself, which
 * is faster than an expression with all of them.
 */
function isSuspicious(text: string): boolean {
  return text.includes("\\u") || FORBIDDEN_KEYS.some((name) => text.includes(name)) ||
    SUSPICIOUS_NUMBER.test(text);
}

type Reviver = (key: string, value: unknown, context?: { readonly source?: string }) => unknown;

function parseText(text: string, reviver?: Reviver): JsonValue {
  try {
    return parseJsonText(text, reviver) as JsonValue;
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

function tooDeep(): Problem {
  const detail = `is nested deeper than ${JSON_DEPTH_MAX} levels`;
  return invalidRequest([{ pointer: "", detail }]);
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
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

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) return index;
    if (code === BACKSLASH) index += 1;
  }
  return text.length;
}

/** Stands for a number that cannot be recorded as it was sent. */
const UNSAFE_NUMBER = Symbol("unsafe number");
const INTEGER = /^-?\d+$/;

/**
 * An integer beyond 2^53 would come out as its neighbour, and one beyond the range of
 * a double as `null`. Written with a fraction or an exponent, a number is a measure,
 * and rounding it is what every reader of JSON does.
 */
function markUnsafeNumber(_key: string, value: unknown, context?: { source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  const isInteger = INTEGER.test(context?.source ?? String(value));
  return isInteger || !Number.isFinite(value) ? UNSAFE_NUMBER : value;
}

function* issuesIn(value: unknown, path: readonly string[]): Generator<RequestIssue> {
  if (value === UNSAFE_NUMBER) {
    const detail = "is beyond 2^53 and would be changed; send it as a string";
    yield { pointer: pointerTo(path), detail };
  }
  if (typeof value === "string" && !value.isWellFormed()) {
    yield { pointer: pointerTo(path), detail: "holds half a surrogate pair, which is no text" };
  }
  if (typeof value !== "object" || value === null) return;
  for (const [key, member] of Object.entries(value)) {
    const inner = [...path, key];
    if (!key.isWellFormed()) {
      yield { pointer: pointerTo(path), detail: "has a key with half a surrogate pair" };
    } else if (!Array.isArray(value) && FORBIDDEN_KEYS.includes(key)) {
      yield { pointer: pointerTo(inner), detail: `is a key that is not allowed: ${key}` };
    } else {
      yield* issuesIn(member, inner);
    }
  }
}
