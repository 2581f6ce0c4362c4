/**
 * An example of each answer, generated from its schema, so that a new answer has an example and no
 * example becomes outdated. A route may give its own, and must for text.
 */

import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";

const TIME = "2026-01-31T12:00:00.000Z";

/**
 * Values about a single order, so that examples agree with each other; others follow from the type.
 */
const VALUES: Readonly<Record<string, JsonValue>> = {
  about: "42",
  actual: null,
  attributes: { orderId: "42", tracking: "T-1" },
  chain: "47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU",
  condition: "waiting",
  correlation: { equals: { orderId: "42" } },
  detail: "must be text",
  endedAt: null,
  eventId: "parcel-7",
  eventType: "ec.shipment.ShipmentCompleted",
  expectation: "shipped",
  failure: null,
  fingerprint: "3f2a9c01d4e7",
  flag: "--body-bytes",
  holders: [{ scopes: ["read"], name: "dashboard" }],
  input: { orderId: "42", amount: 1999 },
  jobId: "order-42",
  journalFolder: "/var/lib/daybook/journal",
  key: "acme",
  kind: "DomainFact",
  labels: { shop: "berlin" },
  message: "the card is refused",
  name: "Error",
  nextCursor: null,
  output: null,
  path: "/jobs/order-42",
  pauseId: "pau_01J00000000000000000000001",
  reason: "the bank is down",
  segment: "00000000000000000001.ndjson",
  self: "/jobs/order-42",
  state: "Running",
  statement: 'It waits for "shipped": ec.shipment.ShipmentCompleted where orderId = "42".',
  summary: 'Job order-42 is waiting for "shipped", 0 of 1.',
  taskId: "charge",
  type: "order.fulfil",
  version: "0.1.0",
  why: 'It matches expectation "shipped": 1 of 1.',
};

/**
 * A media type of a successful answer, with an example unless it has some.
 *
 * @param schemas The schemas that `$ref` refers to.
 */
export function withExample(
  mediaType: string,
  content: JsonObject,
  schemas: JsonObject,
): JsonObject {
  if ("examples" in content || mediaType === "text/plain") return content;
  const { schema = {}, "x-oai-itemSchema": item } = content;
  const example = isObject(item) ? sequenceExample(item, schemas) : answerExample(schema, schemas);
  return { ...content, example };
}

/** A line of NDJSON, or a message of a stream. */
function sequenceExample(item: JsonObject, schemas: JsonObject): string {
  const { properties } = item;
  const data = isObject(properties) ? properties["data"] : undefined;
  if (!isObject(data)) return `${JSON.stringify(answerExample(item, schemas))}\n`;
  return `id: 41\ndata: ${JSON.stringify(answerExample(data["contentSchema"] ?? {}, schemas))}\n\n`;
}

/** The depth of nested schemas. */
const DEPTH_MAX = 12;

/**
 * A value that a schema allows: with all required members, and one item in each list.
 *
 * @param schemas The schemas that `$ref` refers to.
 */
function answerExample(schema: JsonValue, schemas: JsonObject, name = "", depth = 0): JsonValue {
  if (!isObject(schema) || depth > DEPTH_MAX) return null;
  const { $ref, oneOf, anyOf = oneOf, examples, type, items, additionalProperties } = schema;
  const named = typeof $ref === "string" ? schemas[$ref.split("/").at(-1) ?? ""] : undefined;
  const own = VALUES[name];
  if (own !== undefined && fits(own, named ?? schema, schemas)) return own;
  if (named !== undefined) return answerExample(named, schemas, name, depth + 1);
  if ("const" in schema) return schema["const"] ?? null;
  if (Array.isArray(examples)) return examples[0] ?? null;
  if (Array.isArray(schema["enum"])) return schema["enum"][0] ?? null;
  if (Array.isArray(anyOf)) return answerExample(anyOf[0] ?? {}, schemas, name, depth + 1);
  switch (Array.isArray(type) ? type[0] : type) {
    case "array":
      return depth === DEPTH_MAX
        ? []
        : [answerExample(items ?? {}, schemas, name === "jobIds" ? "jobId" : name, depth + 1)];
    case "boolean":
      return true;
    case "integer":
    case "number":
      return name.endsWith("Ms")
        ? 1200
        : typeof schema["minimum"] === "number"
        ? schema["minimum"] + 1
        : 1;
    case "null":
      return null;
    case "string":
      return schema["format"] === "date-time" ? TIME : "text";
    case "object":
      return isObject(additionalProperties) && !isObject(schema["properties"])
        ? {}
        : objectExample(schema, schemas, depth);
    default:
      return {};
  }
}

function objectExample(schema: JsonObject, schemas: JsonObject, depth: number): JsonValue {
  const properties = isObject(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => required.includes(name))
      .map(([name, member]) => [name, answerExample(member, schemas, name, depth + 1)]),
  );
}

/** Whether a value has a type that a schema allows; a test checks all other rules. */
function fits(value: JsonValue, schema: JsonValue, schemas: JsonObject): boolean {
  if (!isObject(schema)) return false;
  const { $ref, oneOf, anyOf = oneOf, type } = schema;
  if (typeof $ref === "string") {
    return fits(value, schemas[$ref.split("/").at(-1) ?? ""] ?? {}, schemas);
  }
  if (Array.isArray(anyOf)) return anyOf.some((one) => fits(value, one, schemas));
  if ("const" in schema) return schema["const"] === value;
  if (Array.isArray(schema["enum"])) return schema["enum"].includes(value);
  return type === undefined || [type].flat().includes(typeOf(value));
}

function typeOf(value: JsonValue): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return typeof value;
}
