/**
 * The hand-written check of common requests accepts and reads nothing differently from the schema.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { Refusal } from "../../src/documents/refusal.ts";
import { isObject, type JsonObject, type JsonValue } from "../../src/core/json.ts";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { parseCommonRequest, parseRequestBySchema } from "../../src/documents/create_request.ts";
import { parseJson } from "../../src/documents/json_document.ts";
import { creations } from "../support/http/arbitrary_documents.ts";
import {
  hostileBody,
  hostileText,
  hostileValue,
  mutated,
} from "../support/http/arbitrary_hostile.ts";
import { rounds } from "../support/effort.ts";

const RUNS = { numRuns: rounds(20_000, 1_000_000, 3_000) };
const LIMITS = { now: 0, maxStartDelayMs: 0 };

const few = fc.constantFrom(
  "a",
  "b",
  "c",
  "orderId",
  "x.y",
  "",
  "..",
  "a".repeat(256),
  "constructor",
);
const scalars = fc.oneof(fc.constantFrom("42", 42, true, null, [], {}), hostileText);
const correlations = fc.oneof(
  fc.constantFrom("any", "all", null, {}, { equals: {} }, { equals: [] }),
  fc.dictionary(fc.oneof(few, hostileText), scalars, { maxKeys: 3 }).map((equals) => ({ equals })),
  fc.integer({ min: 14, max: 20 }).map((count) => ({ equals: manyPaths(count) })),
);

function manyPaths(count: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`p${index}`, index]));
}

/** Similar to the most common requests, with many and duplicate ids. */
const expectations = fc.record({
  id: fc.oneof({ weight: 4, arbitrary: few }, hostileText),
  eventType: fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom("a.B", "ec.shop.OrderPaid", "job.TaskCompleted", "a."),
    },
    hostileText,
  ),
  correlation: correlations,
}, { requiredKeys: ["id", "eventType"] });

const starts = fc.constantFrom<unknown>(true, false, null, 0, "true");

const nearPlans = fc.record({
  plan: fc.array(expectations, { maxLength: 3 }).map((expected) => ({ expected })),
  start: starts,
}, { requiredKeys: ["plan"] });
const longPlans = fc.integer({ min: 14, max: 20 }).map((count) => ({
  plan: {
    expected: Array.from({ length: count }, (_, index) => ({ id: `e${index}`, eventType: "a.B" })),
  },
}));
const nearTypes = fc.record({
  type: fc.oneof(
    hostileText,
    fc.integer({ min: 199, max: 201 }).map((length) => "t".repeat(length)),
  ),
  input: hostileValue,
  start: starts,
}, { requiredKeys: ["type"] });

const documents = fc.oneof(
  creations,
  mutated(creations),
  nearTypes,
  mutated(nearTypes),
  nearPlans,
  mutated(nearPlans),
  longPlans,
);

/** Bodies as texts, including invalid and excessive JSON. */
const texts = fc.oneof(
  { weight: 9, arbitrary: documents.map((document) => JSON.stringify(document)) },
  hostileBody.map((bytes) => new TextDecoder().decode(bytes)),
);

/** As read by the HTTP layer; `undefined` if it refuses the text. */
function parsed(text: string): JsonValue | undefined {
  try {
    return parseJson(text);
  } catch (error) {
    assert.ok(error instanceof Refusal, `${error}`);
    return undefined;
  }
}

type Check = (document: JsonValue) => CreateRequest | undefined;

/** Compares a check with the schema, and returns the number of accepted documents. */
function compare(check: Check): number {
  let taken = 0;
  fc.assert(
    fc.property(texts, (text) => {
      const document = parsed(text);
      const request = document === undefined ? undefined : check(document);
      if (document === undefined || request === undefined) return;
      taken++;
      assert.deepEqual(request, parseRequestBySchema(document, LIMITS));
    }),
    RUNS,
  );
  return taken;
}

Deno.test("common request: what the hand-written check accepts, the schema accepts and reads the same", () => {
  assert.ok(compare(parseCommonRequest) > RUNS.numRuns / 20);
});

const PLAN = {
  expected: [{ id: "shipped", eventType: "a.B", correlation: { equals: { orderId: "42" } } }],
};

Deno.test("common request: the requests of the documentation pass the hand-written check", () => {
  for (const document of [{ type: "a" }, { type: "a", input: { x: [1] } }, { plan: PLAN }]) {
    assert.ok(parseCommonRequest(document), JSON.stringify(document));
  }
});

Deno.test("common request: every other field is left to the schema", () => {
  for (const field of ["jobId", "priority", "startAt", "labels", "x", "plan", "type"]) {
    const [coded, outside] = [{ type: "a", input: 1 }, { plan: PLAN }];
    if (!(field in coded)) assert.equal(parseCommonRequest({ ...coded, [field]: null }), undefined);
    if (!(field in outside)) {
      assert.equal(parseCommonRequest({ ...outside, [field]: null }), undefined);
    }
  }
});

/** A document that is accepted if one rule is missing. */
function forgetting(change: (document: JsonObject) => JsonValue): Check {
  return (document) => isObject(document) ? parseCommonRequest(change(document)) : undefined;
}

const BROKEN: Readonly<Record<string, Check>> = {
  "the length of a type": forgetting((document) =>
    typeof document.type === "string" ? { ...document, type: document.type.slice(0, 9) } : document
  ),
  "what a start may be": forgetting(({ start: _, ...document }) => document),
  "that a field is unknown": forgetting(({ type, input, plan }) =>
    type === undefined ? { plan: plan ?? null } : input === undefined ? { type } : { type, input }
  ),
  "that an id comes twice": forgetting((document) =>
    withExpected(document, (one, index) => ({
      ...one,
      id: one.id === "a" ? `a${index}` : one.id ?? null,
    }))
  ),
  "what a path may be": forgetting((document) =>
    withExpected(document, ({ correlation: _, ...one }) => one)
  ),
};

function withExpected(
  document: JsonObject,
  change: (expectation: JsonObject, index: number) => JsonObject,
): JsonValue {
  const { expected } = (document.plan ?? {}) as { expected?: unknown };
  if (!Array.isArray(expected)) return document;
  return { plan: { expected: expected.map((one, index) => change({ ...one }, index)) } };
}

for (const [rule, check] of Object.entries(BROKEN)) {
  Deno.test(`common request: a check that forgets ${rule} is caught`, () => {
    assert.throws(() => compare(check));
  });
}
