/** A value as the texts of a form: what is typed to say it. Pure. */

import type { JsonObject, JsonValue } from "../../core/json.ts";
import { type Field, isOneLine, type SchemaForm } from "./field.ts";
import { typedText } from "./scalar_text.ts";

/** By the names of inputs. */
export type FormTexts = ReadonlyMap<string, string>;

/** The name of the input of a field. */
export function inputName({ pointer }: Pick<Field, "pointer">): string {
  return `input${pointer}`;
}

/** The texts that say a value; those of a value that is left out are none. */
export function textsOf(form: SchemaForm, value: JsonValue | undefined): FormTexts {
  return new Map(form.fields.flatMap((field) => {
    const own = form.isObject ? memberOf(value, field.name) : value;
    return own === undefined ? [] : [[inputName(field), textOf(field, own)] as const];
  }));
}

/** What a form holds at first: defaults, and an example of the JSON that must be there. */
export function textsAtFirst({ fields }: SchemaForm): FormTexts {
  return new Map(fields.flatMap((field) => {
    const isShown = field.kind === "json" && field.isRequired && !field.isSecret;
    const value = field.default ?? (isShown ? field.example : undefined);
    return value === undefined ? [] : [[inputName(field), textOf(field, value)] as const];
  }));
}

/** What is typed in one field. */
export function textOf(field: Field, value: JsonValue): string {
  if (field.kind === "json") return JSON.stringify(value, null, 2);
  return field.kind === "text" && typeof value === "string"
    ? typedText(value, isOneLine(field))
    : JSON.stringify(value);
}

function memberOf(value: JsonValue | undefined, name: string): JsonValue | undefined {
  const members = (value ?? {}) as JsonObject;
  return Object.hasOwn(members, name) ? members[name] : undefined;
}
