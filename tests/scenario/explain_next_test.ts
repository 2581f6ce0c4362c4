/** What an explanation says must be done before a retry, or made a suspended job ready. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { hang } from "./incident_kit.ts";

// What explanations and dry runs say must be done before a retry.

const LOAD = "First load a module (--definitions) that defines type shop.order.";

function order(version: number) {
  return defineJob({
    type: "shop.order",
    version,
    input: v.object({ isRefused: v.optional(v.boolean()) }),
    run: async (ctx, { isRefused }) => {
      if (isRefused) {
        await ctx.task("charge", () => {
          throw new NonRetryableError("refused");
        });
      }
      await ctx.sleep("overnight", 3_600_000);
    },
  });
}

async function nextOf(daybook: Explained, jobId: string): Promise<readonly string[]> {
  return (await daybook.explanation(jobId)).next.map(({ statement }) => statement);
}

Deno.test("next: a parked job whose type is not loaded is retried only after the type is loaded", async () => {
  const before = await Explained.start({ definitions: [order(1)] });
  await before.submit("order", "shop.order");
  const without = await before.crash({ definitions: [] });
  await without.clock.advance(3_600_000);
  const next = await nextOf(without, "order");
  const toRetry = `To retry it, f${LOAD.slice(1)}`;
  assert.deepEqual(next.slice(-2), [
    toRetry,
    "Then retry it, which cancels it; a new job reuses overnight:",
  ]);
  await assert.rejects(without.beforeRetry("order"), /the new job would be parked too/);

  const newer = await without.crash({ definitions: [order(2)] });
  assert.equal(
    (await nextOf(newer, "order")).at(-1),
    "Or retry it, which cancels it; a new job reuses overnight:",
  );
  assert.deepEqual(await newer.beforeRetry("order"), []);
});

Deno.test("next: a failed job whose type is not loaded is retried only after the type is loaded", async () => {
  const before = await Explained.start({ definitions: [order(1)] });
  await before.submit("order", "shop.order", { isRefused: true });
  const without = await before.crash({ definitions: [] });
  const fix = "First fix what task charge failed on: NonRetryableError: refused.";
  assert.deepEqual(await nextOf(without, "order"), [
    "Nothing happens by itself: the job has ended.",
    LOAD,
    fix,
    "Then retry it; a new job starts from the beginning:",
  ]);
  assert.deepEqual(await without.beforeRetry("order"), [LOAD, fix]);
});

Deno.test("next: a job whose plan lacks what the code waits for needs code that fits its plan", async () => {
  const waitsFor = (name: string) =>
    defineJob({
      type: "shop.order",
      version: 1,
      input: v.object({}),
      expects: () => ({ [name]: { eventType: "shop.Shipped" } }),
      run: async (ctx) => void await ctx.expect(name),
    });
  const before = await Explained.start({ definitions: [waitsFor("shipped")] });
  await before.submit("order", "shop.order");
  const renamed = await before.crash({ definitions: [waitsFor("sent")] });
  assert.equal(
    (await nextOf(renamed, "order"))[0],
    "Best: start Daybook with code that waits for what the plan on record names, such as the old " +
      "version beside the new one; the job then continues.",
  );
});

Deno.test("next: a missing permission is named, as narrow as the error allows", async () => {
  const lacking = defineJob({
    type: "shop.lacking",
    version: 1,
    input: v.object({ message: v.string() }),
    run: (ctx, { message }) =>
      ctx.task("call", () => {
        throw new Deno.errors.NotCapable(message);
      }, { retry: { maxAttempts: 1 } }),
  });
  const daybook = await Explained.start({ definitions: [lacking] });
  const cases = [
    ["net", '"api.example.com:443"', "the permission --allow-net=api.example.com:443"],
    ["read", '"/etc/hosts"', "the permission --allow-read=/etc/hosts"],
    ["run", '"a b"', "the permission that it lacks"],
  ] as const;
  for (const [kind, what, permission] of cases) {
    const message = `Requires ${kind} access to ${what}, run again with the --allow-${kind} flag`;
    await daybook.submit(kind, "shop.lacking", { message });
    assert.equal(
      (await nextOf(daybook, kind))[1],
      `First start Daybook again with ${permission} as well.`,
    );
  }
});

// Suspended jobs whose code could continue: which entry made it so.

const resting = defineJob({
  type: "test.resting",
  version: 1,
  input: v.object({ how: v.picklist(["event", "sleep", "wait"]) }),
  expects: () => ({ paid: { eventType: "shop.Paid", correlation: "any" } }),
  run: async (ctx, { how }) => {
    if (how === "event") await ctx.expect("paid");
    if (how === "sleep") await ctx.sleep("nap", 5_000);
    if (how === "wait") await ctx.expect("paid", { withinMs: 5_000 });
    await ctx.task("rest", () => null);
  },
});

const CASES: readonly (readonly [how: string, says: RegExp, cites: string])[] = [
  [
    "event",
    /^shop\.Paid came at \S+03\.000Z and settled "paid": run can continue\.$/,
    "shop.Paid",
  ],
  [
    "sleep",
    /^Sleep nap ended at \S+05\.000Z, when it was due: run can continue\.$/,
    "job.TimerElapsed",
  ],
  [
    "wait",
    /^"paid" did not come in time: the wait ended at \S+05\.000Z, and run can continue without it\.$/,
    "job.DeadlinePassed",
  ],
];

for (const [how, says, cites] of CASES) {
  Deno.test(`explain: a suspended job that can continue names the entry that made it so (${how})`, async () => {
    const daybook = await Explained.start({ definitions: [resting] });
    await daybook.submit("job", "test.resting", { how });
    await daybook.clock.advance(1_000);
    await daybook.post("/jobs/job/suspend");
    await daybook.clock.advance(2_000);
    if (how === "event") await daybook.event("shop.Paid", {}, { jobId: "job" });
    await daybook.clock.advance(7_000);

    const { because, condition } = await daybook.explanation("job");
    assert.equal(condition, "suspended");
    const [, reason] = because;
    assert.match(reason?.statement ?? "", says);
    assert.equal(reason?.cites[0]?.eventType, cites);
    await daybook.assertCitations("job");
    assert.deepEqual((await (await daybook.crash()).explanation("job")).because, because);
  });
}

// Failed jobs: the order of what to do.

const pack = defineJob({
  type: "shop.pack",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: {
      eventType: "shop.Paid",
      correlation: { equals: { orderId } },
      within: { ms: 600_000, otherwise: "fail" },
    },
  }),
  run: async (ctx) => {
    await ctx.task("pack", () => null);
    await ctx.expect("paid");
  },
});

Deno.test("next: what is left in place is undone only if the job is not retried, since a retry reuses it", async () => {
  const daybook = await Explained.start({ definitions: [pack] });
  await daybook.submit("order", "shop.pack", { orderId: "o-1" });
  await daybook.clock.advance(600_000);
  assert.deepEqual(await nextOf(daybook, "order"), [
    "Retry it; a new job reuses the results of pack:",
    "Without a retry, check whether what is left in place must be undone by hand: pack.",
  ]);
  assert.deepEqual(await daybook.beforeRetry("order"), []);
  const { jobId } = await daybook.post("/jobs/order/retry");
  await daybook.event("shop.Paid", { orderId: "o-1" });
  assert.equal(daybook.engine.job(jobId as JobId)?.state, "Done");
  assert.deepEqual(await nextOf(daybook, "order"), [`It was retried already, as job ${jobId}.`]);
});

Deno.test("next: an event that came too late is sent again after a retry, which the new job then counts", async () => {
  const daybook = await Explained.start({ definitions: [pack] });
  await daybook.submit("order", "shop.pack", { orderId: "o-1" });
  await daybook.clock.advance(700_000);
  await daybook.event("shop.Paid", { orderId: "o-1" }, { eventId: "paid-1" });
  const [retry, send] = await nextOf(daybook, "order");
  assert.equal(retry, "Retry it; a new job reuses the results of pack:");
  assert.equal(
    send,
    "Then send shop.Paid again, under a new id: the new job counts none from before it.",
  );
  const { jobId } = await daybook.post("/jobs/order/retry");
  const condition = () => daybook.engine.job(jobId as JobId)?.state;
  await daybook.event("shop.Paid", { orderId: "o-1" }, { eventId: "paid-1" });
  assert.equal(condition(), "Running");
  await daybook.event("shop.Paid", { orderId: "o-1" }, { eventId: "paid-2" });
  assert.equal(condition(), "Done");
});

Deno.test("next: if another job with the same input is Done, it is checked first whether that did the work", async () => {
  const made = new Set<string>();
  const create = defineJob({
    type: "user.create",
    version: 1,
    input: v.object({ email: v.string() }),
    run: (ctx, { email }) =>
      ctx.task("insert", () => {
        if (made.has(email)) throw new NonRetryableError("duplicate key");
        made.add(email);
      }),
  });
  const daybook = await Explained.start({ definitions: [create] });
  await daybook.submit("first", "user.create", { email: "ada@shop.example" });
  await daybook.submit("second", "user.create", { email: "ada@shop.example" });
  assert.deepEqual(await daybook.beforeRetry("second"), [
    "First check whether job first has done its work: then nothing is left to do.",
  ]);
});

Deno.test("next: code that throws the same RangeError at each attempt is fixed before a retry", async () => {
  const dates = defineJob({
    type: "contacts.import",
    version: 1,
    input: v.object({ since: v.string() }),
    run: (ctx, { since }) =>
      ctx.task("store", () => new Date(since).toISOString(), {
        retry: { initialMs: 1, jitter: 0 },
      }),
  });
  const daybook = await Explained.start({ definitions: [dates] });
  await daybook.submit("norrland", "contacts.import", { since: "31/11/2026" });
  await daybook.clock.advance(60_000);
  assert.deepEqual(await daybook.beforeRetry("norrland"), [
    "First fix what task store failed on: RangeError: Invalid time value.",
  ]);
});

Deno.test("next: what an attempt that was cut short may have done is checked before a retry, which repeats it", async () => {
  const charge = defineJob({
    type: "bank.charge",
    version: 1,
    input: v.object({}),
    run: (ctx) =>
      ctx.task("charge", ({ attempt }) => {
        if (attempt > 1) throw new NonRetryableError("already charged");
        return new Promise<void>(() => {});
      }),
  });
  const daybook = await Explained.start({ definitions: [charge] });
  await daybook.submit("order", "bank.charge");
  assert.deepEqual(await (await daybook.crash()).beforeRetry("order"), [
    "First check what task charge did: what was cut short may have happened, and a retry does " +
    "it again.",
  ]);
});

Deno.test("next: a retry that fails otherwise than the job before it is first retried from what it reused", async () => {
  let error = "maintenance";
  const upload = defineJob({
    type: "video.upload",
    version: 1,
    input: v.object({}),
    run: async (ctx) => {
      await ctx.task("login", () => "token");
      await ctx.task("upload", () => {
        throw new NonRetryableError(error);
      });
    },
  });
  const daybook = await Explained.start({ definitions: [upload] });
  await daybook.submit("upload", "video.upload");
  error = "the token has expired";
  const { jobId } = await daybook.post("/jobs/upload/retry");
  const [from, fix, retry] = await nextOf(daybook, `${jobId}`);
  assert.match(from ?? "", /^Retry it from task login, if what it reused from job upload is/);
  assert.match(fix ?? "", /^Otherwise first fix what task upload failed on/);
  assert.match(retry ?? "", /^Then retry it; a new job reuses the results of login/);
  const [first] = await daybook.beforeRetry(`${jobId}`);
  assert.equal(first, fix);
});

Deno.test("next: the time in the id of a step is named if it is that of the step, the versions are equal, and the input has no such time", async () => {
  const ids: Readonly<Record<string, readonly [string, string]>> = {
    inMilliseconds: ["bill-1767225600000", "bill-1767225600009"],
    inSeconds: ["bill-1767225600", "bill-1767225609"],
    dated: ["bill-2026-01-01T00.csv", "bill-2026-01-02T00.csv"],
    number: ["charge-100000017", "charge-100000018"],
    customer: [
      "mail-0f8fad5b-d9cb-469f-a165-70867728950e",
      "mail-7c9e6679-7425-40de-944b-e07fc1f90ae7",
    ],
    longAgo: ["bill-1577836800000", "bill-1577836800009"],
    given: ["bill-1767225600000", "bill-1767225600009"],
    newer: ["bill-1767225600000", "bill-1767225600009"],
  };
  const billing = (call: 0 | 1, type: string, version = 1) =>
    defineJob({
      type,
      version,
      runs: [1],
      input: v.object({ order: v.optional(v.number()) }),
      async run(ctx) {
        await ctx.task(ids[ctx.jobId]?.[call] ?? "", () => "done");
        await ctx.task("announce", hang);
      },
    });
  const before = await Explained.start({
    definitions: [billing(0, "shop.bill"), billing(0, "shop.newer")],
    maxRunning: 9,
  });
  for (const jobId of Object.keys(ids)) {
    const input = jobId === "given" ? { order: 1_767_225_600_000 } : {};
    await before.submit(jobId, jobId === "newer" ? "shop.newer" : "shop.bill", input);
  }
  const daybook = await before.crash({
    definitions: [billing(1, "shop.bill"), billing(1, "shop.newer", 2)],
    maxRunning: 9,
  });
  await daybook.clock.advance(60_000);
  assert.deepEqual(await nextOf(daybook, "inMilliseconds"), [
    "First change run to use the same id at each call.",
    "Then retry it, which cancels it; that step runs again:",
    "Or start Daybook with code that fits; the job continues.",
    "Or cancel it as it is; bill-1767225600000 and what task announce did before it was cut short stays:",
  ]);
  const named: string[] = [];
  for (const jobId of Object.keys(ids)) {
    const [first] = await nextOf(daybook, jobId);
    assert.match(first ?? "", /^(First change run|Best: start Daybook with code that fits)/);
    if (first?.startsWith("First")) named.push(jobId);
  }
  assert.deepEqual(named, ["inMilliseconds", "inSeconds", "dated"]);
});

Deno.test("next: a parked job that has nothing to undo is only offered to be ended as it is", async () => {
  const booking = (version: number, compensate?: () => void) =>
    defineJob({
      type: "trip.book",
      version,
      input: v.object({}),
      async run(ctx) {
        await ctx.task("book", () => null, compensate === undefined ? {} : { compensate });
        await ctx.sleep("overnight", 3_600_000);
      },
    });
  const daybook = await Explained.start({ definitions: [booking(1), booking(2, () => {})] });
  await daybook.submit("undoable", "trip.book");
  const other = await daybook.crash({ definitions: [booking(1)] });
  await other.submit("plain", "trip.book");
  const without = await other.crash({ definitions: [] });
  const cancels = async (jobId: string) =>
    (await nextOf(without, jobId)).filter((text) => text.startsWith("Or cancel it")).length;
  assert.deepEqual([await cancels("undoable"), await cancels("plain")], [2, 1]);
});
