/** Events that did not come: what the jobs did that were to send them. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";

const NOTIFY = defineJob({
  type: "customer.notify",
  version: 1,
  input: v.object({ order: v.string() }),
  expects: ({ order }) => ({
    packed: { eventType: "warehouse.Packed", correlation: { equals: { order } } },
  }),
  run: async (ctx) => {
    await ctx.expect("packed");
  },
});

function packing(version: number, eventType: string) {
  return defineJob({
    type: "warehouse.pack",
    version,
    input: v.object({ order: v.string() }),
    run: (ctx, { order }) =>
      ctx.task("pack", (task) => {
        task.emit(eventType, { order });
      }),
  });
}

async function remarkOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  return (await daybook.explanation(jobId)).waitingFor[0]?.remark;
}

Deno.test("explain a wait: what the sender sent instead is named, and the version that the others had", async () => {
  const first = await Explained.start({
    definitions: [NOTIFY, packing(1, "warehouse.Packed")],
    maxRunning: 8,
  });
  await first.submit("notify-1", "customer.notify", { order: "O-41" });
  await first.submit("pack-1", "warehouse.pack", { order: "O-41" });
  const daybook = await first.crash({
    definitions: [NOTIFY, packing(2, "warehouse.parcel.Closed")],
  });
  await daybook.submit("notify-2", "customer.notify", { order: "O-42" });
  await daybook.submit("pack-2", "warehouse.pack", { order: "O-42" });
  assert.equal(
    await remarkOf(daybook, "notify-2"),
    "Such events came from task pack of jobs of type warehouse.pack, version 1; job pack-2 of version " +
      '2, which has "O-42" at input.order, has been Done since 2026-01-01T00:00:00.000Z, and has ' +
      'sent warehouse.parcel.Closed with "O-42" instead.',
  );
});

Deno.test("explain a wait: of a job that was to send the event itself, and did not, the result of that task is named", async () => {
  const loan = defineJob({
    type: "loan.contract",
    version: 1,
    input: v.object({ loan: v.string(), income: v.number() }),
    expects: ({ loan }) => ({
      approved: { eventType: "loan.Approved", correlation: { equals: { loan } } },
    }),
    async run(ctx, { loan, income }) {
      await ctx.task("score", (task) => {
        if (income < 1_000) return { grade: "D" };
        task.emit("loan.Approved", { loan });
        return { grade: "A" };
      });
      await ctx.expect("approved");
    },
  });
  const daybook = await Explained.start({ definitions: [loan], maxRunning: 8 });
  await daybook.submit("loan-1", "loan.contract", { loan: "L-31", income: 2_000 });
  await daybook.submit("loan-2", "loan.contract", { loan: "L-32", income: 800 });
  assert.equal(
    await remarkOf(daybook, "loan-2"),
    "Such events came from task score of jobs of type loan.contract, as this one is; here it sent " +
      'none, and returned {"grade":"D"}.',
  );
});

Deno.test("explain a wait: a sender that is done without the task that sends is named, with its output; one that ran it is not blamed for that", async () => {
  const shard = (version: number) =>
    defineJob({
      type: "export.shard",
      version,
      input: v.object({ order: v.string(), rows: v.number() }),
      async run(ctx, { order, rows }) {
        if (rows === 0) return { skipped: "no rows" };
        await ctx.task("write", (task) => {
          if (rows > 0) task.emit("warehouse.Packed", { order });
        });
        return { rows };
      },
    });
  const daybook = await Explained.start({ definitions: [NOTIFY, shard(1)], maxRunning: 8 });
  for (const [order, rows] of [["O-1", 5], ["O-2", 0], ["O-3", -1]] as const) {
    await daybook.submit(`notify-${order}`, "customer.notify", { order });
    await daybook.submit(`shard-${order}`, "export.shard", { order, rows });
  }
  const done = (order: string) =>
    `Such events came from task write of jobs of type export.shard; job shard-${order}, which has ` +
    `"${order}" at input.order, has been Done since 2026-01-01T00:00:00.000Z, and has not sent it`;
  const skipped = ': it did not run task write, and returned {"skipped":"no rows"}.';
  assert.equal(await remarkOf(daybook, "notify-O-2"), done("O-2") + skipped);
  assert.equal(await remarkOf(daybook, "notify-O-3"), `${done("O-3")}.`);
});

Deno.test("explain a wait: an event that has only the id that a step returned is named by that, without a measure that it shares; a number that a step returned is none", async () => {
  const capture = defineJob({
    type: "order.capture",
    version: 1,
    input: v.object({ order: v.string(), cents: v.number() }),
    expects: ({ order }) => ({
      captured: { eventType: "psp.Captured", correlation: { equals: { order } } },
    }),
    async run(ctx, { order }) {
      await ctx.task("authorise", () => ({ charge: `au_${order}`, lines: 4711 }));
      await ctx.expect("captured");
    },
  });
  const daybook = await Explained.start({ definitions: [capture], maxRunning: 8 });
  for (const order of ["O-1", "O-2", "O-3"]) {
    await daybook.submit(`capture-${order}`, "order.capture", { order, cents: 1999 });
  }
  await daybook.event("psp.Voided", { charge: "au_O-1", cents: 1999 });
  await daybook.event("stock.Counted", { lines: 4711 });
  const { summary } = await daybook.explanation("capture-O-1");
  assert.match(
    summary,
    /psp\.Voided came at \S+, with this job's authorise\.charge "au_O-1"; its type/,
  );
  for (const jobId of ["capture-O-2", "capture-O-3"]) {
    const other = await daybook.explanation(jobId);
    assert.doesNotMatch(JSON.stringify(other), /Counted|au_O-1/);
  }
  await daybook.assertCitations("capture-O-1");
});

Deno.test("explain a wait: a sender that could not be started, since its key threw, is named with the error", async () => {
  const pack = defineJob({
    ...packing(1, "warehouse.Packed"),
    input: v.object({ order: v.string(), owner: v.optional(v.object({ team: v.string() })) }),
    startsOn: { eventType: "shop.Ordered", input: ({ attributes }) => attributes as never },
    limits: { key: ({ owner }) => owner!.team, perKey: 1 },
  });
  const daybook = await Explained.start({ definitions: [NOTIFY, pack], maxRunning: 8 });
  await daybook.submit("notify-1", "customer.notify", { order: "O-41" });
  await daybook.event("shop.Ordered", { order: "O-41", owner: { team: "red" } });
  await daybook.submit("notify-2", "customer.notify", { order: "O-42" });
  await daybook.event("shop.Ordered", { order: "O-42" }, { eventId: "ordered-2" });
  const [, jobId = ""] =
    /shop\.Ordered, which starts them, came at \S+; job (\S+) could not be started: TypeError: Cannot read properties of undefined \(reading 'team'\), thrown at/
      .exec(await remarkOf(daybook, "notify-2") ?? "") ?? [];
  const { summary } = await daybook.explanation(jobId);
  assert.equal(
    summary,
    `Job ${jobId} could not be started: TypeError: Cannot read properties of undefined (reading 'team').`,
  );
});

Deno.test("explain a wait: of a sender that sleeps, the time that its step returned is named, or the end alone", async () => {
  const pack = defineJob({
    type: "warehouse.pack",
    version: 1,
    input: v.object({ order: v.string() }),
    async run(ctx, { order }) {
      const opensAt = await ctx.task("find", () => order === "O-1" ? "" : "2026-01-01T07:00:00Z");
      if (order === "O-2") await ctx.sleep("closed", { until: opensAt });
      if (order === "O-3") await ctx.sleep("closed", 3_600_000);
      await ctx.task("pack", (task) => task.emit("warehouse.Packed", { order }));
    },
  });
  const daybook = await Explained.start({ definitions: [NOTIFY, pack], maxRunning: 8 });
  for (const at of [1, 2, 3]) {
    await daybook.submit(`notify-${at}`, "customer.notify", { order: `O-${at}` });
    await daybook.submit(`pack-${at}`, "warehouse.pack", { order: `O-${at}` });
  }
  const others = "Such events came from task pack of jobs of type warehouse.pack";
  assert.equal(
    await remarkOf(daybook, "notify-2"),
    `${others}; job pack-2, which has "O-2" at input.order, is sleeping until ` +
      '2026-01-01T07:00:00.000Z, as task find returned "2026-01-01T07:00:00Z", and has not sent it ' +
      "yet.",
  );
  assert.equal(
    await remarkOf(daybook, "notify-3"),
    `${others}; job pack-3, which has "O-3" at input.order, is sleeping until ` +
      "2026-01-01T01:00:00.000Z, and has not sent it yet.",
  );
});
