/** Texts and numbers that their schemas allow, for an example. Pure. */

import type { JsonObject } from "../../core/json.ts";
import { numberIn, textIn } from "./schema_members.ts";

/**
 * As the rules of valibot that become these formats take them. Two of these become
 * `date-time`: this is that of `isoTimestamp`, and `isoDateTime` needs an example of its own.
 */
const OF_FORMATS: Readonly<Record<string, string>> = {
  "date": "2026-01-31",
  "date-time": "2026-01-31T12:00:00Z",
  "time": "12:00",
  "email": "someone@example.com",
  "uri": "https://example.com/",
  "url": "https://example.com/",
  "uuid": "6f1c7d5e-3b0a-4c9e-8f2d-1a2b3c4d5e6f",
  "ipv4": "192.0.2.1",
  "ipv6": "2001:db8::1",
  "hostname": "example.com",
};

/** A longer one is no example. */
const TEXT_LENGTH_MAX = 1_000;

/**
 * `undefined` where none can be made up. A pattern cannot be turned around, and is not tried:
 * no pattern is compiled here, for what it takes can be without bound.
 */
export function exampleText(schema: JsonObject): string | undefined {
  const lengthMin = numberIn(schema, "minLength") ?? 0;
  const lengthMax = numberIn(schema, "maxLength") ?? Infinity;
  if (lengthMin > TEXT_LENGTH_MAX || (textIn(schema, "pattern") ?? "") !== "") return undefined;
  const format = textIn(schema, "format");
  const text = format === undefined
    ? "text".padEnd(lengthMin, "text").slice(0, lengthMax)
    : textOfFormat(format);
  const isWithin = text !== undefined && text.length >= lengthMin && text.length <= lengthMax;
  return isWithin ? text : undefined;
}

function textOfFormat(format: string): string | undefined {
  return Object.hasOwn(OF_FORMATS, format) ? OF_FORMATS[format] : undefined;
}

/** The least where there is one, else 1 when it is allowed; `undefined` where none is found. */
export function exampleNumber(schema: JsonObject): number | undefined {
  const step = numberIn(schema, "multipleOf") ?? (schema["type"] === "integer" ? 1 : undefined);
  const stepped = step === undefined ? startsOf(schema) : startsOf(schema).flatMap((start) => [
    Math.ceil(start / step) * step,
    Math.floor(start / step) * step,
  ]);
  return stepped.map((number) => number + 0).find((number) => isNumberOf(schema, number));
}

/** Near the bounds, and between them. */
function startsOf(schema: JsonObject): readonly number[] {
  const least = numberIn(schema, "minimum");
  const above = numberIn(schema, "exclusiveMinimum");
  const most = numberIn(schema, "maximum");
  const below = numberIn(schema, "exclusiveMaximum");
  const [low, high] = [least ?? above, most ?? below];
  const all = [
    least,
    above === undefined ? undefined : above + 1,
    1,
    0,
    low === undefined || high === undefined ? undefined : (low + high) / 2,
    most,
    below === undefined ? undefined : below - 1,
  ];
  return all.filter((number) => number !== undefined);
}

function isNumberOf(schema: JsonObject, number: number): boolean {
  const bound = (name: string, otherwise: number) => numberIn(schema, name) ?? otherwise;
  const step = numberIn(schema, "multipleOf");
  return Number.isFinite(number) && !Object.is(number, -0) &&
    (!Number.isInteger(number) || Number.isSafeInteger(number)) &&
    (schema["type"] !== "integer" || Number.isInteger(number)) &&
    number >= bound("minimum", -Infinity) && number > bound("exclusiveMinimum", -Infinity) &&
    number <= bound("maximum", Infinity) && number < bound("exclusiveMaximum", Infinity) &&
    (step === undefined || Number.isInteger(number / step));
}
