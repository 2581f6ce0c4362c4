/** A value as the texts of a form: what is typed to say it. Pure. */

import { assertNever } from "../../core/assert_never.ts";
import type { JsonObject, JsonScalar, JsonValue } from "../../core/json.ts";
import { type Field, isOneLine, type LinesField } from "./field.ts";
import { typedLine, typedText } from "./scalar_text.ts";

/** By the names of inputs. */
export type FormTexts = ReadonlyMap<string, string>;

const PREFIX = "input";

/** The name of the input of a field. */
export function inputName({ pointer }: Pick<Field, "pointer">): string {
  return PREFIX + pointer;
}

/** The texts that say a value; those of a value that is left out are none. */
export function textsOf(field: Field, value: JsonValue | undefined): FormTexts {
  return new Map(entriesOf(field, value));
}

/** What a form holds before anybody has typed. */
export function defaultTextsOf(field: Field): FormTexts {
  return new Map(defaultsOf(field));
}

function* defaultsOf(field: Field): Generator<readonly [string, string]> {
  if (field.default !== undefined) return yield* entriesOf(field, field.default);
  // A group that may be left out must not be there just because of its defaults.
  if (field.kind !== "group" || !field.isRequired) return;
  for (const member of field.fields) yield* defaultsOf(member);
}

function* entriesOf(
  field: Field,
  value: JsonValue | undefined,
): Generator<readonly [string, string]> {
  if (value === undefined) return;
  const name = inputName(field);
  switch (field.kind) {
    case "text":
      return yield [
        name,
        typeof value === "string" ? typedText(value, isOneLine(field)) : JSON.stringify(value),
      ];
    case "number":
    case "choice":
      return yield [name, JSON.stringify(value)];
    case "lines":
      return yield [name, linesOf(field, value)];
    case "json":
      return yield [name, JSON.stringify(value, null, 2)];
    case "group":
      if (!field.isRequired) yield [name, PRESENT];
      for (const member of field.fields) {
        yield* entriesOf(member, memberOf(value as JsonObject, member.name));
      }
      return;
    default:
      return assertNever(field, "field");
  }
}

/** The text of a box that says that a group is there, though nothing in it may be. */
export const PRESENT = "present";

function memberOf(value: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(value, name) ? value[name] : undefined;
}

function linesOf({ items }: LinesField, value: JsonValue): string {
  if (!Array.isArray(value) || value.length === 0) return JSON.stringify(value);
  const lines: readonly JsonScalar[] = value;
  return lines.map((line) =>
    items === "string" && typeof line === "string" ? typedLine(line) : JSON.stringify(line)
  ).join("\n");
}
