/**
 * Keys that come twice in one object. `JSON.parse` keeps the last, other readers the first: what
 * one of them checks is not what the other acts on, so that neither is taken.
 */

import type { JsonObject, JsonValue } from "../../core/json.ts";
import { pointerTo } from "../../core/json_pointer.ts";
import { endOfString } from "./json_flaws.ts";
import { ISSUES_MAX, type RequestIssue } from "../problems/problem.ts";

const [QUOTE, COMMA, COLON] = [0x22, 0x2c, 0x3a];
const [OPENING_BRACKET, OPENING_BRACE] = [0x5b, 0x7b];
const [CLOSING_BRACKET, CLOSING_BRACE] = [0x5d, 0x7d];

/**
 * Whether a text has more members than the value that was read from it: the keys need not be
 * compared with one another for that.
 */
export function hasRepeatedKeys(text: string, value: JsonValue): boolean {
  return membersIn(text) > membersOf(value);
}

/** Each colon outside a string is that of a member. */
function membersIn(text: string): number {
  let members = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    else if (code === COLON) members += 1;
  }
  return members;
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

/** An object or list that is open, and the place in it. */
interface Open {
  /** Those of an object so far; absent in a list. */
  readonly keys: Set<string> | undefined;
  at: string | number;
}

/** The first of them, each with its pointer, of a text that is JSON. */
export function repeatedKeysIn(text: string): readonly RequestIssue[] {
  const issues: RequestIssue[] = [];
  const path: Open[] = [];
  let string = "";
  for (let at = 0; at < text.length && issues.length < ISSUES_MAX; at++) {
    const code = text.charCodeAt(at);
    const inner = path.at(-1);
    if (code === QUOTE) {
      const end = endOfString(text, at);
      string = text.slice(at, end + 1);
      at = end;
    } else if (code === OPENING_BRACE) {
      path.push({ keys: new Set(), at: "" });
    } else if (code === OPENING_BRACKET) {
      path.push({ keys: undefined, at: 0 });
    } else if (code === CLOSING_BRACE || code === CLOSING_BRACKET) {
      path.pop();
    } else if (code === COMMA && typeof inner?.at === "number") {
      inner.at += 1;
    } else if (code === COLON && inner?.keys !== undefined) {
      const key: string = JSON.parse(string);
      inner.at = key;
      if (inner.keys.has(key)) issues.push(repeated(path));
      inner.keys.add(key);
    }
  }
  return issues;
}

function repeated(path: readonly Open[]): RequestIssue {
  return { pointer: pointerTo(path.map(({ at }) => at)), detail: "is there more than once" };
}
