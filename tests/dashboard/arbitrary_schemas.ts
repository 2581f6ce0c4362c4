/** JSON Schemas as in definitions, each with valid values. */

import fc from "fast-check";
import type { JsonObject, JsonScalar, JsonValue } from "../../src/core/json.ts";
import { parseJson } from "../../src/documents/json_document.ts";
import { hostileText } from "../support/http/arbitrary_hostile.ts";
import { anyCharacter } from "../support/any_character.ts";

export interface SchemaAndValue {
  readonly schema: JsonObject;
  /** `undefined` is left out. */
  readonly value: JsonValue | undefined;
}

/** No input may have these, so forms need not send them. */
const FORBIDDEN: readonly string[] = ["__proto__", "constructor", "prototype"];

const names = fc.oneof(
  fc.constantFrom("orderId", "amount", "to/from", "a~b", "a.b", "", " ", "<b>", '"', "input"),
  hostileText,
).filter((name) => name.isWellFormed() && !FORBIDDEN.includes(name));

const texts = fc.oneof(
  fc.string({ unit: anyCharacter }),
  fc.constantFrom(
    ...["", " ", '"', '""', '"quoted"', " spaced ", "a\nb", "a\r\nb", "\r", "\t", "[1]", "[", "{}"],
    ...["true", "null", "0", "present", "\u202e", "\\", "'", "<script>", "\n"],
  ),
  hostileText,
  // A lone surrogate is refused wherever it comes from.
).filter((text) => text.isWellFormed());

const addresses = fc.tuple(fc.domain(), texts)
  .map(([host, text]) => `https://${host}/${encodeURIComponent(text)}`);

const integers = fc.maxSafeInteger();
/** Numbers that JSON can represent (no -0) and that requests accept. */
const numbers = fc.oneof(integers, fc.double({ noNaN: true, noDefaultInfinity: true }))
  .map((one) => Number(JSON.stringify(one)))
  .filter(isTaken);

function isTaken(number: number): boolean {
  try {
    return parseJson(JSON.stringify(number)) === number;
  } catch {
    return false;
  }
}
const scalars: fc.Arbitrary<JsonScalar> = fc.oneof(texts, numbers, fc.boolean(), fc.constant(null));

const anyJson: fc.Arbitrary<JsonValue> = fc.letrec<{ json: JsonValue }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    scalars,
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(names, tie("json"), { maxKeys: 3 }),
  ),
})).json;

/** A schema and its valid values. */
interface Kind {
  readonly schema: JsonObject;
  readonly values: fc.Arbitrary<JsonValue>;
}

const text = fc.oneof(
  fc.constant({ type: "string" }),
  fc.constant({ type: "string", maxLength: 200 }),
  fc.constant({ type: "string", pattern: "" }),
  fc.constant({ type: "string", description: "Of any length." }),
).map((schema): Kind => ({
  schema,
  values: "maxLength" in schema ? texts.map((one) => one.slice(0, 200)) : texts,
}));

/** Texts and numbers between bounds, and texts of a format. */
const bounded = fc.oneof(
  fc.nat(300).map((minLength): Kind => ({
    schema: { type: "string", minLength },
    values: texts.map((one) => one + "a".repeat(minLength)),
  })),
  fc.constant<Kind>({
    schema: { type: "string", maxLength: 2 },
    values: fc.constantFrom("", "a", "bc", "😀"),
  }),
  fc.constantFrom<Kind>(
    { schema: { type: "string", format: "email" }, values: fc.emailAddress() },
    { schema: { type: "string", format: "uuid" }, values: fc.uuid() },
    { schema: { type: "string", format: "uri" }, values: addresses },
  ),
  fc.tuple(fc.integer({ min: -1_000, max: 1_000 }), fc.nat(50)).map(([min, span]): Kind => ({
    schema: { type: "integer", minimum: min, exclusiveMaximum: min + span + 1 },
    values: fc.integer({ min, max: min + span }),
  })),
  fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 1, max: 20 })).map(
    ([least, step]): Kind => ({
      schema: { type: "integer", minimum: least, multipleOf: step },
      values: fc.integer({ min: 3, max: 1_000 }).map((times) => (times + 50) * step),
    }),
  ),
  fc.integer({ min: -5, max: 5 }).map((low): Kind => ({
    schema: { type: "number", exclusiveMinimum: low, exclusiveMaximum: low + 0.5 },
    values: fc.constantFrom(low + 0.125, low + 0.25),
  })),
);

const choices = fc.uniqueArray(scalars, {
  minLength: 1,
  maxLength: 4,
  selector: (one) => JSON.stringify(one),
});
const choice = fc.tuple(choices, fc.boolean()).map(([values, isUnion]): Kind => ({
  schema: isUnion ? { anyOf: values.map((one) => ({ const: one })) } : { enum: values },
  values: fc.constantFrom(...values),
}));

const plain = fc.oneof(
  text,
  bounded,
  choice,
  fc.constant<Kind>({ schema: { type: "number" }, values: numbers }),
  fc.constant<Kind>({
    schema: { type: "integer", minimum: -5 },
    values: integers.map((one) => Math.max(one, -5)),
  }),
  fc.constant<Kind>({ schema: { type: "boolean" }, values: fc.boolean() }),
);

/** Schemas that only a JSON field can represent. */
const open = fc.oneof(
  fc.constant<Kind>({ schema: {}, values: anyJson }),
  fc.constant<Kind>({
    schema: { type: "object", additionalProperties: { type: "string" } },
    values: fc.dictionary(names, texts, { maxKeys: 3 }),
  }),
  fc.constant<Kind>({
    schema: { anyOf: [{ type: "string" }, { type: "null" }, { type: "number" }] },
    values: fc.oneof(texts, fc.constant(null), numbers),
  }),
  fc.constant<Kind>({
    schema: { type: "array", items: { type: "object" } },
    values: fc.array(fc.dictionary(names, anyJson, { maxKeys: 2 }), { maxLength: 2 }),
  }),
);

const list = fc.tuple(plain, fc.nat(3)).map(([{ schema, values }, minItems]): Kind => ({
  schema: minItems === 0
    ? { type: "array", items: schema }
    : { type: "array", items: schema, minItems },
  values: fc.array(values, { minLength: minItems, maxLength: 4 }),
}));

const pair = fc.tuple(plain, plain).map(([first, second]): Kind => ({
  schema: {
    type: "array",
    prefixItems: [first.schema, second.schema],
    items: false,
    minItems: 2,
  },
  values: fc.tuple(first.values, second.values),
}));

/** The same, with a default. */
function withDefault(kinds: fc.Arbitrary<Kind>): fc.Arbitrary<Kind> {
  return kinds.chain(({ schema, values }) =>
    values.map((value): Kind => ({ schema: { ...schema, default: value }, values }))
  );
}

const { kind: kinds } = fc.letrec<{ kind: Kind }>((tie) => ({
  kind: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    plain,
    list,
    pair,
    open,
    withDefault(fc.oneof(plain, list)),
    fc.dictionary(names, fc.tuple(tie("kind"), fc.boolean()), { maxKeys: 4 }).map(groupOf),
  ),
}));

function groupOf(members: Record<string, [Kind, boolean]>): Kind {
  const entries = Object.entries(members);
  const required = entries.filter(([, [, isRequired]]) => isRequired).map(([name]) => name);
  return {
    schema: {
      type: "object",
      properties: Object.fromEntries(entries.map(([name, [{ schema }]]) => [name, schema])),
      required,
    },
    values: fc.record(
      Object.fromEntries(entries.map(([name, [{ values }]]) => [name, values])),
      { requiredKeys: required },
    ) as fc.Arbitrary<JsonValue>,
  };
}

/** For an input, mostly an object. */
export const schemasAndValues: fc.Arbitrary<SchemaAndValue> = kinds.chain(({ schema, values }) =>
  values.map((value) => ({ schema, value }))
);
