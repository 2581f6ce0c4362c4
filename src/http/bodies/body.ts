/** Checks that bodies have a known media type and are strictly UTF-8. */

import type { JsonValue } from "../../core/json.ts";
import type { Bodies } from "./bodies.ts";
import { parseJson } from "../../documents/json_document.ts";
import { Problem } from "../problems/problem.ts";

const UTF8 = new TextDecoder("utf-8", { fatal: true });

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]*)/gi;
/** US-ASCII is UTF-8 too. */
const CHARSETS_TAKEN: ReadonlySet<string> = new Set(["utf-8", "utf8", "us-ascii"]);

/**
 * The media type of a body, in lower case and without parameters; empty if it has none.
 *
 * @throws {Problem} 415 if its headers declare compression, or a charset other than UTF-8.
 */
export function parseMediaType({ headers }: Request): string {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") throw encodedBody(encoding);
  const header = headers.get("content-type");
  if (header === null || header === "application/json") return header ?? "";
  requireUtf8(header);
  return (header.split(";", 1)[0] ?? "").trim().toLowerCase();
}

/** @throws {Problem} 415 for a media type with a charset that is not UTF-8. */
export function requireUtf8(mediaType: string): void {
  // Another parser of this header may use any of them.
  const charsets = [...mediaType.matchAll(CHARSET)].map(([, charset = ""]) => charset);
  const charset = charsets.find((charset) => !CHARSETS_TAKEN.has(charset.toLowerCase()));
  if (charset === undefined) return;
  const detail = `Cannot read the body: its charset is ${charset}; send it in UTF-8`;
  throw new Problem("unsupported-media-type", detail, {
    errors: [{ header: "Content-Type", detail: "must have no charset other than utf-8" }],
  });
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

/** A missing body means the same as an empty object. @throws {Problem} as `readJson` does. */
export async function readOptionalJson(request: Request, bodies: Bodies): Promise<JsonValue> {
  const bytes = await bodies.read(request);
  if (bytes.length === 0) return {};
  requireJson(request);
  return parseJson(decodeUtf8(bytes));
}

/** @throws {Problem} 415 */
function requireJson(request: Request): void {
  const mediaType = parseMediaType(request);
  if (mediaType === "application/json") return;
  throw unsupportedMediaType(mediaType, ["application/json"]);
}

/** @throws {Problem} what `Bodies.read` throws, or `malformed-text` for what is not UTF-8. */
export async function readText(request: Request, bodies: Bodies): Promise<string> {
  return decodeUtf8(await bodies.read(request));
}

/** @throws {Problem} `malformed-text` */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes);
  } catch {
    throw new Problem("malformed-text", "Cannot read the body: it is not valid UTF-8");
  }
}

function encodedBody(encoding: string): Problem {
  const detail = `Cannot read the body: its Content-Encoding is ${JSON.stringify(encoding)}; ` +
    "send it without one";
  return new Problem("unsupported-media-type", detail, {
    errors: [{ header: "Content-Encoding", detail: "must be left out" }],
  }, { "accept-encoding": "identity" });
}
