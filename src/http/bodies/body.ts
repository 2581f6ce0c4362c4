/**
 * Parses bodies: strictly UTF-8, of a known media type, and forms with a job in the part job and
 * files that are added to its input.
 */

import { isObject, type JsonObject, type JsonValue, pointerTo } from "../../core/json.ts";
import type { Bodies } from "./bodies.ts";
import { FORBIDDEN_KEYS, parseJson } from "../../documents/json_document.ts";
import { Problem } from "../responses/problem.ts";
import { invalidRequest } from "../../documents/refusal.ts";

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
function requireUtf8(mediaType: string): void {
  // Another parser of this header may use any of them.
  const charsets = [...mediaType.matchAll(CHARSET)].map(([, charset = ""]) => charset);
  const charset = charsets.find((charset) => !CHARSETS_TAKEN.has(charset.toLowerCase()));
  if (charset === undefined) return;
  const detail = `Cannot read the body: its charset is ${charset}; send it in UTF-8`;
  const errors = [{ header: "Content-Type", detail: "must have no charset other than utf-8" }];
  throw new Problem("unsupported-media-type", detail, { members: { errors } });
}

export function unsupportedMediaType(given: string, taken: readonly string[]): Problem {
  const what = given === "" ? "it has no media type" : `its media type is ${given}`;
  const detail = `Cannot read the body: ${what}; send one of ${taken.join(", ")}`;
  return new Problem("unsupported-media-type", detail, { headers: { "accept": taken.join(", ") } });
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
  const errors = [{ header: "Content-Encoding", detail: "must be left out" }];
  const headers = { "accept-encoding": "identity" };
  return new Problem("unsupported-media-type", detail, { members: { errors }, headers });
}

const JOB_PART = "job";
/** The cost of parsing a form grows with its parts. */
const PARTS_MAX = 100;
const BOUNDARY = /boundary="?([^";]+)/i;
const PART_NAME_PATTERN = /^[A-Za-z0-9_.-]{1,100}$/;

/** @throws {Problem} when the form, its part `job`, or a file cannot be used. */
export async function formDocument(request: Request, bytes: Uint8Array): Promise<JsonValue> {
  const form = await parseForm(request, bytes);
  const [part, ...others] = form.getAll(JOB_PART);
  if (part === undefined || others.length > 0) {
    throw invalidPart("", `must have one part named ${JOB_PART}`);
  }
  const document = parseJson(await partText(part));
  form.delete(JOB_PART);
  const files = await readFiles(form);
  return Object.keys(files).length === 0 ? document : withFiles(document, files);
}

async function parseForm(request: Request, bytes: Uint8Array): Promise<FormData> {
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  // The parser replaces what is not UTF-8.
  const text = decodeUtf8(bytes);
  if (hasTooManyParts(text, BOUNDARY.exec(headers["content-type"])?.[1])) {
    throw invalidPart("", `has more than ${PARTS_MAX} parts`);
  }
  try {
    return await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    throw invalidPart("", "must be a form as its Content-Type says");
  }
}

/** A body without a boundary is refused by the parser. */
function hasTooManyParts(text: string, boundary: string | undefined): boolean {
  if (boundary === undefined) return false;
  const mark = `--${boundary.trim()}`;
  let marks = 0;
  for (let at = text.indexOf(mark); at !== -1 && marks <= PARTS_MAX + 1; marks++) {
    at = text.indexOf(mark, at + mark.length);
  }
  // The last boundary ends the form.
  return marks > PARTS_MAX + 1;
}

async function partText(part: FormDataEntryValue): Promise<string> {
  if (typeof part === "string") return part;
  requireUtf8(part.type);
  return await part.text();
}

async function readFiles(form: FormData): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, part] of form) {
    const pointer = pointerTo(["input", name]);
    if (!PART_NAME_PATTERN.test(name) || FORBIDDEN_KEYS.has(name)) {
      throw invalidPart(pointer, "is not a valid name for a part");
    }
    if (typeof part === "string") throw invalidPart(pointer, "must be sent as a file");
    if (Object.hasOwn(files, name)) throw invalidPart(pointer, "is sent more than once");
    files[name] = await partText(part);
  }
  return files;
}

function withFiles(document: JsonValue, files: JsonObject): JsonValue {
  if (!isObject(document)) return document;
  const { input = {} } = document;
  if (!isObject(input)) {
    throw invalidPart("/input", "must be an object, so that files can be added to it");
  }
  const both = Object.keys(files).find((name) => Object.hasOwn(input, name));
  if (both !== undefined) {
    throw invalidPart(pointerTo(["input", both]), "is also sent as a file");
  }
  return { ...document, input: { ...input, ...files } };
}

function invalidPart(pointer: string, detail: string): Problem {
  return invalidRequest([{ pointer, detail }]);
}
