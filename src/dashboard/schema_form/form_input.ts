/** The texts of a form as the value that they say. Pure. */

import { assertNever } from "../../core/assert_never.ts";
import type { JsonValue } from "../../core/json.ts";
import type { PointedIssue } from "../../http/requests/issues.ts";
import type { ChoiceField, Field, SchemaForm } from "./field.ts";
import { type FormTexts, inputName } from "./field_texts.ts";
import { type JsonTyped, jsonTyped } from "./json_text.ts";
import { textTyped } from "./scalar_text.ts";

export interface FormInput {
  /** `undefined` when nothing was filled in for a value that has no members. */
  readonly value: JsonValue | undefined;
  /** Texts that say nothing; what is wrong with a value is for its schema to say. */
  readonly issues: readonly PointedIssue[];
}

/** What the texts say; pointers of issues begin at the value. */
export function inputOf({ fields, isObject }: SchemaForm, texts: FormTexts): FormInput {
  const read = fields.map((field) =>
    [field.name, valueOf(field, texts.get(inputName(field)) ?? "")] as const
  );
  const issues = read.flatMap(([, { issues }]) => issues);
  if (!isObject) return { value: read[0]?.[1].value, issues };
  const members = read.flatMap(([name, { value }]) =>
    value === undefined ? [] : [[name, value] as const]
  );
  return { value: Object.fromEntries(members), issues };
}

function valueOf(field: Field, typed: string): JsonTyped {
  if (typed.trim() === "") return { issues: [] };
  switch (field.kind) {
    case "text":
      // A secret is taken as it is: nobody sees what would become of it.
      return { value: field.isSecret ? typed : textTyped(typed), issues: [] };
    case "number":
      // What is no number stays text, so that the schema says what is wrong with it.
      return isNumber(typed)
        ? jsonTyped(typed.trim(), field.pointer)
        : { value: typed.trim(), issues: [] };
    case "choice":
      return { value: choiceOf(field, typed), issues: [] };
    case "json":
      return jsonTyped(typed, field.pointer);
    default:
      return assertNever(field, "field");
  }
}

/** What is none of the choices stays text, and the schema refuses it. */
function choiceOf({ values }: ChoiceField, typed: string): JsonValue {
  const value = values.find((one) => JSON.stringify(one) === typed);
  return value === undefined ? typed : value;
}

function isNumber(typed: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(typed.trim());
}
