/** JSON on a command line: as text, from a file or standard input, or field by field. */

import { Refusal } from "../documents/refusal.ts";
import { isObject, type JsonObject, type JsonValue } from "../core/json.ts";
import { shellWord } from "../core/shell_word.ts";
import { parseJson } from "../documents/json_document.ts";
import { type CommandOption, UsageError } from "./command.ts";
import { plainText } from "./terminal.ts";
import { readText, STANDARD_INPUT, type Surroundings } from "./server_call.ts";
import type { RefusedByServerError } from "./client.ts";
import type { ReceiptResource } from "./resources.ts";

export const FIELD_OPTION: CommandOption = {
  name: "field",
  short: "f",
  value: "name=value",
  repeated: true,
  help: "one field of the JSON; dots nest",
};

/** Describes both forms, for the notes of a command's help. */
export const JSON_NOTE =
  "JSON is given as text, as @file.json, or as - for standard input. --field sets one field. " +
  "Its value is JSON if it is valid JSON, and otherwise text: amount=1999 is a number, and " +
  `orderId=A-42 is text; write --field 'orderId="42"' for digits as text. The task may not read ` +
  "files: give - and redirect the file with <. If you name a file, the whole command with the " +
  "permission to read it is printed.";

/**
 * The value of an argument and fields together; `undefined` if neither is given.
 *
 * @param what The name of the value in messages: `the input`.
 * @throws {UsageError} if it is not JSON, or a field does not fit into it.
 * @throws {CommandError} if a file cannot be read.
 */
export async function jsonInput(
  what: string,
  argument: string | undefined,
  fields: readonly string[],
  surroundings: Surroundings,
): Promise<JsonValue | undefined> {
  const value = argument === undefined
    ? undefined
    : await readArgument(what, argument, surroundings);
  if (fields.length === 0) return value;
  const start = value ?? {};
  if (!isObject(start)) throw new UsageError(`${what} must be an object to take --field`);
  refuseRepeated(fields);
  return fields.reduce<JsonObject>(withField, start);
}

/** The last one would silently win. But a field may replace a member of the argument. */
function refuseRepeated(fields: readonly string[]): void {
  const names = fields.map((field) => splitAt(field, "--field")[0]);
  const twice = names.find((name, index) => names.indexOf(name) < index);
  if (twice !== undefined) throw new UsageError(`--field ${twice} is given twice`);
}

async function readArgument(
  what: string,
  argument: string,
  surroundings: Surroundings,
): Promise<JsonValue> {
  if (argument === STANDARD_INPUT) return await documentIn(argument, surroundings);
  if (argument.startsWith("@")) return await documentIn(argument.slice(1), surroundings);
  return parseJsonInput(what, argument);
}

async function documentIn(path: string, surroundings: Surroundings): Promise<JsonValue> {
  const text = await readText(path, surroundings);
  return parseJsonInput(path === STANDARD_INPUT ? "the standard input" : path, text);
}

/** Parsed as strictly as on the server, which refuses numbers that would be rounded here. */
export function parseJsonInput(what: string, text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    throw new UsageError(`cannot read ${what} as JSON: ${refusalReason(error)}${adviceOn(text)}`);
  }
}

/** Advice for `x=1`, which is the syntax of a field. */
function adviceOn(text: string): string {
  if (!/^[\w-]+=\S*$/.test(text)) return "";
  return `; write ${shellWord(JSON.stringify(withField({}, text)))}, or -f ${shellWord(text)}`;
}

function refusalReason({ message, members: { errors = [] } }: Refusal): string {
  if (errors.length === 0) return plainText(message.replace(/^Cannot read the JSON: /, ""));
  const details = errors.map((issue) =>
    `${"pointer" in issue ? issue.pointer : ""} ${issue.detail}`.trim()
  );
  return plainText(details.join("; "));
}

/** The object with one more field. Spread and computed keys make `__proto__` harmless here. */
function withField(object: JsonObject, field: string): JsonObject {
  const [name, text] = splitAt(field, "--field");
  return withValue(object, name.split("."), fieldValue(text), name);
}

function withValue(
  object: JsonObject,
  path: readonly string[],
  value: JsonValue,
  name: string,
): JsonObject {
  const [head = "", ...rest] = path;
  if (head === "") throw new UsageError(`--field ${name} has a part without a name`);
  if (rest.length === 0) return { ...object, [head]: value };
  const inner = Object.hasOwn(object, head) ? object[head] : {};
  if (!isObject(inner)) {
    throw new UsageError(`--field ${name} is inside a field that is not an object`);
  }
  return { ...object, [head]: withValue(inner, rest, value, name) };
}

function fieldValue(text: string): JsonValue {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    // A number with too many digits is JSON, and must not silently become text.
    if (error.kind === "malformed-json") return text;
    throw new UsageError(`${plainText(text)} ${refusalReason(error)}`);
  }
}

/**
 * The two sides of the first `=`, or of another separator.
 *
 * @throws {UsageError} if there is no separator, or nothing before it.
 */
export function splitAt(
  text: string,
  option: string,
  mark: "=" | ":" = "=",
): readonly [name: string, value: string] {
  const at = text.indexOf(mark);
  if (at < 1) {
    throw new UsageError(`${option} takes name${mark}value, not ${plainText(text)}`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}

/** A field of a command line whose value is JSON other than a string. */
interface BareField {
  readonly path: string;
  readonly value: string;
}

/** A hint for a near miss: `shipped` needs `"42"`, but `-f orderId=42` is a number. */
export function hintAtReceipt(
  fields: readonly string[],
  { nearest }: ReceiptResource,
): string | undefined {
  return hintFor(
    fields,
    ({ path, value }) =>
      nearest?.clauses?.some((clause) =>
        clause.path === path && clause.expected === JSON.stringify(value)
      ) ?? false,
  );
}

/** A hint for an input that the definition refuses. */
export function hintAtRefusal(
  fields: readonly string[],
  { errors }: RefusedByServerError["problem"],
): string | undefined {
  const issues: readonly unknown[] = Array.isArray(errors) ? errors : [];
  return hintFor(fields, ({ path }) => issues.some((issue) => asksForText(issue, path)));
}

function asksForText(issue: unknown, path: string): boolean {
  return typeof issue === "object" && issue !== null &&
    "pointer" in issue && issue.pointer === `/input/${path.replaceAll(".", "/")}` &&
    "detail" in issue && String(issue.detail).includes("must be a string");
}

function hintFor(
  fields: readonly string[],
  isText: (field: BareField) => boolean,
): string | undefined {
  const meant = fields.map(bareField).filter((field) => field !== undefined).filter(isText);
  if (meant.length === 0) return undefined;
  const words = meant.map(({ path, value }) =>
    `-f ${shellWord(`${path}=${JSON.stringify(value)}`)}`
  );
  return `--field takes a bare ${meant[0]?.value} as JSON; for text write ${words.join(" ")}`;
}

function bareField(field: string): BareField | undefined {
  const [path, value] = splitAt(field, "--field");
  return /^(?:-?\d[\d.eE+-]*|true|false|null)$/.test(value) ? { path, value } : undefined;
}
