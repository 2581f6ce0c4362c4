/** Describes what a schema rejected, in words that do not name the library. */

import type { BaseIssue } from "valibot";
import { pointerTo } from "../core/json.ts";
import type { InputIssue } from "./requests.ts";

/** @param at The JSON Pointer to the value that the schema checked. */
export function inputIssues(
  issues: readonly BaseIssue<unknown>[],
  at = "",
): readonly InputIssue[] {
  return issues.map((issue) => ({ pointer: at + issuePointer(issue), detail: issueDetail(issue) }));
}

function issuePointer(issue: BaseIssue<unknown>): string {
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

function issueDetail(issue: BaseIssue<unknown>): string {
  if (issue.kind === "schema" && issue.path?.at(-1)?.origin === "key") {
    if (issue.expected === "never") return "is not a known field";
    if (issue.type.endsWith("object")) return "is required";
  }
  if (issue.kind !== "schema") return issue.message;
  return SHAPES[issue.type] ?? allowedChoices(issue) ?? issue.message;
}

const CHOICES: ReadonlySet<string> = new Set(["picklist", "enum", "literal"]);

/** `must be "north" or "south"`, unless the definition has its own message. */
function allowedChoices({ type, expected, message }: BaseIssue<unknown>): string | undefined {
  const isOwn = !message.startsWith("Invalid type:");
  if (isOwn || !CHOICES.has(type) || expected === null) return undefined;
  const choices = expected.replace(/^\((.*)\)$/s, "$1").split(" | ");
  const last = choices.pop();
  return choices.length === 0 ? `must be ${last}` : `must be ${choices.join(", ")} or ${last}`;
}
