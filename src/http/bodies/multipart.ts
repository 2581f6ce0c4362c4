/** `multipart/form-data`: a document in the part `job`, with files added to its input. */

import { invalidRequest } from "../../documents/refusal.ts";
import { Buffer } from "node:buffer";
import { type JsonObject, type JsonValue, pointerTo } from "../../core/json.ts";
import { decodeUtf8, requireUtf8 } from "./body.ts";
import { isObject } from "../../documents/fields.ts";
import { parseJson } from "../../documents/json_document.ts";
import type { Problem } from "../problems/problem.ts";

const JOB_PART = "job";
/** The cost of parsing a form grows with its parts. */
const PARTS_MAX = 100;
const BOUNDARY = /boundary="?([^";]+)/i;
const PART_NAME_PATTERN = /^[A-Za-z0-9_.-]{1,100}$/;
const FORBIDDEN_NAMES: readonly string[] = ["constructor", "prototype", "__proto__"];

/** @throws {Problem} when the form, its part `job`, or a file cannot be used. */
export async function formDocument(request: Request, bytes: Uint8Array): Promise<JsonValue> {
  const form = await parseForm(request, bytes);
  const [part, ...others] = form.getAll(JOB_PART);
  if (part === undefined || others.length > 0) {
    throw invalidPart("", `must have one part named ${JOB_PART}`);
  }
  const document = parseJson(await readText(part));
  form.delete(JOB_PART);
  const files = await readFiles(form);
  return Object.keys(files).length === 0 ? document : withFiles(document, files);
}

async function parseForm(request: Request, bytes: Uint8Array): Promise<FormData> {
  const headers = { "content-type": request.headers.get("content-type") ?? "" };
  if (hasTooManyParts(bytes, BOUNDARY.exec(headers["content-type"])?.[1])) {
    throw invalidPart("", `has more than ${PARTS_MAX} parts`);
  }
  try {
    return await new Response(new Uint8Array(bytes), { headers }).formData();
  } catch {
    throw invalidPart("", "must be a form as its Content-Type says");
  }
}

/** A body without a boundary is refused by the parser. */
function hasTooManyParts(bytes: Uint8Array, boundary: string | undefined): boolean {
  if (boundary === undefined) return false;
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const mark = `--${boundary.trim()}`;
  let marks = 0;
  for (let at = text.indexOf(mark); at !== -1 && marks <= PARTS_MAX + 1; marks++) {
    at = text.indexOf(mark, at + mark.length);
  }
  // The last boundary ends the form.
  return marks > PARTS_MAX + 1;
}

async function readText(part: FormDataEntryValue): Promise<string> {
  if (typeof part === "string") return part;
  requireUtf8(part.type);
  return decodeUtf8(await part.bytes());
}

async function readFiles(form: FormData): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const [name, part] of form) {
    const pointer = pointerTo(["input", name]);
    if (!PART_NAME_PATTERN.test(name) || FORBIDDEN_NAMES.includes(name)) {
      throw invalidPart(pointer, "is not a valid name for a part");
    }
    if (typeof part === "string") throw invalidPart(pointer, "must be sent as a file");
    if (Object.hasOwn(files, name)) throw invalidPart(pointer, "is sent more than once");
    files[name] = await readText(part);
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
