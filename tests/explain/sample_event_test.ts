/** The event that an explanation suggests: it has only values of the job's plan. */

import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import { sampleEvent } from "../../src/explain/sample_event.ts";
import { expectation } from "../support/engine/entries.ts";

function sample(correlation: Correlation) {
  return sampleEvent(expectation("shipped", "ec.Shipped", { correlation }), "job");
}

Deno.test("sampleEvent: it has the values of the plan, and nothing is left open", () => {
  const event = { eventType: "ec.Shipped", jobId: "job", attributes: { order: { id: "1" } } };
  assert.deepEqual(sample({ equals: { "order.id": "1" } }), { event, placeholders: [] });
});

Deno.test("sampleEvent: if several values are allowed, a placeholder lists them", () => {
  const found = sample({ in: { region: ["EU", "US"], paid: [true] } });
  assert.deepEqual(found?.event.attributes, { region: '<one of "EU", "US">', paid: true });
  assert.deepEqual(found?.placeholders, ["/attributes/region"]);
});

Deno.test("sampleEvent: of alternatives it chooses none", () => {
  const found = sample({
    all: [
      { anyOf: [{ equals: { orderId: "1", region: "EU" } }, { equals: { orderId: "2" } }] },
      { equals: { paid: true } },
    ],
  });
  assert.deepEqual(found?.event.attributes, {
    orderId: '<one of "1", "2">',
    region: '<one of "EU">',
    paid: true,
  });
  assert.deepEqual(found?.placeholders, ["/attributes/orderId", "/attributes/region"]);
  assert.equal(sample({ anyOf: [] }), undefined);
  assert.equal(sample({ all: [{ equals: { a: 1 } }, { equals: { a: 2 } }] }), undefined);
});
