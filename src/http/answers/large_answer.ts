/**
 * JSON answers that may be very large are sent in chunks as the client reads them. Their whole text
 * is never in memory, and creating it does not block the event loop.
 */

import { ELEMENT_CHARACTERS, isLarge } from "../../core/json.ts";
import type { HttpDeps } from "../http_deps.ts";
import { jsonResponse, NO_STORE_HEADERS } from "./response.ts";

/** A page of a list ends after about this many characters. */
export const PAGE_CHARACTERS_MAX = 4 * 1024 * 1024;
/** Smaller answers are sent at once, with their length. */
const SMALL_CHARACTERS = 128 * 1024;
/** Characters created between two turns of other work. */
const CHUNK_CHARACTERS = 64 * 1024;
/** Smaller values are created in one piece. */
const PIECE_CHARACTERS = 8 * 1024;
/** What an answer holds until it is read: its value, a chunk, and what waits to be sent. */
const HELD_BYTES = 512 * 1024;

/** What large answers need of the edge. */
export interface LargeAnswerDeps extends Pick<HttpDeps, "lookBack" | "admission"> {
  /** Notices clients that do not read. */
  readonly outlets: Pick<HttpDeps["outlets"], "stalls">;
}

/**
 * @param held Bytes that the value keeps in memory, besides what jobs have there anyway.
 * @throws {Problem} `over-capacity` if large answers already hold too much.
 */
export function largeJsonResponse(
  deps: LargeAnswerDeps,
  value: unknown,
  status: number,
  headers: Readonly<Record<string, string>> = {},
  held = 0,
): Response {
  if (!isLargeAnswer(value)) return jsonResponse(value, status, headers);
  if (!hasRoomForLarge(deps, held)) deps.lookBack.requireRoom(HELD_BYTES);
  const source = new LargeBody(jsonChunks(value), deps, HELD_BYTES + held);
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), {
    status,
    headers: { ...NO_STORE_HEADERS, "content-type": "application/json", ...headers },
  });
}

/** Whether an answer is sent in chunks. */
export function isLargeAnswer(value: unknown): boolean {
  return isLarge(value, SMALL_CHARACTERS);
}

/** A single large answer always has room. */
export function hasRoomForLarge({ lookBack }: Pick<HttpDeps, "lookBack">, held = 0): boolean {
  return lookBack.open <= held || lookBack.hasRoom(HELD_BYTES);
}

const encoder = new TextEncoder();

/**
 * Counts as held from the first chunk to the last, since an answer may never be read; a client that
 * reads nothing for too long gets no more.
 */
class LargeBody implements UnderlyingDefaultSource<Uint8Array> {
  readonly #deps: LargeAnswerDeps;
  readonly #bytes: number;
  #chunks: Iterator<string> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(chunks: Iterator<string>, deps: LargeAnswerDeps, bytes: number) {
    this.#chunks = chunks;
    this.#deps = deps;
    this.#bytes = bytes;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { lookBack, outlets, admission } = this.#deps;
    if (this.#controller === undefined) lookBack.opened(this.#bytes);
    else outlets.stalls.stop(this);
    this.#controller = controller;
    await admission.enter("medium");
    const next = this.#chunks?.next();
    if (next === undefined) return;
    if (next.done === true) {
      this.#letGo();
      return controller.close();
    }
    controller.enqueue(encoder.encode(next.value));
    outlets.stalls.start(this);
  }

  cancel(): void {
    this.#letGo();
  }

  stall(): void {
    this.#letGo();
    this.#controller?.error(new Error("Cannot answer: the reader takes nothing"));
  }

  #letGo(): void {
    if (this.#chunks === undefined) return;
    this.#chunks = undefined;
    if (this.#controller === undefined) return;
    this.#deps.lookBack.closed(this.#bytes);
    this.#deps.outlets.stalls.stop(this);
  }
}

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

/** Scalars often come in great number: many are created in one piece. */
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
