/** Parses an input with the schema of its definition, or says what is wrong with it. */

import * as v from "valibot";
import { copyJson, type JsonValue, type PointedIssue, pointerTo } from "../core/json.ts";
import type { AnyJobDefinition } from "./definition.ts";

type InputVerdict =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly issues: readonly PointedIssue[] };

/**
 * The schema, and whatever gets the parsed value, may change it, and with it parts of the input that
 * the schema passed on as they are. So it gets a copy: the input is, or will be, recorded.
 */
export function parseInput(
  definition: AnyJobDefinition,
  input: JsonValue | undefined,
): InputVerdict {
  const result = v.safeParse(definitionInputSchema(definition), copyJson(input));
  if (result.success) return { ok: true, value: result.output };
  if (input === undefined) return { ok: false, issues: [{ pointer: "", detail: "is required" }] };
  return { ok: false, issues: pointedIssues(result.issues) };
}

/** The issues of an input, on one line. */
export function issuesText(issues: readonly PointedIssue[]): string {
  return issues.map(({ pointer, detail }) => `${pointer || "/"}: ${detail}`).join("; ");
}

/** The whole schema; the type of a definition declares only a part of it. */
export function definitionInputSchema({ input }: AnyJobDefinition): v.GenericSchema {
  return input as v.GenericSchema;
}

/**
 * What a schema rejected, in words that do not name the library.
 *
 * @param at The JSON Pointer to the value that the schema checked.
 */
export function pointedIssues(
  issues: readonly v.BaseIssue<unknown>[],
  at = "",
): readonly PointedIssue[] {
  return issues.map((issue) => ({ pointer: at + issuePointer(issue), detail: issueDetail(issue) }));
}

function issuePointer(issue: v.BaseIssue<unknown>): string {
  return pointerTo((issue.path ?? []).map(({ key }) => String(key)));
}

const SHAPES: Readonly<Record<string, string>> = {
  string: "must be a string",
  number: "must be a number",
  boolean: "must be true or false",
  array: "must be an array",
  object: "must be an object",
  record: "must be an object",
  strict_object: "must be an object",
  loose_object: "must be an object",
};

export const UNKNOWN_FIELD = "is not a known field";

function issueDetail(issue: v.BaseIssue<unknown>): string {
  if (issue.kind === "schema" && issue.path?.at(-1)?.origin === "key") {
    if (issue.expected === "never") {
      return issue.message.startsWith(UNKNOWN_FIELD) ? issue.message : UNKNOWN_FIELD;
    }
    if (issue.type.endsWith("object")) return "is required";
  }
  if (issue.kind !== "schema") return issue.message;
  return SHAPES[issue.type] ?? allowedChoices(issue) ?? issue.message;
}

const CHOICES: ReadonlySet<string> = new Set(["picklist", "enum", "literal"]);

/** `must be "north" or "south"`, unless the definition has its own message. */
function allowedChoices({ type, expected, message }: v.BaseIssue<unknown>): string | undefined {
  const isOwn = !message.startsWith("Invalid type:");
  if (isOwn || !CHOICES.has(type) || expected === null) return undefined;
  const choices = expected.replace(/^\((.*)\)$/s, "$1").split(" | ");
  const last = choices.pop();
  return choices.length === 0 ? `must be ${last}` : `must be ${choices.join(", ")} or ${last}`;
}
