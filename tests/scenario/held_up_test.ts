/** Explanations of a limit or a pause that delayed a job, for ended jobs and for past points. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import type { JobId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { Letters, lineOf } from "../support/engine/letters.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

async function started(limits: Parameters<Letters["definition"]>[0], maxRunning = 4) {
  const letters = new Letters();
  const definitions = [letters.definition(limits)];
  const daybook = await Explained.start({ definitions, maxRunning });
  return { letters, daybook };
}

async function submit(daybook: Explained, ...jobIds: readonly string[]): Promise<void> {
  for (const jobId of jobIds) {
    await daybook.submit(jobId, "mail.send", { tenant: jobId.replace(/\d+$/, "") });
  }
}

async function end(daybook: Explained, letters: Letters, jobId: string): Promise<void> {
  letters.sent(jobId);
  await daybook.clock.settle();
}

/** What delayed a job, according to its explanation. */
async function heldUpOf(daybook: Explained, jobId: string, ended = "succeeded") {
  await daybook.assertCitations(jobId);
  const { condition, because, timing } = await daybook.explanation(jobId);
  assert.equal(condition, ended);
  const { queuedMs, queuedPausedMs, queuedLimitedMs } = timing;
  const told = because.filter(({ statement }) => /^It (was held|waited)/.test(statement));
  return { because: told.map(lineOf), queuedMs, queuedPausedMs, queuedLimitedMs };
}

Deno.test("explain an ended job: the limit that delayed it is named, with the attempts that held the places", async () => {
  const { letters, daybook } = await started({ perKey: 1 });
  await submit(daybook, "acme1", "acme2", "acme3");
  await daybook.clock.advance(240_000);
  await end(daybook, letters, "acme1");
  await daybook.clock.advance(60_000);
  await end(daybook, letters, "acme2");
  await daybook.clock.advance(1_000);
  await end(daybook, letters, "acme3");
  assert.deepEqual(await heldUpOf(daybook, "acme3"), {
    because: [[
      "It waited 5 min for a place of key acme: 1 of 1 was taken (perKey of type mail.send), by " +
      "acme1 since 2026-01-01T00:00:00.000Z; acme2 since 2026-01-01T00:04:00.000Z.",
      "4 job.TaskStarted 00000000000000000001.ndjson:5",
      "12 job.TaskStarted 00000000000000000001.ndjson:17",
      "17 job.TaskStarted 00000000000000000016.ndjson:3",
    ]],
    queuedMs: 300_000,
    queuedPausedMs: undefined,
    queuedLimitedMs: 300_000,
  });
  assert.match(await daybook.text("acme3"), /queued 5 min \(5 min of that for a place\)/);
  // It waited for nothing.
  assert.deepEqual((await heldUpOf(daybook, "acme1")).because, []);
});

Deno.test("explain an ended job: a job that held the place several times is named once, and is not counted as others", async () => {
  let end = () => {};
  const long = defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    limits: { key: ({ tenant }) => tenant, perKey: 1 },
    async run(ctx) {
      for (const step of ["a", "b", "c", "d"]) {
        await ctx.task(step, () => new Promise<void>((done) => end = done));
        await ctx.sleep(`after-${step}`, 1_000);
      }
    },
  });
  const daybook = await Explained.start({ definitions: [long] });
  await submit(daybook, "acme1", "acme2");
  for (let at = 0; at < 8; at++) {
    await daybook.clock.advance(60_000);
    end();
    await daybook.clock.settle();
  }
  await daybook.clock.advance(60_000);
  const { because: [held] } = await heldUpOf(daybook, "acme2");
  const times = [0, 2, 4].map((minute) => `2026-01-01T00:0${minute}:00.000Z`);
  assert.match(held?.[0] ?? "", new RegExp(`, by acme1 since ${times.join(", ")} and 1 more\\.$`));
});

Deno.test("explain an ended job: while a place goes to the next in the queue, those behind it wait for a place, not for a worker", async () => {
  const { letters, daybook } = await started({ maxRunning: 1 });
  const jobIds = Array.from({ length: 31 }, (_, at) => `a${at}`);
  await submit(daybook, ...jobIds);
  for (const jobId of jobIds) {
    await daybook.clock.advance(100);
    daybook.faults.hold();
    await end(daybook, letters, jobId);
    await daybook.clock.advance(40);
    daybook.faults.release();
    await daybook.clock.settle();
  }
  const { because, queuedMs, queuedLimitedMs } = await heldUpOf(daybook, "a30");
  assert.match(because.join("|"), /^It waited 4\.2 s for a place of type mail\.send: [^|]*$/m);
  assert.doesNotMatch(because.join(), /for a worker/);
  assert.equal(queuedLimitedMs, queuedMs);
});

Deno.test("explain an ended job: when a place is free, but no worker is, it waits for a worker", async () => {
  const letters = new Letters();
  const busy = defineJob({ ...letters.definition({}), type: "mail.busy" });
  const definitions = [letters.definition({ maxRunning: 1 }), busy];
  for (const busyMs of [100, 2_000]) {
    const daybook = await Explained.start({ definitions, maxRunning: 1 });
    await submit(daybook, "first1");
    await daybook.submit("busy1", "mail.busy", { tenant: "busy" }, { priority: -1 });
    await submit(daybook, "job1");
    await daybook.clock.advance(5_000);
    await end(daybook, letters, "first1");
    await daybook.clock.advance(busyMs);
    await end(daybook, letters, "busy1");
    await end(daybook, letters, "job1");
    const { because } = await heldUpOf(daybook, "job1");
    assert.match(because.join("|"), /It waited 5(\.1)? s for a place of type mail\.send/);
    assert.equal(/It waited 2 s for a worker/.test(because.join()), busyMs > 1_000, because.join());
  }
});

Deno.test("explain an ended job: the pause that held it is named, and the wait for a place after that", async () => {
  const { letters, daybook } = await started({ maxRunning: 1 });
  await daybook.post("/pauses", { key: "acme", reason: "acme moves house" });
  await submit(daybook, "acme1", "bolt1");
  await daybook.clock.advance(600_000);
  const [pause] = daybook.engine.pauses.all();
  await daybook.engine.pauses.end(pause?.pauseId ?? "");
  await daybook.clock.advance(300_000);
  await end(daybook, letters, "bolt1");
  await daybook.clock.advance(1_000);
  await end(daybook, letters, "acme1");
  assert.deepEqual(await heldUpOf(daybook, "acme1"), {
    because: [
      [
        "It was held for 10 min by the pause of key acme, in force from 2026-01-01T00:00:00.000Z until " +
        "2026-01-01T00:10:00.000Z (reason: acme moves house).",
        "2 job.PauseBegan 00000000000000000001.ndjson:3",
        "9 job.PauseEnded 00000000000000000001.ndjson:13",
        "12 job.TaskStarted 00000000000000000001.ndjson:18",
      ],
      [
        "It waited 5 min for a place of type mail.send: 1 of 1 was taken (maxRunning), by bolt1 " +
        "since 2026-01-01T00:00:00.000Z.",
        "7 job.TaskStarted 00000000000000000001.ndjson:10",
        "12 job.TaskStarted 00000000000000000001.ndjson:18",
      ],
    ],
    queuedMs: 900_000,
    queuedPausedMs: 600_000,
    queuedLimitedMs: 300_000,
  });
});

Deno.test("explain an ended job: what held up the job that sent what it waited for is named", async () => {
  const input = v.object({ order: v.string() });
  const pack = defineJob({
    ...{ type: "order.pack", version: 1, input },
    run: (ctx, { order }) =>
      ctx.task("pack", (task) => task.emit("order.Packed", { order })).then(() => undefined),
  });
  const ship = defineJob({
    ...{ type: "order.ship", version: 1, input },
    expects: ({ order }) => ({
      packed: { eventType: "order.Packed", correlation: { equals: { order } } },
    }),
    run: (ctx) => ctx.expect("packed"),
  });
  for (const isPaused of [true, false]) {
    const daybook = await Explained.start({ definitions: [pack, ship], maxRunning: 4 });
    for (const order of ["O-1", "O-2", "O-3", "O-4", "O-5"]) {
      await daybook.submit(`ship-${order}`, "order.ship", { order });
      await daybook.submit(`pack-${order}`, "order.pack", { order });
    }
    await daybook.submit("ship", "order.ship", { order: "O-6" });
    if (isPaused) await daybook.post("/pauses", { type: "order.pack", reason: "stocktake" });
    else await daybook.clock.advance(600_000);
    await daybook.submit("pack", "order.pack", { order: "O-6" });
    if (isPaused) await daybook.clock.advance(600_000);
    for (const { pauseId } of daybook.engine.pauses.all()) await daybook.engine.pauses.end(pauseId);
    await daybook.clock.settle();
    await daybook.assertCitations("ship");
    const { summary } = await daybook.explanation("ship");
    assert.match(summary, /: 10 min waiting for "packed" \(order\.Packed\)\./);
    assert.equal(
      summary.endsWith(
        " Job pack (order.pack), which sent that event, was held by the pause of type order.pack " +
          "for 10 min.",
      ),
      isPaused,
      summary,
    );
  }
});

Deno.test("explain an ended job: if it was cancelled while it waited, what it waited for is named", async () => {
  const { letters, daybook } = await started({ perKey: 1 });
  await daybook.engine.limits.change("mail.send", { perKey: 2, maxRunning: 1 }, "slow today");
  await submit(daybook, "acme1", "acme2");
  await daybook.clock.advance(30_000);
  await daybook.post("/jobs/acme2/cancel", { reason: "too late" });
  assert.deepEqual(await heldUpOf(daybook, "acme2", "cancelled"), {
    because: [[
      "It waited 30 s for a place of type mail.send: 1 of 1 was taken (maxRunning, as changed at " +
      "2026-01-01T00:00:00.000Z), by acme1 since 2026-01-01T00:00:00.000Z.",
      "2 job.LimitsChanged 00000000000000000001.ndjson:3",
      "5 job.TaskStarted 00000000000000000001.ndjson:7",
      "9 job.JobCancelled 00000000000000000001.ndjson:13",
    ]],
    queuedMs: 30_000,
    queuedPausedMs: undefined,
    queuedLimitedMs: 30_000,
  });
  await end(daybook, letters, "acme1");
});

Deno.test("explain an ended job: the rate that held it is named, and then the jobs that held the workers", async () => {
  const { letters, daybook } = await started({ rate: { count: 1, perMs: 60_000 } }, 1);
  await submit(daybook, "acme1", "acme2");
  await daybook.clock.advance(180_000);
  await end(daybook, letters, "acme1");
  await daybook.clock.advance(1_000);
  await end(daybook, letters, "acme2");
  assert.deepEqual(await heldUpOf(daybook, "acme2"), {
    because: [[
      "It waited 2 min for a worker. At 2026-01-01T00:01:00.000Z, a worker was held by acme1 in task " +
      "send since 2026-01-01T00:00:00.000Z, with a time limit of 1 h.",
      "5 job.TaskStarted 00000000000000000001.ndjson:6",
      "10 job.TaskStarted 00000000000000000001.ndjson:14",
    ], [
      "It waited 1 min to begin within the rate of type mail.send: 1 start within 1 min was used up " +
      "(rate).",
      "4 job.TaskStarted 00000000000000000001.ndjson:5",
      "10 job.TaskStarted 00000000000000000001.ndjson:14",
    ]],
    queuedMs: 180_000,
    queuedPausedMs: undefined,
    queuedLimitedMs: 60_000,
  });
});

Deno.test("explain an ended job: what held the workers is named, of any type, and the same after a crash", async () => {
  const { letters, daybook } = await started({}, 2);
  await submit(daybook, "acme1", "bolt1", "acme2");
  await daybook.clock.advance(60_000);
  for (const jobId of ["acme1", "bolt1", "acme2"]) await end(daybook, letters, jobId);
  const { summary } = await daybook.explanation("acme2");
  assert.equal(
    summary,
    "Job acme2 has been Done since 2026-01-01T00:01:00.000Z. It waited 1 min for a worker. At " +
      "2026-01-01T00:00:00.000Z, workers were held by acme1 and bolt1 in task send since " +
      "2026-01-01T00:00:00.000Z, with a time limit of 1 h.",
  );
  await daybook.assertCitations("acme2");
  const again = await daybook.crash({ ...daybook.options, maxRunning: 8 });
  assert.equal((await again.explanation("acme2")).summary, summary);
});

/** A job that waits while another runs, and then while four that came later do. */
async function overtaken(
  { places, holdMs = 1_000, eachMs = 60_000, priority = -10, others = {} }: {
    readonly places?: number;
    readonly holdMs?: number;
    readonly eachMs?: number;
    readonly priority?: number;
    readonly others?: object;
  },
) {
  const limits = places === undefined ? {} : { maxRunning: places };
  const { letters, daybook } = await started(limits, places === undefined ? 1 : 4);
  await submit(daybook, "first1", "job1");
  await daybook.clock.advance(holdMs);
  const later = ["bulk1", "bulk2", "bulk3", "bulk4"];
  for (const jobId of later) {
    await daybook.submit(jobId, "mail.send", { tenant: "bulk" }, { priority, ...others });
  }
  await end(daybook, letters, "first1");
  for (const jobId of priority < 0 ? [...later, "job1"] : ["job1", ...later]) {
    await daybook.clock.advance(eachMs);
    await end(daybook, letters, jobId);
  }
  return { daybook, ...await heldUpOf(daybook, "job1") };
}

Deno.test("explain an ended job: those that came later and went first are named, if they took most of its wait", async () => {
  const requestedBy = { labels: { requestedBy: "backfill" } };
  const wentFirst = "4 jobs that came later went first, since it has priority 0, and lower goes " +
    "first: bulk1, bulk2, bulk3 and 1 more, all with priority -10, type mail.send";
  const { because: [worker], daybook } = await overtaken({ others: requestedBy });
  assert.equal(
    worker?.[0],
    "It waited 4 min 1 s for a worker; no pause and no limit held it meanwhile. " +
      `${wentFirst}, label requestedBy = "backfill".`,
  );
  assert.match(worker?.join("\n") ?? "", /\n\d+ job\.JobCreated /);
  assert.match(
    (await daybook.explanation("job1")).summary,
    /It waited 4 min 1 s for a worker.*bulk1/,
  );
  const { because: [place] } = await overtaken({ places: 1 });
  assert.match(place?.[0] ?? "", /^It waited 4 min 1 s for a place of type mail\.send: /);
  assert.ok(place?.[0]?.endsWith(` ${wentFirst}.`), place?.[0]);
});

Deno.test("explain an ended job: those that went first are not named if another job took most of its wait, or none did", async () => {
  for (const places of [undefined, 1]) {
    const limit = places === undefined ? {} : { places };
    const quick = await overtaken({ ...limit, holdMs: 600_000, eachMs: 10_000 });
    assert.match(quick.because.join(), /It waited 10 min 40 s/);
    assert.doesNotMatch(quick.because.join(), /went first/);
    const inTurn = await overtaken({ ...limit, holdMs: 600_000, priority: 0 });
    assert.match(inTurn.because.join(), /It waited 10 min/);
    assert.doesNotMatch(inTurn.because.join(), /went first/);
  }
});

Deno.test("explain an executing job: what delayed it is named, if that was long", async () => {
  for (const waitMs of [900, 240_000]) {
    const { letters, daybook } = await started({ maxRunning: 1 });
    await submit(daybook, "first1", "job1");
    await daybook.clock.advance(waitMs);
    await end(daybook, letters, "first1");
    await daybook.clock.advance(1_000);
    const { because, queuedLimitedMs } = await heldUpOf(daybook, "job1", "executing");
    assert.equal(because.length, waitMs < 1_000 ? 0 : 1);
    if (waitMs < 1_000) continue;
    assert.match(because.join(), /^It waited 4 min for a place of type mail\.send: .* by first1/);
    assert.equal(queuedLimitedMs, waitMs);
  }
});

Deno.test("explain an ended job: a limit that the code did not have then is not named", async () => {
  const { letters, daybook } = await started({ perKey: 2 }, 2);
  await submit(daybook, "acme1", "acme2", "acme3");
  await daybook.clock.advance(60_000);
  for (const jobId of ["acme1", "acme2"]) await end(daybook, letters, jobId);
  await end(daybook, letters, "acme3");
  const strict = await daybook.crash({ definitions: [letters.definition({ perKey: 1 })] });
  assert.deepEqual((await heldUpOf(strict, "acme3")).because, []);
});

Deno.test("explain at a point: a queued job names the limit at that point, as changed by then", async () => {
  const { letters, daybook } = await started({ perKey: 2 });
  await daybook.engine.limits.change("mail.send", { perKey: 1 }, "slow today");
  await submit(daybook, "acme1", "acme2", "acme3");
  const said = await daybook.explanation("acme3");
  const asOf = daybook.engine.headLogId;
  await daybook.engine.limits.restore("mail.send");
  await daybook.clock.advance(5_000);
  for (const jobId of ["acme1", "acme2", "acme3"]) await end(daybook, letters, jobId);
  await daybook.clock.advance(1_000);
  const point = { kind: "logId", logId: asOf } as const;
  const then = await (await daybook.engine.explanations()).explainer.explainAt(
    "acme3" as JobId,
    point,
  );
  assert.ok(then.ok);
  assert.deepEqual(
    [then.value.summary, then.value.because.map(lineOf)],
    [said.summary, said.because.map(lineOf)],
  );
  assert.equal(
    said.summary,
    "Job acme3 is queued behind 1 job of its key: job acme1 holds the only place of key acme (perKey " +
      "of type mail.send, as changed at 2026-01-01T00:00:00.000Z), in task send since " +
      "2026-01-01T00:00:00.000Z, with a time limit of 1 h.",
  );
  assert.deepEqual(lineOf(said.because[0] ?? assert.fail()), [
    "It has been queued since 2026-01-01T00:00:00.000Z behind 1 job of its key: 1 of 1 place of key acme taken (perKey of type mail.send, as changed at 2026-01-01T00:00:00.000Z).",
    "2 job.LimitsChanged 00000000000000000001.ndjson:3",
    "10 job.JobStarted 00000000000000000001.ndjson:14",
    "6 job.TaskStarted 00000000000000000001.ndjson:8",
  ]);
});

Deno.test("explain at a point: a queued job names the rate at that point, not the current one", async () => {
  const { letters, daybook } = await started({ rate: { count: 1, perMs: 60_000 } });
  await submit(daybook, "acme1", "acme2");
  const said = await daybook.explanation("acme2");
  const asOf = daybook.engine.headLogId;
  await daybook.engine.limits.change("mail.send", { rate: { count: 9, perMs: 1_000 } }, "more");
  await daybook.clock.advance(61_000);
  for (const jobId of ["acme1", "acme2"]) await end(daybook, letters, jobId);
  const then = await (await daybook.engine.explanations()).explainer.explainAt("acme2" as JobId, {
    kind: "logId",
    logId: asOf,
  });
  assert.ok(then.ok);
  assert.equal(then.value.summary, said.summary);
  assert.match(said.summary, /the only start of type mail\.send within 1 min is used up \(rate\)/);
});

Deno.test("explain at a point: a job that was cut short while a pause held it had no place", async () => {
  const { daybook: first } = await started({ maxRunning: 2 });
  await submit(first, "acme1");
  await first.post("/pauses", { key: "acme", reason: "acme moves house" });
  const daybook = await first.crash();
  await submit(daybook, "bolt1", "bolt2", "bolt3");
  const said = await daybook.explanation("bolt3");
  const asOf = daybook.engine.headLogId;
  await daybook.clock.advance(5_000);
  await submit(daybook, "cog1");
  const then = await (await daybook.engine.explanations()).explainer.explainAt("bolt3" as JobId, {
    kind: "logId",
    logId: asOf,
  });
  assert.ok(then.ok);
  assert.match(
    said.summary,
    /2 jobs hold all 2 places of type mail\.send \(maxRunning\): bolt1 .*bolt2 /,
  );
  assert.equal(then.value.summary, said.summary);
});

/** Asks for an answer, which must come within 30 minutes of the start. */
const QUOTE = looseJob("quote.accept", async (ctx) => {
  await ctx.task("send", () => "sent");
  await ctx.expect("accepted");
}, {
  expects: () => ({
    accepted: {
      eventType: "quote.QuoteAccepted",
      correlation: { equals: { quoteId: "7" } },
      within: { ms: 1_800_000, otherwise: "fail" },
    },
  }),
});

async function quoting(): Promise<Explained> {
  return await Explained.start({ definitions: [QUOTE] });
}

Deno.test("explain a passed deadline: the pause that held the job most of the time is named, and must be ended before a retry", async () => {
  const daybook = await quoting();
  await daybook.post("/pauses", { type: "quote.accept", reason: "the bank is down" });
  await daybook.submit("quote", "quote.accept");
  await daybook.clock.advance(1_800_000);
  const held = "It was held for 30 min by the pause of type quote.accept, in force from " +
    "2026-01-01T00:00:00.000Z (reason: the bank is down).";
  const { summary, next } = await daybook.explanation("quote");
  assert.equal(
    summary,
    'Job quote failed: "accepted" was not met within 30 min of the start, before any of its code ' +
      `had run. ${held}`,
  );
  const end = "First end the pause of type quote.accept, which would hold the new job as well:";
  assert.deepEqual(next.map(({ statement }) => statement), [
    "Nothing happens by itself: the job has ended.",
    end,
    "Then retry it; a new job starts from the beginning:",
  ]);
  const [pause] = daybook.engine.pauses.all();
  assert.deepEqual(next[1]?.action, { method: "DELETE", path: `/pauses/${pause?.pauseId}` });
  assert.deepEqual(await daybook.beforeRetry("quote"), [end]);
  assert.match(await daybook.text("quote"), /the pause of type quote\.accept/);
  const again = await daybook.crash();
  const { asOf: _, ...then } = await again.explanation("quote");
  const { asOf: __, ...before } = await daybook.explanation("quote");
  assert.deepEqual(then, before);
  await daybook.engine.pauses.end(pause?.pauseId ?? "");
  const after = await daybook.explanation("quote");
  assert.equal(after.summary, summary);
  assert.deepEqual(after.next.map(({ statement }) => statement), [
    "Nothing happens by itself: the job has ended.",
    "Retry it; a new job starts from the beginning:",
  ]);
  assert.deepEqual(await daybook.beforeRetry("quote"), []);
});

Deno.test("explain a passed deadline: the suspension that held the job most of the time is named, with its reason", async () => {
  const daybook = await quoting();
  await daybook.submit("quote", "quote.accept");
  await daybook.clock.advance(60_000);
  await daybook.post("/jobs/quote/suspend", { reason: "legal asked us to hold it" });
  await daybook.clock.advance(1_740_000);
  const held = "It was suspended for 29 min, from 2026-01-01T00:01:00.000Z until " +
    "2026-01-01T00:30:00.000Z (reason: legal asked us to hold it).";
  const { summary, because } = await daybook.explanation("quote");
  assert.equal(
    summary,
    `Job quote failed: "accepted" was not met within 30 min of the start. ${held}`,
  );
  const told = because.find(({ statement }) => statement === held);
  assert.deepEqual(told?.cites.map(({ eventType }) => eventType), [
    "job.JobSuspended",
    "job.DeadlinePassed",
  ]);
});

Deno.test("explain a passed deadline: that the job was parked most of the time is named, with the obstacle", async () => {
  const before = await quoting();
  await before.submit("quote", "quote.accept");
  await before.clock.advance(60_000);
  const without = await before.crash({ definitions: [] });
  await without.clock.advance(1_740_000);
  const held = "It was parked for 29 min, from 2026-01-01T00:01:00.000Z until " +
    "2026-01-01T00:30:00.000Z: no definition of type quote.accept is loaded.";
  const { summary, because } = await without.explanation("quote");
  assert.equal(
    summary,
    `Job quote failed: "accepted" was not met within 30 min of the start. ${held}`,
  );
  const told = because.find(({ statement }) => statement === held);
  assert.deepEqual(told?.cites.map(({ eventType }) => eventType), [
    "job.JobParked",
    "job.DeadlinePassed",
  ]);
  await without.assertCitations("quote");
});

Deno.test("explain an ended job: that it was parked is named, and its time is not told twice", async () => {
  const before = await quoting();
  await before.submit("quote", "quote.accept");
  const without = await before.crash({ definitions: [] });
  await without.clock.advance(300_000);
  const again = await without.crash({ definitions: [QUOTE] });
  await again.event("quote.QuoteAccepted", { quoteId: "7" });
  const { summary, because } = await again.explanation("quote");
  const held = "It was parked for 5 min, from 2026-01-01T00:00:00.000Z until " +
    "2026-01-01T00:05:00.000Z: no definition of type quote.accept is loaded.";
  assert.equal(summary, `Job quote has been Done since 2026-01-01T00:05:00.000Z. ${held}`);
  assert.equal(because.filter(({ statement }) => /parked/.test(statement)).length, 1);
});

Deno.test("explain a passed deadline: a hold that covered little of the time is a reason, but not in the summary", async () => {
  const daybook = await quoting();
  await daybook.submit("quote", "quote.accept");
  await daybook.post("/jobs/quote/suspend", { reason: "a look at the price" });
  await daybook.clock.advance(300_000);
  await daybook.post("/jobs/quote/resume");
  await daybook.clock.advance(1_500_000);
  const { summary, because } = await daybook.explanation("quote");
  assert.equal(summary, 'Job quote failed: "accepted" was not met within 30 min of the start.');
  assert.equal(
    because.filter(({ statement }) =>
      statement === "It was suspended for 5 min, from 2026-01-01T00:00:00.000Z until " +
          "2026-01-01T00:05:00.000Z (reason: a look at the price)."
    ).length,
    1,
  );
});

Deno.test("explain an ended job: the suspension that held it is named", async () => {
  const daybook = await quoting();
  await daybook.submit("quote", "quote.accept");
  await daybook.post("/jobs/quote/suspend", { reason: "a look at the price" });
  await daybook.clock.advance(300_000);
  await daybook.post("/jobs/quote/resume");
  await daybook.event("quote.QuoteAccepted", { quoteId: "7" });
  const { summary } = await daybook.explanation("quote");
  assert.equal(
    summary,
    "Job quote has been Done since 2026-01-01T00:05:00.000Z. It was suspended for 5 min, from " +
      "2026-01-01T00:00:00.000Z until 2026-01-01T00:05:00.000Z (reason: a look at the price).",
  );
});
