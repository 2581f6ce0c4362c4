/** What an explanation suggests to send. */

import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import { sampleEvent } from "../../src/core/explain/sample_event.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { expectation } from "../support/entries.ts";

function sample(correlation: Correlation, like?: JsonObject) {
  return sampleEvent(expectation("shipped", "ec.Shipped", { correlation }), "job", like)
    ?.attributes;
}

const ORDERS: Correlation = {
  anyOf: [{ equals: { orderId: "1", region: "EU" } }, { equals: { orderId: "2", region: "US" } }],
};

Deno.test("sampleEvent: of alternatives it follows the one that the near miss is told of", () => {
  const right = { orderId: "2", region: "US" };
  assert.deepEqual(sample(ORDERS, { orderId: 2, region: "US" }), right);
  assert.deepEqual(sample({ all: [ORDERS, { equals: { paid: true } }] }, { orderId: "2" }), {
    ...right,
    paid: true,
  });
  assert.deepEqual(sample(ORDERS), { orderId: "1", region: "EU" });
  assert.equal(sample({ anyOf: [] }, right), undefined);
});

Deno.test("sampleEvent: of values that may be, what was said stays, or becomes the closest", () => {
  const correlation: Correlation = { in: { region: ["EU", "US"], paid: [true] } };
  const region = (said?: JsonObject) => sample(correlation, said);

  assert.deepEqual(region({ region: "US", paid: false }), { region: "US", paid: true });
  assert.deepEqual(region({ region: " us", paid: true }), { region: "US", paid: true });
  assert.deepEqual(region({ region: "JP", paid: true }), { region: "EU", paid: true });
  assert.deepEqual(region(), { region: "EU", paid: true });
});
