/** What becomes of a type of this language when JSON holds it; types alone. */

import type { JsonValue } from "./json.ts";

/** What JSON would lose or change: none of it can be recorded. */
export type NotJson =
  | bigint
  | symbol
  | ((...args: never) => unknown)
  | ReadonlyMap<unknown, unknown>
  | ReadonlySet<unknown>
  | PromiseLike<unknown>;

/**
 * What the journal holds of a value: a `Date` is text, as is whatever `toJSON` makes of others;
 * a member that may be `undefined` may be missing, and such an element is `null`.
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

/** `never`, somewhere, where a type has parts that cannot be recorded. */
export type Recordable<Value> = unknown extends Value ? unknown
  : Value extends JsonValue | undefined | void ? unknown
  : Value extends { toJSON(key: string): unknown } ? unknown
  : Value extends NotJson ? never
  : Value extends object ? { readonly [Name in keyof Value]: Recordable<Value[Name]> }
  : never;

/** What a function has to be beside its type: one whose result can be recorded. */
export type Returns<Value> = [Value] extends [Recordable<Value>] ? unknown : {
  /** Nothing has it: it is here for the compiler to say what is wrong. */
  readonly returns: "what JSON cannot hold: a Map, Set, function, symbol, bigint, promise or bytes";
};
