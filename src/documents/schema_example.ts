/**
 * Generates an example value from a JSON Schema: required members, and those with a default. Pure.
 * An example in the schema itself, as from `v.examples`, takes precedence.
 */

import { isObject, type JsonObject, type JsonValue, pointerTo } from "../core/json.ts";

export interface Example {
  /** `undefined` if no example could be generated. */
  readonly value: JsonValue | undefined;
  /** Pointers to required values for which no example could be generated. */
  readonly missing: readonly string[];
}

/** Limits on the items of a list, and on the nesting of schemas. */
const ITEMS_MAX = 100;
const DEPTH_MAX = 12;

export function schemaExample(schema: JsonValue): Example {
  return made(schema, []);
}

type Path = readonly string[];

function made(given: JsonValue, path: Path): Example {
  if (given === false || path.length > DEPTH_MAX) return none(path);
  const schema = asObject(given);
  const own = ownExample(schema);
  if (own !== undefined) return { value: own, missing: [] };
  if (BEYOND.some((name) => Object.hasOwn(schema, name))) return none(path);
  const alternatives = listIn(schema, "anyOf") ?? listIn(schema, "oneOf");
  if (alternatives !== undefined) return firstExample(schema, alternatives, path);
  return ofType(schema, path);
}

function none(path: Path): Example {
  return { value: undefined, missing: [pointerTo(path)] };
}

function ownExample(schema: JsonObject): JsonValue | undefined {
  for (const name of ["default", "const"]) if (Object.hasOwn(schema, name)) return schema[name];
  return listIn(schema, "examples")?.[0] ?? listIn(schema, "enum")?.[0];
}

/** Keywords for which a value cannot be generated, or not without a search. */
const BEYOND = [
  ...["$ref", "$dynamicRef", "allOf", "not", "if", "contains", "dependentRequired"],
  ...["dependentSchemas", "unevaluatedProperties", "unevaluatedItems"],
];

/** Keywords that do not restrict the alternatives beside them. */
const REMARKS: ReadonlySet<string> = new Set(["$schema", "$defs", "title", "description"]);

/** The first alternative with a complete example. */
function firstExample(schema: JsonObject, alternatives: readonly JsonValue[], path: Path): Example {
  const isAlone = Object.keys(schema).every((name) =>
    name === "anyOf" || name === "oneOf" || REMARKS.has(name)
  );
  if (!isAlone) return none(path);
  for (const alternative of alternatives) {
    const example = made(alternative, path);
    if (example.missing.length === 0) return example;
  }
  return none(path);
}

function ofType(schema: JsonObject, path: Path): Example {
  switch (typeOf(schema)) {
    case "string":
      return scalar(exampleText(schema), path);
    case "number":
    case "integer":
      return scalar(exampleNumber(schema), path);
    case "boolean":
      return { value: true, missing: [] };
    case "null":
      return { value: null, missing: [] };
    case "array":
      return list(schema, path);
    default:
      return object(schema, path);
  }
}

/** A schema without a type also allows an object. */
function typeOf(schema: JsonObject): string {
  const [first] = listIn(schema, "type") ?? [textIn(schema, "type")];
  return typeof first === "string" ? first : "object";
}

function scalar(value: JsonValue | undefined, path: Path): Example {
  return value === undefined ? none(path) : { value, missing: [] };
}

/** A list with the minimum number of items. */
function list(schema: JsonObject, path: Path): Example {
  const first = listIn(schema, "prefixItems") ?? [];
  const length = Math.max(first.length, numberIn(schema, "minItems") ?? 0);
  const lengthMax = numberIn(schema, "maxItems") ?? Infinity;
  const mustDiffer = schema["uniqueItems"] === true && length > 1;
  if (length > Math.min(ITEMS_MAX, lengthMax) || mustDiffer) return none(path);
  const items = Array.from(
    { length },
    (_, at) => made(first[at] ?? schema["items"] ?? {}, [...path, String(at)]),
  );
  // A list without the missing items would mean something else.
  const missing = items.flatMap((item) => item.missing);
  const values = items.map(({ value }) => value).filter((value) => value !== undefined);
  return missing.length > 0 ? { value: undefined, missing } : { value: values, missing };
}

function object(schema: JsonObject, path: Path): Example {
  const members = membersOf(schema).map(([name, member]) =>
    [name, made(member, [...path, name])] as const
  );
  const missing = members.flatMap(([, example]) => example.missing);
  const given = members.filter(([, { value }]) => value !== undefined)
    .map(([name, { value }]) => [name, value ?? null] as const);
  const isEnough = members.length >= (numberIn(schema, "minProperties") ?? 0) &&
    members.length <= (numberIn(schema, "maxProperties") ?? Infinity);
  return {
    value: Object.fromEntries(given),
    missing: isEnough ? missing : [...missing, pointerTo(path)],
  };
}

/** An object with its required members, and those with a default. */
function membersOf(schema: JsonObject): readonly (readonly [string, JsonValue])[] {
  const properties = asObject(schema["properties"]);
  const required = (listIn(schema, "required") ?? []).filter((name) => typeof name === "string");
  const known = Object.entries(properties).filter(([name, member]) =>
    required.includes(name) || Object.hasOwn(asObject(member), "default")
  );
  const others = required.filter((name) => !Object.hasOwn(properties, name))
    .map((name) => [name, schema["additionalProperties"] ?? {}] as const);
  return [...known, ...others];
}

/**
 * Values that the valibot rules behind these formats accept. Two rules become `date-time`: this
 * value is for `isoTimestamp`; `isoDateTime` needs an example in the schema.
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

/** The longest text to generate. */
const TEXT_LENGTH_MAX = 1_000;

/**
 * `undefined` if no example can be generated. No text is generated for a pattern, and patterns are
 * never compiled here, since matching can take unbounded time.
 */
function exampleText(schema: JsonObject): string | undefined {
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

/** The minimum if there is one, otherwise 1 if allowed; `undefined` if no number is found. */
function exampleNumber(schema: JsonObject): number | undefined {
  const step = numberIn(schema, "multipleOf") ?? (schema["type"] === "integer" ? 1 : undefined);
  const stepped = step === undefined ? startsOf(schema) : startsOf(schema).flatMap((start) => [
    Math.ceil(start / step) * step,
    Math.floor(start / step) * step,
  ]);
  return stepped.map((number) => number + 0).find((number) => isNumberOf(schema, number));
}

/** Candidates near the bounds, and between them. */
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

/** Empty for a value that is not an object. */
export function asObject(value: JsonValue | undefined): JsonObject {
  return isObject(value) ? value : {};
}

export function listIn(schema: JsonObject, name: string): readonly JsonValue[] | undefined {
  const value = Object.hasOwn(schema, name) ? schema[name] : undefined;
  return Array.isArray(value) ? value : undefined;
}

export function textIn(schema: JsonObject, name: string): string | undefined {
  const value = Object.hasOwn(schema, name) ? schema[name] : undefined;
  return typeof value === "string" ? value : undefined;
}

export function numberIn(schema: JsonObject, name: string): number | undefined {
  const value = Object.hasOwn(schema, name) ? schema[name] : undefined;
  return typeof value === "number" ? value : undefined;
}
