/** Which events an explanation names as near misses. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { Citation, Explanation } from "../../src/explain/statements/explanation.ts";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

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

Deno.test("near miss: it is found among many events with other values of one clause", async () => {
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

Deno.test("near miss: one that names the job is found among any number of other events", async () => {
  const daybook = await waiting(parcel({ orderId: 42, region: "EU" }));
  for (let other = 0; other < 30; other++) {
    const isNamed = other === 10;
    const more = isNamed ? { jobId: "job" } : {};
    await daybook.event(TYPE, { orderId: 100 + other, region: "EU" }, more);
  }
  assert.deepEqual(found(await daybook.explanation("job")), [["110"]]);
});

Deno.test("near miss: events that share their type and a common value are counted, and not named", async () => {
  const daybook = await waiting(parcel({ orderId: 42, region: "EU" }));
  for (let orderId = 100; orderId < 130; orderId++) {
    await daybook.event(TYPE, { orderId, region: "EU" });
  }
  const { waitingFor, summary } = await daybook.explanation("job");
  assert.deepEqual(waitingFor[0]?.nearMisses, []);
  assert.match(summary, /(?:: |, and )no event on record resembles what is missing[.:]/);
  assert.match(
    waitingFor[0]?.statement ?? "",
    /resembles what is missing: of 30 other events of this type, none has 42 in it\.$/,
  );
});

Deno.test("near miss: of more events than are read, none is said not to have a value in it", async () => {
  for (const [count, says] of [[64, /of 64 .* none has 77 in it/], [65, /77 was not found as a/]]) {
    const daybook = await waiting(parcel({ orderId: 77 }));
    for (let at = 0; at < Number(count); at++) await daybook.event(TYPE, { orderId: 500 + at });
    const { waitingFor } = await daybook.explanation("job");
    assert.match(waitingFor[0]?.remark ?? "", says as RegExp);
  }
});

const PART = "shop.PartArrived";

/** Waits for a parcel, and for parts in crate 7. */
function parcelAndParts(times: number) {
  const { expected: [parcelOf42] } = parcel({ orderId: 42 });
  const correlation = { equals: { crate: "7" } };
  const parts = { id: "parts", eventType: PART, correlation, multiplicity: { times } };
  return { expected: [parcelOf42, parts] };
}

async function arrive(daybook: Explained, parts: number): Promise<void> {
  const part = { eventType: PART, attributes: { crate: "7" } };
  await daybook.post("/events", Array.from({ length: parts }, () => part));
}

Deno.test("near miss: any number of events that count for another expectation do not hide it", async () => {
  const daybook = await waiting(parcelAndParts(900));
  await daybook.event("shop.ParcelShiped", { orderId: "42" }, { jobId: "job" });
  await arrive(daybook, 200);

  const { waitingFor } = await daybook.explanation("job");

  assert.match(waitingFor[0]?.nearMisses[0]?.statement ?? "", /^shop\.ParcelShiped came /);
});

Deno.test("near miss: any number of later events of its type that name the job do not hide it", async () => {
  const daybook = await waiting(parcel({ orderId: 42 }));
  await daybook.event(TYPE, { orderId: "42" }, { jobId: "job" });
  const later = { eventType: TYPE, jobId: "job", attributes: { note: "on its way" } };
  await daybook.post("/events", Array.from({ length: 200 }, () => later));

  assert.deepEqual(found(await daybook.explanation("job")), [['"42"']]);
});

Deno.test("near miss: any number of events that counted do not hide one that did not", async () => {
  for (const more of [{}, { jobId: "job" }]) {
    const daybook = await waiting(parcel({ orderId: 42 }, { times: 180 }));
    await daybook.event(TYPE, { orderId: "42" }, more);
    for (let count = 1; count < 180; count++) await daybook.event(TYPE, { orderId: 42 }, more);

    const { summary, waitingFor } = await daybook.explanation("job");

    assert.equal(waitingFor[0]?.matched, 179);
    assert.match(summary, /: .* orderId: expected 42 \(number\), found "42" \(text\)/);
  }
});

Deno.test("near miss: of alternatives with several clauses, one that partly holds is near", async () => {
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

Deno.test("near miss: facts of the job's own tasks are compared like events from outside", async () => {
  const daybook = await Explained.start({ definitions: [COUNTING] });
  await daybook.submit("job", "shop.counting", { counts: [1, "5"] });
  const near = await daybook.explanation("job");
  assert.match(near.summary, /: .* result: expected 5 \(number\), found "5" \(text\)/);
  assert.equal(near.waitingFor[0]?.nearMisses.length, 1);
  await daybook.assertCitations("job");

  await daybook.submit("far", "shop.counting", { counts: [1, 2] });
  const { waitingFor } = await daybook.explanation("far");
  assert.deepEqual(waitingFor[0]?.nearMisses, []);
  assert.match(waitingFor[0]?.statement ?? "", /No event on record resembles what is missing\.$/);
});

/** Waits for a payment; a cancellation of the order fails it. */
function paidUnlessCancelled(equals: object) {
  const compensation = {
    succeeded: { eventType: "shop.Refunded", correlation: { equals } },
    failed: { eventType: "shop.RefundFailed", correlation: { equals } },
  };
  return {
    expected: [{ id: "paid", eventType: "shop.Paid", correlation: { equals } }],
    policy: { errors: [{ eventType: "shop.Cancelled", correlation: { equals } }], compensation },
  };
}

Deno.test("near miss: an event that is nearest to the error event of the policy is compared with that", async () => {
  const daybook = await waiting(paidUnlessCancelled({ orderId: "71" }));
  await daybook.event("shop.Cancelled", { orderId: 71 });
  const at = "2026-01-01T00:00:00.000Z";
  const said = `shop.Cancelled came at ${at} and did not count as the error event of the job's ` +
    'policy: orderId: expected "71" (text), found 71 (number).';
  const { summary, waitingFor, next } = await daybook.explanation("job");
  assert.equal(summary, `Job job is waiting for "paid" (shop.Paid), 0 of 1: ${said}`);
  assert.deepEqual(
    waitingFor.map(({ nearMisses, remark }) => [
      remark,
      nearMisses.map(({ statement, likeness, policy }) => [statement, likeness, policy]),
    ]),
    [[undefined, [[said, "form", "errors"]]]],
  );
  assert.ok(next.some(({ statement }) => statement.includes("if it happened")));
  await daybook.assertCitations("job");
});

Deno.test("near miss: an event that names the job and is nearest to the error event is compared with that", async () => {
  const daybook = await waiting(paidUnlessCancelled({ orderId: "71" }));
  await daybook.event("shop.Cancelled", { orderId: "71 " }, { jobId: "job" });
  const { summary } = await daybook.explanation("job");
  assert.match(summary, /did not count as the error event of the job's policy: orderId: expected /);
});

Deno.test("near miss: the end of a compensation that is not under way is named as that", async () => {
  const daybook = await waiting(paidUnlessCancelled({ orderId: "71" }));
  await daybook.event("shop.Refunded", { orderId: "71" }, { jobId: "job" });
  const { summary } = await daybook.explanation("job");
  assert.equal(
    summary,
    'Job job is waiting for "paid" (shop.Paid), 0 of 1: shop.Refunded came at ' +
      "2026-01-01T00:00:00.000Z, naming this job, and did not count as the end of the job's " +
      "compensation, of which none is under way.",
  );
});

Deno.test("near miss: an event that is nearer to an expectation is not compared with the policy", async () => {
  const daybook = await waiting(paidUnlessCancelled({ orderId: "71" }));
  await daybook.event("shop.Paid", { orderId: 71 });
  const { waitingFor } = await daybook.explanation("job");
  assert.deepEqual(
    waitingFor.flatMap(({ nearMisses }) => nearMisses.map(({ policy }) => policy)),
    [undefined],
  );
});

Deno.test("near misses: an event of the type that counted for another expectation of the job is not denied", async () => {
  const daybook = await Explained.start();
  const expected = ["11-1", "22-2", "33-3"].map((a, at) => ({
    id: `e${at + 1}`,
    eventType: "shop.Delivered",
    correlation: { equals: { a } },
  }));
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  const summary = async () => (await daybook.explanation("job")).summary;
  assert.match(await summary(), /No event of this type has come|no event of this type has come/);

  await daybook.event("shop.Delivered", { a: "11-1" });
  assert.match(
    await summary(),
    /: 1 event of this type counted for "e1"; no other event on record resembles what is missing\.?/,
  );
  await daybook.event("shop.Delivered", { a: "22-2" });
  const { summary: last, waitingFor } = await daybook.explanation("job");
  assert.match(
    last,
    /: 2 events of this type counted for "e1" and "e2"; no other event on record resembles what is missing\./,
  );
  assert.equal(
    waitingFor[0]?.cites.filter(({ eventType }) => eventType !== "job.JobCreated").length,
    2,
  );
  await daybook.assertCitations("job");
});
