/** Requests made from nothing but the document at `/openapi.json`, as a generated client would. */

import fc from "fast-check";
import type { FuzzRequest } from "../support/http/arbitrary_requests.ts";
import { type Described, type Document, operationsOf } from "./open_api.ts";

type Json = Record<string, unknown>;
type Schemas = Readonly<Record<string, Json>>;

/** So deep are documents made; what refers to itself would have no end. */
const DEPTH_MAX = 4;

/** Any request that the document allows, to any of its operations. */
export function describedRequests(document: Document): fc.Arbitrary<FuzzRequest> {
  const { schemas } = document.components;
  return fc.oneof(...operationsOf(document).map((one) => requestTo(one, schemas)));
}

function requestTo({ method, path, operation }: Described, schemas: Schemas) {
  const { parameters = [], requestBody } = operation;
  const inQuery = parameters.filter((one) => one.in === "query");
  const body = requestBody?.content["application/json"]?.schema;
  const documents = body === undefined ? fc.constant(undefined) : valuesOf(body, schemas);
  return fc.record({
    job: fc.nat(9),
    query: parametersOf(inQuery, schemas),
    headers: parametersOf(parameters.filter((one) => one.in === "header"), schemas),
    document: requestBody?.required === false
      ? fc.option(documents, { nil: undefined })
      : documents,
  }).map(({ job, query, headers, document }): FuzzRequest => ({
    route: `${method} ${path}`,
    method,
    path: path.replace("{id}", path.startsWith("/events/") ? `~${job}` : `@${job}`),
    query: query.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&"),
    headers: document === undefined
      ? headers
      : [...headers, ["content-type", "application/json"] as const],
    body: document === undefined ? undefined : new TextEncoder().encode(JSON.stringify(document)),
  }));
}

type Pair = readonly [name: string, value: string];

/** Mostly few of them: each may be one that no entry and no job answers to. */
function parametersOf(
  parameters: NonNullable<Described["operation"]["parameters"]>,
  schemas: Schemas,
): fc.Arbitrary<readonly Pair[]> {
  const each = parameters.map(({ name, schema, required }) => {
    const texts = valuesOf(schema, schemas).map((value) => [value].flat().map(String));
    const pairs = texts.map((all) => all.map((text): Pair => [name, text]));
    return required === true ? pairs : fc.option(pairs, { nil: [], freq: 2 });
  });
  return fc.tuple(...each).map((all) => all.flat());
}

function valuesOf(schema: Json, schemas: Schemas, depth = 0): fc.Arbitrary<unknown> {
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

/** Deep down only the first, which refers to nothing. */
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

/** Small ones are more often positions that there are. */
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
  // Generators know no look-ahead; what it rules out is filtered.
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
  // JSON can say these names, and the edge refuses them wherever they are.
  return fc.dictionary(names.filter((name) => !(name in Object.prototype)), values, { maxKeys: 3 })
    .map((all) => ({ ...all }));
}
