/** JSON Schema for schemas whose rules are code, for `/openapi.json`. */

import * as v from "valibot";
import type { JsonObject } from "../core/json.ts";

const DOCUMENTED = new WeakMap<object, JsonObject>();

/** Returns the same schema, so that the documentation costs nothing at run time. */
export function documented<Schema extends v.GenericSchema>(
  schema: Schema,
  jsonSchema: JsonObject,
): Schema {
  DOCUMENTED.set(schema, jsonSchema);
  return schema;
}

/** The JSON Schema of a schema; `undefined` if its own rules suffice. */
export function findDocumentation(schema: object): JsonObject | undefined {
  return DOCUMENTED.get(schema);
}

/** Adds a description for the document. */
export function describe<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.pipe(schema, v.description(description));
}

/** A member that may be absent, with its description. */
export function maybe<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.exactOptional(describe(schema, description));
}
