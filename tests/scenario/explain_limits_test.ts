/**
 * The explanation of a job that waits for a place: the limit, the key, and the jobs that hold the
 * places.
 */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { lineOf } from "../support/engine/letters.ts";

function mail(
  limits: {
    readonly perKey?: number;
    readonly maxRunning?: number;
    readonly rate?: { readonly count: number; readonly perMs: number };
  },
) {
  return defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    limits: { key: ({ tenant }) => tenant, ...limits },
    run: (ctx) =>
      ctx.task("send", (task) =>
        new Promise<never>((_, reject) => {
          task.signal.addEventListener("abort", () => reject(task.signal.reason));
        }), { timeoutMs: 600_000 }),
  });
}

async function saidOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  const { summary, because, next } = await daybook.explanation(jobId);
  return {
    summary,
    because: because.map(lineOf),
    next: next.map(({ statement, action }) =>
      action === undefined ? statement : `${statement} ${action.method} ${action.path}`
    ),
  };
}

Deno.test("explain a limit: the key, its places and the attempts that hold them are named with their lines, before and after a kill", async () => {
  const first = await Explained.start({ definitions: [mail({ perKey: 2 })], maxRunning: 4 });
  for (const jobId of ["a1", "a2", "a3", "a4"]) {
    await first.submit(jobId, "mail.send", { tenant: "acme" });
  }
  await first.submit("b1", "mail.send", { tenant: "bolt" });
  assert.equal(first.engine.job("b1" as never)?.state, "Running");

  const before = await saidOf(first, "a4");
  assert.deepEqual(before, {
    summary: "Job a4 is queued behind 1 job of its key: 2 jobs hold all 2 places of key acme " +
      "(perKey of type mail.send): a1 and a2 in task send since 2026-01-01T00:00:00.000Z, with a " +
      "time limit of 10 min.",
    because: [
      [
        "It has been queued since 2026-01-01T00:00:00.000Z behind 1 job of its key: 2 of 2 places " +
        "of key acme taken (perKey of type mail.send).",
        "13 job.JobStarted 00000000000000000001.ndjson:17",
        "5 job.TaskStarted 00000000000000000001.ndjson:6",
        "9 job.TaskStarted 00000000000000000001.ndjson:11",
      ],
      [
        "It was submitted and started at 2026-01-01T00:00:00.000Z: type mail.send, version 1.",
        "12 job.JobCreated 00000000000000000001.ndjson:16",
        "13 job.JobStarted 00000000000000000001.ndjson:17",
      ],
    ],
    next: [
      "It runs when a place is free and its turn comes.",
      "Cancel job a1, which holds a place: POST /jobs/a1/cancel",
      "Cancel job a2, which holds a place: POST /jobs/a2/cancel",
      "Cancel it: POST /jobs/a4/cancel",
    ],
  });

  await first.clock.advance(60_000);
  const second = await first.crash();
  const after = await saidOf(second, "a4");
  assert.deepEqual(after, {
    summary: before.summary.replaceAll("00:00:00.000Z", "00:01:00.000Z"),
    because: [
      [
        before.because[0]?.[0],
        "13 job.JobStarted 00000000000000000001.ndjson:17",
        "29 job.TaskStarted 00000000000000000018.ndjson:16",
        "30 job.TaskStarted 00000000000000000018.ndjson:17",
      ],
      before.because[1],
    ],
    next: before.next,
  });
});

Deno.test("explain a limit: a limit of the type is named if other keys have all its places", async () => {
  const daybook = await Explained.start({ definitions: [mail({ maxRunning: 1 })] });
  await daybook.submit("a1", "mail.send", { tenant: "acme" });
  await daybook.submit("b1", "mail.send", { tenant: "bolt" });
  const { summary } = await saidOf(daybook, "b1");
  assert.equal(
    summary,
    "Job b1 is queued: job a1 holds the only place of type mail.send (maxRunning), in task send since 2026-01-01T00:00:00.000Z, with a time limit of 10 min.",
  );
  await daybook.submit("c1", "mail.send", { tenant: "undefined" });
  assert.match((await saidOf(daybook, "c1")).summary, /with a time limit of 10 min\.$/);
});

Deno.test("explain a limit: for a used up rate the starts that used it are named, and when the next job may start, before and after a kill", async () => {
  const first = await Explained.start({
    definitions: [mail({ rate: { count: 2, perMs: 60_000 } })],
  });
  for (const jobId of ["a1", "a2", "a3"]) {
    await first.submit(jobId, "mail.send", { tenant: "acme" });
  }
  const before = await saidOf(first, "a3");
  const why = "all 2 starts of type mail.send within 1 min are used up (rate).";
  assert.deepEqual([before.summary, before.because[0], before.next[0]], [
    `Job a3 is queued: ${why.slice(0, -1)}, by job a1 and job a2.`,
    [
      `It has been queued since 2026-01-01T00:00:00.000Z: ${why}`,
      "11 job.JobStarted 00000000000000000001.ndjson:14",
      "4 job.TaskStarted 00000000000000000001.ndjson:5",
      "8 job.TaskStarted 00000000000000000001.ndjson:10",
    ],
    "It may begin at 2026-01-01T00:01:00.000Z at the earliest.",
  ]);
  await first.clock.advance(10_000);
  const second = await first.crash();
  assert.deepEqual(await saidOf(second, "a3"), before);
});

Deno.test("explain a limit: of many starts of a rate the last are named, and cited", async () => {
  const daybook = await Explained.start({
    definitions: [mail({ rate: { count: 5, perMs: 60_000 } })],
    maxRunning: 8,
  });
  for (let at = 1; at <= 6; at++) await daybook.submit(`a${at}`, "mail.send", { tenant: "acme" });
  const { summary, because: [reason] } = await daybook.explanation("a6");
  assert.match(summary, /the last by job a3, job a4 and job a5\.$/);
  const logIds = reason?.cites.slice(1).map(({ logId }) => logId) ?? [];
  const entries = await Promise.all(logIds.map((logId) => daybook.engine.entries(logId - 1, 1)));
  assert.deepEqual(entries.flat().map(({ jobId }) => jobId), ["a3", "a4", "a5"]);
});

/** The explanation of the queue, and the number of jobs. */
async function queueOf(daybook: Explained) {
  const { summary, queued, because, next, standsStill } =
    await (await daybook.engine.explanations()).queueExplainer.explain();
  const steps = next.map(({ statement }) => statement);
  return { summary, queued, standsStill, because: because.map(lineOf), next: steps };
}

Deno.test("explain the queue: limits that keep jobs waiting are named with the key, how many wait, and the attempts that hold the places", async () => {
  const daybook = await Explained.start({ definitions: [mail({ perKey: 2 })], maxRunning: 4 });
  for (const jobId of ["a1", "a2", "a3", "a4"]) {
    await daybook.submit(jobId, "mail.send", { tenant: "acme" });
  }
  const pause = { type: "mail.send", key: "bolt", reason: "bolt moves house" };
  await daybook.post("/pauses", pause);
  await daybook.submit("b1", "mail.send", { tenant: "bolt" });
  const holds =
    "2 of 2 places of key acme taken (perKey of type mail.send): a1 and a2 in task send " +
    "since 2026-01-01T00:00:00.000Z, with a time limit of 10 min.";
  assert.deepEqual(await queueOf(daybook), {
    summary:
      "Limits hold 2 jobs: 2 of 2 places of key acme taken (perKey of type mail.send). No job " +
      "waits for a worker: 2 of 4 workers busy. Pauses hold 1 job.",
    queued: { paused: 1, limited: 2, forWorker: 0 },
    standsStill: false,
    because: [
      [
        `2 jobs wait for a place (a3 first): ${holds}`,
        "5 job.TaskStarted 00000000000000000001.ndjson:6",
        "9 job.TaskStarted 00000000000000000001.ndjson:11",
        "11 job.JobStarted 00000000000000000001.ndjson:14",
      ],
      [
        "The pause of type mail.send with key bolt has been in force since " +
        "2026-01-01T00:00:00.000Z (reason: bolt moves house); 1 job waits for its end: b1.",
        "14 job.PauseBegan 00000000000000000001.ndjson:19",
      ],
    ],
    next: [
      "The attempt of a1 ends no later than 2026-01-01T00:10:00.000Z.",
      "The attempt of a2 ends no later than 2026-01-01T00:10:00.000Z.",
      "End the pause of type mail.send with key bolt:",
    ],
  });
});

Deno.test("explain the queue: a used up rate is not a lack of workers, and it says when the next job may start", async () => {
  const daybook = await Explained.start({
    definitions: [mail({ rate: { count: 2, perMs: 60_000 } })],
    maxRunning: 2,
  });
  for (const jobId of ["a1", "a2", "a3"]) {
    await daybook.submit(jobId, "mail.send", { tenant: "acme" });
  }
  assert.deepEqual(await queueOf(daybook), {
    summary:
      "Limits hold 1 job: all 2 starts of type mail.send within 1 min are used up (rate). No job " +
      "waits for a worker: 2 of 2 workers busy.",
    queued: { paused: 0, limited: 1, forWorker: 0 },
    standsStill: false,
    because: [[
      "1 job waits to begin (a3): all 2 starts of type mail.send within 1 min are used up (rate).",
      "4 job.TaskStarted 00000000000000000001.ndjson:5",
      "8 job.TaskStarted 00000000000000000001.ndjson:10",
      "11 job.JobStarted 00000000000000000001.ndjson:14",
    ]],
    next: [
      "The rate of type mail.send lets the next begin at 2026-01-01T00:01:00.000Z.",
    ],
  });
});

Deno.test("explain a limit: a rate with a key of its own is explained, for the job and for the queue", async () => {
  const crawl = defineJob({
    type: "web.crawl",
    version: 1,
    input: v.object({ host: v.string() }),
    limits: { rate: { count: 1, perMs: 60_000, key: ({ host }) => host } },
    run: (ctx) => ctx.task("fetch", () => "fetched"),
  });
  const daybook = await Explained.start({ definitions: [crawl] });
  for (const jobId of ["a", "b"]) await daybook.submit(jobId, "web.crawl", { host: "acme.test" });
  const used = "the only start of key acme.test within 1 min is used up (rate of type web.crawl)";
  assert.equal((await saidOf(daybook, "b")).summary, `Job b is queued: ${used}, by job a.`);
  const { summary, because } = await queueOf(daybook);
  assert.equal(summary, `Nothing is running: limits hold 1 job: ${used}.`);
  assert.equal(because[0]?.[0], `1 job waits to begin (b): ${used}.`);
});
