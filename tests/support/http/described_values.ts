/** Values that are valid under a JSON Schema of the document at `/openapi.json`. */

import fc from "fast-check";

type Json = Record<string, unknown>;
/** Schemas by the names at the end of `$ref`. */
export type Schemas = Readonly<Record<string, Json>>;

/** The depth at which recursive schemas end. */
const DEPTH_MAX = 4;

export function valuesOf(schema: Json, schemas: Schemas, depth = 0): fc.Arbitrary<unknown> {
  const { $ref, anyOf, enum: choices } = schema;
  if (typeof $ref === "string") {
    return valuesOf(schemas[$ref.split("/").at(-1) ?? ""] ?? {}, schemas, depth + 1);
  }
  if (Array.isArray(anyOf)) return alternativesOf(anyOf, schemas, depth);
  if (Array.isArray(choices)) return fc.constantFrom(...choices);
  if ("const" in schema) return fc.constant(schema.const);
  const types = [schema.type].flat();
  return fc.oneof(...types.map((type) => ofType(type, schema, schemas, depth)));
}

/** Below that depth only the first, which refers to nothing. */
function alternativesOf(all: readonly Json[], schemas: Schemas, depth: number) {
  const some = depth >= DEPTH_MAX ? all.slice(0, 1) : all;
  return fc.oneof(...some.map((one) => valuesOf(one, schemas, depth + 1)));
}

function ofType(
  type: unknown,
  schema: Json,
  schemas: Schemas,
  depth: number,
): fc.Arbitrary<unknown> {
  switch (type) {
    case "null":
      return fc.constant(null);
    case "boolean":
      return fc.boolean();
    case "integer":
    case "number":
      return wholeOf(schema);
    case "string":
      return textsOf(schema);
    case "array":
      return fc.array(valuesOf(schema.items as Json ?? {}, schemas, depth), { maxLength: 2 });
    case "object":
      return objectsOf(schema, schemas, depth);
    case undefined:
      return fc.jsonValue({ maxDepth: 1 });
    default:
      throw new TypeError(`Cannot make a value of type ${String(type)}`);
  }
}

/** Small numbers are more often existing positions. */
function wholeOf({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Json): fc.Arbitrary<number> {
  const [min, max] = [Number(minimum), Number(maximum)];
  return fc.oneof(fc.integer({ min, max: Math.min(max, 40) }), fc.constantFrom(min, max));
}

function textsOf({ format, pattern, maxLength, minLength = 0 }: Json): fc.Arbitrary<string> {
  if (format === "date-time") {
    return fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2100-01-01") })
      .map((date) => date.toISOString());
  }
  const max = Math.min(Number(maxLength ?? 20), 20);
  if (typeof pattern !== "string") {
    return fc.string({ minLength: Number(minLength), maxLength: max });
  }
  // Generators do not support look-ahead, so its exclusions are filtered.
  const rule = new RegExp(pattern, "u");
  const simple = new RegExp(
    pattern.replace(/\(\?![^)]*\)/, "").replace("\\p{Cc}\\p{Cs}", "\\x00-\\x1f\\x7f-\\x9f"),
  );
  return fc.stringMatching(simple, { size: "small" })
    .filter((text) => rule.test(text) && text.length <= Number(maxLength ?? Infinity));
}

function objectsOf(schema: Json, schemas: Schemas, depth: number): fc.Arbitrary<unknown> {
  const { required, propertyNames, additionalProperties } = schema;
  const properties = schema.properties as Schemas | undefined;
  if (properties !== undefined) {
    const entries = Object.entries(properties)
      .map(([name, inner]) => [name, valuesOf(inner, schemas, depth + 1)] as const);
    const members: Record<string, fc.Arbitrary<unknown>> = Object.fromEntries(entries);
    return fc.record(members, { requiredKeys: required as string[] });
  }
  const names = propertyNames === undefined ? fc.string() : textsOf(propertyNames as Json);
  const values = typeof additionalProperties === "object" && additionalProperties !== null
    ? valuesOf(additionalProperties as Json, schemas, depth + 1)
    : fc.jsonValue({ maxDepth: 1 });
  // JSON allows these names, but requests with them are refused.
  return fc.dictionary(names.filter((name) => !(name in Object.prototype)), values, { maxKeys: 3 })
    .map((all) => ({ ...all }));
}
