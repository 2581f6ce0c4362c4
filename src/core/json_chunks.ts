/** The JSON text of a value that may be very large, a chunk at a time. */

import { ELEMENT_CHARACTERS, isLarge } from "./json.ts";

/** Characters created between two pauses. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Smaller values are created in one piece. */
const PIECE_CHARACTERS = 8 * 1024;

/** The text of a value, as `JSON.stringify` creates it. */
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
