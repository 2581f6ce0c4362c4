/**
 * The schemas of the API, for reading its answers. A newer server may say more, and name choices
 * that are not known here: what is not known is kept as it came, since piped output shows it.
 */

import * as v from "valibot";
import type { Correlation } from "../core/correlation.ts";

/** What such a schema gives: any text where the API has a choice. */
export type Tolerant<Value> = [Value] extends [Correlation] ? Value
  : Value extends string ? string
  : Value extends readonly (infer Item)[] ? Tolerant<Item>[]
  : Value extends object ? { [Name in keyof Value]: Tolerant<Value[Name]> }
  : Value;

type TolerantSchema<Schema extends v.GenericSchema> = v.GenericSchema<
  unknown,
  Tolerant<v.InferOutput<Schema>>
>;

export function tolerant<Schema extends v.GenericSchema>(schema: Schema): TolerantSchema<Schema> {
  return loosened(schema as unknown as Described) as unknown as TolerantSchema<Schema>;
}

/** What is looked at of a schema of valibot. */
interface Described {
  readonly type: string;
  readonly pipe?: readonly [Described];
  readonly entries?: Readonly<Record<string, Described>>;
  readonly item?: Described;
  readonly value?: Described;
  readonly wrapped?: Described;
  readonly options?: readonly Described[];
}

function loosened(schema: Described): v.GenericSchema {
  const { type, pipe, entries = {}, item, value, wrapped, options = [] } = schema;
  // What a pipe adds are descriptions, and rules for those who write.
  if (pipe !== undefined && pipe[0] !== schema) return loosened({ ...pipe[0] });
  if (type === "object") return v.looseObject(mapped(entries));
  if (type === "array" && item !== undefined) return v.array(loosened(item));
  if (type === "record" && value !== undefined) return v.record(v.string(), loosened(value));
  if (type === "union") return v.union(options.map(loosened));
  if (type === "picklist") return v.string();
  if (wrapped === undefined) return LEAVES[type] ?? v.unknown();
  return type === "nullable" ? v.nullable(loosened(wrapped)) : v.optional(loosened(wrapped));
}

const LEAVES: Readonly<Record<string, v.GenericSchema>> = {
  string: v.string(),
  number: v.number(),
  boolean: v.boolean(),
};

function mapped(entries: Readonly<Record<string, Described>>): v.ObjectEntries {
  return Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [name, loosened(entry)]),
  );
}
