/** JSON Schema of the schemas that the routes use, with names for those that matter. */

import {
  type ConversionConfig,
  type JsonSchema,
  toJsonSchema,
  toJsonSchemaDefs,
} from "@valibot/to-json-schema";
import type * as v from "valibot";
import type { JsonObject, JsonValue } from "../../core/json.ts";
import { documentationOf } from "../requests/documented.ts";

export type NamedSchemas = Readonly<Record<string, v.GenericSchema>>;

const REFERENCE = "#/components/schemas/";
/** What is not named gets a number for a name, where it is behind `lazy`. */
const NUMBERED = /^#\/\$defs\/(\d+)$/;

/** A rule that is code says nothing here, unless it is `documented`; then it must be. */
const CONFIG: ConversionConfig = {
  target: "draft-2020-12",
  typeMode: "input",
  ignoreActions: ["check", "transform"],
  overrideSchema: ({ valibotSchema }) => documentationOf(valibotSchema) as JsonSchema | undefined,
  // JSON Schema reads every pattern as if it had the flag u.
  overrideAction: ({ valibotAction, jsonSchema }) =>
    valibotAction.type === "regex" && "requirement" in valibotAction
      ? { ...jsonSchema, pattern: (valibotAction.requirement as RegExp).source }
      : undefined,
  overrideRef: ({ referenceId }) => /^\d+$/.test(referenceId) ? undefined : REFERENCE + referenceId,
};

/** The schema itself, of one that `strictObject` or `chosenFrom` made. */
export function withinLazy(schema: v.GenericSchema): v.GenericSchema {
  if ("getter" in schema) return (schema as v.LazySchema<v.GenericSchema>).getter(undefined);
  return schema;
}

/** @throws {Error} for a schema that JSON Schema cannot say, and that is not `documented`. */
export function schemaObject(schema: v.GenericSchema, named: NamedSchemas): JsonObject {
  const { $schema: _, $defs = {}, ...json } = toJsonSchema(schema, {
    ...CONFIG,
    definitions: named as Record<string, v.GenericSchema>,
  });
  return inlined(json as JsonObject, $defs as JsonObject) as JsonObject;
}

/** For `components/schemas`. */
export function namedSchemaObjects(named: NamedSchemas): JsonObject {
  const all = toJsonSchemaDefs(named as Record<string, v.GenericSchema>, CONFIG) as JsonObject;
  const entries = Object.keys(named).map((name) => [name, inlined(all[name] ?? {}, all)] as const);
  return Object.fromEntries(entries);
}

/** With what has only a number put where it is referred to. */
function inlined(value: JsonValue, definitions: JsonObject): JsonValue {
  if (Array.isArray(value)) return value.map((item) => inlined(item, definitions));
  if (typeof value !== "object" || value === null) return value;
  const { $ref, ...rest } = value as JsonObject;
  const number = NUMBERED.exec(String($ref))?.[1];
  const own = Object.entries(number === undefined ? value : rest)
    .map(([key, member]) => [key, inlined(member, definitions)]);
  const target = number === undefined ? {} : inlined(definitions[number] ?? {}, definitions);
  return plain({ ...target as JsonObject, ...Object.fromEntries(own) });
}

/**
 * As people's generators read it: an object of which nothing is said may have any members, where
 * some take it for one that has none; and a default would make of a member that may be left out
 * one that is always there.
 */
function plain(schema: JsonObject): JsonObject {
  const { default: _, ...rest } = schema;
  const isOpen = rest.type === "object" &&
    !["properties", "additionalProperties", "anyOf", "oneOf"].some((key) => key in rest);
  return isOpen ? { ...rest, additionalProperties: true } : rest;
}
