/** Jobs that wait for a worker, a place, or their turn. */

import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";

const EXPORT = defineJob({
  type: "data.export",
  version: 1,
  input: v.record(v.string(), v.string()),
  limits: { perKey: 1, key: ({ tenant }) => `tenant-${tenant}` },
  run: (ctx) => ctx.task("export", (task) => hang(task)),
});

export const keyOfARenamedField: Incident = {
  story: "All tenants wait for one another since the field that makes the key was renamed.",
  options: { definitions: [EXPORT], maxRunning: 8 },
  async play(stage, culprit) {
    const field = culprit ? "tenantId" : "tenant";
    await stage.submit("export-1", "data.export", { [field]: "globex" });
    await stage.submit("job", "data.export", { [field]: culprit ? "acme" : "globex" });
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/key tenant-undefined/, /made from a missing value/],
  decisive: [{ jobId: "export-1", eventType: "job.TaskStarted", taskId: "export" }],
};

const WORK = scripted("queue.work", {
  work: (about) => about.jobId.startsWith("hold") ? hang(about) : "done",
});

export const lowPriorityStarves: Incident = {
  story: "A job with priority 50 has waited since noon; whatever came later went first.",
  options: { definitions: [WORK], maxRunning: 1 },
  async play(stage, culprit) {
    await stage.submit("hold-1", "queue.work");
    await stage.submit("job", "queue.work", {}, culprit ? { priority: 50 } : {});
    for (let later = 0; later < 20; later++) await stage.submit(`later-${later}`, "queue.work");
    await stage.submit("hold-2", "queue.work");
    if (!culprit) return "/jobs/job/explain";
    await stage.advance(3_600_000);
    await stage.post("/jobs/hold-1/cancel");
    return "/jobs/job/explain";
  },
  cause: [/priority 50/, /20|21/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const step = defineJob({
  type: "batch.step",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("step", (task) =>
      new Promise<void>((resolve, reject) => {
        task.signal.addEventListener("abort", () => reject(task.signal.reason));
        queueMicrotask(() => {
          if (!task.jobId.startsWith("long")) resolve();
        });
      }));
  },
});

export const overtakenInTheQueue: Incident = {
  story: "A job was submitted with priority 100, in the belief that higher is sooner.",
  options: { definitions: [step], maxRunning: 1 },
  async play(stage, culprit) {
    await stage.submit("long-1", "batch.step");
    if (culprit) await stage.submit("job", "batch.step", {}, { priority: 100 });
    await stage.submit("long-2", "batch.step");
    for (let later = 0; later < 8; later++) await stage.submit(`later-${later}`, "batch.step");
    if (!culprit) await stage.submit("job", "batch.step");
    await stage.post("/jobs/long-1/cancel");
    return "/jobs/job/explain";
  },
  cause: [/priority 100/, /lower|after/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const crawl = defineJob({
  type: "web.crawl",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task(
      "crawl",
      (task) =>
        new Promise<void>((_, reject) =>
          task.signal.addEventListener("abort", () => reject(task.signal.reason))
        ),
    );
  },
});
const quick = defineJob({
  type: "web.quick",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("do", () => "done");
  },
});

export const queueHeldByJobsWithoutALimit: Incident = {
  story: "Nothing runs: two crawls without a time limit have held both workers for two hours.",
  options: { definitions: [crawl, quick], maxRunning: 2 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) await stage.submit(`before-${other}`, "web.quick");
    if (culprit) {
      await stage.submit("crawl-a", "web.crawl");
      await stage.submit("crawl-b", "web.crawl");
    }
    await stage.advance(7_200_000);
    await stage.submit("job", "web.quick");
    return "/jobs/job/explain";
  },
  cause: [/crawl-a/, /crawl-b/, /2 h/],
  decisive: [{ jobId: "crawl-a", eventType: "job.TaskStarted", taskId: "crawl" }],
  next: /jobs\/crawl-[ab]\/cancel/,
};

const SLOW = scripted("api.slow", {
  call: (about) => about.jobId.startsWith("slow") ? hang(about) : "ok",
}, { timeoutMs: 600_000 });

export const queueHeldUntilALimit: Incident = {
  story: "The queue crawls: calls that hang hold their workers until a limit of ten minutes.",
  options: { definitions: [SLOW], maxRunning: 3 },
  async play(stage, culprit) {
    for (let slow = 0; culprit && slow < 3; slow++) await stage.submit(`slow-${slow}`, "api.slow");
    await stage.advance(120_000);
    await stage.submit("job", "api.slow");
    return "/jobs/job/explain";
  },
  cause: [/slow-0/, /limit/, /2 min|120 s|10 min/],
  decisive: [{ jobId: "slow-0", eventType: "job.TaskStarted", taskId: "call" }],
};

const RATED_MAIL = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({}),
  limits: { rate: { count: 100, perMs: 60_000 } },
  run: (ctx) => ctx.task("send", () => "sent"),
});

export const rateLoweredOverLunch: Incident = {
  story: "Nothing is sent and no worker is busy: a colleague has lowered the rate to one an hour.",
  options: { definitions: [RATED_MAIL], maxRunning: 4 },
  async play(stage, culprit) {
    await stage.submit("before", "mail.send");
    await stage.advance(600_000);
    if (culprit) {
      await stage.daybook.app.request("http://127.0.0.1:8000/limits/mail.send", {
        method: "PUT",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ rate: { count: 1, perMs: 3_600_000 }, reason: "blocked" }),
      });
    }
    for (const jobId of ["first", "job"]) await stage.submit(jobId, "mail.send");
    await stage.advance(300_000);
    return "/queue/explain";
  },
  cause: [/Nothing is running/, /rate, as changed at 2026-01-01T00:10/],
  decisive: [{ jobId: "before", eventType: "job.TaskStarted", taskId: "main" }],
  next: /DELETE .*\/limits\/mail\.send/,
};

const SYNC = defineJob({
  type: "crm.sync",
  version: 1,
  input: v.object({ region: v.string() }),
  limits: { rate: { count: 3, perMs: 3_600_000, key: ({ region }) => region } },
  run: (ctx) => ctx.task("sync", () => "done"),
});

export const rateUsedUpByTheNightlySync: Incident = {
  story: "A customer's sync waits: the nightly ones have used up the hour's starts of the region.",
  options: { definitions: [SYNC], maxRunning: 8 },
  async play(stage, culprit) {
    for (const night of [1, 2, 3]) {
      await stage.submit(`nightly-${night}`, "crm.sync", { region: culprit ? "eu" : "us" });
    }
    await stage.advance(600_000);
    await stage.submit("job", "crm.sync", { region: "eu" });
    return "/jobs/job/explain";
  },
  cause: [
    /is queued: all 3 starts of key eu within 1 h are used up \(rate of type crm\.sync\), by job nightly-1, job nightly-2 and job nightly-3\./,
  ],
  decisive: [{ jobId: "nightly-1", eventType: "job.TaskStarted" }],
};

const HANGING_MAIL = scripted("mail.send", { send: (about) => hang(about) });

export const urgentByAHighNumber: Incident = {
  story: "A mail was to go first: it was given priority 100, and now waits behind all others.",
  options: { definitions: [HANGING_MAIL], maxRunning: 1 },
  async play(stage, culprit) {
    for (let before = 0; before < 20; before++) await stage.submit(`mail-${before}`, "mail.send");
    await stage.submit("job", "mail.send", {}, culprit ? { priority: 100 } : {});
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/19 jobs ahead of it/, /has priority 100, and lower goes first/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const REPORT_OF_PAGES = defineJob({
  type: "report.make",
  version: 1,
  input: v.object({ tenant: v.string(), report: v.optional(v.string()) }),
  limits: { perKey: 1, key: ({ tenant }) => tenant },
  // A report submits its pages as jobs of their own, and asks for them until they are done.
  run: (ctx, { report }) => ctx.task("pages", (task) => report === undefined ? hang(task) : "page"),
});

export const waitsForItsOwnChild: Incident = {
  story: "A page of a report never starts: the report polls for it, and holds the tenant's place.",
  options: { definitions: [REPORT_OF_PAGES], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("report-7", "report.make", { tenant: "acme" });
    const report = culprit ? "report-7" : "report-6";
    await stage.submit("job", "report.make", { tenant: "acme", report });
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/report-7 holds the only place/, /waits for this one, neither can continue/],
  decisive: [{ jobId: "report-7", eventType: "job.TaskStarted", taskId: "pages" }],
  next: /jobs\/report-7\/cancel/,
};

const REPORT = scripted("report.render", { render: (about) => hang(about) });
const MAIL = scripted("mail.send", { send: () => "sent" });

export const wholeQueueStandsStill: Incident = {
  story: "Nobody gets anything: three reports without a limit hold all workers since the night.",
  options: { definitions: [REPORT, MAIL], maxRunning: 3 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`mail-${other}`, "mail.send");
    for (let report = 0; culprit && report < 3; report++) {
      await stage.submit(`report-${report}`, "report.render");
      await stage.advance(600_000);
    }
    for (let other = 8; other < 20; other++) await stage.submit(`mail-${other}`, "mail.send");
    await stage.advance(7_200_000);
    return "/queue/explain";
  },
  cause: [
    /stands still/,
    /all 3 workers/,
    /report-0 .*report-1 .*report-2/,
    /without a time limit/,
  ],
  decisive: [0, 1, 2].map((report) => ({
    jobId: `report-${report}`,
    eventType: "job.TaskStarted",
    taskId: "render",
  })),
  next: /jobs\/report-0\/cancel/,
};

const CRUNCH = scripted("data.crunch", { crunch: (about) => hang(about) });
const SMALL = scripted("data.small", { look: () => "seen" });

export const workersHeldByOneTenant: Incident = {
  story: "A small job waits: four long ones of the same tenant hold all workers for 40 minutes.",
  options: { definitions: [CRUNCH, SMALL], maxRunning: 4 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`before-${other}`, "data.small");
    for (let long = 0; culprit && long < 4; long++) {
      await stage.submit(`long-${long}`, "data.crunch", {}, { labels: { tenant: "gross" } });
    }
    await stage.advance(2_400_000);
    await stage.submit("job", "data.small", {}, { labels: { tenant: "klein" } });
    return "/jobs/job/explain";
  },
  cause: [/long-0/, /40 min/],
  decisive: [{ jobId: "long-0", eventType: "job.TaskStarted", taskId: "crunch" }],
  next: /jobs\/long-[0-3]\/cancel/,
};
