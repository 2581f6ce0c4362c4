/** Which events an explanation names as near misses. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { Citation, Explanation } from "../../src/explain/explanation.ts";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { test } from "../support/sanitized.ts";

const TYPE = "shop.ParcelShipped";

/** A plan with one expectation of a parcel. */
function parcel(equals: object, multiplicity: unknown = "ExactlyOnce") {
  return { expected: [{ id: "shipped", eventType: TYPE, correlation: { equals }, multiplicity }] };
}

async function waiting(plan: object): Promise<Explained> {
  const daybook = await Explained.start();
  await daybook.post("/jobs", { jobId: "job", plan });
  return daybook;
}

function found({ waitingFor }: Explanation<Citation>): readonly (readonly string[])[] {
  return waitingFor.flatMap(({ nearMisses }) =>
    nearMisses.map(({ clauses }) => clauses.map(({ found }) => found))
  );
}

const REGIONS = ["US", "UK", "JP", "CA", "BR", "IN"];

test("near miss: it is found among many events with other values of one clause", async () => {
  for (const more of [{}, { jobId: "job" }]) {
    const daybook = await waiting(parcel({ orderId: 42, region: "EU" }));
    for (const region of REGIONS) await daybook.event(TYPE, { orderId: 42, region }, more);

    const explanation = await daybook.explanation("job");

    assert.deepEqual(found(explanation), [['"IN"'], ['"BR"'], ['"CA"']]);
    assert.match(explanation.summary, /: .* region: expected "EU", found "IN"/);
    assert.ok(explanation.next.some(({ statement }) => statement.includes("if it happened")));
    await daybook.assertCitations("job");
  }
});

test("near miss: one that names the job is found among any number of other events", async () => {
  const daybook = await waiting(parcel({ orderId: 42, region: "EU" }));
  for (let other = 0; other < 30; other++) {
    const isNamed = other === 10;
    const more = isNamed ? { jobId: "job" } : {};
    await daybook.event(TYPE, { orderId: 100 + other, region: "EU" }, more);
  }
  assert.deepEqual(found(await daybook.explanation("job")), [["110"]]);
});

test("near miss: events that share their type and a common value are counted, and not named", async () => {
  const daybook = await waiting(parcel({ orderId: 42, region: "EU" }));
  for (let orderId = 100; orderId < 130; orderId++) {
    await daybook.event(TYPE, { orderId, region: "EU" });
  }
  const { waitingFor, summary } = await daybook.explanation("job");
  assert.deepEqual(waitingFor[0]?.nearMisses, []);
  assert.match(summary, /(?:: |, and )no event on record resembles it[.:]/);
  assert.match(
    waitingFor[0]?.statement ?? "",
    /resembles it: of 30 other events of this type, none has 42 in it\.$/,
  );
});

test("near miss: of more events than are read, none is said not to have a value in it", async () => {
  for (const [count, says] of [[64, /of 64 .* none has 77 in it/], [65, /77 was not found as a/]]) {
    const daybook = await waiting(parcel({ orderId: 77 }));
    for (let at = 0; at < Number(count); at++) await daybook.event(TYPE, { orderId: 500 + at });
    const { waitingFor } = await daybook.explanation("job");
    assert.match(waitingFor[0]?.remark ?? "", says as RegExp);
  }
});

test("near miss: any number of events that counted do not hide one that did not", async () => {
  for (const more of [{}, { jobId: "job" }]) {
    const daybook = await waiting(parcel({ orderId: 42 }, { times: 180 }));
    await daybook.event(TYPE, { orderId: "42" }, more);
    for (let count = 1; count < 180; count++) await daybook.event(TYPE, { orderId: 42 }, more);

    const { summary, waitingFor } = await daybook.explanation("job");

    assert.equal(waitingFor[0]?.matched, 179);
    assert.match(summary, /: .* orderId: expected 42 \(number\), found "42" \(text\)/);
  }
});

test("near miss: of alternatives with several clauses, one that partly holds is near", async () => {
  const anyOf = [{ equals: { orderId: 42, region: "EU" } }, { equals: { parcel: 1, size: 2 } }];
  const daybook = await waiting({
    expected: [{ id: "shipped", eventType: TYPE, correlation: { anyOf } }],
  });
  await daybook.event(TYPE, { orderId: 42, region: "US" });
  assert.deepEqual(found(await daybook.explanation("job")), [['"US"']]);
});

/** A job whose plan depends on the number of its parcels. */
const COUNTING = defineJob({
  type: "shop.counting",
  version: 1,
  input: v.object({ counts: v.array(v.union([v.number(), v.string()])) }),
  expects: () => ({
    counted: { eventType: "job.TaskCompleted", correlation: { equals: { result: 5 } } },
  }),
  async run(ctx, { counts }) {
    for (const [at, count] of counts.entries()) await ctx.task(`count-${at}`, () => count);
  },
});

test("near miss: facts of the job's own tasks are compared like events from outside", async () => {
  const daybook = await Explained.start({ definitions: [COUNTING] });
  await daybook.submit("job", "shop.counting", { counts: [1, "5"] });
  const near = await daybook.explanation("job");
  assert.match(near.summary, /: .* result: expected 5 \(number\), found "5" \(text\)/);
  assert.equal(near.waitingFor[0]?.nearMisses.length, 1);
  await daybook.assertCitations("job");

  await daybook.submit("far", "shop.counting", { counts: [1, 2] });
  const { waitingFor } = await daybook.explanation("far");
  assert.deepEqual(waitingFor[0]?.nearMisses, []);
  assert.match(waitingFor[0]?.statement ?? "", /No event on record resembles it\.$/);
});
