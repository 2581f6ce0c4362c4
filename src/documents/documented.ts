/** What JSON Schema says of a schema whose rule is code, for the document at `/openapi.json`. */

import * as v from "valibot";
import type { JsonObject } from "../core/json.ts";

const DOCUMENTED = new WeakMap<object, JsonObject>();

/** The same schema: what is said of it costs nothing where it is used. */
export function documented<Schema extends v.GenericSchema>(
  schema: Schema,
  jsonSchema: JsonObject,
): Schema {
  DOCUMENTED.set(schema, jsonSchema);
  return schema;
}

/** `undefined` when its own rules say all. */
export function findDocumentation(schema: object): JsonObject | undefined {
  return DOCUMENTED.get(schema);
}

/** With its description in the document. */
export function describe<Schema extends v.GenericSchema>(schema: Schema, description: string) {
  return v.pipe(schema, v.description(description));
}
