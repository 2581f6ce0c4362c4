/**
 * Keys that come twice in one object. `JSON.parse` keeps the last, other readers the first: what
 * one of them checks is not what the other acts on, so that neither is taken.
 */

import { visit } from "jsonc-parser";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { pointerTo } from "../../core/json_pointer.ts";
import { endOfString } from "./json_flaws.ts";
import { ISSUES_MAX, type RequestIssue } from "../problems/problem.ts";

const [QUOTE, COLON] = [0x22, 0x3a];

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

/** The first of them, each with its pointer, of a text that is JSON. */
export function repeatedKeysIn(text: string): readonly RequestIssue[] {
  const issues: RequestIssue[] = [];
  /** Those of each object that is open, so far. */
  const open: Set<string>[] = [];
  visit(text, {
    onObjectBegin: () => void open.push(new Set()),
    onObjectEnd: () => void open.pop(),
    onObjectProperty(key, _offset, _length, _line, _column, path) {
      const keys = open.at(-1);
      if (keys?.has(key) && issues.length < ISSUES_MAX) {
        issues.push({ pointer: pointerTo([...path(), key]), detail: "is there more than once" });
      }
      keys?.add(key);
    },
  });
  return issues;
}
