/**
 * Converts between a value and the texts of a form, of which each is a scalar, a text or JSON.
 * Pure.
 */

import type { JsonObject, JsonValue, PointedIssue } from "../../core/json.ts";
import { type ChoiceField, type Field, isOneLine, type SchemaForm } from "./field.ts";
import { assertNever } from "../../core/assert_never.ts";
import { Refusal } from "../../documents/refusal.ts";
import { parseJson } from "../../documents/json_document.ts";
import type { Problem } from "../../http/responses/problem.ts";

export type FormTexts = ReadonlyMap<string, string>;

export function inputName({ pointer }: Pick<Field, "pointer">): string {
  return `input${pointer}`;
}

/** The texts for a value; a member that is left out has none. */
export function formTexts(form: SchemaForm, value: JsonValue | undefined): FormTexts {
  return new Map(form.fields.flatMap((field) => {
    const own = form.isObject ? memberOf(value, field.name) : value;
    return own === undefined ? [] : [[inputName(field), fieldText(field, own)] as const];
  }));
}

/** The initial texts of a form: defaults, and an example for required JSON. */
export function textsAtFirst({ fields }: SchemaForm): FormTexts {
  return new Map(fields.flatMap((field) => {
    const isShown = field.kind === "json" && field.isRequired && !field.isSecret;
    const value = field.default ?? (isShown ? field.example : undefined);
    return value === undefined ? [] : [[inputName(field), fieldText(field, value)] as const];
  }));
}

export function fieldText(field: Field, value: JsonValue): string {
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return field.kind === "text" && typeof value === "string"
    ? textAsTyped(value, isOneLine(field))
    : JSON.stringify(value);
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  const members = (value ?? {}) as JsonObject;
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

interface FormInput {
  /** `undefined` if a value without members was left blank. */
  readonly value: JsonValue | undefined;
  /** Texts that could not be parsed; errors in values are found by the schema. */
  readonly issues: readonly PointedIssue[];
}

/** The value of the texts; pointers of issues are relative to the value. */
export function parseForm({ fields, isObject }: SchemaForm, texts: FormTexts): FormInput {
  const read = fields.map((field) =>
    [field.name, parseField(field, texts.get(inputName(field)) ?? "")] as const
  );
  const issues = read.flatMap(([, { issues }]) => issues);
  if (!isObject) return { value: read[0]?.[1].value, issues };
  const members = read.flatMap(([name, { value }]) =>
    value === undefined ? [] : [[name, value] as const]
  );
  return { value: Object.fromEntries(members), issues };
}

function parseField(field: Field, typed: string): JsonTyped {
  if (typed.trim() === "") return { issues: [] };
  switch (field.kind) {
    case "text":
      // A secret is used literally, since the user could not see a change to it.
      return { value: field.isSecret ? typed : textFromTyped(typed), issues: [] };
    case "number":
      // Text that is not a number stays text, so that the schema refuses it.
      return isNumber(typed)
        ? jsonTyped(typed.trim(), field.pointer)
        : { value: typed.trim(), issues: [] };
    case "choice":
      return { value: parseChoice(field, typed), issues: [] };
    case "json":
      return jsonTyped(typed, field.pointer);
    default:
      return assertNever(field, "field");
  }
}

/** Any other text stays text, so that the schema refuses it. */
function parseChoice({ values }: ChoiceField, typed: string): JsonValue {
  const value = values.find((one) => JSON.stringify(one) === typed);
  return value === undefined ? typed : value;
}

function isNumber(typed: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(typed.trim());
}

// Blank text means no value. Text in double quotes is parsed as JSON, so that an empty text, spaces
// at the ends and line ends that a browser would change can be entered too.

/** The input for a text, in one line or in several. */
function textAsTyped(text: string, isLine: boolean): string {
  return needsQuotes(text, isLine) ? JSON.stringify(text) : text;
}

/** The text that an input means. */
function textFromTyped(typed: string): string {
  return quoted(typed) ?? withPlainLineEnds(typed);
}

/** Browsers send line ends of forms as CRLF. */
export function withPlainLineEnds(typed: string): string {
  return typed.replaceAll("\r\n", "\n");
}

function needsQuotes(text: string, isLine: boolean): boolean {
  if (text.trim() === "" || /[\r\0]/.test(text) || !text.isWellFormed()) return true;
  return quoted(text) !== undefined || (isLine && text.includes("\n"));
}

function quoted(typed: string): string | undefined {
  const trimmed = typed.trim();
  if (trimmed.length < 2 || !trimmed.startsWith('"') || !trimmed.endsWith('"')) return undefined;
  try {
    return String(JSON.parse(trimmed));
  } catch {
    return undefined;
  }
}

interface JsonTyped {
  /** `undefined` if the input is blank or not valid JSON. */
  readonly value?: JsonValue;
  readonly issues: readonly PointedIssue[];
}

/** @param pointer The pointer of the value in the document. */
export function jsonTyped(text: string, pointer: string): JsonTyped {
  if (text.trim() === "") return { issues: [] };
  try {
    return { value: parseJson(text), issues: [] };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { issues: typedIssues(error, text, pointer) };
  }
}

function typedIssues(
  { message, members: { position, errors } }: Problem,
  text: string,
  at: string,
): readonly PointedIssue[] {
  if (position !== undefined) {
    return [{ pointer: at, detail: `is not JSON: ${jsonPlaceText(text, position)}` }];
  }
  if (errors === undefined) return [{ pointer: at, detail: message }];
  return errors.flatMap((issue) =>
    "pointer" in issue ? [{ pointer: at + issue.pointer, detail: issue.detail }] : []
  );
}

/** `unexpected character in line 3, column 7`, counted as in editors. */
export function jsonPlaceText(text: string, position: number): string {
  if (position >= text.length) return "it ends too early";
  const lines = text.slice(0, position).split("\n");
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return `unexpected character in line ${lines.length}, column ${column}`;
}
