/** Forms that are made from schemas: fields, what they say, and what is left out. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonValue } from "../../src/core/json.ts";
import { DefinitionRegistry } from "../../src/engine/definition_registry.ts";
import { type Field, fieldOf, isOneLine } from "../../src/dashboard/schema_form/field.ts";
import {
  defaultTextsOf,
  type FormTexts,
  inputName,
  textsOf,
} from "../../src/dashboard/schema_form/field_texts.ts";
import { inputOf } from "../../src/dashboard/schema_form/form_input.ts";
import { inputPattern } from "../../src/dashboard/schema_form/input_pattern.ts";
import { shippedDefinitions } from "../../src/jobs/shipped.ts";
import { schemasAndValues } from "../support/arbitrary_schemas.ts";
import { rounds } from "../support/effort.ts";

function* allFields(field: Field): Generator<Field> {
  yield field;
  if (field.kind === "group") { for (const member of field.fields) yield* allFields(member); }
}

/** What a browser makes of texts before it sends them: of one line or of several. */
function sent(field: Field, texts: FormTexts): FormTexts {
  const kinds = new Map([...allFields(field)].map((one) => [inputName(one), one]));
  return new Map([...texts].map(([name, text]) => [name, asSent(kinds.get(name), text)]));
}

function asSent(field: Field | undefined, text: string): string {
  const isLine = field?.kind === "number" || field?.kind === "choice" ||
    (field?.kind === "text" && isOneLine(field));
  const newline = /\r\n|\r|\n/g;
  const typed = isLine ? text.replaceAll(newline, "") : text.replaceAll(newline, "\r\n");
  return typed.toWellFormed();
}

function shipped(type: string): Field {
  const definitions = shippedDefinitions({
    webhook: {
      allowedHosts: [],
      fetch: () => Promise.reject(new Error("no")),
      now: () => 0,
      lookup: () => Promise.resolve([]),
    },
  });
  const found = new DefinitionRegistry(definitions).info().find((info) => info.type === type);
  assert.ok(found);
  return fieldOf(found.inputSchema, "input", found.secrets);
}

function namesAndKinds(field: Field): readonly string[] {
  return [...allFields(field)].slice(1).map(({ kind, name, isRequired }) =>
    `${name}${isRequired ? "" : "?"}: ${kind}`
  );
}

function read(field: Field, texts: Readonly<Record<string, string>>) {
  return inputOf(field, new Map(Object.entries(texts)));
}

Deno.test("schema form: a value survives the way through a form, whatever the schema", async () => {
  await fc.assert(
    fc.property(schemasAndValues, ({ schema, value }) => {
      const field = fieldOf(schema, "input");
      const { value: said, issues } = inputOf(field, sent(field, textsOf(field, value)));
      assert.deepEqual(issues, []);
      assert.equal(JSON.stringify(said), JSON.stringify(value));
    }),
    { numRuns: rounds(2_000, 50_000) },
  );
});

Deno.test("schema form: whatever is typed is read without an error of the program", async () => {
  const typed = fc.string({ unit: "binary" });
  await fc.assert(
    fc.property(schemasAndValues, fc.infiniteStream(typed), ({ schema }, texts) => {
      const field = fieldOf(schema, "input");
      const names = [...allFields(field)].map(inputName);
      inputOf(field, new Map(names.map((name) => [name, texts.next().value])));
    }),
    { numRuns: rounds(500, 10_000) },
  );
});

Deno.test("schema form: the shipped definitions have fields that fit", () => {
  assert.deepEqual(namesAndKinds(shipped("order.fulfil")), [
    "orderId: text",
    "amount: number",
    "paymentMethod?: text",
  ]);
  assert.deepEqual(namesAndKinds(shipped("csv.import")), [
    "csv: text",
    "columns?: json",
    "required?: lines",
    "chunkRows?: number",
    "delimiter?: text",
  ]);
  assert.deepEqual(namesAndKinds(shipped("webhook.deliver")), [
    "url: text",
    "event: text",
    "payload: json",
    "headers?: json",
  ]);
});

Deno.test("schema form: what the shipped definitions need, typed as a person would", () => {
  const csv = shipped("csv.import");
  assert.deepEqual(
    read(csv, {
      "input/csv": "a,b\r\n1,2\r\n",
      "input/columns": '{"a":"integer"}',
      "input/required": "a\r\n\r\n  b \r\n",
      "input/chunkRows": "20",
      "input/delimiter": '"\\t"',
    }),
    {
      value: {
        csv: "a,b\n1,2\n",
        columns: { a: "integer" },
        required: ["a", "b"],
        chunkRows: 20,
        delimiter: "\t",
      },
      issues: [],
    },
  );
  assert.deepEqual([...defaultTextsOf(csv)], [["input/chunkRows", "500"], [
    "input/delimiter",
    ",",
  ]]);
});

Deno.test("schema form: what is blank is left out, and an empty text is typed in quotes", () => {
  const order = shipped("order.fulfil");
  assert.deepEqual(read(order, { "input/orderId": " ", "input/amount": "" }).value, {});
  assert.deepEqual(read(order, { "input/paymentMethod": '""' }).value, { paymentMethod: "" });
});

Deno.test("schema form: a text that is no number is the schema's to refuse, one beyond 2^53 is not changed", () => {
  const order = shipped("order.fulfil");
  assert.deepEqual(read(order, { "input/amount": "12 pounds" }).value, { amount: "12 pounds" });
  const { value, issues } = read(order, { "input/amount": "9007199254740993" });
  assert.deepEqual(value, {});
  assert.equal(issues[0]?.pointer, "/amount");
});

Deno.test("schema form: JSON that is none is told at its field, with its place", () => {
  const webhook = shipped("webhook.deliver");
  const { issues } = read(webhook, {
    "input/payload": '{"a":',
    "input/headers": '{"__proto__":1}',
  });
  assert.deepEqual(issues.map(({ pointer }) => pointer), ["/payload", "/headers/__proto__"]);
  assert.match(issues[0]?.detail ?? "", /^must be JSON: it ends too early at position 5$/);
});

Deno.test("schema form: a group that may be left out is there when its box or a field in it says so", () => {
  const schema = {
    type: "object",
    properties: {
      address: {
        type: "object",
        properties: { city: { type: "string", default: "Basel" } },
        required: ["city"],
      },
    },
  };
  const field = fieldOf(schema, "input");
  assert.deepEqual([...defaultTextsOf(field)], []);
  assert.deepEqual(read(field, {}).value, {});
  assert.deepEqual(read(field, { "input/address": "present" }).value, { address: {} });
  assert.deepEqual(read(field, { "input/address/city": "Chur" }).value, {
    address: { city: "Chur" },
  });
  const [, , city] = [...allFields(field)];
  assert.deepEqual([city?.isRequired, city?.isInsisted], [true, false]);
});

Deno.test("schema form: secrets are marked wherever they are, and taken as they are typed", () => {
  const text: JsonValue = { type: "string" };
  const schema: JsonValue = {
    type: "object",
    properties: {
      card: { type: "object", properties: { number: text, name: text } },
      people: { type: "array", items: { type: "object" } },
      codes: { type: "array", items: text },
      note: text,
    },
  };
  const field = fieldOf(schema, "input", ["card.number", "people.*.iban", "codes.*"]);
  const secret = [...allFields(field)].filter(({ isSecret }) => isSecret);
  assert.deepEqual(secret.map(({ pointer }) => pointer), [
    "/card",
    "/card/number",
    "/people",
    "/codes",
  ]);
  assert.deepEqual(read(field, { "input/card/number": '"1"' }).value, { card: { number: '"1"' } });
});

/** Each with texts that it takes, and texts that it does not. */
const PATTERNS: readonly (readonly [string, readonly string[], readonly string[]])[] = [
  [String.raw`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`, ["a.B-_", "x"], ["a..b", "a b", ""]],
  ["^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$", ["x-y", "a|b", "~", "^", "&&"], ["a b", "a:b"]],
  [String.raw`^[^"\r\n\ud800-\udfff]$`, [",", "-", "]", "😀"], ["ab", "\n"]],
  [String.raw`^[\t\x20-\x7e]*$`, ["a - b", ""], ["é"]],
  [String.raw`^(?!\.{1,2}$)[A-Za-z0-9._:~-]{1,128}$`, ["evt_1", "..."], [".", ".."]],
  ["[a-f(){}/|]-[--0]", ["xa-.y", "{--"], ["a-z", "g-0"]],
  [String.raw`^[\w-.]+$`, ["a-b.c"], ["a b"]],
  ["b", ["abc"], ["ac"]],
  [String.raw`\$`, ["a$b"], ["ab"]],
];

Deno.test("schema form: a browser reads a pattern as the schema does, whatever the flag v asks for", () => {
  for (const [pattern, taken, refused] of PATTERNS) {
    const translated = inputPattern(pattern);
    assert.ok(translated, pattern);
    const browser = new RegExp(`^(?:${translated})$`, "v");
    for (const text of taken) assert.ok(browser.test(text), `${pattern} takes ${text}`);
    for (const text of refused) assert.ok(!browser.test(text), `${pattern} takes ${text}`);
    assert.ok(browser.test('"in quotes"'), pattern);
  }
});

Deno.test("schema form: a pattern that no browser may be able to read is left to the server", () => {
  for (const pattern of ["[", "a{", "{", "]", "}", "\\", "\\k", "[a-\\d]", "[\\q]", "[z"]) {
    assert.equal(inputPattern(pattern), undefined, pattern);
  }
});

Deno.test("schema form: what a pattern becomes can be read by a browser, or is left out", async () => {
  const parts = fc.constantFrom(
    ..."[]{}()|^$.*+?-&!#%,:;<=>@`~/\\abz09_ ".split(""),
    ...["[a-z]", "\\d", "\\-", "\\u0041", "\\p{L}", "{2}", "(?:x)", "[^-]"],
  );
  const patterns = fc.array(parts, { maxLength: 10 }).map((all) => all.join("")).filter((pattern) =>
    isRegExp(pattern, "u")
  );
  await fc.assert(
    fc.property(patterns, fc.array(fc.string({ maxLength: 6 })), (pattern, texts) => {
      const translated = inputPattern(pattern);
      if (translated === undefined) return;
      assert.ok(isRegExp(translated, "v"), translated);
      const [browser, schema] = [new RegExp(`^(?:${translated})$`, "v"), new RegExp(pattern, "u")];
      for (const text of texts.filter((one) => !one.startsWith('"'))) {
        if (schema.test(text)) assert.ok(browser.test(text), `${pattern} ${translated} ${text}`);
      }
    }),
    { numRuns: rounds(2_000, 50_000) },
  );
});

function isRegExp(pattern: string, flags: string): boolean {
  try {
    new RegExp(pattern, flags);
    return true;
  } catch {
    return false;
  }
}
