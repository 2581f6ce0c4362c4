/** Explanations that named something other than the cause, or promised what would not happen. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import type { NextStep } from "../../src/explain/statements/explanation.ts";
import { Explained } from "../support/engine/explained.ts";
import { Starting } from "../support/engine/starting.ts";
import { hang, scripted } from "./incident_kit.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

const BASE = "http://127.0.0.1:8000";
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const ANY_INPUT = v.record(v.string(), v.unknown());

function stepsOf(next: readonly NextStep<unknown>[]): readonly string[] {
  return next.map(({ statement, action }) =>
    action === undefined ? statement : `${statement} ${action.method} ${action.path}`
  );
}

async function queueOf(daybook: Explained) {
  const { summary, because, next, standsStill } = await (await daybook.engine.explanations())
    .queueExplainer.explain();
  return {
    summary,
    standsStill,
    because: because.map(({ statement }) => statement),
    next: stepsOf(next),
  };
}

async function toldOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  const { summary, because, next } = await daybook.explanation(jobId);
  return { summary, because: because.map(({ statement }) => statement), next: stepsOf(next) };
}

async function changeLimits(daybook: Explained, type: string, limits: object): Promise<void> {
  const response = await daybook.app.request(`${BASE}/limits/${type}`, {
    method: "PUT",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(limits),
  });
  assert.equal(response.status, 200, await response.text());
  await daybook.clock.settle();
}

const MAIL = defineJob({
  type: "mail.send",
  version: 1,
  input: ANY_INPUT,
  limits: { rate: { count: 100, perMs: MINUTE_MS }, maxRunning: 1 },
  run: (ctx, { slow }) => ctx.task("send", (task) => slow === true ? hang(task) : "sent"),
});

Deno.test("explain a changed limit: who changed it and why is named, when the rate opens for whom, and the call that restores it", async () => {
  const daybook = await Explained.start({ definitions: [MAIL] });
  await daybook.submit("before", "mail.send");
  await daybook.clock.advance(MINUTE_MS);
  const rate = { count: 1, perMs: HOUR_MS };
  await changeLimits(daybook, "mail.send", { rate, reason: "the provider complains" });
  for (const jobId of ["first", "second"]) await daybook.submit(jobId, "mail.send");

  const first = await toldOf(daybook, "first");
  const second = await toldOf(daybook, "second");
  assert.equal(
    second.because[1],
    "The limits of type mail.send were changed at 2026-01-01T00:01:00.000Z (reason: the provider complains).",
  );
  assert.equal(first.next[0], "It may begin at 2026-01-01T01:00:00.000Z at the earliest.");
  assert.deepEqual(second.next, [
    "The rate lets the next job begin at 2026-01-01T01:00:00.000Z, and 1 job goes before this " +
    "one, whose turn comes at 2026-01-01T02:00:00.000Z at the earliest.",
    "Restore the limits that type mail.send has in its code, which let more begin (maxRunning 1, rate 100 per 1 min): DELETE /limits/mail.send",
    "Cancel it: POST /jobs/second/cancel",
  ]);
  // As it said, the other one takes the only start.
  await daybook.clock.advance(HOUR_MS);
  assert.equal(daybook.engine.job("first" as never)?.state, "Done");
  assert.equal(daybook.engine.job("second" as never)?.state, "Running");
});

Deno.test("explain a changed limit: one that was left as it is in the code, or was loosened, is not blamed on the change", async () => {
  const daybook = await Explained.start({ definitions: [MAIL] });
  const rate = { count: 1, perMs: HOUR_MS };
  await changeLimits(daybook, "mail.send", { maxRunning: 1, rate, reason: "the provider" });
  await daybook.submit("slow", "mail.send", { slow: true });
  await daybook.submit("behind", "mail.send");
  const same = await toldOf(daybook, "behind");
  assert.match(
    same.summary,
    /^Job behind is queued: job slow holds the only place of type mail\.send \(maxRunning\), in/,
  );
  assert.doesNotMatch(JSON.stringify(same), /changed|Restore/);

  await changeLimits(daybook, "mail.send", { maxRunning: 2, reason: "more" });
  await daybook.submit("slow-2", "mail.send", { slow: true });
  await daybook.submit("slow-3", "mail.send", { slow: true });
  const looser = await toldOf(daybook, "slow-3");
  assert.match(looser.summary, /maxRunning, as changed at/);
  assert.doesNotMatch(looser.next.join(), /Restore/);
});

Deno.test("explain a changed limit: neither is one blamed that held a job that has ended, or that held it at a past time", async () => {
  const daybook = await Explained.start({ definitions: [MAIL] });
  const rate = { count: 1_000, perMs: MINUTE_MS };
  await changeLimits(daybook, "mail.send", { maxRunning: 1, rate, reason: "the provider" });
  await daybook.submit("slow", "mail.send", { slow: true });
  await daybook.submit("behind", "mail.send");
  await daybook.clock.advance(HOUR_MS);
  const { lastLogId } = daybook.engine.job("behind" as never) ?? {};
  await daybook.post("/jobs/slow/cancel");
  await daybook.clock.settle();
  const ended = await toldOf(daybook, "behind");
  assert.match(ended.because.join(), /1 of 1 was taken \(maxRunning\), by slow since/);
  assert.doesNotMatch(JSON.stringify(ended), /as changed/);
  const response = await daybook.app.request(`${BASE}/jobs/behind/explain?at=${lastLogId}`);
  const { summary } = await response.json();
  assert.match(summary, /is queued: job slow holds the only place/);
  assert.doesNotMatch(summary, /as changed/);
});

Deno.test("explain a lowered limit: the places that are taken beyond it are not counted as a part of it", async () => {
  const many = defineJob({ ...MAIL, type: "mail.many", limits: { maxRunning: 3 } });
  const daybook = await Explained.start({ definitions: [many] });
  for (const jobId of ["a", "b", "c"]) await daybook.submit(jobId, "mail.many", { slow: true });
  await changeLimits(daybook, "mail.many", { maxRunning: 1, reason: "the provider" });
  await daybook.submit("behind", "mail.many");
  const queue = JSON.stringify(await queueOf(daybook));
  const one = JSON.stringify(await toldOf(daybook, "behind"));
  assert.match(queue, /3 places of type mail\.many taken, where 1 may be \(maxRunning, as changed/);
  assert.doesNotMatch(queue + one, /3 of 1/);
});

Deno.test("explain the queue: when no job has a worker, it says what holds the jobs, and not that work continues", async () => {
  const failing = scripted("pay", {
    charge: () => {
      throw new Error("the bank is down");
    },
  }, { retry: { maxAttempts: 3, initialMs: MINUTE_MS, factor: 1, jitter: 0 } });
  const daybook = await Explained.start({ definitions: [MAIL, failing] });
  await daybook.submit("failing", "pay");
  const again = "1 job backs off and will be tried again automatically.";
  const failed = "1 job backs off after Error: the bank is down";
  assert.deepEqual(await queueOf(daybook), {
    summary: `Nothing is running: ${failed}.`,
    standsStill: false,
    because: [`${failed} (type pay).`],
    next: [again],
  });
  await daybook.submit("before", "mail.send");
  await changeLimits(daybook, "mail.send", { rate: { count: 1, perMs: HOUR_MS }, reason: "slow" });
  await daybook.submit("held", "mail.send");
  const limit = "the only start of type mail.send within 1 h is used up (rate, as changed at " +
    "2026-01-01T00:00:00.000Z)";
  assert.deepEqual(await queueOf(daybook), {
    summary: `Nothing is running: limits hold 1 job: ${limit} and ${failed}.`,
    standsStill: false,
    because: [
      `1 job waits to begin (held): ${limit}.`,
      "The limits of type mail.send were changed at 2026-01-01T00:00:00.000Z (reason: slow).",
      `${failed} (type pay).`,
    ],
    next: [
      "The rate of type mail.send lets the next begin at 2026-01-01T01:00:00.000Z.",
      "Restore the limits that type mail.send has in its code, which let more begin (maxRunning 1, rate 100 per 1 min): DELETE /limits/mail.send",
      again,
    ],
  });
});

Deno.test("explain the queue: a place that is held without a time limit has a call that frees it", async () => {
  const daybook = await Explained.start({ definitions: [MAIL] });
  await daybook.submit("endless", "mail.send", { slow: true });
  await daybook.submit("behind", "mail.send");
  const { next } = await queueOf(daybook);
  assert.ok(next.includes("Cancel job endless, which holds a place: POST /jobs/endless/cancel"));
});

const PAY = scripted("pay", {
  charge: () => {
    throw new Error("the bank is down");
  },
}, { retry: { maxAttempts: 3, initialMs: MINUTE_MS, factor: 1, jitter: 0 } });

const NAP = defineJob({
  type: "nap",
  version: 1,
  input: ANY_INPUT,
  expects: () => ({ called: { eventType: "shop.Called", correlation: "any" } }),
  async run(ctx, { sleeps }) {
    if (sleeps === true) await ctx.sleep("rest", HOUR_MS);
    else await ctx.expect("called", { withinMs: HOUR_MS });
    await ctx.task("after", () => "done");
  },
});

Deno.test("explain a pause: at a past time it is named for a job that it was to hold later, and not once it had ended", async () => {
  const daybook = await Explained.start({ definitions: [NAP] });
  await daybook.submit("sleeping", "nap", { sleeps: true });
  await daybook.clock.advance(MINUTE_MS);
  const { pauseId } = await daybook.post("/pauses", { type: "nap", reason: "the bank moves" });
  await daybook.clock.advance(MINUTE_MS);
  await daybook.submit("other", "nap");
  const ended = await daybook.app.request(`${BASE}/pauses/${pauseId}`, { method: "DELETE" });
  assert.ok(ended.ok);
  await daybook.clock.advance(MINUTE_MS);

  const summaryAt = async (at: string) => {
    const response = await daybook.app.request(`${BASE}/jobs/sleeping/explain?at=${at}`);
    return (await response.json()).summary;
  };
  const before = "Job sleeping is sleeping: sleep rest ends at 2026-01-01T01:00:00.000Z.";
  assert.equal(await summaryAt("2026-01-01T00:00:30.000Z"), before);
  assert.equal(
    await summaryAt("2026-01-01T00:01:30.000Z"),
    `${before} None of its code begins meanwhile: type nap has been paused since ` +
      "2026-01-01T00:01:00.000Z (reason: the bank moves).",
  );
  await daybook.submit("last", "nap");
  assert.equal(await summaryAt("2026-01-01T00:02:30.000Z"), before);
});

Deno.test("explain a pause: it is named for a job that it will hold later, and nothing is promised that it prevents", async () => {
  const daybook = await Explained.start({ definitions: [PAY, NAP] });
  await daybook.submit("backingOff", "pay");
  await daybook.submit("sleeping", "nap", { sleeps: true });
  await daybook.submit("waiting", "nap");
  const reason = { reason: "the bank moves" };
  await daybook.post("/pauses", { type: "pay", ...reason });
  await daybook.post("/pauses", { type: "nap", ...reason });
  const startAt = "2026-01-01T00:10:00.000Z";
  await daybook.submit("scheduled", "pay", {}, { startAt });
  await daybook.submit("suspended", "pay");
  await daybook.post("/jobs/suspended/suspend");

  const promises: Readonly<Record<string, readonly string[]>> = {
    backingOff: [
      "Task charge is due to be tried again at 2026-01-01T00:01:00.000Z: attempt 2 of 3.",
    ],
    sleeping: [
      "Sleep rest ends at 2026-01-01T01:00:00.000Z, and its code continues once no pause holds it.",
    ],
    waiting: [
      'run waits for "called" until 2026-01-01T01:00:00.000Z, and then continues without it once ' +
      "no pause holds it.",
    ],
    scheduled: [`It starts at ${startAt}.`],
    suspended: ["Nothing new begins until it is resumed."],
  };
  for (const [jobId, promised] of Object.entries(promises)) {
    const { summary, because, next } = await toldOf(daybook, jobId);
    const type = daybook.engine.job(jobId as never)?.type ?? "";
    const held = `None of its code begins meanwhile: type ${type} has been paused since ` +
      "2026-01-01T00:00:00.000Z (reason: the bank moves).";
    assert.ok(summary.endsWith(` ${held}`), summary);
    assert.ok(because.includes(held), jobId);
    assert.deepEqual(next.slice(0, 1), promised);
    const end = next.findIndex((step) => step.startsWith(`End the pause of type ${type}: DELETE`));
    const resume = next.findIndex((step) => step.startsWith("Resume it"));
    assert.ok(end > 0 && (resume === -1 || end < resume), next.join("\n"));
  }
  // A plan has no code that a pause could hold.
  await daybook.post("/pauses", reason);
  await daybook.post("/jobs", {
    jobId: "plan",
    plan: { expected: [{ id: "it", eventType: "shop.It", correlation: "any" }] },
  });
  assert.doesNotMatch(JSON.stringify(await toldOf(daybook, "plan")), /paused/);
  assert.match((await toldOf(daybook, "sleeping")).summary, /and 1 other pause holds it\.$/);
});

Deno.test("explain a failure: attempts of other types that failed with the same error just before are named, though their jobs go on", async () => {
  let isBusy = true;
  const calling = (type: string, maxAttempts: number, initialMs: number) =>
    scripted(type, {
      call: () => {
        if (isBusy) throw new Error("GET https://api.kontor.example/v2/x: 429 Too Many Requests");
        return "called";
      },
    }, { retry: { maxAttempts, initialMs, factor: 1, jitter: 0 } });
  const definitions = [calling("backfill", 5, 30_000), calling("sync", 1, 1_000)];
  const daybook = await Explained.start({ definitions });
  for (let job = 0; job < 6; job++) await daybook.submit(`backfill-${job}`, "backfill", {});
  await daybook.submit("sync-1", "sync", {});
  isBusy = false;
  await daybook.clock.advance(HOUR_MS);
  isBusy = true;
  await daybook.submit("sync-2", "sync", {});

  const { summary } = await toldOf(daybook, "sync-1");
  const attempts = "Attempts of jobs of 1 other type failed with the same error just before: " +
    "backfill (6).";
  assert.ok(summary.endsWith(attempts), summary);
  assert.doesNotMatch((await toldOf(daybook, "sync-2")).summary, /other type/);
});

/** How a reset that fails as many mails of a campaign did before is explained, and where it is asked. */
async function afterCampaign(error: string, mails: number, resets: number, labels: object) {
  let isDown = false;
  const mailing = (type: string) =>
    scripted(type, {
      send: () => {
        if (isDown) throw new Error(error);
        return "sent";
      },
    }, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });
  const daybook = await Explained.start({ definitions: [mailing("reset"), mailing("campaign")] });
  for (let job = 0; job < resets; job++) {
    await daybook.submit(`reset-${job}`, "reset", {}, { labels: { env: "prod" } });
  }
  for (let job = 0; job < mails; job++) {
    await daybook.submit(`mail-${job}`, "campaign", {}, { labels });
  }
  isDown = true;
  for (let job = 0; job < 2; job++) await daybook.submit(`late-${job}`, "campaign", {}, { labels });
  await daybook.submit("reset", "reset", {}, { labels: { env: "prod" } });
  return daybook;
}

const QUOTA = "454 Daily message quota exceeded";

Deno.test("explain a failure: of a quota that is used up, it says of which other type nearly all were that had succeeded before, and what they share", async () => {
  const daybook = await afterCampaign(QUOTA, 24, 4, { env: "prod", campaign: "friday" });
  const used =
    "failed with the same error: campaign (2). Of the 28 jobs of these types that were " +
    "created in the hour before the first of these failures, and had succeeded by then, 24 were " +
    "of campaign, all with label campaign:friday.";
  for (const now of [daybook, await daybook.crash()]) {
    const { summary, next } = await toldOf(now, "reset");
    assert.ok(summary.includes(used), summary);
    assert.deepEqual(next.slice(1), [
      "First make sure that what the error calls used up is free again: until then, a retry fails as well.",
      "Then retry it; a new job starts from the beginning: POST /jobs/reset/retry",
    ]);
  }
});

Deno.test("explain a failure: no type has used up what is shared if the error is another one, or as many others succeeded", async () => {
  for (
    const [error, mails, resets] of [
      ["connect ECONNREFUSED 10.2.0.7:25", 24, 4],
      ["the quota service is down", 24, 4],
      [QUOTA, 24, 12],
      [QUOTA, 12, 1],
      [QUOTA, 0, 24],
    ] as const
  ) {
    const told = await toldOf(await afterCampaign(error, mails, resets, {}), "reset");
    assert.match(told.summary, /failed with the same error: campaign \(2\)/);
    assert.doesNotMatch(told.summary, /Of the/);
    assert.equal(/used up is free/.test(told.next.join()), error === QUOTA);
  }
});

/** How a poll is explained that fails once backfills, which have succeeded, were given a key. */
async function afterBackfills(
  {
    error = "429: quota of key ck_live_7 exceeded",
    apiKey = "ck_live_7",
    backfills = 12,
    polls = 2,
  },
) {
  let isDown = false;
  const calling = (type: string) =>
    scripted(type, {
      call: () => {
        if (isDown) throw new NonRetryableError(error);
        return "called";
      },
    });
  const daybook = await Explained.start({ definitions: [calling("poll"), calling("backfill")] });
  for (let job = 0; job < 12; job++) await daybook.submit(`early-${job}`, "poll", { job });
  await daybook.clock.advance(60_000);
  for (let job = 0; job < Math.max(backfills, polls); job++) {
    const by = { labels: { by: "anna" } };
    if (job < backfills) await daybook.submit(`fill-${job}`, "backfill", { apiKey, job }, by);
    if (job < polls) await daybook.submit(`poll-${job}`, "poll", { poll: job });
  }
  await daybook.clock.advance(1_000);
  isDown = true;
  for (let job = 0; job < 3; job++) await daybook.submit(`late-${job}`, "poll", { late: job });
  return daybook;
}

Deno.test("explain a failure: of a quota whose key its error names, the jobs of another type are named that were given the key and succeeded just before", async () => {
  const daybook = await afterBackfills({});
  for (const now of [daybook, await daybook.crash()]) {
    assert.match(
      (await toldOf(now, "late-1")).summary,
      /12 jobs of backfill, all with label by:anna, were given the "ck_live_7" that the error names, at input\.apiKey\. They were created from [^ ]+ to [^ ]+, and had succeeded before the first of these failures; of poll, 2 had meanwhile\./,
    );
  }
});

Deno.test("explain a failure: no jobs are named for the key of a quota that are few, have another key, or came among as many of its type; or if no quota is used up", async () => {
  for (
    const other of [
      { backfills: 9 },
      { apiKey: "ck_live_8" },
      { polls: 12 },
      { error: "403: key ck_live_7 was revoked" },
    ]
  ) {
    const { summary } = await toldOf(await afterBackfills(other), "late-1");
    assert.doesNotMatch(summary, /backfill/);
  }
});

Deno.test("explain a failure: types that failed with the very same error are named before anything else that failures have in common", async () => {
  let address: string | undefined;
  const needing = (type: string) =>
    scripted(type, {
      load: () => {
        if (address !== undefined) throw new Error(`connect ECONNREFUSED ${address}:5432`);
        return "loaded";
      },
    }, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });
  const types = ["erp.sync", "report.daily", "mail.digest"];
  const daybook = await Explained.start({ definitions: types.map(needing) });
  for (let job = 0; job < 12; job++) await daybook.submit(`ok-${job}`, "erp.sync", {});
  address = "10.2.0.7";
  for (let job = 0; job < 3; job++) await daybook.submit(`erp-${job}`, "erp.sync", { late: true });
  for (const type of types.slice(1)) await daybook.submit(`${type}-1`, type);
  address = "10.9.9.9";
  await daybook.submit("elsewhere", "mail.digest");
  await daybook.clock.advance(2 * HOUR_MS);
  address = "10.2.0.7";
  await daybook.submit("later", "report.daily");

  const { summary, because } = await toldOf(daybook, "erp-1");
  const same = "Jobs of 2 other types, created within an hour of it, failed with the same error: " +
    "mail.digest (1) and report.daily (1).";
  assert.match(summary, /ECONNREFUSED 10\.2\.0\.7:5432\. Jobs of 2 other types.* All 3 jobs/);
  assert.ok(summary.includes(same), summary);
  assert.equal(because[1], same);
  for (const alone of ["elsewhere", "later"]) {
    assert.doesNotMatch((await toldOf(daybook, alone)).summary, /other type/);
  }
});

Deno.test("explain the queue: of jobs that back off it names the error that most of them have, and their types", async () => {
  const failing = (type: string, message: string) =>
    scripted(type, {
      load: () => {
        throw new Error(message);
      },
    }, { retry: { maxAttempts: 3, initialMs: MINUTE_MS, factor: 1, jitter: 0 } });
  const refused = "connect ECONNREFUSED 10.2.0.7:5432";
  const daybook = await Explained.start({
    definitions: [
      failing("erp.sync", refused),
      failing("report.daily", refused),
      failing("mail.digest", "no template"),
    ],
  });
  for (const [job, type] of ["erp.sync", "mail.digest", "report.daily", "erp.sync"].entries()) {
    await daybook.submit(`job-${job}`, type);
  }
  const { summary, because } = await queueOf(daybook);
  const most = `4 jobs back off, 3 of them after Error: ${refused}`;
  assert.equal(summary, `Nothing is running: ${most}.`);
  assert.deepEqual(because, [`${most} (types erp.sync and report.daily).`]);
});

Deno.test("explain a repeated step: it says how often it may have happened, when each restart cut it short", async () => {
  const crawl = scripted("web.crawl", { crawl: (about) => hang(about) });
  let daybook = await Explained.start({ definitions: [crawl] });
  await daybook.submit("job", "web.crawl");
  for (let deploy = 1; deploy <= 3; deploy++) {
    await daybook.clock.advance(20 * MINUTE_MS);
    void daybook.engine.stop(0);
    await daybook.clock.advance(10);
    daybook = await daybook.crash();
    const { summary } = await toldOf(daybook, "job");
    const [, told] = /(Task crawl may have happened .*)\.$/.exec(summary) ?? [];
    const [times, which, last, their] = [
      ["twice", "attempt 1 was", "", "its"],
      ["3 times", "attempts 1 and 2 were", "the last: ", "their"],
      ["4 times", "attempts 1, 2 and 3 were", "the last: ", "their"],
    ][deploy - 1] ?? [];
    assert.equal(
      told,
      `Task crawl may have happened ${times}: its ${which} cut short (${last}the process stopped), ` +
        `possibly after doing some or all of ${their} work, and attempt ${deploy + 1} started over`,
    );
  }
});

Deno.test("explain in prose: after the clock was set back, the past is ahead of it, and not to come", async () => {
  const crawl = scripted("web.crawl", { crawl: (about) => hang(about) });
  const daybook = await Explained.start({ definitions: [crawl] });
  await daybook.submit("job", "web.crawl");
  daybook.clock.jump(-24 * HOUR_MS);
  const text = (await daybook.text("job")).replaceAll(/\s+/g, " ");
  assert.match(text, /since 2026-01-01T00:00:00\.000Z \(24 h ahead of the clock\)/);
  assert.doesNotMatch(text, /\(in /);
});

Deno.test("explain a compensation: the one that fails is named, and the call that tries it again at once works", async () => {
  let isOpen = false;
  const trip = scripted("trip", {
    book: () => "booked",
    charge: () => {
      throw new NonRetryableError("the card was refused");
    },
  }, {
    retry: { maxAttempts: 5, initialMs: MINUTE_MS, factor: 1, jitter: 0 },
    undo: {
      book: () => {
        if (!isOpen) throw new Error("the hotel is closed");
      },
    },
  });
  const daybook = await Explained.start({ definitions: [trip] });
  await daybook.submit("job", "trip");
  await daybook.clock.advance(MINUTE_MS);
  const { summary, next } = await toldOf(daybook, "job");
  assert.equal(
    summary,
    "Job job is compensating: 0 of 1 task undone, after task charge failed for good with " +
      "NonRetryableError: the card was refused. The compensation of task book failed in attempt " +
      "2 of 5 (Error: the hotel is closed) and will be tried again at 2026-01-01T00:02:00.000Z.",
  );
  assert.deepEqual(next, [
    "The compensation will be tried again at 2026-01-01T00:02:00.000Z.",
    "Try it again now, once the cause is fixed: POST /jobs/job/wake",
  ]);
  isOpen = true;
  await daybook.post("/jobs/job/wake");
  assert.equal(daybook.engine.job("job" as never)?.state, "Failed");
});

const ORDER = defineJob({
  type: "order",
  version: 1,
  input: ANY_INPUT,
  expects: () => ({ paid: { eventType: "shop.Paid", correlation: { equals: { orderId: "7" } } } }),
  async run(ctx, { strict }) {
    const paid = await ctx.expect("paid", { withinMs: MINUTE_MS });
    if (paid === undefined && strict === true) throw new Error("no payment");
  },
});

Deno.test("explain a wait that run gave up on: it is named before what run threw for it, with the event that came too late", async () => {
  const daybook = await Explained.start({ definitions: [ORDER] });
  await daybook.submit("lax", "order");
  await daybook.submit("strict", "order", { strict: true });
  await daybook.clock.advance(MINUTE_MS);
  const passed =
    '"paid" did not come in time: the wait ended at 2026-01-01T00:01:00.000Z, and run ' +
    "continued without it.";
  const before = await toldOf(daybook, "strict");
  assert.equal(before.summary, `Job strict failed: run threw Error: no payment. ${passed}`);
  assert.doesNotMatch((await toldOf(daybook, "lax")).summary, /gave|given up/);

  await daybook.clock.advance(5_000);
  await daybook.event("shop.Paid", { orderId: "7" });
  await daybook.event("shop.Paid", { orderId: "8" });
  const late = 'shop.Paid for "paid" came at 2026-01-01T00:01:05.000Z, 5 s after the job had ' +
    "given up on it, having waited 1 min.";
  assert.equal((await toldOf(daybook, "strict")).summary, `${before.summary} ${late}`);
  assert.equal(
    (await toldOf(daybook, "lax")).summary,
    `Job lax has been Done since 2026-01-01T00:01:00.000Z. ${late}`,
  );

  const { jobId } = await daybook.post("/jobs/strict/retry");
  const { summary } = await toldOf(daybook, `${jobId}`);
  assert.match(summary, /"paid" did not come in time in job strict: a retry takes this over/);
});

Deno.test("explain a wait that run gave up on: it is not blamed if its event came to a later wait", async () => {
  const patient = looseJob("order.patient", async (ctx) => {
    await ctx.expect("paid", { withinMs: MINUTE_MS });
    await ctx.expect("paid");
    throw new Error("paid too little");
  }, { expects: () => ({ paid: { eventType: "shop.Paid", correlation: "any" } }) });
  const daybook = await Explained.start({ definitions: [patient] });
  await daybook.submit("job", "order.patient");
  await daybook.clock.advance(MINUTE_MS);
  await daybook.event("shop.Paid");
  const { summary } = await toldOf(daybook, "job");
  assert.equal(summary, "Job job failed: run threw Error: paid too little.");
});

Deno.test("explain a passed deadline: when no process recorded it in time, it says so, and which event was too late", async () => {
  const first = await Explained.start();
  await first.post("/jobs", {
    jobId: "job",
    plan: {
      expected: [{
        id: "paid",
        eventType: "shop.Paid",
        correlation: { equals: { orderId: "7" } },
        within: { ms: HOUR_MS, otherwise: "fail" },
      }],
    },
  });
  first.clock.jump(6 * HOUR_MS);
  const daybook = await first.crash();
  await daybook.clock.advance(1_000);
  await daybook.event("shop.Paid", { orderId: "7" });
  const { summary, because } = await toldOf(daybook, "job");
  const late = "its time was up at 2026-01-01T01:00:00.000Z, and 5 h passed before a process " +
    "recorded it: Daybook was started at 2026-01-01T06:00:00.000Z, after a crash";
  assert.equal(
    summary,
    `Job job failed: "paid" was not met within 1 h of the start; ${late}. shop.Paid for "paid" ` +
      "came at 2026-01-01T06:00:01.000Z, 1 s after the job had given up on it.",
  );
  assert.match(
    because[0] ?? "",
    /^A deadline of its plan was recorded as passed at 2026-01-01T06:/,
  );
});

Deno.test("explain a count: two events that counted and have the same content are named, unless the plan asks for all they have", async () => {
  const daybook = await Explained.start();
  const approved = (multiplicity: object) => ({
    id: "approved",
    eventType: "hr.Approved",
    correlation: { equals: { request: "r1" } },
    multiplicity,
  });
  const plan = (times: number) => ({ expected: [approved({ times })] });
  await daybook.post("/jobs", { jobId: "two", plan: plan(2) });
  await daybook.post("/jobs", { jobId: "three", plan: plan(3) });
  const byAnna = { request: "r1", by: "anna", note: "fine" };
  await daybook.event("hr.Approved", byAnna, { eventId: "hook-1" });
  await daybook.event("hr.Approved", byAnna, { eventId: "hook-2" });
  await daybook.event("hr.Approved", { ...byAnna, by: "ben" }, { eventId: "hook-3" });
  const twice = 'Two events that counted for "approved" have the same content under different ' +
    "ids, hook-1 and hook-2: one may have been sent twice.";
  assert.equal(
    (await toldOf(daybook, "two")).summary,
    `Job two has been Done since 2026-01-01T00:00:00.000Z. ${twice}`,
  );
  assert.equal((await toldOf(daybook, "three")).because[0], twice);

  await daybook.post("/jobs", { jobId: "ticks", plan: plan(2) });
  for (const eventId of ["tick-1", "tick-2"]) {
    await daybook.event("hr.Approved", { request: "r1" }, { eventId });
  }
  assert.doesNotMatch(JSON.stringify(await toldOf(daybook, "ticks")), /sent twice/);
});

Deno.test("explain a count: events that name different times or tasks were not sent twice", async () => {
  const daybook = await Explained.start();
  const plan = { expected: [{ id: "read", eventType: "meter.Read", multiplicity: { times: 2 } }] };
  const differing = {
    times: [{ occurredAt: "2025-12-31T23:00:00.000Z" }, { occurredAt: "2025-12-31T22:00:00.000Z" }],
    tasks: [{ taskId: "first" }, { taskId: "second" }],
  };
  for (const [jobId, kinds] of Object.entries(differing)) {
    await daybook.post("/jobs", { jobId, plan });
    for (const more of kinds) await daybook.event("meter.Read", { value: 7 }, { jobId, ...more });
    assert.equal(daybook.engine.job(jobId as never)?.state, "Done");
    assert.doesNotMatch(JSON.stringify(await toldOf(daybook, jobId)), /sent twice/, jobId);
  }
});

Deno.test("explain a failed retry: one that fails as the job that it retries says so, and one that fails otherwise does not", async () => {
  let error = "the card is blocked";
  const pay = scripted("card.pay", {
    charge: () => {
      throw new NonRetryableError(error);
    },
  });
  const daybook = await Explained.start({ definitions: [pay] });
  await daybook.submit("first", "card.pay");
  const again = await daybook.post("/jobs/first/retry");
  assert.match(
    (await toldOf(daybook, `${again["jobId"]}`)).summary,
    / It failed like job first, which it retries\.$/,
  );
  error = "the card has expired";
  const { jobId } = await daybook.post(`/jobs/${again["jobId"]}/retry`);
  assert.doesNotMatch((await toldOf(daybook, `${jobId}`)).summary, /which it retries/);
});

Deno.test("explain a wait: a job that was to send the event, and sent one without the value, is named with it", async () => {
  const weigh = defineJob({
    type: "depot.weigh",
    version: 1,
    input: ANY_INPUT,
    run: (ctx, { parcel }) =>
      ctx.task("weigh", (task) => {
        task.emit("depot.Weighed", parcel === undefined ? { kg: 3 } : { parcel: `${parcel}` });
      }),
  });
  const daybook = await Explained.start({ definitions: [weigh] });
  const plan = (parcel: string) => ({
    expected: [{ id: "it", eventType: "depot.Weighed", correlation: { equals: { parcel } } }],
  });
  await daybook.submit("weigh-1", "depot.weigh", { parcel: "JJD001" });
  await daybook.post("/jobs", { jobId: "bill", plan: plan("JJD002") });
  await daybook.submit("weigh-2", "depot.weigh", { parcelNr: "JJD002" });
  assert.match(
    (await toldOf(daybook, "bill")).summary,
    /job weigh-2, which has "JJD002" at input\.parcelNr, has been Done since \S+Z, and has sent one without "JJD002"\.$/,
  );
});

Deno.test("explain an attempt: after one that failed, its error is named", async () => {
  const scan = scripted("virus.scan", { scan: hang }, {
    timeoutMs: 5 * MINUTE_MS,
    retry: { maxAttempts: 3, initialMs: 1_000, factor: 1, jitter: 0 },
  });
  const daybook = await Explained.start({ definitions: [scan] });
  await daybook.submit("scan", "virus.scan");
  assert.doesNotMatch((await toldOf(daybook, "scan")).summary, /TimeoutError/);
  await daybook.clock.advance(5 * MINUTE_MS + 1_000);
  assert.match(
    (await toldOf(daybook, "scan")).summary,
    /attempt 2 of 3, since \S+Z, after TimeoutError: took longer than 300000 ms\.$/,
  );
});

Deno.test("near miss: an event that another job sent without the value, but with another that is expected, is named", async () => {
  const pack = defineJob({
    type: "wms.pack",
    version: 1,
    input: ANY_INPUT,
    run: (ctx, { order = null, box }) =>
      ctx.task("pack", (task) => {
        task.emit("wms.Packed", { order: order as string | null, box: `${box}` });
      }),
  });
  const daybook = await Explained.start({ definitions: [pack] });
  const equals = { order: "O-709", box: "BX-9" };
  const plan = { expected: [{ id: "it", eventType: "wms.Packed", correlation: { equals } }] };
  await daybook.post("/jobs", { jobId: "job", plan });
  await daybook.submit("pack-8", "wms.pack", { order: "O-708", box: "BX-8" });
  await daybook.submit("pack-9", "wms.pack", { orderNo: "O-709", box: "BX-9" });
  assert.match(
    (await toldOf(daybook, "job")).summary,
    /wms\.Packed came at \S+Z, with this job's box "BX-9"; order: expected "O-709", found null\.$/,
  );
});

Deno.test("explain the time: many short steps that together took it are summed up", async () => {
  const crawl = defineJob({
    type: "site.crawl",
    version: 1,
    input: v.object({ ms: v.number() }),
    async run(ctx, { ms }) {
      for (let page = 1; page <= 20; page++) {
        await ctx.task(`page-${page}`, () =>
          new Promise<number>((done) => {
            daybook.clock.setTimer(ms, () => done(page));
          }));
      }
    },
  });
  const daybook: Explained = await Explained.start({ definitions: [crawl] });
  for (let at = 0; at < 5; at++) {
    await daybook.submit(`ok-${at}`, "site.crawl", { ms: 50 });
    await daybook.clock.advance(5_000);
  }
  await daybook.submit("slow", "site.crawl", { ms: 2_000 });
  await daybook.clock.advance(60_000);
  assert.match(
    (await toldOf(daybook, "slow")).summary,
    /, after 40 s, where the 5 of its type before it took 1 s in the median: 40 s in task page-1 and 19 like it\.$/,
  );
});

Deno.test("explain a failed retry: one that fails as before names what it reused, and offers to run that again, which the call does", async () => {
  let tokens = 0;
  const pay = scripted("pay.token", {
    token: () => `token-${++tokens}`,
    charge: () => {
      if (tokens < 2) throw new NonRetryableError("the token has expired");
      return "charged";
    },
  });
  const daybook = await Explained.start({ definitions: [pay] });
  await daybook.submit("first", "pay.token");
  assert.doesNotMatch((await toldOf(daybook, "first")).next.join(), /reused/);
  const { jobId } = await daybook.post("/jobs/first/retry");
  const { next, summary } = await daybook.explanation(`${jobId}`);
  assert.match(
    summary,
    / It failed like job first, with the result of token, which it reused from there\.$/,
  );
  const step = next.findLast(({ action }) => action !== undefined);
  assert.equal(
    step?.statement,
    "Or retry it from task token, if what it reused from job first is out of date; that task " +
      "and all that follow run again:",
  );
  assert.ok(step?.action);
  const again = await daybook.post(step.action.path, step.action.body);
  assert.equal(daybook.engine.job(again["jobId"] as never)?.state, "Done");
});

Deno.test("explain a failure: a task that began beside very many others of its job says so, as when a service refuses them", async () => {
  const sync = defineJob({
    type: "crm.sync",
    version: 1,
    input: v.object({ contacts: v.number() }),
    run: (ctx, { contacts }) =>
      Promise.all(Array.from({ length: contacts }, (_, at) =>
        ctx.task(`contact-${at}`, () => {
          if (at > 0) return at;
          throw new NonRetryableError("429 Too Many Requests");
        }))),
  });
  const daybook = await Explained.start({ definitions: [sync] });
  for (const contacts of [50, 300]) {
    await daybook.submit(`${contacts}`, "crm.sync", { contacts });
  }
  const failed = "failed: task contact-0 failed for good with NonRetryableError: 429 Too Many " +
    "Requests.";
  assert.equal((await toldOf(daybook, "50")).summary, `Job 50 ${failed}`);
  assert.equal(
    (await toldOf(daybook, "300")).summary,
    `Job 300 ${failed} It had begun within 1 s of 299 other tasks of the job.`,
  );
});

Deno.test("explain a failed retry: one that fails otherwise names what it reused, and how old that was", async () => {
  let isUp = false;
  const sync = scripted("crm.sync", {
    token: () => "t-1",
    upload: () => {
      throw new NonRetryableError(isUp ? "401 Unauthorized" : "503 Service Unavailable");
    },
  });
  const daybook = await Explained.start({ definitions: [sync] });
  await daybook.submit("first", "crm.sync");
  isUp = true;
  await daybook.clock.advance(7 * HOUR_MS);
  const second = await daybook.post("/jobs/first/retry");
  assert.equal(
    (await toldOf(daybook, `${second.jobId}`)).summary,
    `Job ${second.jobId} failed: task upload failed for good with NonRetryableError: 401 ` +
      "Unauthorized. It reused the result of token from job first, made 7 h before it failed.",
  );
  const third = await daybook.post("/jobs/first/retry", { from: "token", again: true });
  assert.doesNotMatch((await toldOf(daybook, `${third.jobId}`)).summary, /reused/);
});

const FETCH = scripted("rates.fetch", { fetch: (about) => hang(about) }, {
  timeoutMs: 1_000,
  retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 },
});

Deno.test("explain a time limit: an attempt that ended long after its limit was held up with the process, and what was under way is named", async () => {
  const crunch = scripted("data.crunch", { crunch: (about) => hang(about) });
  const daybook = await Explained.start({ definitions: [FETCH, crunch] });
  await daybook.submit("in-time", "rates.fetch");
  await daybook.clock.advance(1_000);
  assert.doesNotMatch((await toldOf(daybook, "in-time")).summary, /held up/);

  await daybook.submit("c1", "data.crunch");
  await daybook.submit("blocked", "rates.fetch");
  daybook.clock.block(6_000);
  await daybook.clock.advance(1);
  const { summary, because } = await toldOf(daybook, "blocked");
  const late = "Attempt 1 of task fetch ended 5 s after its time limit: something held up the " +
    "process, such as code that did not yield; also under way: c1 in task crunch since " +
    "2026-01-01T00:00:01.000Z, without a time limit.";
  assert.equal(
    summary,
    "Job blocked failed: task fetch used up its attempts; the last error was TimeoutError: " +
      `took longer than 1000 ms. ${late}`,
  );
  assert.equal(because[1], late);
});

const PUSH = scripted("push.send", { send: (about) => hang(about) }, {
  timeoutMs: 800,
  retry: { maxAttempts: 2, initialMs: 1_000, factor: 1, jitter: 0 },
});

Deno.test("explain a time limit: the step that blocked the event loop until it acted is named, with its type, and what to do about it", async () => {
  const resize = scripted("media.thumbnail", { resize: () => daybook.clock.block(1_500) });
  const daybook = await Explained.start({ definitions: [PUSH, resize] });
  for (let job = 0; job < 6; job++) await daybook.submit(`thumb-${job}`, "media.thumbnail");
  await daybook.submit("push", "push.send");
  await daybook.submit("album-1", "media.thumbnail");
  await daybook.clock.advance(1_000);
  await daybook.submit("album-2", "media.thumbnail");
  await daybook.clock.advance(1);

  const late = "Attempt 2 of task send ended 700 ms after its time limit: the event loop was " +
    "blocked for 1.5 s, until task resize of job album-2 (type media.thumbnail), which had just " +
    "begun, ended, as before with job album-1.";
  const first = "First let task resize of type media.thumbnail do its work in smaller pieces, " +
    'with a pause after each, or give that type isolation: "thread".';
  for (const now of [daybook, await daybook.crash()]) {
    const { summary, because, next } = await toldOf(now, "push");
    assert.ok(summary.endsWith(`TimeoutError: took longer than 800 ms. ${late}`), summary);
    assert.equal(because[1], late);
    assert.equal(next[1], first);
  }
});

/** How a job of type `tour` that times out, after others whose step took so long, is explained. */
async function afterTimes(times: readonly number[], others: readonly number[] = []) {
  const lengths = new Map<string, number>();
  const calling = (type: string, task: string) =>
    scripted(type, {
      [task]: ({ jobId }) =>
        new Promise((resolve) =>
          daybook.clock.setTimer(lengths.get(jobId) ?? 9_000, () => resolve("found"))
        ),
    }, { timeoutMs: 2_000, retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });
  const definitions = [calling("tour", "geocode"), calling("address", "lookup")];
  const daybook = await Explained.start({ definitions });
  for (const [at, ms] of times.entries()) {
    lengths.set(`tour-${at}`, ms).set(`address-${at}`, others[at] ?? 70);
    await daybook.submit(`tour-${at}`, "tour");
    await daybook.submit(`address-${at}`, "address");
    await daybook.clock.advance(2_000);
  }
  await daybook.submit("tour", "tour");
  await daybook.clock.advance(3_000);
  return daybook;
}

Deno.test("explain a time limit: that a step took longer and longer before it is told, with the steps of other types that did so too", async () => {
  const times = [70, 50, 160, 160, 320, 560, 900, 1_200].flatMap((
    ms,
  ) => [ms, ms + 20, ms - 10, ms + 5, ms]);
  const slower =
    "TimeoutError: took longer than 2000 ms, where the 40 of its type before it took " +
    "longer and longer: 70 ms in the median of the first 6, 1.2 s in that of the last 7";
  const daybook = await afterTimes(times, times);
  for (const now of [daybook, await daybook.crash()]) {
    const { summary } = await toldOf(now, "tour");
    assert.ok(
      summary.endsWith(`${slower}, and so did task lookup of address (70 ms, then 1.2 s).`),
      summary,
    );
  }
  const { summary } = await toldOf(await afterTimes(times), "tour");
  assert.ok(summary.endsWith(`${slower}.`), summary);
});

Deno.test("explain a time limit: times that vary, rose at once, or rose and fell again have no trend", async () => {
  const flat = Array.from({ length: 40 }, (_, at) => 100 + 37 * at % 200);
  const bimodal = Array.from({ length: 40 }, (_, at) => at * at % 7 < 3 ? 50 : 1_100);
  const jump = Array.from({ length: 40 }, (_, at) => at < 28 ? 60 : 1_200);
  const hill = Array.from({ length: 40 }, (_, at) => at < 28 ? 50 + 30 * at : 400);
  const few = Array.from({ length: 20 }, (_, at) => 50 + 50 * at);
  for (const times of [flat, bimodal, jump, hill, few]) {
    const { summary } = await toldOf(await afterTimes(times), "tour");
    assert.match(summary, /of its type before it took [\d.]+ m?s in the median\.$/);
  }
});

Deno.test("explain a time limit: a clock that was set meanwhile is told from a process that was held up", async () => {
  const daybook = await Explained.start({ definitions: [FETCH] });
  await daybook.submit("ahead", "rates.fetch");
  daybook.clock.jump(3_600_000);
  await daybook.clock.advance(1_000);
  const ran =
    "Attempt 1 of task fetch ran for 1 s, which its lines do not show: the clock of the " +
    "machine was set";
  assert.equal(
    (await toldOf(daybook, "ahead")).because[1],
    `${ran} ahead by 1 h, or the machine slept, or the disk had no room.`,
  );
  await daybook.submit("back", "rates.fetch");
  daybook.clock.jump(-3_600_000);
  await daybook.clock.advance(1_000);
  assert.equal((await toldOf(daybook, "back")).because[1], `${ran} back by 1 h.`);
});

Deno.test("explain a time limit: an error of the task's own with the same name and message is none", async () => {
  const answer = Promise.withResolvers<never>();
  const failing = scripted("rates.copy", { fetch: () => answer.promise }, {
    timeoutMs: 1_000,
    retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 },
  });
  const daybook = await Explained.start({ definitions: [failing] });
  await daybook.submit("own", "rates.copy");
  daybook.clock.block(9_000);
  answer.reject(new DOMException("took longer than 1000 ms", "TimeoutError"));
  await daybook.clock.settle();
  assert.doesNotMatch(JSON.stringify(await toldOf(daybook, "own")), /held up|was set/);
});

Deno.test("explain a pause: it is named for a parked job, which would not continue, and for the retry of a failed one", async () => {
  const failing = scripted("pay", {
    charge: () => {
      throw new NonRetryableError("the bank is down");
    },
  });
  const first = await Explained.start({ definitions: [failing, NAP] });
  await first.submit("failed", "pay");
  await first.submit("parked", "nap", { sleeps: true });
  assert.doesNotMatch((await toldOf(first, "failed")).next.join(), /held/);
  await first.post("/pauses", { reason: "the bank moves" });
  const daybook = await first.crash({ definitions: [failing] });

  const paused =
    "everything has been paused since 2026-01-01T00:00:00.000Z (reason: the bank moves).";
  const { next } = await toldOf(daybook, "failed");
  assert.deepEqual(next.slice(-2), [
    "Then retry it; a new job starts from the beginning: POST /jobs/failed/retry",
    `The new job is held for now: ${paused}`,
  ]);
  const parked = await toldOf(daybook, "parked");
  assert.match(parked.summary, /no definition of type nap is loaded/);
  assert.ok(parked.summary.endsWith(`None of its code begins meanwhile: ${paused}`));
  assert.match(parked.next.join("\n"), /End the pause: DELETE/);
});

Deno.test("explain a sleep: one that ended late, since no process ran, is not said to have ended when it was due", async () => {
  const nap = looseJob("nap.short", (ctx) => ctx.sleep("rest", HOUR_MS));
  const first = await Explained.start({ definitions: [nap] });
  await first.submit("on-time", "nap.short");
  await first.clock.advance(HOUR_MS);
  await first.submit("late", "nap.short");
  first.clock.jump(6 * HOUR_MS);
  const daybook = await first.crash();
  await daybook.clock.advance(1_000);
  const completedIn = async (jobId: string) =>
    (await daybook.explanation(jobId)).completed.find(({ id }) => id === "rest");
  const endOf = async (jobId: string) => (await completedIn(jobId))?.statement;
  assert.deepEqual((await completedIn("late"))?.cites.map(({ eventType }) => eventType), [
    "job.TimerElapsed",
    "journal.Recovered",
  ]);
  assert.equal(
    await endOf("on-time"),
    "Sleep rest ended at 2026-01-01T01:00:00.000Z, when it was due.",
  );
  assert.equal(
    await endOf("late"),
    "Sleep rest ended at 2026-01-01T07:00:00.000Z; its time was up at 2026-01-01T02:00:00.000Z, " +
      "and 5 h passed before a process recorded it: Daybook was started at " +
      "2026-01-01T07:00:00.000Z, after a crash.",
  );
});

Deno.test("explain a sleep: a clock that is set meanwhile is told from a process that did not run", async () => {
  const nap = looseJob("nap.short", (ctx) => ctx.sleep("rest", HOUR_MS));
  const daybook = await Explained.start({ definitions: [nap] });
  await daybook.submit("ahead", "nap.short");
  daybook.clock.jump(24 * HOUR_MS);
  await daybook.clock.advance(HOUR_MS);
  assert.equal(
    (await toldOf(daybook, "ahead")).summary,
    "Job ahead has been Done since 2026-01-02T01:00:00.000Z. Sleep rest ended at " +
      "2026-01-02T01:00:00.000Z; its time had come, but meanwhile the clock of the machine was set " +
      "ahead by 1 d, or the machine slept.",
  );
  await daybook.submit("back", "nap.short");
  daybook.clock.jump(-3 * HOUR_MS);
  await daybook.clock.advance(HOUR_MS);
  assert.match(
    (await toldOf(daybook, "back")).summary,
    /its time had come, but meanwhile the clock of the machine was set back by 3 h\.$/,
  );
});

Deno.test("explain a passed deadline: a clock that is set meanwhile is named", async () => {
  const daybook = await Explained.start();
  const within = { ms: HOUR_MS, otherwise: "fail" };
  const expected = [{ id: "paid", eventType: "shop.Paid", within }];
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  daybook.clock.jump(24 * HOUR_MS);
  await daybook.clock.advance(HOUR_MS);
  assert.match(
    (await toldOf(daybook, "job")).summary,
    /; its time had come, but meanwhile the clock of the machine was set ahead by 1 d, or/,
  );
});

Deno.test("explain a passed deadline: many restarts do not hide a clock that was set before them", async () => {
  let daybook = await Explained.start();
  const within = { ms: 48 * HOUR_MS, otherwise: "fail" };
  const expected = [{ id: "paid", eventType: "shop.Paid", within }];
  await daybook.post("/jobs", { jobId: "job", plan: { expected } });
  daybook.clock.jump(24 * HOUR_MS);
  daybook.engine.processFacts.lookAtClock();
  await daybook.clock.settle();
  for (let restart = 0; restart < 33; restart++) daybook = await daybook.crash();
  await daybook.clock.advance(24 * HOUR_MS);
  assert.match(
    (await toldOf(daybook, "job")).summary,
    /; its time had come, but meanwhile the clock of the machine was set ahead by 1 d, or/,
  );
});

Deno.test("explain a compensation: the one that runs is named, since when, and the call that ends one that hangs", async () => {
  const trip = scripted("trip.hang", {
    book: () => "booked",
    charge: () => {
      throw new NonRetryableError("the card was refused");
    },
  }, { undo: { book: (about) => hang(about) } });
  const daybook = await Explained.start({ definitions: [trip] });
  await daybook.submit("job", "trip.hang");
  await daybook.clock.advance(HOUR_MS);
  const told = await toldOf(daybook, "job");
  assert.match(
    told.summary,
    /\. The compensation of task book has been in attempt 1 of 3 since 2026-01-01T00:00:00\.000Z, without a time limit\.$/,
  );
  assert.deepEqual(told.next, [
    "The compensation of task book continues until it ends, however long that takes: it has " +
    "no time limit.",
    "Cancel it as it is; book stays as it is: POST /jobs/job/cancel",
  ]);
  await daybook.post("/jobs/job/cancel", { leave: true, reason: "the hotel was phoned" });
  await daybook.clock.settle();
  const { because } = await toldOf(daybook, "job");
  assert.ok(
    because.some((statement) =>
      statement.includes("ended its compensation") && statement.includes("the hotel was phoned")
    ),
    because.join("\n"),
  );
});

Deno.test("explain a lowered limit: no call is suggested that would free no place", async () => {
  const daybook = await Explained.start({ definitions: [MAIL] });
  await changeLimits(daybook, "mail.send", { maxRunning: 3, reason: "more" });
  for (const job of [1, 2, 3]) await daybook.submit(`slow-${job}`, "mail.send", { slow: true });
  await daybook.submit("behind", "mail.send");
  const cancels = async () =>
    (await toldOf(daybook, "behind")).next.filter((step) => step.startsWith("Cancel job")).length;
  assert.equal(await cancels(), 2);
  await changeLimits(daybook, "mail.send", { maxRunning: 1, reason: "fewer" });
  assert.equal(await cancels(), 0);
});

Deno.test("explain a lowered limit: no job that holds a place is to be cancelled where the code lets more begin", async () => {
  const many = defineJob({ ...MAIL, type: "mail.many", limits: { maxRunning: 3 } });
  const daybook = await Explained.start({ definitions: [many] });
  await changeLimits(daybook, "mail.many", { maxRunning: 1, reason: "the provider" });
  for (const jobId of ["slow", "behind"]) await daybook.submit(jobId, "mail.many", { slow: true });
  const steps = [...(await toldOf(daybook, "behind")).next, ...(await queueOf(daybook)).next];
  assert.ok(
    steps.some((step) => step.includes("let more begin (maxRunning 3): DELETE")),
    `${steps}`,
  );
  assert.deepEqual(steps.filter((step) => step.startsWith("Cancel job")), []);
});

const BATCH = defineJob({
  type: "ml.batch",
  version: 1,
  input: ANY_INPUT,
  limits: { maxRunning: 3, key: ({ tenant }) => `${tenant}`, perKey: 2 },
  run: async (ctx) => void await ctx.task("infer", hang),
});
const CRAWL = scripted("web.crawl", { crawl: (about) => hang(about) });
const REPORT = scripted("report.make", { make: () => "made" });

Deno.test("explain a loosened limit: the type that holds the workers since then is named, who changed it, and the call that restores it", async () => {
  const definitions = [BATCH, REPORT];
  const daybook = await Explained.start({ definitions, maxRunning: 4 });
  const reason = "the demo";
  await changeLimits(daybook, "ml.batch", { maxRunning: 12, perKey: 12, reason });
  for (let at = 0; at < 5; at++) await daybook.submit(`b-${at}`, "ml.batch", { tenant: `t${at}` });
  await daybook.submit("report", "report.make");
  const held = /ll 4 workers are held by jobs of type ml\.batch, whose limits were set to /;
  const whose = "maxRunning 12, perKey 12 at 2026-01-01T00:00:00.000Z (reason: the demo), " +
    "where its code has maxRunning 3, perKey 2.";
  const restore =
    "Restore the limits that type ml.batch has in its code (maxRunning 3, perKey 2); " +
    "others get the workers beyond that as what runs ends: DELETE /limits/ml.batch";
  for (const told of [await toldOf(daybook, "report"), await queueOf(daybook)]) {
    assert.match(told.summary, held);
    assert.ok(told.summary.includes(whose), told.summary);
    assert.ok(told.because.some((one) => held.test(one)), `${told.because}`);
    assert.ok(told.next.includes(restore), `${told.next}`);
    assert.doesNotMatch(JSON.stringify(told), /--max-running|which holds a worker/);
  }
  // It would need one of the places that the change gave.
  assert.doesNotMatch((await toldOf(daybook, "b-4")).summary, /limits were set/);
  assert.match((await toldOf(await daybook.crash(), "report")).summary, held);

  await daybook.app.request(`${BASE}/limits/ml.batch`, { method: "DELETE" });
  await daybook.post("/jobs/b-0/cancel");
  assert.equal(daybook.engine.job("report" as never)?.state, "Done");
});

Deno.test("explain a loosened limit: it is not blamed if the type holds no more than its code lets it, or no most of the workers, or only its jobs wait", async () => {
  const told = async (limits: object, batches: readonly string[], crawls: number, last: string) => {
    const definitions = [BATCH, CRAWL, REPORT];
    const daybook = await Explained.start({ definitions, maxRunning: batches.length + crawls });
    await changeLimits(daybook, "ml.batch", { ...limits, reason: "the demo" });
    for (const [at, tenant] of batches.entries()) {
      await daybook.submit(`b-${at}`, "ml.batch", { tenant });
    }
    for (let at = 0; at < crawls; at++) await daybook.submit(`c-${at}`, "web.crawl");
    await daybook.submit("last", last, { tenant: "t9" });
    return JSON.stringify([await toldOf(daybook, "last"), await queueOf(daybook)]);
  };
  const loose = { maxRunning: 12, perKey: 2 };
  assert.match(await told(loose, ["a", "b", "c", "d"], 1, "report.make"), /"[^"]*limits were set/);
  assert.match(
    await told({ maxRunning: 3, perKey: 3 }, ["a", "a", "a"], 1, "report.make"),
    /3 of 4 workers are held by jobs of type ml\.batch, whose limits were set to perKey 3 at/,
  );
  for (
    const [limits, batches, crawls, last] of [
      [loose, ["a", "b", "c"], 1, "report.make"],
      [loose, ["a", "b", "c", "d"], 4, "report.make"],
      [loose, ["a", "b", "c", "d"], 0, "ml.batch"],
      [{ maxRunning: 3, perKey: 3 }, ["a", "a", "b"], 1, "report.make"],
      [{ maxRunning: 2, perKey: 1 }, ["a", "b"], 1, "report.make"],
    ] as const
  ) {
    assert.doesNotMatch(await told(limits, batches, crawls, last), /limits were set/);
  }
});

Deno.test("explain a wait: no sender is missed where jobs make up the value themselves", async () => {
  const seal = defineJob({
    type: "batch.seal",
    version: 1,
    input: ANY_INPUT,
    run: (ctx, { no }) =>
      ctx.task("seal", (task) => task.emit("batch.Sealed", { batchNo: `B-${Number(no) + 1}` })),
  });
  const daybook = await Explained.start({ definitions: [seal] });
  for (const no of [1, 2]) await daybook.submit(`seal-${no}`, "batch.seal", { no: `${no}` });
  const correlation = { equals: { batchNo: "B-9" } };
  const expected = [{ id: "sealed", eventType: "batch.Sealed", correlation }];
  await daybook.post("/jobs", { jobId: "waits", plan: { expected } });
  assert.equal(
    (await toldOf(daybook, "waits")).summary,
    'Job waits is waiting for "sealed" (batch.Sealed), 0 of 1: no event on record resembles what is missing: ' +
      'of 2 other events of this type, none has "B-9" in it.',
  );
});

Deno.test("explain the origin: the task whose event created the job is named, and none for an event from outside", async () => {
  const sync = looseJob("directory.sync", async (ctx) => {
    await ctx.task("diff", (task) => task.emit("directory.UserRemoved", { userId: "u-31" }));
  });
  const deprovision = looseJob("user.deprovision", (ctx) => ctx.task("revoke", () => "revoked"), {
    startsOn: {
      eventType: "directory.UserRemoved",
      input: ({ attributes: { userId } }) => ({ userId: String(userId) }),
    },
  });
  const daybook = await Explained.start({ definitions: [sync, deprovision] });
  await daybook.submit("sync-9", "directory.sync");
  await daybook.event("directory.UserRemoved", { userId: "u-32" });
  const response = await daybook.app.request(`${BASE}/jobs?type=user.deprovision`);
  const { jobs } = await response.json() as { jobs: { jobId: string; input: object }[] };
  const created = [];
  for (const { jobId } of jobs) {
    const { because } = await toldOf(daybook, jobId);
    created.push(
      because.find((statement) => statement.includes(" created this job "))?.split(" created")[0],
    );
  }
  assert.deepEqual(created.toSorted(), [
    "Event directory.UserRemoved",
    "Event directory.UserRemoved, sent by task diff of job sync-9,",
  ]);
});

Deno.test("explain a twin: the same input is none an hour later, after a failure, or in a retry", async () => {
  const book = scripted("air.book", {
    book: ({ input }) => {
      if (input.full === true) throw new NonRetryableError("full");
      return "booked";
    },
  });
  const daybook = await Explained.start({ definitions: [book] });
  const told = async (jobId: string) => JSON.stringify(await toldOf(daybook, jobId));
  await daybook.submit("failed", "air.book", { pnr: "QQ81ZZ", full: true });
  await daybook.submit("after-failure", "air.book", { pnr: "QQ81ZZ", full: true });
  assert.doesNotMatch(await told("after-failure"), /same input/);
  await daybook.submit("first", "air.book", { pnr: "AB12CD" });
  await daybook.submit("other", "air.book", { pnr: "AB12CE" });
  assert.doesNotMatch(await told("other"), /same input/);
  await daybook.clock.advance(HOUR_MS + 1);
  await daybook.submit("next-hour", "air.book", { pnr: "AB12CD" });
  assert.doesNotMatch(await told("next-hour"), /same input/);
  await daybook.submit("again", "air.book", { pnr: "AB12CD" });
  assert.match(
    await told("again"),
    /Job next-hour of the same type got the same input 0 ms before/,
  );
});

Deno.test("explain a twin: none is named for a failure if the jobs that failed alike have one too, unless the error says that it was done", async () => {
  const payouts = (refusal?: string) =>
    scripted("payout.send", {
      send: () => {
        if (refusal !== undefined) throw new NonRetryableError(refusal);
        return "sent";
      },
    });
  /** The first answer about one of the jobs of the second run, some of which the first had too. */
  const told = async (refusal: string, had: number) => {
    const first = await Explained.start({ definitions: [payouts()] });
    for (let at = 0; at < had; at++) {
      await first.submit(`monday-${at}`, "payout.send", { iban: `DE89370${at}` });
    }
    const daybook = await first.crash({ definitions: [payouts(refusal)] });
    for (let at = 0; at < 6; at++) {
      await daybook.submit(`tuesday-${at}`, "payout.send", { iban: `DE89370${at}` });
    }
    const { summary, next } = await toldOf(daybook, "tuesday-0");
    return [summary, ...next].join("\n");
  };
  const twin = /Job monday-0 of the same type got the same input/;
  for (
    const refusal of ["401 unauthorized", "the mandate no longer exists", "the day already closed"]
  ) {
    assert.doesNotMatch(await told(refusal, 6), /monday-0/);
  }
  assert.match(await told("409 entry exists", 6), twin);
  assert.match(await told("401 unauthorized", 1), twin);
});

Deno.test("explain a twin: a retry that fails alike does not make it usual, and work that was all done twice is told of", async () => {
  const book = scripted("air.book", {
    book: ({ jobId }) => {
      if (jobId === "again" || jobId.startsWith("job_")) throw new NonRetryableError("no seat");
      return "booked";
    },
  });
  const daybook = await Explained.start({ definitions: [book] });
  for (const run of ["first", "second"]) {
    for (let at = 0; at < 5; at++) {
      await daybook.submit(`${run}-${at}`, "air.book", { pnr: `X7K2L${at}` });
    }
  }
  assert.match((await toldOf(daybook, "second-0")).summary, /Job first-0 .* got the same input/);
  const alone = await Explained.start({ definitions: [book] });
  for (let at = 0; at < 5; at++) await alone.submit(`job-${at}`, "air.book", { pnr: `Q1${at}` });
  await alone.submit("once", "air.book", { pnr: "QQ81ZZ" });
  await alone.submit("again", "air.book", { pnr: "QQ81ZZ" });
  await alone.post("/jobs/again/retry");
  assert.match((await toldOf(alone, "again")).summary, /Job once .* got the same input/);
});

Deno.test("explain a twin: none is named for a job of a type that gets the same input again and again, however often this one did", async () => {
  const sync = scripted("calendar.sync", {
    pull: ({ jobId, input: { userId } }) => {
      if (jobId.endsWith("-last") && userId === "u-31") throw new NonRetryableError("revoked");
      return "pulled";
    },
  });
  /** What is told of the second sync of a user, after some rounds with others. */
  const told = async (userId: string, rounds: number) => {
    const daybook = await Explained.start({ definitions: [sync] });
    for (let round = 0; round < rounds; round++) {
      for (const other of ["u-1", "u-2", "u-3", "u-4"]) {
        await daybook.submit(`${other}-${round}`, "calendar.sync", { userId: other });
      }
      await daybook.clock.advance(15 * MINUTE_MS);
    }
    for (const run of ["first", "last"]) {
      await daybook.submit(`sync-${run}`, "calendar.sync", { userId });
      await daybook.clock.advance(15 * MINUTE_MS);
    }
    const { summary, next } = await toldOf(daybook, "sync-last");
    const about = await daybook.app.request(`${BASE}/explain?about=${userId}`);
    return [summary, ...next, (await about.json()).summary].join("\n");
  };
  for (const userId of ["u-31", "u-32"]) {
    assert.doesNotMatch(await told(userId, 5), /same input|has done its work/);
    assert.match(
      await told(userId, 1),
      /Job sync-first of the same type got the same input 15 min/,
    );
  }
});

Deno.test("explain a twin: none is named for a failure if the only other job that failed alike has one too", async () => {
  const sync = scripted("calendar.sync", {
    pull: ({ jobId, input: { userId } }) => {
      if (jobId.startsWith("last")) throw new NonRetryableError(`token of ${userId} was revoked`);
      return "pulled";
    },
  });
  for (const also of ["u-33", "u-39"]) {
    const daybook = await Explained.start({ definitions: [sync] });
    for (let at = 30; at < 36; at++) {
      await daybook.submit(`first-u-${at}`, "calendar.sync", { userId: `u-${at}` });
    }
    for (const userId of ["u-31", also]) {
      await daybook.submit(`last-${userId}`, "calendar.sync", { userId });
    }
    const { summary } = await toldOf(daybook, "last-u-31");
    if (also === "u-33") assert.doesNotMatch(summary, /first-u-31/);
    else assert.match(summary, /Job first-u-31 of the same type got the same input/);
  }
});

Deno.test("explain a twin: the id of a request may differ within a minute; ids of things, and times that are apart, may not", async () => {
  const book = scripted("cart.book", { book: () => "booked" });
  const daybook = await Explained.start({ definitions: [book] });
  const submit = async (jobId: string, input: object) => {
    await daybook.submit(jobId, "cart.book", input);
    return (await toldOf(daybook, jobId)).summary;
  };
  const at = "2026-01-01T00:00:00.000Z";
  const first = { requestId: "f0a1", at, pieces: 2 };
  /** What is told of a job that comes after one with `first`. */
  const after = async (cartId: string, other: object, laterMs = 0) => {
    await submit(`first-${cartId}`, { ...first, cartId });
    await daybook.clock.advance(laterMs);
    return await submit(`second-${cartId}`, { ...first, cartId, ...other });
  };
  assert.match(
    await after("cart-1", { requestId: "77bc" }),
    /Job first-cart-1 of the same type got the same input, apart from ids of the request,/,
  );
  const none = /same input/;
  assert.doesNotMatch(await after("cart-2", { requestId: "77bd", pieces: 3 }), none);
  assert.doesNotMatch(await after("cart-3", { at: "2025-12-31T23:00:00.000Z" }), none);
  assert.doesNotMatch(await after("cart-4", { orderId: "o-2" }), none);
  assert.doesNotMatch(await after("cart-5", { requestId: "77be" }, MINUTE_MS + 1), none);
  assert.match(await after("cart-6", {}, MINUTE_MS + 1), none);
});

Deno.test("explain a retry: one that fails says which results another version of the code made", async () => {
  const order = (version: number, rate: object) =>
    defineJob({
      type: "fx.quote",
      version,
      input: ANY_INPUT,
      async run(ctx) {
        await ctx.task("rate", () => rate);
        await ctx.task("book", () => {
          throw new NonRetryableError("no pair in the rate");
        });
      },
    });
  const first = await Explained.start({ definitions: [order(1, { value: 1.08 })] });
  await first.submit("job", "fx.quote");
  const again = await first.post("/jobs/job/retry", { from: "rate" });
  await first.clock.settle();
  assert.doesNotMatch((await toldOf(first, `${again.jobId}`)).summary, /version/i);
  const daybook = await first.crash({ definitions: [order(2, { value: 1.08, pair: "EURUSD" })] });
  const { jobId } = await daybook.post("/jobs/job/retry", { again: true });
  await daybook.clock.settle();
  const { summary } = await toldOf(daybook, `${jobId}`);
  assert.equal(
    summary,
    `Job ${jobId} failed: task book failed for good with NonRetryableError: no pair in the rate. ` +
      "Version 1 made the result of rate, which this job reused from job job; it runs version 2.",
  );
});

Deno.test("explain a retry: if only a newer version is loaded, and it does not take the input, both jobs say so and what helps", async () => {
  const order = (version: number, input: v.GenericSchema) =>
    defineJob({
      type: "order.take",
      version,
      input,
      async run(ctx) {
        await ctx.task("pay", () => {
          throw new NonRetryableError("the card was refused");
        });
      },
    });
  const before = order(1, v.object({ id: v.string() }));
  const first = await Explained.start({ definitions: [before] });
  await first.submit("failed", "order.take", { id: "7" });
  const daybook = await first.crash({
    definitions: [order(2, v.object({ id: v.string(), country: v.string() }))],
  });
  const refused = "Version 2 does not take its input: /country: is required.";
  const step = "First load version 1 of type order.take, or a newer one that takes its input; " +
    `else the new job is parked. ${refused}`;
  assert.ok((await toldOf(daybook, "failed")).next.includes(step));

  const { jobId } = await daybook.post("/jobs/failed/retry");
  const parked = await toldOf(daybook, `${jobId}`);
  assert.match(
    parked.summary,
    /^Job \S+ has been parked since .* version 1 of type order\.take is not/,
  );
  assert.ok(parked.summary.endsWith(` ${refused}`), parked.summary);
  assert.ok(parked.next.includes(`To retry it, f${step.slice(1)}`), parked.next.join("\n"));

  const both = await daybook.crash({
    definitions: [before, order(2, v.object({ id: v.string(), country: v.string() }))],
  });
  assert.doesNotMatch(JSON.stringify(await toldOf(both, "failed")), /does not take/);
});

Deno.test("explain what to undo by hand: a result is shown unless the error names it as a word", async () => {
  const shown = async (result: unknown, message: string) => {
    const trip = scripted("trip.stuck", {
      book: () => result,
      charge: () => {
        throw new NonRetryableError("the card was refused");
      },
    }, {
      undo: {
        book: () => {
          throw new NonRetryableError(message);
        },
      },
    });
    const daybook = await Explained.start({ definitions: [trip] });
    await daybook.submit("job", "trip.stuck");
    return (await toldOf(daybook, "job")).next.find((step) => step.startsWith("Undo by hand: "));
  };
  const whole = "Undo by hand: book.";
  assert.equal(await shown("H-7", "booking H-7 is closed"), whole);
  assert.equal(
    await shown("H-7", "booking H-77 is closed"),
    'Undo by hand: book (which returned "H-7").',
  );
  assert.equal(await shown(7, "code 17"), "Undo by hand: book (which returned 7).");
  assert.equal(await shown("", "closed"), 'Undo by hand: book (which returned "").');
  assert.equal(
    await shown({ id: 7 }, "no booking [object Object]"),
    'Undo by hand: book (which returned {"id":7}).',
  );
});

const CLOSE = defineJob({
  type: "usage.close",
  version: 1,
  input: v.object({ tenant: v.string(), period: v.string() }),
  expects: ({ tenant, period }) => ({
    closed: {
      eventType: "metering.UsageClosed",
      correlation: { equals: { tenant, period } },
      within: { ms: MINUTE_MS, otherwise: "fail" },
    },
  }),
  async run(ctx) {
    await ctx.expect("closed");
  },
});

/** Jobs of several tenants, and an event of a type for each. */
async function closeUsage(daybook: Explained, eventType: string, tenants: readonly string[]) {
  for (const tenant of tenants) {
    await daybook.submit(`close-${tenant}`, "usage.close", { tenant, period: "2026-11" });
  }
  await daybook.clock.advance(5_000);
  for (const tenant of tenants) {
    await daybook.event(eventType, { tenant, period: "2026-11", units: 7 });
  }
}

const BEFORE = ["maple", "linden", "kiwi", "jasper", "indigo"];

Deno.test("explain a deadline: an event that came in time under the name that its sender now gives it is named, and while the job waits for it", async () => {
  const daybook = await Explained.start({ definitions: [CLOSE] });
  await closeUsage(daybook, "metering.UsageClosed", BEFORE);
  await closeUsage(daybook, "metering.PeriodClosed", ["fern", "tarn", "moor"]);
  const meant = "metering.PeriodClosed came at 2026-01-01T00:00:10.000Z and did not count: its " +
    "type is not metering.UsageClosed (of which none has come since the first of this type)";
  const waiting = await toldOf(daybook, "close-tarn");
  assert.ok(waiting.summary.includes(meant), waiting.summary);

  await daybook.clock.advance(MINUTE_MS);
  const { summary } = await toldOf(daybook, "close-tarn");
  assert.ok(
    summary.startsWith(
      'Job close-tarn failed: "closed" was not met within 1 min of the start. ' +
        `In time for "closed", ${meant}.`,
    ),
    summary,
  );
});

Deno.test("explain a deadline, and a wait that run gave up on: an event in time that differs in form is named", async () => {
  const daybook = await Explained.start({ definitions: [CLOSE, ORDER] });
  await daybook.submit("close", "usage.close", { tenant: "tarn", period: "2026-11" });
  await daybook.submit("order", "order", { strict: true });
  await daybook.event("metering.UsageClosed", { tenant: "Tarn", period: "2026-11" });
  await daybook.event("shop.Paid", { orderId: 7 });
  await daybook.clock.advance(MINUTE_MS);
  assert.match(
    (await toldOf(daybook, "close")).summary,
    /In time for "closed", metering\.UsageClosed came at .*: tenant: .*letter case/,
  );
  const { summary } = await toldOf(daybook, "order");
  assert.match(
    summary,
    /In time for "paid", shop\.Paid came at .*: orderId: expected "7" \(text\), found 7/,
  );
});

/** The summary of a job that sleeps for what the service returned, where 19 others slept 1 s. */
async function sleptFor(odd: object, lengthMs: number, input: object = {}): Promise<string> {
  const sync = defineJob({
    type: "crm.sync",
    version: 1,
    input: ANY_INPUT,
    async run(ctx) {
      const isOdd = ctx.jobId === "odd";
      await ctx.task("login", () => ({ retryAfter: 7, rows: 90_000 }));
      await ctx.task("pull", () => isOdd ? odd : { retryAfter: 1 });
      await ctx.sleep("rate-limit", isOdd ? lengthMs : 1_000);
      await ctx.task("save", () => ({ timeoutMs: 90_000_000 }));
    },
  });
  const daybook = await Explained.start({ definitions: [sync], maxRunning: 4 });
  for (let at = 0; at < 19; at++) {
    await daybook.submit(`job-${at}`, "crm.sync", { tenant: `t-${at}` });
    await daybook.clock.advance(2_000);
  }
  await daybook.submit("odd", "crm.sync", input);
  await daybook.clock.advance(2_000);
  const told = await toldOf(daybook, "odd");
  // What it has that others do not have is another sentence.
  const [summary, because] = [told.summary.replace(/ This job has .*$/, ""), told.because];
  const [, origin] = /(; its .*)\.$/.exec(summary) ?? [];
  assert.equal(because[0]?.includes("; its"), origin !== undefined);
  return summary.replace(/^.*(?=, where)/, "");
}

Deno.test("explain a sleep: of one that takes far longer than others, the number that made its length is named, and in which unit", async () => {
  const usual = ", where the 19 of its type before it took 1 s in the median";
  const ms = 25 * HOUR_MS;
  assert.equal(
    await sleptFor({ retryAfter: 90_000 }, ms),
    `${usual}; its 1 d 1 h are 90000 s: task pull returned retryAfter = 90000.`,
  );
  assert.equal(
    await sleptFor({ headers: { "retry-after": "1500" } }, ms, { delayMs: ms }),
    `${usual}; its 1 d 1 h are 1500 min: task pull returned headers.retry-after = "1500".`,
  );
  assert.equal(
    await sleptFor({}, ms, { delayHours: 25 }),
    `${usual}; its 1 d 1 h are 25 h: its input has delayHours = 25.`,
  );
  // What only happens to be equal: an amount, a small number, one in another unit of none.
  assert.equal(
    await sleptFor({ total: 90_000, items: 25 }, ms, { customerId: 90_000 }),
    `${usual}.`,
  );
  assert.equal(await sleptFor({ retryAfter: 1 }, HOUR_MS), `${usual}.`);
});

/** The explanation of an open sleep until a time, of a job that was given an input and a result. */
async function sleptUntil(until: string, result: object, input: object = {}) {
  const route = defineJob({
    ...{ type: "agent.route", version: 1, input: ANY_INPUT },
    async run(ctx) {
      await ctx.task("find-team", () => ctx.jobId === "odd" ? result : {});
      await ctx.sleep("until-open", ctx.jobId === "odd" ? { until } : 1_000);
      await ctx.task("assign", () => "assigned");
    },
  });
  const daybook = await Explained.start({ definitions: [route], maxRunning: 4 });
  for (let at = 0; at < 9; at++) {
    await daybook.submit(`job-${at}`, "agent.route");
    await daybook.clock.advance(2_000);
  }
  await daybook.submit("odd", "agent.route", input);
  await daybook.clock.advance(2_000);
  return await toldOf(daybook, "odd");
}

Deno.test("explain a sleep: the time that a step returned, or that the input has, is named if the sleep ends then", async () => {
  const until = "2026-01-01T07:00:00.000Z";
  const usual = "where the 9 of its type before it took 1 s in the median";
  const ofStep = await sleptUntil(until, { open: false, opensAt: until });
  assert.equal(
    ofStep.summary,
    `Job odd is sleeping: sleep until-open ends at ${until}, ${usual}; task find-team returned ` +
      `opensAt = "${until}".`,
  );
  assert.match(ofStep.because[0] ?? "", /is due at .*; task find-team returned opensAt = /);
  const seconds = Date.parse(until) / 1_000;
  for (const opensAt of [seconds, seconds * 1_000, "2026-01-01T08:00:00+01:00"]) {
    const { summary } = await sleptUntil(until, {}, { opensAt });
    assert.ok(summary.endsWith(`; its input has opensAt = ${JSON.stringify(opensAt)}.`), summary);
  }
  // Another moment, or one that depends on where the code runs.
  for (const opensAt of ["2026-01-01T07:00:00.001Z", "2026-01-01T07:00:00", "2026-01-01", 7]) {
    const { summary } = await sleptUntil(until, { opensAt });
    assert.ok(summary.endsWith(`${usual}.`), summary);
  }
});

Deno.test("explain the time: of a job that took far longer, what it was given far more of than others is named", async () => {
  const daybook = await Explained.start({
    definitions: [defineJob({
      ...{ type: "send.all", version: 1, input: v.object({ to: v.array(v.string()) }) },
      run: (ctx, { to }) => ctx.sleep("pace", 1_000 * to.length),
    })],
  });
  const to = (count: number) => ({ to: Array.from({ length: count }, (_, at) => `c-${at}`) });
  for (let order = 0; order < 12; order++) {
    await daybook.submit(`job-${order}`, "send.all", to(1 + order % 3));
  }
  await daybook.clock.advance(MINUTE_MS);
  await daybook.submit("odd", "send.all", to(30));
  await daybook.clock.advance(MINUTE_MS);
  assert.ok(
    (await toldOf(daybook, "odd")).summary.endsWith(
      "after 30 s, where the 12 of its type before it took 2 s in the median: 30 s in sleep pace; " +
        "it has length of input.to = 30, where they have at most 3.",
    ),
    (await toldOf(daybook, "odd")).summary,
  );
});

/** Writes a file, waits, and reads it: with what error if it is gone. */
function exporting(
  isGone: boolean,
  error = (file: string) => `ENOENT: no such file, open '${file}'`,
) {
  return looseJob("report.export", async (ctx) => {
    const { file } = await ctx.task("extract", () => ({ file: `/scratch/${ctx.jobId}.csv` }));
    await ctx.expect("rates");
    await ctx.task("render", () => {
      if (isGone && ctx.jobId.startsWith("bad")) throw new Error(error(file));
    }, { retry: { maxAttempts: 1 } });
  }, { expects: () => ({ rates: { eventType: "fx.Rates", correlation: "any" as const } }) });
}

/** Reports that went through, then `bad` across a start of the process. */
async function exportedAcross(job: ReturnType<typeof exporting>, beside: readonly string[] = []) {
  const first = await Explained.start({ definitions: [exporting(false)], maxRunning: 8 });
  for (let at = 0; at < 12; at++) {
    await first.submit(`good-${at}`, "report.export");
    await first.event("fx.Rates", {}, { jobId: `good-${at}` });
  }
  for (const jobId of ["bad", ...beside]) await first.submit(jobId, "report.export");
  const daybook = await first.crash({ definitions: [job], maxRunning: 8 });
  for (const jobId of [...beside, "bad"]) await daybook.event("fx.Rates", {}, { jobId });
  return daybook;
}

Deno.test("explain a failure: what the error does not find is named as the result of a step before a stop, and a retry begins there", async () => {
  const daybook = await exportedAcross(exporting(true));
  const told = await toldOf(daybook, "bad");
  assert.match(
    told.summary,
    /Task extract had returned file = "\/scratch\/bad\.csv" before Daybook was started at \S+, after a crash; 12 jobs that went through had no stop between extract and render\./,
  );
  assert.equal(
    told.next[0],
    "Retry it from task extract, which returned what is missing; that task and all that follow run again: POST /jobs/bad/retry",
  );
  const again = await daybook.crash();
  assert.deepEqual(await toldOf(again, "bad"), told);
});

Deno.test("explain a failure: the result that its error does not find is named without a stop, and another retry offered", async () => {
  const daybook = await Explained.start({ definitions: [exporting(true)] });
  await daybook.submit("bad", "report.export");
  await daybook.event("fx.Rates", {}, { jobId: "bad" });
  const { summary, next } = await toldOf(daybook, "bad");
  assert.match(summary, /Task extract had returned file = "\/scratch\/bad\.csv"\.$/);
  assert.deepEqual(next.slice(0, 2), [
    "Retry it; a new job reuses the results of extract: POST /jobs/bad/retry",
    "Or retry it from task extract, if what it returned is gone; that task and all that follow run again: POST /jobs/bad/retry",
  ]);
});

/** Jobs whose second step fails, or not, after the first one has returned this. */
async function refunded(
  { good, bad }: { readonly good: readonly unknown[]; readonly bad: readonly unknown[] },
  fail = (): unknown => {
    throw new TypeError("Cannot read properties of undefined (reading 'data')");
  },
) {
  const results = new Map<string, unknown>([
    ...good.map((result, at) => [`good-${at}`, result] as const),
    ...bad.map((result, at) => [`bad-${at}`, result] as const),
  ]);
  const refund = looseJob("refund.process", async (ctx) => {
    await ctx.task("charge", () => results.get(ctx.jobId) as string);
    await ctx.task("refund", () => {
      if (ctx.jobId.startsWith("bad")) fail();
    }, { retry: { maxAttempts: 2, initialMs: 1, factor: 1, jitter: 0 } });
  });
  const daybook = await Explained.start({ definitions: [refund], maxRunning: 4 });
  for (const jobId of results.keys()) {
    await daybook.submit(jobId, "refund.process", { chargeId: `ch-${jobId}` });
    await daybook.clock.advance(1_000);
  }
  return daybook;
}

const charged = (more: (at: number) => object, count = 12) =>
  Array.from({ length: count }, (_, at) => ({ amount: 100 + at * 7, ...more(at) }));

Deno.test("explain a failure: what results lack since a moment, and had before, is named with the step, and the retry offered first makes the result again", async () => {
  const refunds = { data: [], more: false };
  const daybook = await refunded({
    good: charged(() => ({ refunds })),
    bad: charged(() => ({ paid: true }), 4),
  });
  const { summary, next } = await toldOf(daybook, "bad-2");
  assert.ok(
    summary.endsWith(
      "All 4 jobs that failed like this have no result of charge.refunds, where all 12 that went " +
        "through have one; they have result of charge.paid such as true, where all others have " +
        "none. The first, bad-0, was created at 2026-01-01T00:00:12.000Z, after those that went " +
        "through.",
    ),
    summary,
  );
  assert.match(
    next.join("\n"),
    /^Then retry it from task charge, whose result differs from those of jobs that went through; .* POST \/jobs\/bad-2\/retry$/m,
  );
  assert.doesNotMatch(next.join("\n"), /retry it;/);
  const index = await daybook.crash();
  assert.equal((await toldOf(index, "bad-2")).summary, summary);
});

Deno.test("next: after a failure for good, a retry says which results it reuses, and how to make them again; after one that may pass, only the first", async () => {
  for (
    const [error, text] of [
      [new NonRetryableError("422: refused"), ', unless the body has "from":"charge"'],
      [new Error("503: try later"), ""],
    ] as const
  ) {
    const daybook = await refunded({ good: [], bad: [{ id: 1 }] }, () => {
      throw error;
    });
    const retry = (await toldOf(daybook, "bad-0")).next.find((step) => /retry it;/i.test(step));
    assert.ok(
      retry?.endsWith(`a new job reuses the results of charge${text}: POST /jobs/bad-0/retry`),
      retry,
    );
  }
});

Deno.test("explain a failure: a list in place of an object, in all results of jobs that failed, is named", async () => {
  for (
    const [bad, good, text] of [
      [{ refunds: [] }, { refunds: { data: [] } }, "refunds as a list, .* have an object"],
      [{ refunds: null }, { refunds: { data: [] } }, "refunds as null, .* have an object"],
      [{ refunds: { data: 1 } }, { refunds: "re_1" }, "refunds as an object, .* have a text"],
      [{ refunds: [] }, { refunds: { ...Array(99).fill(1) } }, "refunds as a list, .* an object"],
    ] as const
  ) {
    const daybook = await refunded({ good: charged(() => good), bad: charged(() => bad, 1) });
    const { summary } = await toldOf(daybook, "bad-0");
    assert.match(summary, new RegExp(`This job has result of charge\\.${text}\\.$`));
  }
});

Deno.test("explain a failure: a field that its error says is not valid is named with its value and the step that returned it, from which a retry is offered", async () => {
  for (
    const [message, field, shown] of [
      ['422: {"code":"bad","message":"period_end is invalid"}', "period_end", '"2027-02-31"'],
      ["422: Period end must not be empty", "periodEnd", '""'],
      ["unknown value for body.periodEnd", "period_end", '"Q9"'],
      ['{"errors":{"period_end":["is invalid"]}}', "period_end", "null"],
      ["'country' is not supported", "country", '"ZZ"'],
    ] as const
  ) {
    const daybook = await refunded({ good: [], bad: [{ [field]: JSON.parse(shown) }] }, () => {
      throw new NonRetryableError(message);
    });
    const { summary, next } = await toldOf(daybook, "bad-0");
    const of = shown.includes("02-31") ? ", which is no day of the calendar" : "";
    assert.ok(summary.endsWith(` Task charge had returned ${field} = ${shown}${of}.`), summary);
    assert.ok(
      next.includes(
        `Then retry it from task charge, whose result has the ${field} that the error names; that ` +
          "task and all that follow run again: POST /jobs/bad-0/retry",
      ),
      next.join("\n"),
    );
  }
});

Deno.test("explain jobs that hold all workers: that the jobs which they started need one is named, to them, to others and for the queue, also after a crash", async () => {
  const first = await Explained.start({ definitions: new Starting().definitions(), maxRunning: 2 });
  await first.post("/jobs", [
    { jobId: "acme", type: "site.publish", input: { assets: 6 } },
    { jobId: "bolt", type: "site.publish", input: { assets: 1 } },
  ]);
  await first.submit("other", "asset.render", {});
  const again =
    "Start Daybook with more workers (--max-running); or let the code wait for the jobs " +
    "that it starts with ctx.expect, for an event that each of them sends: then it holds nothing " +
    "meanwhile.";
  const all = "Each of the 2 jobs that hold the workers has started others that need one too: if " +
    "all 2 wait for these, none of them can complete.";
  for (const daybook of [first, await first.crash()]) {
    await daybook.clock.advance(10_000);
    const acme = await toldOf(daybook, "acme");
    const own =
      "Events of its task spawn started 6 jobs that are queued for a worker. It holds one, " +
      "and 1 other job has the rest and started queued jobs too: if all 2 wait for these, none of " +
      "them can complete.";
    assert.ok(acme.summary.includes(`, without a time limit. ${own}`), acme.summary);
    assert.ok(acme.because.includes(own));
    assert.ok(acme.next.includes(again));
    const other = await toldOf(daybook, "other");
    assert.ok(other.summary.endsWith(` ${all}`), other.summary);
    const queue = await queueOf(daybook);
    assert.match(queue.summary, /^The queue stands still: all 2 workers are held: /);
    assert.ok(queue.summary.includes(` ${all} 8 jobs wait for a worker`), queue.summary);
    assert.equal(queue.next[0], again);
  }
});

Deno.test("explain jobs that hold all places of a key: that the jobs which they started need one is named, but not to those of another key", async () => {
  const daybook = await Explained.start({ definitions: new Starting().definitions() });
  for (const site of ["a", "b"]) await daybook.submit(site, "web.crawl", { site });
  await daybook.clock.advance(10_000);
  const circle = /Events of its task follow started 1 job that is queued for a place of key a/;
  assert.match((await toldOf(daybook, "a")).summary, circle);
  assert.doesNotMatch((await toldOf(daybook, "b")).summary, /complete|key a/);
});
