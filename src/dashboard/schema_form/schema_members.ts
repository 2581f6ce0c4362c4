/** Typed access to the members of a JSON Schema. Pure. */

import type { JsonObject, JsonValue } from "../../core/json.ts";

/** Empty for a value that is not an object. */
export function asObject(value: JsonValue | undefined): JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as JsonObject
    : {};
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
