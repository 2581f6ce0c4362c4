/** Members of a JSON Schema, each as what it must be to mean something. Pure. */

import type { JsonObject, JsonValue } from "../../core/json.ts";

/** Empty for what is no object: it then says nothing. */
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
