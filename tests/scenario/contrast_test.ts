/**
 * What an explanation says about other jobs: what distinguishes a job, which jobs share its cause,
 * and which are before it.
 */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { hang, scripted } from "./incident_kit.ts";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

const PRINT = scripted("label.print", {
  print: ({ input }) => {
    if (input["bad"] === true) throw new NonRetryableError("unknown command");
    return "printed";
  },
});

const SHIP = scripted("parcel.ship", {
  book: ({ input: { phone, skus, kg } }) => {
    const isRefused = phone === undefined || (skus as string[]).includes("x7") || Number(kg) > 40;
    if (isRefused) throw new NonRetryableError("refused with code 8841");
    return "booked";
  },
});

async function printed(bad: readonly object[], good: readonly object[]): Promise<Explained> {
  const daybook = await Explained.start({ definitions: [PRINT], maxRunning: 8 });
  for (const [at, input] of good.entries()) {
    await daybook.submit(`good-${at}`, "label.print", input);
  }
  for (const [at, input] of bad.entries()) {
    await daybook.submit(`bad-${at}`, "label.print", { ...input, bad: true });
  }
  return daybook;
}

const many = (count: number, input: object) => Array.from({ length: count }, () => input);

Deno.test("contrast: a value is named that all jobs with the same failure have, and none that succeeded", async () => {
  const daybook = await printed(
    many(3, { printer: "z9", size: 4 }),
    many(10, { printer: "z1", size: 4 }),
  );
  const { contrast, summary, siblings } = await daybook.explanation("bad-1");
  assert.deepEqual(contrast?.traits[0], { name: "input.printer", value: "z9" });
  assert.deepEqual([contrast?.alike, contrast?.others], [3, 10]);
  assert.match(
    summary,
    /All 3 jobs that failed like this have input\.printer = "z9" .*; none of the 10 that went through has\.$/,
  );
  assert.equal(siblings?.others, 2);
  assert.match(
    siblings?.statement ?? "",
    /^2 other jobs failed with the same error: bad-2, bad-0\.$/,
  );
  await daybook.assertCitations("bad-1");
});

Deno.test("contrast: with too few jobs of either kind, or a counterexample, nothing is named", async () => {
  const good = many(9, { printer: "z1" });
  const mixedGood = [...many(9, { printer: "z1", bad: false }), { printer: "z2" }];
  for (
    const daybook of [
      await printed(many(3, { printer: "z9" }), good),
      await printed(many(2, { printer: "z9" }), mixedGood),
    ]
  ) {
    assert.equal((await daybook.explanation("bad-0")).contrast, undefined);
  }
  const mixed = await printed(many(3, { printer: "z9" }), [...good, { printer: "z9" }]);
  const { contrast } = await mixed.explanation("bad-0");
  assert.deepEqual(contrast?.traits.map(({ name }) => name), ["input.bad"]);
});

Deno.test("contrast: what all that succeeded share sets even one job apart: a value, that there is one, its form", async () => {
  const sizes = many(12, {}).map((_, at) => ({ size: 3 + at * 7 % 5, zip: `${20095 + at * 7}` }));
  const said = async (bad: readonly object[], more: object) => {
    const daybook = await printed(bad, sizes.map((input) => ({ ...input, ...more, bad: false })));
    const { contrast } = await daybook.explanation("bad-0");
    await daybook.assertCitations("bad-0");
    return contrast?.statement;
  };
  const flag = "has input.bad = true, where all 12 that went through have false";
  const like = { size: 4, zip: "20099" };
  assert.equal(await said([like], {}), `This job ${flag}.`);
  assert.equal(
    await said([{ ...like, printer: "z9" }], { printer: "z1" }),
    `This job has input.printer = "z9", where all 12 that went through have "z1"; it ${
      flag.replace("12 that went through", "others")
    }.`,
  );
  const daybook = await printed([{ size: 4, zip: "D-20099" }], sizes);
  const zipped = (await daybook.explanation("bad-0")).contrast?.traits;
  assert.deepEqual(zipped, [
    { name: "input.zip", value: "D-20099", others: 'one of the form "9" (9 for digits)' },
    { name: "input.bad", value: true, others: "none" },
  ]);
});

Deno.test("contrast: what the others have may be one of few values, if each recurs, and one of two jobs is enough", async () => {
  const good = (printers: readonly string[]) =>
    printers.map((printer, at) => ({ printer, size: at, bad: false }));
  const named = async (printers: readonly string[]) => {
    const daybook = await printed(many(2, { printer: "z9", size: 3 }), good(printers));
    return (await daybook.explanation("bad-0")).contrast?.traits[0];
  };
  const known = ["z1", "z2", "z1", "z2", "z3", "z1", "z2", "z3", "z1", "z1"];
  const trait = { name: "input.printer", value: "z9", others: '"z1" or "z2" or "z3"' };
  assert.deepEqual(await named(known), trait);
  // A value that occurs once shows that there may be more of them.
  assert.equal((await named([...known.slice(1), "z4"]))?.name, "input.bad");
  assert.equal((await named([...known, "z4", "z4"]))?.name, "input.bad");
});

Deno.test("contrast: a missing member, an element of a list and a number beyond all others are named", async () => {
  const said = async (bad: readonly object[], good: readonly object[]) => {
    // Of those that succeed, some have the flag and some do not.
    const daybook = await Explained.start({ definitions: [SHIP], maxRunning: 8 });
    for (const [at, input] of [...good, ...bad].entries()) {
      await daybook.submit(`job-${at}`, "parcel.ship", { number: at, ...input });
    }
    return (await daybook.explanation(`job-${good.length + bad.length - 1}`)).contrast?.statement;
  };
  const good = [5, 40, 12, 31, 8, 22, 17, 29, 3, 36].map((kg, at) => ({
    kg,
    skus: [`a${at}`, "b1"],
    phone: `040 ${at}`,
  }));
  const phoneless = { kg: 10, skus: ["b1"] };
  assert.equal(
    await said([phoneless], good),
    "This job has no input.phone, where all 10 that went through have one.",
  );
  assert.equal(
    await said([5, 12, 31].map((kg) => ({ kg, skus: ["b1", "x7"], phone: "040 1" })), good),
    'All 3 jobs that failed like this have input.skus = "x7"; none of the 10 that went through has.',
  );
  const heavy = [41, 77, 52].map((kg) => ({ kg, skus: ["b1"], phone: "040 1" }));
  assert.equal(
    await said(heavy, good),
    "All 3 jobs that failed like this have input.kg such as 52, where all 10 that went through " +
      "have at most 40.",
  );
});

Deno.test("contrast: a number of one job is named if it is far beyond those of all others, as in another unit", async () => {
  const weigh = scripted("parcel.label", {
    book: ({ input }) => {
      if (Number(input["kg"]) > 31) throw new NonRetryableError("product not available");
      return "booked";
    },
  });
  const said = async (kg: number) => {
    const daybook = await Explained.start({ definitions: [weigh] });
    for (const [at, one] of [5, 0.4, 12, 9.8, 8, 2.2, 1.7, 9, 3, 6].entries()) {
      await daybook.submit(`job-${at}`, "parcel.label", { kg: one });
    }
    await daybook.submit("bad", "parcel.label", { kg });
    return (await daybook.explanation("bad")).contrast?.statement;
  };
  assert.equal(
    await said(2_500),
    "This job has input.kg = 2500, where all 10 that went through have at most 12.",
  );
  assert.equal(await said(32), undefined);
});

Deno.test("contrast: digits at the end of texts of one form are compared as numbers, unless they only count up with time", async () => {
  let isDown = false;
  const reserve = scripted("stock.reserve", {
    reserve: ({ input: { sku = "" } }) => {
      if (isDown || String(sku) >= "SKU-0700") throw new NonRetryableError("no stock row");
      return "reserved";
    },
  });
  const said = async (inputs: readonly object[], downFrom = Infinity) => {
    const daybook = await Explained.start({ definitions: [reserve], maxRunning: 8 });
    for (const [at, input] of inputs.entries()) {
      isDown = at >= downFrom;
      await daybook.submit(`job-${at}`, "stock.reserve", input);
      await daybook.clock.advance(1_000);
    }
    return (await daybook.explanation(`job-${inputs.length - 1}`)).contrast?.statement ?? "";
  };
  const padded = (number: number) => `${number}`.padStart(4, "0");
  const skus = [97, 194, 810, 388, 35, 582, 1130, 83, 180, 277, 374, 698, 568, 951]
    .map((number) => ({ sku: `SKU-${padded(number)}` }));
  assert.equal(
    await said(skus),
    'All 3 jobs that failed like this have input.sku such as "SKU-0951", where all 11 that went ' +
      'through have at most "SKU-0698".',
  );
  // Of two jobs, or with texts of another form, nothing is said.
  assert.equal(await said([...skus.slice(0, 6), ...skus.slice(7)]), "");
  assert.doesNotMatch(await said([...skus, { sku: "SKU-44" }, { sku: "SKU-0712" }]), /sku/);
  // All that failed came last, and so do the numbers that are counted up, though some overtake.
  const numbers = [3, 2, 4, 5, 6, 8, 7, 9, 10, 11, 12, 14, 13, 15];
  for (const form of [padded, Number]) {
    const counted = numbers.map((number) => ({ order: form(number) }));
    assert.match(await said(counted, 11), /^All 3 jobs that failed like this were created after/);
  }
  // The same of names that come in batches, each in any order.
  const batches = [7, 2, 9, 4, 11, 1, 10, 3, 8, 6, 5, 14, 12, 13];
  const named = batches.map((number) => ({ order: padded(number) }));
  assert.match(await said(named, 11), /^All 3 jobs that failed like this were created after/);
});

Deno.test("contrast: failures with nothing in common, but none that succeeded between them, are named by their time", async () => {
  let isDown = false;
  const send = scripted("sms.send", {
    send: () => {
      if (isDown) throw new NonRetryableError("bind failed");
      return "sent";
    },
  });
  const daybook = await Explained.start({ definitions: [send] });
  for (let at = 0; at < 16; at++) {
    isDown = at >= 5 && at < 9;
    await daybook.submit(`job-${at}`, "sms.send", {});
    await daybook.clock.advance(60_000);
  }
  assert.equal(
    (await daybook.explanation("job-6")).contrast?.statement,
    "All 4 jobs that failed like this were created from 2026-01-01T00:05:00.000Z to " +
      "2026-01-01T00:08:00.000Z; none of the 12 that went through was created in that time.",
  );
});

Deno.test("contrast: of a task that did not run, no missing result is named besides", async () => {
  const water = defineJob({
    type: "field.water",
    version: 1,
    input: v.object({ field: v.string() }),
    async run(ctx, { field }) {
      if (field !== "f7") await ctx.task("water", () => 1);
    },
  });
  const daybook = await Explained.start({ definitions: [water] });
  for (let at = 0; at < 11; at++) {
    await daybook.submit(`f${at}`, "field.water", { field: `f${at}` });
  }
  const { contrast } = await daybook.explanation("f7");
  assert.deepEqual(contrast?.traits, [{ name: "task water", others: "true" }]);
});

Deno.test("contrast: a job that succeeded is set apart where it first went another way", async () => {
  const route = defineJob({
    type: "order.route",
    version: 1,
    input: v.object({ stock: v.number() }),
    async run(ctx, { stock }) {
      const left = await ctx.task("check", () => ({ stock }));
      if (left.stock > 0) await ctx.task("ship", () => "shipped");
      else await ctx.task("order", () => "ordered");
    },
  });
  const daybook = await Explained.start({ definitions: [route] });
  for (let at = 0; at < 10; at++) {
    await daybook.submit(`ok-${at}`, "order.route", { stock: 1 + at });
  }
  await daybook.submit("odd", "order.route", { stock: 0 });
  assert.equal(
    (await daybook.explanation("odd")).contrast?.statement,
    "This job has result of check.stock = 0, where all 10 that went through have a positive whole " +
      "number; it has input.stock = 0, where all others have a positive whole number.",
  );
});

Deno.test("contrast: a job that succeeded is set apart by how many elements an earlier step returned, unless as many were asked for", async () => {
  const said = async (input: { regions: number; copies?: number }, found = input.regions) => {
    const report = defineJob({
      type: "report.make",
      version: 2,
      input: v.object({ day: v.number(), regions: v.number(), copies: v.optional(v.number()) }),
      async run(ctx, { day, regions }) {
        const count = day === 13 ? found : regions;
        const collected = await ctx.task("collect", () => ({
          regions: Array.from({ length: count }, (_, at) => ({ day: day * 10 + at })),
        }));
        await ctx.task("render", () => ({ pages: collected.regions.length * 2 + 3 }));
      },
    });
    const daybook = await Explained.start({ definitions: [report], maxRunning: 8 });
    for (let day = 1; day < 13; day++) {
      await daybook.submit(`r${day}`, "report.make", { ...input, regions: 4, day });
    }
    await daybook.submit("r13", "report.make", { ...input, day: 13 });
    await daybook.assertCitations("r13");
    return (await daybook.explanation("r13")).contrast?.statement;
  };
  const fewer =
    "This job has length of result of collect.regions = 2, where all 12 that went through have 4.";
  assert.equal(await said({ regions: 4 }, 2), fewer);
  // The version of its code is 2 as well, and so is a number that all were given.
  assert.equal(await said({ regions: 4, copies: 2 }, 2), fewer);
  assert.doesNotMatch(await said({ regions: 2 }) ?? "", /length/);
});

Deno.test("contrast: a job that succeeded is set apart only if it did something else than the others", async () => {
  const definitions = [
    defineJob({
      type: "bill.send",
      version: 1,
      input: v.object({ by: v.string(), to: v.string() }),
      async run(ctx, { by }) {
        const made = await ctx.task("make", () => ({ pages: by === "fax" ? 0 : 1 }));
        if (by === "mail") await ctx.task("mail", () => "sent");
        return made;
      },
    }),
  ];
  const daybook = await Explained.start({ definitions });
  for (let at = 0; at < 10; at++) {
    await daybook.submit(`ok-${at}`, "bill.send", { by: "mail", to: "DE" });
  }
  await daybook.submit("abroad", "bill.send", { by: "mail", to: "AT" });
  assert.equal((await daybook.explanation("abroad")).contrast, undefined);
  await daybook.submit("odd", "bill.send", { by: "Mail", to: "DE" });
  const { summary } = await daybook.explanation("odd");
  assert.match(
    summary,
    /This job has not run task mail, which all 11 that went through have; it has input\.by = "Mail", where all others have "mail"\.$/,
  );
  await daybook.assertCitations("odd");
});

Deno.test("contrast: a job that succeeded with more work than others is not set apart by numbers or forms, only by what it did", async () => {
  const close = defineJob({
    type: "ledger.close",
    version: 1,
    input: v.object({ accounts: v.number(), name: v.string() }),
    async run(ctx, { accounts }) {
      for (let at = 1; at <= accounts; at++) {
        await ctx.task(`close-${at}`, () => ({ balance: at + accounts % 3 }));
      }
    },
  });
  const daybook = await Explained.start({ definitions: [close] });
  for (let at = 0; at < 12; at++) {
    await daybook.submit(`c-${at}`, "ledger.close", { accounts: 1 + at % 2, name: `c${at}` });
  }
  await daybook.submit("other", "ledger.close", { accounts: 3, name: "megacorp" });
  const { summary } = await daybook.explanation("other");
  assert.match(
    summary,
    /This job has run task close-3, which none of the 12 that went through has\.$/,
  );
  await daybook.submit("same", "ledger.close", { accounts: 2, name: "megacorp" });
  assert.equal((await daybook.explanation("same")).contrast, undefined);
});

Deno.test("contrast: a job that succeeded is set apart by results ten times beyond those of others, one of each step", async () => {
  /** What a file has, as the import finds out: the rows, how many are sold out, how long it took. */
  type File = readonly [rows: number, soldOut?: number, tookMs?: number];
  const said = async (odd: File, usual: (at: number) => File, parts = 1) => {
    const files = Array.from({ length: 14 }, (_, at) => at === 12 ? odd : usual(at));
    const imports = defineJob({
      type: "stock.import",
      version: 1,
      input: v.object({ at: v.number(), parts: v.number() }),
      async run(ctx, { at }) {
        const [rows, soldOut = 0, tookMs = 5] = files[at] ?? [0];
        const read = await ctx.task("download", () => ({ rows, tookMs }));
        await ctx.task("apply", () => ({ updated: read.rows, soldOut }));
        await ctx.task("list", () => Array.from({ length: soldOut + 10 }, () => "sku"));
      },
    });
    const daybook = await Explained.start({ definitions: [imports], maxRunning: 8 });
    for (const at of files.keys()) {
      await daybook.submit(`job-${at}`, "stock.import", {
        at,
        parts: at === 12 ? parts : 1 + at % 5,
      });
      await daybook.clock.advance(1_000);
    }
    await daybook.assertCitations("job-12");
    return (await daybook.explanation("job-12")).contrast?.statement;
  };
  const file = (
    at: number,
  ): File => [at % 2 === 0 ? 480 - at * 9 % 20 : 150 + at, at % 5, 5 + at % 7];
  assert.equal(
    await said([12, 468], file),
    "This job has result of download.rows = 12, where all 13 that went through have at least 151; " +
      "it has result of apply.soldOut = 468, where all others have at most 4.",
  );
  assert.equal(
    await said([300, 190], (at) => [300 + at % 7, at % 5 + 5]),
    "This job has result of apply.soldOut = 190, where all 13 that went through have at most 9; " +
      "it has length of result of list = 200, where all others have at most 19.",
  );
  // It was given more.
  assert.equal(await said([9_000], file, 40), undefined);
  // Less than ten times as many; a time, which depends on the machine.
  assert.equal(await said([16], file), undefined);
  assert.equal(await said([300, 0, 900], file), undefined);
  // Amounts that are as far apart themselves.
  assert.equal(await said([9_000], (at) => [[3, 17, 90, 240, 700, 45, 8][at % 7] ?? 0]), undefined);
});

Deno.test("contrast: jobs of another hour are not compared", async () => {
  const daybook = await printed([], many(10, { printer: "z1" }));
  await daybook.clock.advance(3_600_001);
  for (const jobId of ["a", "b", "c"]) {
    await daybook.submit(jobId, "label.print", { printer: "z9", bad: true });
  }
  assert.equal((await daybook.explanation("a")).contrast, undefined);
});

Deno.test("usual time: of a running task or a sleep that takes far longer, the time in other jobs is named", async () => {
  const definitions = [
    defineJob({
      type: "valve.turn",
      version: 1,
      input: v.object({ ms: v.number(), sleepMs: v.number() }),
      async run(ctx, { ms, sleepMs }) {
        await ctx.sleep("rest", sleepMs);
        return await ctx.task("turn", () =>
          new Promise<number>((done) => {
            daybook.clock.setTimer(ms, () => done(ms));
          }));
      },
    }),
  ];
  const daybook: Explained = await Explained.start({ definitions });
  for (let at = 0; at < 5; at++) {
    await daybook.submit(`ok-${at}`, "valve.turn", { ms: 2_000, sleepMs: 60_000 });
    await daybook.clock.advance(62_000);
  }
  await daybook.submit("hangs", "valve.turn", { ms: 9_000_000, sleepMs: 60_000 });
  await daybook.submit("asleep", "valve.turn", { ms: 1, sleepMs: 3_600_000 });
  await daybook.submit("usual", "valve.turn", { ms: 1, sleepMs: 120_000 });
  await daybook.clock.advance(60_000);
  const said = async (jobId: string) => (await daybook.explanation(jobId)).summary;
  const usual = (time: string) =>
    new RegExp(`, where the 5 of its type before it took ${time} in the median\\.$`);
  assert.match(await said("hangs"), usual("2 s"));
  assert.match(
    await said("asleep"),
    /, where the 5 of its type before it took 1 min in the median; its 1 h are 3600000 ms: its input has sleepMs = 3600000\.$/,
  );
  assert.doesNotMatch(await said("usual"), /median/);
});

Deno.test("siblings: jobs cancelled for the same reason, or cut short by the same crash, are named", async () => {
  const work = scripted("long.work", {
    work: (about) => about.attempt === 1 ? hang(about) : "done",
  });
  const daybook = await Explained.start({ definitions: [work], maxRunning: 4 });
  for (const jobId of ["a", "b", "c"]) await daybook.submit(jobId, "long.work");
  const next = await daybook.crash();
  await next.clock.advance(60_000);
  const crashed = (await next.explanation("b")).siblings;
  assert.match(crashed?.statement ?? "", /^2 other jobs were cut short by the same crash: a, c\.$/);

  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  for (const jobId of ["d", "e"]) {
    await next.post("/jobs", { jobId, plan });
    await next.post(`/jobs/${jobId}/cancel`, { reason: "wrong price list" });
  }
  const cancelled = (await next.explanation("e")).siblings;
  assert.match(
    cancelled?.statement ?? "",
    /^1 other job was cancelled for the same reason .*: d\.$/,
  );
});

Deno.test("siblings: jobs cut short by different crashes, or cancelled without a reason, are none", async () => {
  const work = scripted("long.work", {
    work: (about) => about.attempt === 1 ? hang(about) : "done",
  });
  const first = await Explained.start({ definitions: [work], maxRunning: 4 });
  await first.submit("a", "long.work");
  const second = await first.crash();
  await second.clock.advance(60_000);
  await second.submit("b", "long.work");
  const third = await second.crash();
  await third.clock.advance(60_000);
  for (const jobId of ["a", "b"]) {
    const { condition, siblings } = await third.explanation(jobId);
    assert.deepEqual([condition, siblings], ["succeeded", undefined]);
  }

  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  for (const jobId of ["d", "e"]) {
    await third.post("/jobs", { jobId, plan });
    await third.post(`/jobs/${jobId}/cancel`);
  }
  assert.equal((await third.explanation("e")).siblings, undefined);
});

Deno.test("siblings: if more may have been cancelled than were examined, it says at least how many", async () => {
  const daybook = await Explained.start();
  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  const ids = Array.from({ length: 450 }, (_, at) => `job-${at}` as JobId);
  await Promise.all(ids.map((jobId) => daybook.post("/jobs", { jobId, plan })));
  const request = { kind: "cancel", reason: "recall" } as const;
  await Promise.all(ids.map((jobId) => daybook.engine.control(jobId, request)));
  await daybook.clock.settle();
  const { siblings } = await daybook.explanation("job-225");
  assert.match(
    siblings?.statement ?? "",
    /^At least \d{3} other jobs were cancelled for the same reason within a minute: /,
  );
});

Deno.test("near miss: an event that was refused because of its id is named, with the line that has the id", async () => {
  const daybook = await Explained.start();
  await daybook.event("meter.Read", { meter: "M-1" }, { eventId: "gw-1" });
  const plan = {
    expected: [{ id: "it", eventType: "meter.Read", correlation: { equals: { meter: "M-2" } } }],
  };
  await daybook.post("/jobs", { jobId: "job", plan });
  const second = { eventId: "gw-1", eventType: "meter.Read", attributes: { meter: "M-2" } };
  const response = await daybook.app.request("http://127.0.0.1:8000/events", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(second),
  });
  assert.equal(response.status, 409);
  const { summary, waitingFor } = await daybook.explanation("job");
  assert.match(summary, /it was refused: its id gw-1 was on record already/);
  const cited = waitingFor[0]?.nearMisses[0]?.cites.map(({ eventId }) => eventId);
  assert.equal(cited?.includes("gw-1"), true);
  await daybook.assertCitations("job");
});

Deno.test("contrast: events that a job did not get to do not set it apart", async () => {
  const order = defineJob({
    type: "order.pack",
    version: 1,
    input: v.object({ order: v.number() }),
    expects: ({ order }) => ({
      paid: { eventType: "bank.Paid", correlation: { equals: { order } } },
      shipped: { eventType: "post.Shipped", correlation: { equals: { order } } },
    }),
    async run(ctx, input) {
      await ctx.expect("paid");
      await ctx.task("pack", () => {
        if (input.order === 6) throw new NonRetryableError("no box");
      });
      await ctx.expect("shipped");
    },
  });
  const daybook = await Explained.start({ definitions: [order], maxRunning: 8 });
  for (let at = 0; at < 13; at++) {
    await daybook.submit(`order-${at}`, "order.pack", { order: at });
    await daybook.event("bank.Paid", { order: at });
    if (at !== 6) await daybook.event("post.Shipped", { order: at, carrier: "dhl" });
  }
  const { contrast, condition } = await daybook.explanation("order-6");
  assert.equal(condition, "failed");
  assert.doesNotMatch(contrast?.statement ?? "", /shipped/);
});

Deno.test("contrast: a result that an error names is not another job's doing if no job has another", async () => {
  const call = looseJob("rate.fetch", async (ctx) => {
    const { host } = await ctx.task("pick", () => ({ host: "api.example.com" }));
    await ctx.task("call", () => {
      if (ctx.jobId === "bad") throw new NonRetryableError(`ECONNREFUSED ${host}:443`);
    });
  });
  const daybook = await Explained.start({ definitions: [call], maxRunning: 8 });
  for (const jobId of ["good", "bad"]) await daybook.submit(jobId, "rate.fetch");
  assert.doesNotMatch((await daybook.explanation("bad")).summary, /also returned/);
});

Deno.test("contrast: if jobs of other types failed with the same error, only what these have too sets the failures apart, or their time", async () => {
  let isUp = true;
  const sending = (type: string) =>
    scripted(type, {
      send: () => {
        if (!isUp) throw new NonRetryableError("454 Daily message quota exceeded.");
        return "sent";
      },
    });
  for (const elsewhere of ["mail.order", "mail.reset"]) {
    isUp = true;
    const daybook = await Explained.start({
      definitions: ["mail.reset", "mail.order"].map(sending),
    });
    for (let at = 0; at < 12; at++) {
      await daybook.submit(`${at}`, "mail.reset", { user: `u${at}` });
      await daybook.clock.advance(60_000);
    }
    isUp = false;
    for (let at = 0; at < 3; at++) await daybook.submit(`bad-${at}`, "mail.reset", { user: "u2x" });
    const user = elsewhere === "mail.order" ? "a7" : "u2x";
    await daybook.submit("elsewhere", elsewhere, { user });
    const { summary } = await daybook.explanation("bad-1");
    assert.match(summary, /quota exceeded\. /);
    assert.match(
      summary,
      elsewhere === "mail.order"
        ? /All 3 jobs that failed like this were created after the 12 that went through, of which the last was created at 2026-01-01T00:11:00\.000Z\.$/
        : /All 4 jobs that failed like this have input\.user = "u2x"; none of the 12/,
    );
  }
});

Deno.test("contrast: a retry is the same work as the job that it retries, and counts once", async () => {
  const daybook = await printed(many(3, { printer: "z9" }), many(10, { printer: "z1" }));
  const first = await daybook.post("/jobs/bad-0/retry");
  const second = await daybook.post(`/jobs/${first["jobId"]}/retry`);
  for (const jobId of ["bad-0", "bad-2", `${first["jobId"]}`, `${second["jobId"]}`]) {
    assert.equal((await daybook.explanation(jobId)).contrast?.alike, 3, jobId);
  }
});

Deno.test("contrast: days of the month that not every month has set jobs apart, unless others have such days too, there are few, or days come with time", async () => {
  const renew = looseJob("plan.renew", async (ctx) => {
    await ctx.task("bill", () => {
      if (ctx.jobId.startsWith("bad")) throw new NonRetryableError("refused");
    });
  });
  const set = async (bad: readonly number[], good: readonly number[]) => {
    const daybook = await Explained.start({ definitions: [renew] });
    const submit = (kind: string) => async (day: number, at: number) => {
      const since = `${2020 + at * 7 % 5}-05-${`${day}`.padStart(2, "0")}`;
      await daybook.submit(`${kind}-${at}`, "plan.renew", { since });
    };
    for (const [at, day] of good.entries()) await submit("good")(day, at);
    for (const [at, day] of bad.entries()) await submit("bad")(day, at);
    return (await daybook.explanation("bad-1")).contrast?.statement ?? "";
  };
  const good = [3, 28, 12, 7, 19, 1, 25, 14, 9, 22];
  assert.equal(
    await set([29, 31, 30], good),
    "All 3 jobs that failed like this have day of input.since such as 31, where all 10 that went " +
      "through have at most 28.",
  );
  const growing = good.toSorted((one, other) => one - other);
  for (
    const [bad, others] of [[[29, 31, 30], [...good, 30]], [[29, 31], good], [[26, 28, 27], [
      ...good.slice(2, 6),
      ...good.slice(2, 8),
    ]], [[29, 30, 31], growing]] as const
  ) {
    assert.doesNotMatch(await set(bad, others), /day of/);
  }
});

Deno.test("contrast: beside the value of a job, what a step made of it is named", async () => {
  const hourly = scripted("iot.hourly", {
    select: ({ input: { firmware = "" } }) => ({ values: firmware === "4.0" ? [] : [1, 2] }),
    mean: ({ input: { firmware = "" } }) => {
      if (firmware === "4.0") throw new NonRetryableError("no mean of an empty series");
    },
  });
  const daybook = await Explained.start({ definitions: [hourly], maxRunning: 8 });
  for (let at = 0; at < 12; at++) {
    await daybook.submit(`job-${at}`, "iot.hourly", { firmware: at % 2 === 0 ? "3.1" : "3.2" });
  }
  await daybook.submit("one", "iot.hourly", { firmware: "4.0" });
  await daybook.submit("two", "iot.hourly", { firmware: "4.0" });
  const { summary } = await daybook.explanation("one");
  assert.match(
    summary,
    /Both jobs that failed like this have input\.firmware such as "4\.0", where all 12 that went through have "3\.1" or "3\.2"; they have no elements in result of select\.values, where all others have some\.$/,
  );
});
