/** Waits that are as long as usual, and those of which fewer events will come than are expected. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

const COLLECT = defineJob({
  type: "payment.collect",
  version: 1,
  input: v.object({ payment: v.string() }),
  expects: ({ payment }) => ({
    settled: { eventType: "bank.Settled", correlation: { equals: { payment } } },
  }),
  run: async (ctx) => {
    await ctx.task("submit", () => "sent");
    await ctx.expect("settled");
  },
});

/** The summary of a job, also after a restart. */
async function summaryOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  const { summary } = await daybook.explanation(jobId);
  const later = await (await daybook.crash()).explanation(jobId);
  assert.equal(later.summary, summary);
  return summary;
}

/**
 * A bank that settles payments after 2 s to 6 s, and then one that has not been for 3 s.
 *
 * @param open How many others wait since before these.
 */
async function settledAfter(others: number, moreMs = 0, open = 1) {
  const daybook = await Explained.start({ definitions: [COLLECT], maxRunning: 4 });
  for (let at = 0; at < open; at++) {
    await daybook.submit(`open-${at}`, "payment.collect", { payment: `open-${at}` });
  }
  for (let at = 0; at < others; at++) {
    const payment = `pay-${100 + at}`;
    await daybook.submit(payment, "payment.collect", { payment });
    await daybook.clock.advance(2_000 + 1_000 * (at % 5));
    await daybook.event("bank.Settled", { payment });
  }
  await daybook.submit("job", "payment.collect", { payment: "pay-200" });
  await daybook.clock.advance(3_000 + moreMs);
  await daybook.submit("next", "payment.collect", { payment: "pay-201" });
  return await summaryOf(daybook, "job");
}

Deno.test("explain a wait: when similar jobs had their events is said, or that this one has waited longer than all", async () => {
  const usual = await settledAfter(12);
  const nothing =
    "no event on record resembles what is missing: of 12 other events of this type, " +
    'none has "pay-200" in it';
  const started = "; this job started at 2026-01-01T00:00:45.000Z";
  const others = "the 12 of its type before it that succeeded";
  assert.equal(
    usual,
    `Job job is waiting for "settled" (bank.Settled), 0 of 1: ${nothing}${started}, and ${others} ` +
      "had theirs 2 s to 6 s after their start, in the median 4 s.",
  );
  assert.ok(
    (await settledAfter(12, 60_000)).endsWith(
      `${started}, and has waited longer than all of ${others}: they had theirs at most 6 s after ` +
        "their start.",
    ),
  );
  assert.doesNotMatch(await settledAfter(9), /this job started/);
  // Where others have waited for longer, it is not odd.
  assert.doesNotMatch(await settledAfter(12, 60_000, 2), /this job started/);
  assert.match(await settledAfter(12, 0, 2), /this job started .* 2 s to 6 s after/);
});

const DELIVER = defineJob({
  type: "order.deliver",
  version: 1,
  input: v.object({ order: v.string(), lines: v.array(v.object({ sku: v.string() })) }),
  expects: ({ order, lines }) => ({
    parcels: {
      eventType: "warehouse.Shipped",
      correlation: { equals: { order } },
      multiplicity: { times: lines.length },
    },
  }),
  run: (ctx) => ctx.expect("parcels"),
});

interface Delivery {
  readonly lines: readonly string[];
  /** What each parcel has; by default, there is one for each line. */
  readonly parcels?: readonly (readonly string[])[];
}

/** The summary of the last of several orders. */
async function delivered(others: readonly Delivery[], last: Delivery) {
  const daybook = await Explained.start({ definitions: [DELIVER], maxRunning: 4 });
  for (const [at, { lines, parcels }] of [...others, last].entries()) {
    const order = `O-${100 + at}`;
    await daybook.submit(order, "order.deliver", { order, lines: lines.map((sku) => ({ sku })) });
    for (const [nth, skus] of (parcels ?? lines.map((sku) => [sku])).entries()) {
      await daybook.clock.advance(1_000);
      const event = { order, parcel: `p-${at}-${nth}`, skus, sku: skus[0] };
      await daybook.event("warehouse.Shipped", event);
    }
  }
  return await summaryOf(daybook, `O-${100 + others.length}`);
}

const repeated = (count: number, one: Delivery) => Array.from({ length: count }, () => one);
const PAIRS = repeated(12, { lines: ["mug", "cap"] });
const WAITS = /^Job O-\d+ is waiting for "parcels" \(warehouse\.Shipped\), \d of \d: /;

Deno.test("explain a wait for several events: one that came with a longer list than all others is named, if together they are complete", async () => {
  const last = { lines: ["mug", "cap", "tee"], parcels: [["mug", "cap"], ["tee"]] };
  assert.equal(
    (await delivered(PAIRS, last)).replace(WAITS, ""),
    "the 2 that came have 3 elements in skus: the one of 2026-01-01T00:00:25.000Z has 2, where " +
      "25 others of this type have 1.",
  );
  for (
    const [others, delivery] of [
      // Parcels that are still to come.
      [PAIRS, { lines: ["mug", "cap", "tee"], parcels: [["mug"], ["cap"]] }],
      [PAIRS, { lines: ["mug", "cap", "tee", "pen"], parcels: [["mug", "cap"], ["tee"]] }],
      // Others with two articles in a parcel.
      [[...PAIRS, { lines: ["mug"], parcels: [["mug", "cap"]] }], last],
      // Two that stand out.
      [PAIRS, {
        lines: ["mug", "cap", "tee", "pen"],
        parcels: [["mug", "cap"], ["tee", "pen"]],
      }],
      // Too few others.
      [repeated(8, { lines: ["mug"] }), last],
    ] as const
  ) {
    assert.doesNotMatch(await delivered(others, delivery), /elements in/);
  }
});

Deno.test("explain a wait for several events: an element that the input has twice is named, if an event came for each that differs", async () => {
  const last = { lines: ["mug", "mug", "cap"], parcels: [["mug"], ["cap"]] };
  assert.equal(
    (await delivered(PAIRS, last)).replace(WAITS, ""),
    'its input has sku = "mug" twice in lines, where all differ in 12 others of its type, and as ' +
      "many events came as differ here.",
  );
  for (
    const [others, delivery] of [
      // One that differs is still to come.
      [PAIRS, { ...last, parcels: [["mug"]] }],
      // Others had one twice, and went through.
      [[...PAIRS, { lines: ["mug", "mug"] }], last],
      // No event is about what is there twice.
      [PAIRS, { ...last, parcels: [["cap"], ["cap"]] }],
      // Lists of one tell nothing.
      [repeated(12, { lines: ["mug"] }), last],
    ] as const
  ) {
    assert.doesNotMatch(await delivered(others, delivery), /twice/);
  }
});
