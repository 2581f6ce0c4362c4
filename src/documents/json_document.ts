/**
 * Parses JSON from outside, and refuses what JSON.parse accepts: documents that are too deep or
 * have too many values to walk, keys that reach a prototype, duplicate keys in an object, and
 * numbers that would not be recorded as sent.
 */

import { visit } from "jsonc-parser";
import { parseJsonText } from "../core/json_text.ts";
import { JSON_DEPTH_MAX, type JsonObject, type JsonValue, pointerTo } from "../core/json.ts";
import { endOfString, findFlaws, FORBIDDEN_KEYS, withMarks } from "./json_flaws.ts";
import { invalidRequest, ISSUES_MAX, Refusal, type RequestIssue } from "./refusal.ts";

/** Numbers that may lose precision: a long run of digits, or a large exponent. */
const SUSPICIOUS_NUMBER = /\d{16}|\d[eE]\+?\d{3}/;

/** @throws {Refusal} `malformed-json` with the position, or `invalid-request`. */
export function parseJson(text: string): JsonValue {
  const members = countMembers(text);
  const isClean = !isSuspicious(text);
  const value = parseText(text, isClean ? text : withMarks(text));
  if (members > membersOf(value)) throw invalidRequest(repeatedKeysIn(text));
  if (isClean) return value;
  const { issues, count } = findFlaws(value);
  if (count > 0) throw invalidRequest(issues, count);
  return value;
}

const FORBIDDEN = [...FORBIDDEN_KEYS];

/**
 * Whether a text may contain something to check: a forbidden name, an escape that may spell one, or
 * a number. Most documents have none. Each name is searched separately, which is faster than one
 * expression for all.
 */
function isSuspicious(text: string): boolean {
  return text.includes("\\u") || FORBIDDEN.some((name) => text.includes(name)) ||
    SUSPICIOUS_NUMBER.test(text);
}

/**
 * @param marked The text with unsafe numbers marked.
 */
function parseText(text: string, marked: string): JsonValue {
  try {
    return parseJsonText(marked) as JsonValue;
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

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
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

function membersOf(value: JsonValue): number {
  if (typeof value !== "object" || value === null) return 0;
  let members = 0;
  if (Array.isArray(value)) {
    for (const item of value) members += membersOf(item);
    return members;
  }
  for (const key of Object.keys(value)) {
    members += 1 + membersOf((value as JsonObject)[key] ?? null);
  }
  return members;
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
