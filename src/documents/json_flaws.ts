/**
 * Finds flaws in valid JSON: numbers that would not be recorded as sent, keys that reach a
 * prototype, and lone surrogates. One pass, in time proportional to the length of the document.
 */

import { type JsonObject, type JsonValue, pointerTo } from "../core/json.ts";
import { ISSUES_MAX, type RequestIssue } from "./refusal.ts";

export const FORBIDDEN_KEYS: ReadonlySet<string> = new Set([
  "__proto__",
  "constructor",
  "prototype",
]);

/** Marks a number that cannot be recorded as sent; no text in a document can equal it. */
const UNSAFE_NUMBER = "\ud800 unsafe number";
const UNSAFE_NUMBER_TEXT = JSON.stringify(UNSAFE_NUMBER);

/** An integer below this many digits is below 2^53. */
const DIGITS_MIN = 16;
const INTEGER = /^-?\d+$/;
const LEADING_ZERO = /^-?0\d/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [MINUS, ZERO, NINE] = [0x2d, 0x30, 0x39];

/** The text with a mark in place of each number that cannot be recorded as sent. */
export function withMarks(text: string): string {
  let marked = "";
  let taken = 0;
  for (let at = 0; at < text.length;) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) + 1;
    } else if (code === MINUS || (code >= ZERO && code <= NINE)) {
      const end = endOfNumber(text, at);
      if (mayBeUnsafe(text, at, end) && isUnsafe(text.slice(at, end))) {
        marked += text.slice(taken, at) + UNSAFE_NUMBER_TEXT;
        taken = end;
      }
      at = end;
    } else {
      at += 1;
    }
  }
  return taken === 0 ? text : marked + text.slice(taken);
}

/** The index of the closing quote. */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at;
    if (code === BACKSLASH) at += 1;
  }
  return text.length;
}

const IN_NUMBERS = /[-+.eE0-9]*/y;

function endOfNumber(text: string, start: number): number {
  IN_NUMBERS.lastIndex = start + 1;
  IN_NUMBERS.test(text);
  return IN_NUMBERS.lastIndex;
}

/** A quick check: nearly all numbers are short, and have no exponent. */
function mayBeUnsafe(text: string, start: number, end: number): boolean {
  if (end - start >= DIGITS_MIN) return true;
  for (let at = start; at < end; at++) if ((text.charCodeAt(at) | 0x20) === 0x65) return true;
  return false;
}

/**
 * An integer beyond 2^53 would be recorded as a neighbouring integer, and one beyond the range of a
 * double as `null`. A number with a fraction or an exponent is a measurement, which every JSON
 * parser rounds. Invalid numbers are left to the parser.
 */
function isUnsafe(token: string): boolean {
  const value = Number(token);
  if (Number.isNaN(value) || LEADING_ZERO.test(token)) return false;
  return INTEGER.test(token) ? !Number.isSafeInteger(value) : !Number.isFinite(value);
}

interface Flaws {
  /** Only the first flaws are collected. */
  readonly issues: readonly RequestIssue[];
  readonly count: number;
}

/** For a document that was parsed from the result of `withMarks`. */
export function findFlaws(value: JsonValue): Flaws {
  const search = new FlawSearch();
  search.look(value);
  return search;
}

class FlawSearch implements Flaws {
  readonly issues: RequestIssue[] = [];
  count = 0;
  readonly #path: (string | number)[] = [];

  look(value: JsonValue): void {
    if (typeof value === "string") this.#lookAtText(value);
    else if (Array.isArray(value)) this.#lookAtList(value);
    else if (typeof value === "object" && value !== null) this.#lookAtObject(value as JsonObject);
  }

  #lookAtList(values: readonly JsonValue[]): void {
    for (let index = 0; index < values.length; index++) this.#lookAt(index, values[index] ?? null);
  }

  #lookAtObject(members: JsonObject): void {
    for (const key of Object.keys(members)) {
      if (!key.isWellFormed()) this.#add("has a key with a lone surrogate");
      else if (FORBIDDEN_KEYS.has(key)) this.#forbid(key);
      else this.#lookAt(key, members[key] ?? null);
    }
  }

  #lookAt(name: string | number, value: JsonValue): void {
    if (typeof value === "number" || typeof value === "boolean") return;
    this.#path.push(name);
    this.look(value);
    this.#path.pop();
  }

  #forbid(key: string): void {
    this.#path.push(key);
    this.#add(`is a key that is not allowed: ${key}`);
    this.#path.pop();
  }

  #lookAtText(text: string): void {
    if (text === UNSAFE_NUMBER) {
      this.#add("is beyond 2^53 and would be changed; send it as a string");
    } else if (!text.isWellFormed()) {
      this.#add("contains a lone surrogate, which is not valid text");
    }
  }

  #add(detail: string): void {
    this.count += 1;
    if (this.issues.length < ISSUES_MAX) {
      this.issues.push({ pointer: pointerTo(this.#path), detail });
    }
  }
}
