/** Reads bodies: bounded as they stream, of a known media type, and strictly UTF-8. */

import type { JsonValue } from "../core/json.ts";
import { parseJson } from "./json_document.ts";
import { Problem } from "./problem.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

/** The media type of a body, in lower case and without parameters; empty when not given. */
export function mediaTypeOf(request: Request): string {
  const header = request.headers.get("content-type");
  if (header === null || header === "application/json") return header ?? "";
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

export function unsupportedMediaType(given: string, taken: readonly string[]): Problem {
  const what = given === "" ? "it has no media type" : `its media type is ${given}`;
  const detail = `Cannot read the body: ${what}; send ${taken.join(" or ")}`;
  return new Problem("unsupported-media-type", detail, {}, { "accept": taken.join(", ") });
}

/** @throws {Problem} 415, 413, or what `parseJson` throws. */
export async function readJson(request: Request, bytesMax: number): Promise<JsonValue> {
  const mediaType = mediaTypeOf(request);
  if (mediaType !== "application/json") {
    throw unsupportedMediaType(mediaType, ["application/json"]);
  }
  return parseJson(await readText(request, bytesMax));
}

/** @throws {Problem} `body-too-large`, or `malformed-text` for what is not UTF-8. */
export async function readText(request: Request, bytesMax: number): Promise<string> {
  return decodeUtf8(await readBytes(request, bytesMax));
}

/** @throws {Problem} `malformed-text`. */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem("malformed-text", "Cannot read the body: it is not valid UTF-8");
  }
}

/**
 * @throws {Problem} `body-too-large` as soon as more than `bytesMax` bytes have come, or
 * are announced.
 */
export async function readBytes(request: Request, bytesMax: number): Promise<Uint8Array> {
  const announced = request.headers.get("content-length");
  if (announced !== null && Number(announced) > bytesMax) throw tooLarge(bytesMax);
  try {
    // The server holds a client to the length that it announced.
    const bytes = announced === null ? await readCounted(request, bytesMax) : await request.bytes();
    if (bytes.length <= bytesMax) return bytes;
  } catch (error) {
    throw error instanceof Problem ? error : unreadable();
  }
  throw tooLarge(bytesMax);
}

async function readCounted(request: Request, bytesMax: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of request.body ?? []) {
    length += chunk.length;
    if (length > bytesMax) throw tooLarge(bytesMax);
    chunks.push(chunk);
  }
  return concatenated(chunks, length);
}

function concatenated(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}

function tooLarge(bytesMax: number): Problem {
  return new Problem(
    "body-too-large",
    `Cannot take the body: it is over ${bytesMax} bytes; --body-bytes of the start sets the limit`,
  );
}

function unreadable(): Problem {
  return new Problem("unreadable-body", "Cannot read the body: it ended early or was read before");
}
