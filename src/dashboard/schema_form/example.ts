/**
 * An example of a value, made from its JSON Schema: what must be there, and what has a
 * default. Pure. An example that the schema gives itself, as `v.examples` does, comes first.
 */

import { pointerTo } from "../../core/json_pointer.ts";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { exampleNumber, exampleText } from "./example_scalar.ts";
import { listIn, numberIn, objectOf, textIn } from "./schema_members.ts";

export interface Example {
  /** `undefined` where none could be made up. */
  readonly value: JsonValue | undefined;
  /** Pointers to what must be there, and of which none could be made up. */
  readonly missing: readonly string[];
}

/** Items of a list, and schemas inside one another. */
const ITEMS_MAX = 100;
const DEPTH_MAX = 12;

export function exampleOf(schema: JsonValue): Example {
  return made(schema, []);
}

type Path = readonly string[];

function made(given: JsonValue, path: Path): Example {
  if (given === false || path.length > DEPTH_MAX) return none(path);
  const schema = objectOf(given);
  const own = ownExample(schema);
  if (own !== undefined) return { value: own, missing: [] };
  if (BEYOND.some((name) => Object.hasOwn(schema, name))) return none(path);
  const alternatives = listIn(schema, "anyOf") ?? listIn(schema, "oneOf");
  if (alternatives !== undefined) return firstOf(schema, alternatives, path);
  return ofType(schema, path);
}

function none(path: Path): Example {
  return { value: undefined, missing: [pointerTo(path)] };
}

/** A value that the schema itself names. */
function ownExample(schema: JsonObject): JsonValue | undefined {
  for (const name of ["default", "const"]) if (Object.hasOwn(schema, name)) return schema[name];
  return listIn(schema, "examples")?.[0] ?? listIn(schema, "enum")?.[0];
}

/** Rules that cannot be turned around, or not without a search. */
const BEYOND = [
  ...["$ref", "$dynamicRef", "allOf", "not", "if", "contains", "dependentRequired"],
  ...["dependentSchemas", "unevaluatedProperties", "unevaluatedItems"],
];

/** Beside alternatives these say nothing of what is allowed. */
const REMARKS: ReadonlySet<string> = new Set(["$schema", "$defs", "title", "description"]);

/** The first of which a whole example can be made up. */
function firstOf(schema: JsonObject, alternatives: readonly JsonValue[], path: Path): Example {
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

/** What allows everything allows an object. */
function typeOf(schema: JsonObject): string {
  const [first] = listIn(schema, "type") ?? [textIn(schema, "type")];
  return typeof first === "string" ? first : "object";
}

function scalar(value: JsonValue | undefined, path: Path): Example {
  return value === undefined ? none(path) : { value, missing: [] };
}

/** As few items as there may be. */
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
  // A list with a gap would say something else.
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

/** What must be there, and what is there when nobody says otherwise. */
function membersOf(schema: JsonObject): readonly (readonly [string, JsonValue])[] {
  const properties = objectOf(schema["properties"]);
  const required = (listIn(schema, "required") ?? []).filter((name) => typeof name === "string");
  const known = Object.entries(properties).filter(([name, member]) =>
    required.includes(name) || Object.hasOwn(objectOf(member), "default")
  );
  const others = required.filter((name) => !Object.hasOwn(properties, name))
    .map((name) => [name, schema["additionalProperties"] ?? {}] as const);
  return [...known, ...others];
}
