/** Examples generated from schemas are valid, or list what is missing. */

import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import * as v from "valibot";
import type { JsonObject, JsonValue } from "../../src/core/json.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { DefinitionRegistry } from "../../src/engine/definition_registry.ts";
import { schemaExample } from "../../src/documents/schema_example.ts";
import { shippedDefinitions } from "../../src/jobs/shipped.ts";
import { schemasAndValues } from "./arbitrary_schemas.ts";
import { pageOf, pageText, submitForm } from "../support/http/dashboard.ts";
import { rounds } from "../support/effort.ts";
import { elementOf, textOf } from "./html_text.ts";
import { jsonOf, startApp, type TestApp } from "../support/http/http_app.ts";

const AJV = new Ajv2020({
  strict: true,
  strictTypes: false,
  strictTuples: false,
  validateFormats: false,
  ownProperties: true,
});

function flawOf(schema: JsonObject, value: JsonValue | undefined): string | undefined {
  const validate = AJV.compile(schema);
  return validate(value) ? undefined : AJV.errorsText(validate.errors);
}

Deno.test("example: for a random schema it is complete and valid", async () => {
  await fc.assert(
    fc.property(schemasAndValues, ({ schema }) => {
      const { value, missing } = schemaExample(schema);
      assert.deepEqual(missing, []);
      assert.equal(flawOf(schema, value), undefined, JSON.stringify(value));
    }),
    { numRuns: rounds(500, 10_000, 50) },
  );
});

const SHIPPED = shippedDefinitions({
  webhook: {
    allowedHosts: [],
    fetch: () => Promise.reject(new Error("no")),
    now: () => 0,
    lookup: () => Promise.resolve([]),
  },
});

/** The document in the page's curl call, as a shell reads it. */
function shownDocument(html: string): string {
  const [, command = ""] = /-d ('.*?')(?= Copy)/s.exec(textOf(html)) ?? [];
  return command.slice(1, -1).replaceAll(`'\\''`, "'");
}

function definitionPath(type: string): string {
  return `/ui/system/definitions/${type}`;
}

for (const { type } of SHIPPED) {
  Deno.test(`example: the curl call on the page of ${type} creates a job unchanged`, async () => {
    // Without workers the job is created, and none of its tasks is left running.
    const app = await startApp({ definitions: SHIPPED, maxRunning: 0 });
    const html = await pageOf(app, definitionPath(type));
    assert.match(textOf(html), /Submit an example curl/);
    await jsonOf(await app.post("/jobs", callIn(html)), 202);
  });
}

/** The body of the only creating call. */
function callIn(html: string): string {
  return shownDocument(elementOf(html, "calls"));
}

/** JSON Schemas of valibot schemas, each with the schema's verdict on the example. */
const INPUTS: Readonly<Record<string, v.GenericSchema>> = {
  formats: v.object({
    email: v.pipe(v.string(), v.email()),
    at: v.pipe(v.string(), v.isoTimestamp()),
    day: v.pipe(v.string(), v.isoDate()),
    hour: v.pipe(v.string(), v.isoTime()),
    id: v.pipe(v.string(), v.uuid()),
    url: v.pipe(v.string(), v.url()),
    address: v.pipe(v.string(), v.ipv4()),
  }),
  nested: v.strictObject({
    lines: v.pipe(
      v.array(v.object({ article: v.pipe(v.string(), v.minLength(6)), amount: v.number() })),
      v.minLength(2),
    ),
    address: v.object({
      city: v.string(),
      zip: v.pipe(v.string(), v.regex(/^[0-9]{8}$/), v.examples(["80000000"])),
    }),
    note: v.optional(v.string()),
  }),
  choices: v.object({
    kind: v.picklist(["a", "b"]),
    exact: v.literal("exact"),
    either: v.union([v.number(), v.string()]),
    none: v.nullable(v.string()),
    pair: v.tuple([v.string(), v.boolean()]),
    payment: v.variant("by", [v.object({ by: v.literal("card"), card: v.string() })]),
  }),
  defaults: v.object({
    size: v.optional(v.picklist(["s", "m"]), "m"),
    times: v.optional(v.pipe(v.number(), v.minValue(3)), 5),
  }),
  numbers: v.object({
    cents: v.pipe(v.number(), v.safeInteger(), v.minValue(7)),
    share: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    dozen: v.pipe(v.number(), v.integer(), v.multipleOf(12), v.minValue(13)),
  }),
  open: v.object({ headers: v.record(v.string(), v.string()), payload: v.unknown() }),
  nothing: v.strictObject({}),
};

function schemaOf(input: v.GenericSchema): JsonValue {
  const definition = defineJob({
    type: "test.any",
    version: 1,
    input,
    run: () => Promise.resolve(null),
  });
  const [info] = new DefinitionRegistry([definition as unknown as AnyJobDefinition]).info();
  assert.ok(info);
  return info.inputSchema;
}

for (const [name, input] of Object.entries(INPUTS)) {
  Deno.test(`example: the definition's own schema accepts it: ${name}`, () => {
    const { value, missing } = schemaExample(schemaOf(input));
    assert.deepEqual(missing, []);
    const result = v.safeParse(input, value);
    assert.ok(result.success, JSON.stringify([value, result.issues]));
  });
}

Deno.test("example: the definition's example is preferred over a generated one, and a default over both", () => {
  const input = v.object({
    orderId: v.pipe(v.string(), v.regex(/^ord-[0-9]{9}$/), v.examples(["ord-123456789"])),
    size: v.optional(v.pipe(v.string(), v.examples(["s"])), "m"),
  });
  assert.deepEqual(schemaExample(schemaOf(input)).value, { orderId: "ord-123456789", size: "m" });
});

Deno.test("example: values that cannot be generated are left out and listed", () => {
  const text: JsonObject = { type: "string" };
  const schema = {
    type: "object",
    properties: {
      isbn: { type: "string", pattern: "^97[89]-[0-9]{10}$" },
      "a/b": { not: text },
      many: { type: "array", items: text, minItems: 1_000 },
      apart: { type: "array", items: text, minItems: 2, uniqueItems: true },
      never: { type: "integer", minimum: 5, maximum: 4 },
      broken: { type: "string", pattern: "(" },
      slow: { type: "string", pattern: "^(a+)+b$", minLength: 500 },
      unknown: { type: "string", format: "iban" },
      list: { type: "array", items: { type: "string", pattern: "^xyz-[0-9]{9}$" }, minItems: 2 },
      optional: { type: "string", pattern: "^97[89]-[0-9]{10}$" },
      name: text,
    },
    required: [
      ...["isbn", "a/b", "many", "apart", "never", "broken", "slow", "unknown", "list", "name"],
    ],
  };
  assert.deepEqual(schemaExample(schema), {
    value: { name: "text" },
    missing: [
      ...["/isbn", "/a~1b", "/many", "/apart", "/never", "/broken", "/slow", "/unknown"],
      ...["/list/0", "/list/1"],
    ],
  });
});

Deno.test("example: no schema makes the generator throw", async () => {
  const keywords = fc.constantFrom(
    ...["type", "properties", "required", "items", "prefixItems", "minItems", "anyOf", "oneOf"],
    ...["enum", "const", "default", "examples", "minLength", "pattern", "format", "minimum"],
    ...["multipleOf", "additionalProperties", "minProperties", "not", "$ref"],
  );
  const anything = fc.letrec<{ json: unknown }>((tie) => ({
    json: fc.oneof(
      { depthSize: "small" },
      fc.jsonValue({ maxDepth: 0 }),
      fc.constantFrom("object", "array", "string", "integer"),
      fc.array(tie("json"), { maxLength: 3 }),
      fc.dictionary(keywords, tie("json"), { maxKeys: 4 }),
    ),
  })).json as fc.Arbitrary<JsonValue>;
  await fc.assert(fc.property(anything, (schema) => void schemaExample(schema)), {
    numRuns: rounds(2_000, 50_000, 200),
  });
});

const PAY = defineJob({
  type: "test.pay",
  version: 1,
  input: v.object({
    card: v.pipe(v.string(), v.email()),
    isbn: v.pipe(v.string(), v.regex(/^97[89]-[0-9]{10}$/)),
    note: v.string(),
  }),
  secrets: ["card"],
  run: () => Promise.resolve("paid"),
}) as unknown as AnyJobDefinition;

async function submitted(app: TestApp, fields: Record<string, string>): Promise<string> {
  return await pageText(await submitForm(app, definitionPath("test.pay"), fields));
}

Deno.test("submit form: the curl call shows the example until something is filled in", async () => {
  const app = await startApp({ definitions: [PAY] });
  const blank = { once: "x", show: "curl", "input/card": "", "input/note": " " };
  for (const html of [await pageOf(app, definitionPath("test.pay")), await submitted(app, blank)]) {
    assert.match(textOf(html), /Submit an example curl/);
    assert.deepEqual(JSON.parse(callIn(html)), {
      type: "test.pay",
      input: { card: "someone@example.com", note: "text" },
    });
    assert.match(
      textOf(html),
      /The example below lacks \/isbn ?, for which no example could be generated/,
    );
    assert.match(html, /name="input\/note"[^>]*placeholder="such as text"/);
    assert.doesNotMatch(html, /name="input\/isbn"[^>]*placeholder/);
  }
  const filled = await submitted(app, { ...blank, "input/note": "typed" });
  assert.match(textOf(filled), /Submit the job as filled in here curl/);
  assert.deepEqual(JSON.parse(callIn(filled)), { type: "test.pay", input: { note: "typed" } });
  assert.doesNotMatch(filled, /The example below lacks/);
  const option = await submitted(app, { ...blank, jobId: "pay-1" });
  assert.deepEqual(JSON.parse(callIn(option)), { type: "test.pay", input: {}, jobId: "pay-1" });
});
