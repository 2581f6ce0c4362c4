/**
 * Answers of JSON that may be very large: those that are go out in chunks as their reader takes
 * them. The text of all of it is never in memory, and making it holds nobody up.
 */

import { jsonResponse, NO_STORE_HEADERS } from "./response.ts";

/** A page of a list ends once it has about so many. */
export const PAGE_CHARACTERS_MAX = 4 * 1024 * 1024;
/** What is smaller is answered at once, and with its length. */
const SMALL_CHARACTERS = 256 * 1024;
/** What is made between two turns of others. */
const CHUNK_CHARACTERS = 64 * 1024;
/** What is smaller is made in one go. */
const PIECE_CHARACTERS = 8 * 1024;
/** A number and its comma take about as many. */
const ELEMENT_CHARACTERS = 2;

export function largeJsonResponse(
  value: unknown,
  status: number,
  headers: Readonly<Record<string, string>> = {},
): Response {
  if (!isLarge(value, SMALL_CHARACTERS)) return jsonResponse(value, status, headers);
  return new Response(streamOf(chunksOf(value)), {
    status,
    headers: { ...NO_STORE_HEADERS, "content-type": "application/json", ...headers },
  });
}

function streamOf(chunks: Iterator<string>): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(encoder.encode(value));
    },
  }, { highWaterMark: 1 });
}

/** The text of a value, as `JSON.stringify` gives it. */
export function chunksOf(value: unknown): Generator<string> {
  return joined(piecesOf(value), CHUNK_CHARACTERS);
}

/** The same text in fewer pieces: each is over once it has so many characters. */
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

/** What is large is taken apart, however deep that lies. */
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

/** Numbers and such come in great number, and many are made in one go. */
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

/** Whether a value has more characters than this; looks at no more of it than that takes. */
function isLarge(value: unknown, characters: number): boolean {
  return charactersLeft(value, characters) < 0;
}

function charactersLeft(value: unknown, room: number): number {
  if (typeof value === "string") return room - value.length - 2;
  if (typeof value !== "object" || value === null) return room - ELEMENT_CHARACTERS;
  if (Array.isArray(value)) {
    let left = room - value.length * ELEMENT_CHARACTERS;
    for (let at = 0; at < value.length && left >= 0; at++) {
      if (typeof value[at] !== "number") left = charactersLeft(value[at], left);
    }
    return left;
  }
  let left = room;
  for (const name in value) {
    if (left < 0) break;
    left = charactersLeft((value as Record<string, unknown>)[name], left - name.length - 3);
  }
  return left;
}
