/** JSON as text: parses it, and creates that of a value that may be very large. */

import { ELEMENT_CHARACTERS, isLarge } from "./json.ts";

const [QUOTE, COLON, BACKSLASH] = [0x22, 0x3a, 0x5c];
/** A string, with the colon behind it when it is a name. */
const STRING = /"((?:[^"\\]|\\.)*)"(\s*:)?/g;

/**
 * Parses JSON. Works around a defect of V8 15.0 (Deno 2.9) in `JSON.parse`: a name written with an
 * escape is compared, as written, with the name that an earlier object had at the same place, and
 * mistaken for that name when their first characters are equal. Once anything has created
 * `{"a":1,"\\":0}`, even `structuredClone`, it reads `{"a":1,"\n":0}` with a name `\`, and facts
 * would differ from those recorded. So names with an escape are never passed to it.
 *
 * @throws {SyntaxError} when it is not JSON.
 */
export function parseJsonText(text: string): unknown {
  return hasEscapedName(text) ? withNames(text) : JSON.parse(text);
}

/** Whether any name contains an escape, which is rare. Reads each character at most once. */
function hasEscapedName(text: string): boolean {
  let index = text.indexOf("\\");
  while (index !== -1) {
    index = endOfString(text, index);
    if (isBeforeColon(text, index + 1)) return true;
    index = text.indexOf("\\", index + 1);
  }
  return false;
}

/** The end of the string with an escape at `index`: its quote, or the end of the text. */
function endOfString(text: string, index: number): number {
  while (index < text.length) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) break;
    index += code === BACKSLASH ? 2 : 1;
  }
  return index;
}

function isBeforeColon(text: string, index: number): boolean {
  let code = text.charCodeAt(index);
  while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
    code = text.charCodeAt(++index);
  }
  return code === COLON;
}

/** Parses the text with a mark for each name that has an escape, then restores the names. */
function withNames(text: string): unknown {
  const mark = unusedIn(text);
  const names: string[] = [];
  const marked = text.replace(STRING, (string, content: string, colon?: string) => {
    if (colon === undefined || !content.includes("\\")) return string;
    // A string by itself is parsed correctly.
    names.push(JSON.parse(`"${content}"`));
    return `"${mark}${names.length - 1}"${colon}`;
  });
  return named(JSON.parse(marked), mark, names);
}

/** Text that does not occur in another, and needs no escape. */
function unusedIn(text: string): string {
  for (let number = 0;; number++) {
    const mark = `~${number}~`;
    if (!text.includes(mark)) return mark;
  }
}

function named(value: unknown, mark: string, names: readonly string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => named(item, mark, names));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [
      name.startsWith(mark) ? names[Number(name.slice(mark.length))] : name,
      named(member, mark, names),
    ]),
  );
}

/** Characters created between two pauses. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Smaller values are created in one piece. */
const PIECE_CHARACTERS = 8 * 1024;

/** The text of a value, as `JSON.stringify` creates it, a chunk at a time. */
export function jsonChunks(value: unknown): Generator<string> {
  return joined(piecesOf(value), CHUNK_CHARACTERS);
}

/** The same text in fewer pieces of at least this many characters. */
export function* joined(pieces: Iterable<string>, characters: number): Generator<string> {
  let chunk = "";
  for (const piece of pieces) {
    chunk += piece;
    if (chunk.length < characters) continue;
    yield chunk;
    chunk = "";
  }
  if (chunk !== "") yield chunk;
}

/** Large values are split, at any depth. */
function* piecesOf(value: unknown): Generator<string> {
  if (typeof value !== "object" || value === null || !isLarge(value, PIECE_CHARACTERS)) {
    yield JSON.stringify(value);
  } else if (Array.isArray(value)) {
    yield* elementsOf(value);
  } else {
    yield* membersOf(value);
  }
}

function* elementsOf(values: readonly unknown[]): Generator<string> {
  let separator = "[";
  for (let start = 0; start < values.length;) {
    const end = endOfScalars(values, start);
    yield separator;
    if (end > start) yield JSON.stringify(values.slice(start, end)).slice(1, -1);
    else yield* piecesOf(values[start] ?? null);
    start = Math.max(end, start + 1);
    separator = ",";
  }
  yield values.length === 0 ? "[]" : "]";
}

/** Scalars are often numerous, so many are created in one piece. */
function endOfScalars(values: readonly unknown[], start: number): number {
  const last = Math.min(values.length, start + PIECE_CHARACTERS / ELEMENT_CHARACTERS);
  let end = start;
  while (end < last && typeof values[end] === "number") end += 1;
  return end;
}

function* membersOf(value: object): Generator<string> {
  let separator = "{";
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    yield `${separator}${JSON.stringify(name)}:`;
    yield* piecesOf(member);
    separator = ",";
  }
  yield separator === "{" ? "{}" : "}";
}
