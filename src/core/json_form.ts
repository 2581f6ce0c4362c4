/** The type of a value after a round trip through JSON; types only. */

import type { JsonValue } from "./json.ts";

/** What JSON would lose or change, so that it cannot be recorded. */
export type NotJson =
  | bigint
  | symbol
  | ((...args: never) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>;

/**
 * What the journal holds of a value. A `Date` becomes text, and other values become what their
 * `toJSON` returns. A member that may be `undefined` may be missing, and such an element is `null`.
 */
export type JsonForm<Value> = unknown extends Value ? Value
  : Value extends JsonValue ? Value
  : Value extends { toJSON(key: string): infer Form } ? JsonForm<Form>
  : Value extends undefined | void ? undefined
  : Value extends NotJson ? never
  : Value extends readonly unknown[] ? {
      [Index in keyof Value]: undefined extends Value[Index]
        ? JsonForm<Exclude<Value[Index], undefined>> | null
        : JsonForm<Value[Index]>;
    }
  : Value extends object ? (
      & {
        [Name in keyof Value as undefined extends Value[Name] ? never : Exclude<Name, symbol>]:
          JsonForm<Value[Name]>;
      }
      & {
        [Name in keyof Value as undefined extends Value[Name] ? Exclude<Name, symbol> : never]?:
          JsonForm<Exclude<Value[Name], undefined>>;
      }
    ) extends infer Members ? { [Name in keyof Members]: Members[Name] } : never
  : never;

/** Contains `never` when parts of the type cannot be recorded. */
export type Recordable<Value> = unknown extends Value ? unknown
  : Value extends JsonValue | undefined | void ? unknown
  : Value extends { toJSON(key: string): unknown } ? unknown
  : Value extends NotJson ? never
  : Value extends object ? { readonly [Name in keyof Value]: Recordable<Value[Name]> }
  : never;

/** Constrains a function to results that can be recorded. */
export type Returns<Value> = [Value] extends [Recordable<Value>] ? unknown : {
  /** No type has this member. It makes the compiler say what is wrong. */
  readonly returns: "what JSON cannot hold: a Map, Set, function, symbol, bigint, promise or bytes";
};
