/**
 * Parses JSON from outside, and refuses what JSON.parse accepts: documents that are too deep or
 * have too many values to walk, keys that reach a prototype, duplicate keys in an object, and
 * numbers that would not be recorded as sent.
 */

import { type JSONPath, visit } from "jsonc-parser";
import { parseJsonText } from "../core/json_text.ts";
import { JSON_DEPTH_MAX, type JsonObject, type JsonValue, pointerTo } from "../core/json.ts";
import { invalidRequest, ISSUES_MAX, Refusal, type RequestIssue } from "./refusal.ts";

/** @throws {Refusal} `malformed-json` with the position, or `invalid-request`. */
export function parseJson(text: string): JsonValue {
  const members = countMembers(text);
  const value = parseText(text);
  const seen: Seen = { members: 0, isSuspicious: false, hasMinusZero: false };
  see(value, seen);
  if (members > seen.members) throw invalidRequest(repeatedKeysIn(text));
  if (seen.isSuspicious) refuseFlaws(text);
  return seen.hasMinusZero ? parseText(JSON.stringify(value)) : value;
}

function refuseFlaws(text: string): void {
  const { issues, count } = findFlaws(text);
  if (count > 0) throw invalidRequest(issues, count);
}

export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "prototype",
]);

interface Flaws {
  /** Only the first flaws are collected. */
  readonly issues: readonly RequestIssue[];
  readonly count: number;
}

/**
 * Finds numbers in valid JSON that would not be recorded as sent, keys that reach a prototype, and
 * lone surrogates.
 */
export function findFlaws(text: string): Flaws {
  const issues: RequestIssue[] = [];
  let count = 0;
  const add = (path: () => JSONPath, detail: string, ...key: readonly string[]) => {
    count++;
    if (issues.length < ISSUES_MAX) {
      issues.push({ pointer: pointerTo([...path(), ...key]), detail });
    }
  };
  visit(text, {
    onObjectProperty(key, _offset, _length, _line, _column, path) {
      if (!key.isWellFormed()) add(path, "has a key with a lone surrogate");
      else if (FORBIDDEN_KEYS.has(key)) add(path, `is a key that is not allowed: ${key}`, key);
    },
    onLiteralValue(value, offset, length, _line, _column, path) {
      if (typeof value === "number" && isUnsafe(value, text.slice(offset, offset + length))) {
        add(path, "is beyond 2^53 and would be changed; send it as a string");
      } else if (typeof value === "string" && !value.isWellFormed()) {
        add(path, "contains a lone surrogate, which is not valid text");
      }
    },
  });
  return { issues, count };
}

/**
 * An integer beyond 2^53 would be recorded as a neighbouring integer, and one beyond the range of a
 * double as `null`. A number with a fraction or an exponent is a measurement, which every JSON
 * parser rounds.
 */
function isUnsafe(value: number, token: string): boolean {
  return /^-?\d+$/.test(token) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
}

function parseText(text: string): JsonValue {
  try {
    return parseJsonText(text) as JsonValue;
  } catch (error) {
    throw error instanceof SyntaxError ? malformed(text) : error;
  }
}

function malformed(text: string): Refusal {
  const position = positionOfError(text);
  const what = position >= text.length ? "it ends too early" : "unexpected character";
  return new Refusal("malformed-json", `Cannot read the JSON: ${what} at position ${position}`, {
    position,
  });
}

/** Errors of the document as a whole. */
function asWhole(detail: string): Refusal {
  return invalidRequest([{ pointer: "", detail }]);
}

const [QUOTE, COMMA, COLON, BACKSLASH] = [0x22, 0x2c, 0x3a, 0x5c];
const [OPENING_BRACKET, OPENING_BRACE] = [0x5b, 0x7b];
const [CLOSING_BRACKET, CLOSING_BRACE] = [0x5d, 0x7d];

// Values, containers and names are counted before a document is parsed. A megabyte of JSON is
// parsed, walked and written in a few milliseconds, or in hundreds if it consists of names or tiny
// values; and recorded documents are parsed again for each explanation and replay.

/** Values of all depths: objects, arrays and scalars. */
const VALUES_MAX = 50_000;
/** Objects and arrays: each takes as long to parse and to free as several scalars. */
const CONTAINERS_MAX = 20_000;
/** Distinct names of members: repeated names cost little. */
const NAMES_MAX = 10_000;

/** Shorter texts cannot exceed the limits: a container and its comma take three characters. */
const SMALL_LENGTH = 3 * CONTAINERS_MAX;

const SPACE = 0x20;

/**
 * The members in a text, since each colon outside a string belongs to one. More than the parsed
 * value has mean duplicate keys: `JSON.parse` keeps the last, and other parsers the first, so a
 * value checked by one may differ from the value used by another.
 *
 * @throws {Refusal} `invalid-request` for a document that is too deep or too large.
 */
function countMembers(text: string): number {
  const names = text.length < SMALL_LENGTH ? undefined : new Set<string>();
  let [depth, values, containers, members] = [0, 1, 0, 0];
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      if (names !== undefined && isName(text, end)) names.add(text.slice(at, end));
      at = end;
    } else if (code === COLON) members += 1;
    else if (code === COMMA) values += 1;
    else if (code === CLOSING_BRACKET || code === CLOSING_BRACE) depth -= 1;
    else if (code === OPENING_BRACKET || code === OPENING_BRACE) {
      [values, containers, depth] = [values + 1, containers + 1, depth + 1];
      if (depth > JSON_DEPTH_MAX) throw asWhole(`is nested deeper than ${JSON_DEPTH_MAX} levels`);
    } else continue;
    if (names !== undefined) refuseExcess(values, containers, names.size);
  }
  return members;
}

/** The index of the closing quote. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}

function refuseExcess(values: number, containers: number, names: number): void {
  if (values > VALUES_MAX) throw asWhole(`has more than ${VALUES_MAX} values`);
  if (containers > CONTAINERS_MAX) {
    throw asWhole(`has more than ${CONTAINERS_MAX} objects and lists`);
  }
  if (names > NAMES_MAX) throw asWhole(`has more than ${NAMES_MAX} different names`);
}

/** Whether the string that ends here is the name of a member. */
function isName(text: string, end: number): boolean {
  let after = end + 1;
  while (text.charCodeAt(after) <= SPACE) after += 1;
  return text.charCodeAt(after) === COLON;
}

/** What a walk of a parsed value finds: finding flaws in its text takes several times as long. */
interface Seen {
  members: number;
  /** Whether the text may have flaws: only the text shows whether a large number is an integer. */
  isSuspicious: boolean;
  /** It is recorded as 0, and after a restart `run` would get another input. */
  hasMinusZero: boolean;
}

function see(value: JsonValue, seen: Seen): void {
  if (typeof value === "string") seen.isSuspicious ||= !value.isWellFormed();
  else if (typeof value === "number") seeNumber(value, seen);
  else if (Array.isArray(value)) { for (const item of value) see(item, seen); }
  else if (typeof value === "object" && value !== null) seeMembers(value as JsonObject, seen);
}

function seeNumber(value: number, seen: Seen): void {
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER) seen.isSuspicious = true;
  else if (Object.is(value, -0)) seen.hasMinusZero = true;
}

function seeMembers(value: JsonObject, seen: Seen): void {
  for (const key of Object.keys(value)) {
    seen.members += 1;
    seen.isSuspicious ||= FORBIDDEN_KEYS.has(key) || !key.isWellFormed();
    see(value[key] ?? null, seen);
  }
}

/** The first duplicates in a JSON text, each with its pointer. */
function repeatedKeysIn(text: string): readonly RequestIssue[] {
  const issues: RequestIssue[] = [];
  /** The keys so far of each open object. */
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(key, _offset, _length, _line, _column, path) {
      const keys = open.at(-1);
      if (keys?.has(key) && issues.length < ISSUES_MAX) {
        issues.push({ pointer: pointerTo([...path(), key]), detail: "appears more than once" });
      }
      keys?.add(key);
    },
  });
  return issues;
}

/**
 * The offset, in UTF-16 units, of the first character that cannot be part of a JSON document; the
 * length of the text if it ends too early.
 */
function positionOfError(text: string): number {
  try {
    visit(text, {
      onError(_error, offset) {
        throw new Found(offset);
      },
    }, { disallowComments: true });
  } catch (error) {
    if (error instanceof Found) return error.offset;
    throw error;
  }
  return text.length;
}

/** Stops at the first error, since the rest may be very long. */
class Found extends Error {
  override readonly name = "Found";

  constructor(readonly offset: number) {
    super();
  }
}
