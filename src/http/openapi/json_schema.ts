/** Converts the schemas of the routes to JSON Schema; the important ones get names. */

import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from "@valibot/to-json-schema";
import type * as v from "valibot";
import { isObject, type JsonObject, type JsonValue } from "../../core/json.ts";
import { findDocumentation } from "../../documents/fields.ts";

/** The same members, each with another value. */
export function mapped<Value, Result>(
  members: Readonly<Record<string, Value>>,
  to: (value: Value, name: string) => Result,
): Record<string, Result> {
  return Object.fromEntries(Object.entries(members).map(([name, one]) => [name, to(one, name)]));
}

export type NamedSchemas = Readonly<Record<string, v.GenericSchema>>;

const REFERENCE = "#/components/schemas/";
/** A reference to an unnamed schema behind `lazy`, whose name is a number. */
const NUMBERED = /^#\/\$defs\/(\d+)$/;

/** A rule in code has no JSON Schema unless it is `documented`, which is required. */
const CONFIG: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  ignoreActions: ["check", "transform"],
  overrideSchema: ({ valibotSchema }) => findDocumentation(valibotSchema) as JsonSchema | undefined,
  // JSON Schema interprets every pattern with the flag `u`.
  overrideAction: ({ valibotAction, jsonSchema }) =>
    valibotAction.type === "regex" && "requirement" in valibotAction
      ? { ...jsonSchema, pattern: (valibotAction.requirement as RegExp).source }
      : undefined,
  overrideRef: ({ referenceId }) => /^\d+$/.test(referenceId) ? undefined : REFERENCE + referenceId,
};

/** @throws {Error} for a schema that JSON Schema cannot express and that is not `documented`. */
export function schemaObject(schema: v.GenericSchema, named: NamedSchemas): JsonObject {
  const { $schema: _, $defs = {}, ...json } = toJsonSchema(schema, {
    ...CONFIG,
    definitions: named as Record<string, v.GenericSchema>,
  });
  return inlined(json as JsonObject, $defs as JsonObject) as JsonObject;
}

export function namedSchemaObjects(named: NamedSchemas): JsonObject {
  const all = toJsonSchemaDefs(named as Record<string, v.GenericSchema>, CONFIG) as JsonObject;
  return mapped(named, (_, name) => inlined(all[name] ?? {}, all));
}

/** Inlines numbered definitions where they are referred to. */
function inlined(value: JsonValue, definitions: JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inlined(item, definitions));
  if (!isObject(value)) return value;
  const { $ref, ...rest } = value;
  const number = NUMBERED.exec(String($ref))?.[1];
  const target = number === undefined ? {} : inlined(definitions[number] ?? {}, definitions);
  const own = mapped(number === undefined ? value : rest, (one) => inlined(one, definitions));
  return plain({ ...target as JsonObject, ...own });
}

/**
 * Adapts a schema to client generators: an object without properties may have any members, which
 * some read as none; and a default would turn an optional member into a required one.
 */
function plain(schema: JsonObject): JsonObject {
  const { default: _, ...rest } = schema;
  const isOpen = rest["type"] === "object" &&
    !["properties", "additionalProperties", "anyOf", "oneOf"].some((key) => key in rest);
  return isOpen ? { ...rest, additionalProperties: true } : rest;
}
