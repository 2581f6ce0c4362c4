/** What a field takes, in words. */

import { assertNever } from "../../core/assert_never.ts";
import { counted } from "../../core/counted.ts";
import type { Field, NumberField, TextField } from "./field.ts";

export function rulesText(field: Field): string {
  switch (field.kind) {
    case "text":
      return textRulesText(field);
    case "number":
      return numberText(field);
    case "choice":
      return `one of ${field.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "json":
      return "JSON";
    default:
      return assertNever(field, "field");
  }
}

function textRulesText({ lengthMin, lengthMax, pattern, format }: TextField): string {
  return [
    format === undefined ? "text" : `text, ${format}`,
    lengthText(lengthMin, lengthMax),
    pattern === undefined ? "" : `as ${pattern}`,
  ].filter((part) => part !== "").join(", ");
}

function lengthText(min: number | undefined, max: number | undefined): string {
  if (min === undefined) return max === undefined ? "" : `at most ${counted(max, "character")}`;
  if (max !== undefined) return `${min} to ${counted(max, "character")}`;
  return min === 1 ? "not empty" : `at least ${counted(min, "character")}`;
}

function numberText({ isInteger, min, max }: NumberField): string {
  const what = isInteger ? "a whole number" : "a number";
  const hasMax = max !== undefined && max !== Number.MAX_SAFE_INTEGER;
  const hasMin = min !== undefined && min !== Number.MIN_SAFE_INTEGER;
  if (!hasMin) return hasMax ? `${what}, at most ${max}` : what;
  return hasMax ? `${what} from ${min} to ${max}` : `${what}, at least ${min}`;
}
