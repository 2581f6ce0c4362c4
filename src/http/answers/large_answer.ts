/**
 * JSON answers that may be very large are sent in chunks as the client reads them. Their whole text
 * is never in memory, and creating it does not block the event loop.
 */

import { isLarge } from "../../core/json.ts";
import { jsonChunks } from "../../core/json_text.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { jsonResponse, NO_STORE_HEADERS } from "../responses/response.ts";

/** A page of a list ends after about this many characters. */
export const PAGE_CHARACTERS_MAX = 4 * 1024 * 1024;
/** Smaller answers are sent at once, with their length. */
const SMALL_CHARACTERS = 128 * 1024;
/** What an answer keeps in memory until it is read: its value, a chunk, and unsent data. */
const HELD_BYTES = 512 * 1024;

export interface LargeAnswerDeps extends Pick<HttpDeps, "lookBack" | "admission"> {
  /** Notices clients that do not read. */
  readonly outlets: Pick<HttpDeps["outlets"], "stalls">;
}

/**
 * @param held Bytes that the value keeps in memory, besides those of the jobs themselves.
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
 * Counted against the limit from the first chunk to the last, since an answer may never be read. A
 * client that reads nothing for too long is disconnected.
 */
class LargeBody implements UnderlyingDefaultSource<Uint8Array> {
  #chunks: Iterator<string> | undefined;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;

  constructor(
    chunks: Iterator<string>,
    private readonly deps: LargeAnswerDeps,
    private readonly bytes: number,
  ) {
    this.#chunks = chunks;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { lookBack, outlets, admission } = this.deps;
    if (this.#controller === undefined) lookBack.opened(this.bytes);
    else outlets.stalls.stop(this);
    this.#controller = controller;
    await admission.enter("medium");
    const next = this.#chunks?.next();
    if (next === undefined) return;
    if (next.done === true) {
      this.#release();
      return controller.close();
    }
    controller.enqueue(encoder.encode(next.value));
    outlets.stalls.start(this);
  }

  cancel(): void {
    this.#release();
  }

  stall(): void {
    this.#release();
    this.#controller?.error(new Error("Cannot answer: the client does not read"));
  }

  #release(): void {
    if (this.#chunks === undefined) return;
    this.#chunks = undefined;
    if (this.#controller === undefined) return;
    this.deps.lookBack.closed(this.bytes);
    this.deps.outlets.stalls.stop(this);
  }
}
