/** Forms generated from schemas: fields, their values, and what is left out. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JsonValue } from "../../src/core/json.ts";
import { DefinitionRegistry } from "../../src/engine/definition_registry.ts";
import {
  type Field,
  isOneLine,
  type SchemaForm,
  toForm,
} from "../../src/dashboard/schema_form/field.ts";
import {
  type FormTexts,
  formTexts,
  inputName,
  parseForm,
  textsAtFirst,
} from "../../src/dashboard/schema_form/form_texts.ts";
import { shippedDefinitions } from "../../src/jobs/shipped.ts";
import { schemasAndValues } from "./arbitrary_schemas.ts";
import { rounds } from "../support/effort.ts";
import { anyCharacter } from "../support/any_character.ts";

/** How a browser normalizes texts before sending them, with one line or several. */
function sent({ fields }: SchemaForm, texts: FormTexts): FormTexts {
  const kinds = new Map(fields.map((one) => [inputName(one), one]));
  return new Map([...texts].map(([name, text]) => [name, asSent(kinds.get(name), text)]));
}

function asSent(field: Field | undefined, text: string): string {
  const isLine = field?.kind === "number" || field?.kind === "choice" ||
    (field?.kind === "text" && isOneLine(field));
  const newline = /\r\n|\r|\n/g;
  const typed = isLine ? text.replaceAll(newline, "") : text.replaceAll(newline, "\r\n");
  return typed.toWellFormed();
}

function shipped(type: string): SchemaForm {
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
  return toForm(found.inputSchema, "input", found.secrets);
}

function namesAndKinds({ fields }: SchemaForm): readonly string[] {
  return fields.map(({ kind, name, isRequired }) => `${name}${isRequired ? "" : "?"}: ${kind}`);
}

function read(form: SchemaForm, texts: Readonly<Record<string, string>>) {
  return parseForm(form, new Map(Object.entries(texts)));
}

Deno.test("schema form: a text with a format, such as a time, has an input of one line", () => {
  const [time, note] = toForm({
    type: "object",
    properties: { at: { type: "string", format: "date-time" }, note: { type: "string" } },
    additionalProperties: false,
  }, "input").fields;
  assert.ok(time?.kind === "text" && isOneLine(time));
  assert.ok(note?.kind === "text" && !isOneLine(note));
});

Deno.test("schema form: a value survives a round trip through the form, whatever the schema", async () => {
  await fc.assert(
    fc.property(schemasAndValues, ({ schema, value }) => {
      const form = toForm(schema, "input");
      const { value: said, issues } = parseForm(form, sent(form, formTexts(form, value)));
      assert.deepEqual(issues, []);
      assert.equal(JSON.stringify(said), JSON.stringify(value));
    }),
    { numRuns: rounds(2_000, 50_000, 200) },
  );
});

Deno.test("schema form: no typed text makes it throw", async () => {
  const typed = fc.string({ unit: anyCharacter });
  await fc.assert(
    fc.property(schemasAndValues, fc.infiniteStream(typed), ({ schema }, texts) => {
      const form = toForm(schema, "input");
      const names = form.fields.map(inputName);
      parseForm(form, new Map(names.map((name) => [name, texts.next().value])));
    }),
    { numRuns: rounds(500, 10_000, 50) },
  );
});

Deno.test("schema form: the shipped definitions get suitable fields", () => {
  assert.deepEqual(namesAndKinds(shipped("order.fulfil")), [
    "orderId: text",
    "amount: number",
    "paymentMethod?: text",
  ]);
  assert.deepEqual(namesAndKinds(shipped("csv.import")), [
    "csv: text",
    "columns?: json",
    "required?: json",
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

Deno.test("schema form: inputs of the shipped definitions can be typed by hand", () => {
  const csv = shipped("csv.import");
  assert.deepEqual(
    read(csv, {
      "input/csv": "a,b\r\n1,2\r\n",
      "input/columns": '{"a":"integer"}',
      "input/required": '["a",\r\n"b"]',
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
  assert.deepEqual([...textsAtFirst(csv)], [["input/chunkRows", "500"], [
    "input/delimiter",
    ",",
  ]]);
});

Deno.test("schema form: blank fields are left out, and an empty text is typed as quotes", () => {
  const order = shipped("order.fulfil");
  assert.deepEqual(read(order, { "input/orderId": " ", "input/amount": "" }).value, {});
  assert.deepEqual(read(order, { "input/paymentMethod": '""' }).value, { paymentMethod: "" });
});

Deno.test("schema form: invalid numbers are passed on for the schema to refuse, and numbers beyond 2^53 are not changed", () => {
  const order = shipped("order.fulfil");
  assert.deepEqual(read(order, { "input/amount": "12 pounds" }).value, { amount: "12 pounds" });
  const { value, issues } = read(order, { "input/amount": "9007199254740993" });
  assert.deepEqual(value, {});
  assert.equal(issues[0]?.pointer, "/amount");
});

Deno.test("schema form: invalid JSON is reported at its field, with the position", () => {
  const webhook = shipped("webhook.deliver");
  const { issues } = read(webhook, {
    "input/payload": '{"a":',
    "input/headers": '{"__proto__":1}',
  });
  assert.deepEqual(issues.map(({ pointer }) => pointer), ["/payload", "/headers/__proto__"]);
  assert.match(issues[0]?.detail ?? "", /^is not JSON: it ends too early$/);
});

Deno.test("schema form: a nested value is one JSON field, with an example if it is required", () => {
  const address: JsonValue = {
    type: "object",
    properties: { city: { type: "string" }, zip: { type: "integer", minimum: 1_000 } },
    required: ["city", "zip"],
  };
  const lines: JsonValue = { type: "array", items: { type: "string" } };
  const form = toForm({
    type: "object",
    properties: { address, lines, other: address },
    required: ["address"],
  }, "input");
  assert.deepEqual(namesAndKinds(form), ["address: json", "lines?: json", "other?: json"]);
  const texts = textsAtFirst(form);
  assert.deepEqual([...texts.keys()], ["input/address"]);
  assert.deepEqual(JSON.parse(texts.get("input/address") ?? ""), { city: "text", zip: 1_000 });
  assert.deepEqual(form.fields[2]?.example, { city: "text", zip: 1_000 });
  assert.deepEqual(read(form, { "input/lines": '["a"]' }).value, { lines: ["a"] });
});

Deno.test("schema form: a schema without known members is one field, of JSON or of its type", () => {
  for (const schema of [{}, { type: "object" }, { type: "array" }, { anyOf: [{}, {}] }]) {
    const form = toForm(schema, "input");
    assert.deepEqual([form.isObject, form.fields.length, form.fields[0]?.kind], [false, 1, "json"]);
    assert.deepEqual(read(form, { "input": '{"a":[1]}' }).value, { a: [1] });
  }
  assert.equal(read(toForm({ type: "integer" }, "input"), { "input": "7" }).value, 7);
});

Deno.test("schema form: secrets are marked wherever they are, and taken literally", () => {
  const text: JsonValue = { type: "string" };
  const schema: JsonValue = {
    type: "object",
    properties: {
      card: { type: "object", properties: { number: text, name: text } },
      people: { type: "array", items: { type: "object" } },
      codes: { type: "array", items: text },
      note: text,
      pin: text,
    },
    required: ["card"],
  };
  const form = toForm(schema, "input", ["card.number", "people.*.iban", "codes.*", "pin"]);
  const secret = form.fields.filter(({ isSecret }) => isSecret);
  assert.deepEqual(secret.map(({ pointer }) => pointer), ["/card", "/people", "/codes", "/pin"]);
  assert.equal(textsAtFirst(form).size, 0);
  assert.deepEqual(read(form, { "input/pin": '"1"' }).value, { pin: '"1"' });
});
