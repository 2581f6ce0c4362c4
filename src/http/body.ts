/** What bodies are: of a known media type, and strictly UTF-8. */

import type { JsonValue } from "../core/json.ts";
import type { Bodies } from "./bodies.ts";
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

/** @throws {Problem} 415, or what `readText` and `parseJson` throw. */
export async function readJson(request: Request, bodies: Bodies): Promise<JsonValue> {
  requireJson(request);
  return parseJson(await readText(request, bodies));
}

/** No body at all says the same as an empty object. @throws {Problem} as `readJson` does. */
export async function readOptionalJson(request: Request, bodies: Bodies): Promise<JsonValue> {
  const text = await readText(request, bodies);
  if (text === "") return {};
  requireJson(request);
  return parseJson(text);
}

/** @throws {Problem} 415 */
function requireJson(request: Request): void {
  const mediaType = mediaTypeOf(request);
  if (mediaType === "application/json") return;
  throw unsupportedMediaType(mediaType, ["application/json"]);
}

/** @throws {Problem} what `Bodies.read` throws, or `malformed-text` for what is not UTF-8. */
export async function readText(request: Request, bodies: Bodies): Promise<string> {
  return decodeUtf8(await bodies.read(request), request);
}

/** @throws {Problem} `malformed-text`, or 415 when that is because it is compressed. */
export function decodeUtf8(bytes: Uint8Array, request: Request): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw encodedBody(request) ??
      new Problem("malformed-text", "Cannot read the body: it is not valid UTF-8");
  }
}

/** Why a body that cannot be read is not what it seems to be: it is compressed. */
export function encodedBody(request: Request): Problem | undefined {
  const encoding = request.headers.get("content-encoding");
  if (encoding === null) return undefined;
  const detail = "Cannot read the body: send it without Content-Encoding";
  return new Problem("unsupported-media-type", detail, {
    errors: [{ header: "Content-Encoding", detail: "must be left out" }],
  }, { "accept-encoding": "identity" });
}
