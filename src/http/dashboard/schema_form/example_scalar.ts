/** Texts and numbers that their schemas allow, for an example. Pure. */

import type { JsonObject } from "../../../core/json.ts";
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

/** Tried where a pattern says what is allowed: it cannot be turned around. */
const GUESSES = [
  ...["text", "example", "TEXT", "a", "A", "1", "42", "abc123", "ABC-123", "a.b", "a_b", "a-b"],
  ...["2026-01-31", "12:00", "1.0", "1.0.0", "#aabbcc", "/text", ",", "", "00000000"],
  ...["someone@example.com", "https://example.com/", "example.com", "+41000000000", "EUR", "de-CH"],
];

/** A longer one is no example. */
const TEXT_LENGTH_MAX = 1_000;
/** A pattern may take a time that doubles with each character of what it does not match. */
const MATCHED_LENGTH_MAX = 20;

/** `undefined` where none can be made up, as for most patterns. */
export function exampleText(schema: JsonObject): string | undefined {
  const lengthMin = numberIn(schema, "minLength") ?? 0;
  const lengthMax = numberIn(schema, "maxLength") ?? Infinity;
  const hasPattern = textIn(schema, "pattern") !== undefined;
  if (lengthMin > (hasPattern ? MATCHED_LENGTH_MAX : TEXT_LENGTH_MAX)) return undefined;
  const isAllowed = patternOf(schema);
  return candidatesOf(schema, lengthMin, lengthMax).find((text) =>
    text.length >= lengthMin && text.length <= lengthMax && isAllowed(text)
  );
}

function candidatesOf(schema: JsonObject, lengthMin: number, lengthMax: number) {
  const format = textIn(schema, "format");
  if (format !== undefined) {
    return Object.hasOwn(OF_FORMATS, format) ? [OF_FORMATS[format] ?? ""] : [];
  }
  const fitting = "text".padEnd(lengthMin, "text").slice(0, lengthMax);
  return textIn(schema, "pattern") === undefined ? [fitting] : [
    fitting,
    ...GUESSES,
    ...["a", "A", "0"].map((one) => one.repeat(Math.max(1, lengthMin))),
  ];
}

/** What cannot be read as a pattern allows nothing. */
function patternOf(schema: JsonObject): (text: string) => boolean {
  const pattern = textIn(schema, "pattern");
  if (pattern === undefined) return () => true;
  try {
    const expression = new RegExp(pattern, "u");
    return (text) => expression.test(text);
  } catch {
    return () => false;
  }
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
