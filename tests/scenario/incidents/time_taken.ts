/** Where the time went: attempts that hang, time limits, backoffs, and due times nobody meant. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";
import { defineJob, NonRetryableError, RetryLater } from "../../../src/mod.ts";

const SEND = scripted("sms.send", {
  send: ({ input }) => {
    if (input["quota"] === true) throw new RetryLater(86_400_000);
    return "sent";
  },
}, { retry: { maxAttempts: 3, initialMs: 1_000, factor: 1, jitter: 0 } });

export const askedToWaitUntilTomorrow: Incident = {
  story: "The quota of the day is used up, and the task asks to be called tomorrow.",
  options: { definitions: [SEND], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`other-${other}`, "sms.send");
    await stage.submit("job", "sms.send", { quota: culprit });
    return "/jobs/job/explain";
  },
  cause: [/24 h|1 d/, /RetryLater|asked/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
  next: /jobs\/job\/wake/,
};

const PUSH = scripted("erp.push", {
  push: ({ input }) => {
    if (input["down"] === true) throw new Error("connect ECONNREFUSED 10.2.0.7:443");
    return "pushed";
  },
}, { retry: { maxAttempts: 4, initialMs: 1_000, factor: 3, jitter: 0 } });

export const attemptsUsedUpByAnOutage: Incident = {
  story: "The ERP was down for a minute longer than four attempts last.",
  options: { definitions: [PUSH], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`other-${other}`, "erp.push");
    await stage.submit("job", "erp.push", { down: culprit });
    await stage.advance(120_000);
    return "/jobs/job/explain";
  },
  cause: [/push/, /ECONNREFUSED/, /4 attempts|4 of 4/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "push", nth: 3 }],
  next: /jobs\/job\/retry/,
};

const PAYOUT = scripted("bank.payout", {
  transfer: (about) => {
    if (about.input.isSlow === true) return hang(about);
    throw new Error("no such account");
  },
}, { timeoutMs: 1_000, retry: { maxAttempts: 3, initialMs: 50, factor: 1, jitter: 0 } });

export const bankSlowerThanTheLimit: Incident = {
  story: "The bank took longer than the time limit, thrice, and moved the money each time.",
  options: { definitions: [PAYOUT] },
  async play(stage, culprit) {
    await stage.submit("job", "bank.payout", { isSlow: culprit });
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/used up its attempts/, /took longer than 1000 ms/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", nth: 2 }],
  next: /First check what task transfer did.*Then retry it/s,
};

const CHARGE = scripted("bank.charge", {
  charge: (about) => {
    if (about.attempt === 1 && about.input.isSlow === true) return hang(about);
    if (about.attempt === 1) throw new Error("connection refused");
    throw new NonRetryableError("409 Conflict: charge already exists");
  },
}, { timeoutMs: 1_000, retry: { maxAttempts: 3, initialMs: 50, factor: 1, jitter: 0 } });

export const chargedBeforeItsLimit: Incident = {
  story: "The bank says that the charge exists: it was made by an attempt that the limit cut off.",
  options: { definitions: [CHARGE] },
  async play(stage, culprit) {
    await stage.submit("job", "bank.charge", { isSlow: culprit });
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/already exists/, /time limit had cut off attempt 1 of task charge: what it had begun/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
  next: /First check what task charge did.*Then retry it/s,
};

const REMIND_OF_INVOICE = defineJob({
  type: "invoice.remind",
  version: 1,
  input: v.object({ invoiceId: v.string(), perDay: v.number() }),
  expects: ({ invoiceId }) => ({
    paid: { eventType: "shop.InvoicePaid", correlation: { equals: { invoiceId } } },
  }),
  async run(ctx, { perDay }) {
    const paid = await ctx.expect("paid", { withinMs: 3 * perDay });
    return paid === undefined ? await ctx.task("remind", () => "reminded") : "paid";
  },
});

export const daysGivenInSeconds: Incident = {
  story: "Customers are reminded within five minutes: three days were given in seconds.",
  options: { definitions: [REMIND_OF_INVOICE] },
  async play(stage, culprit) {
    const perDay = culprit ? 86_400 : 86_400_000;
    await stage.submit("job", "invoice.remind", { invoiceId: "I-77", perDay });
    await stage.advance(600_000);
    await stage.event("payment", "shop.InvoicePaid", { invoiceId: "I-77" });
    return "/jobs/job/explain";
  },
  cause: [/InvoicePaid for "paid" came/, /given up on it, having waited 4 min 19 s/],
  decisive: ["payment", { jobId: "job", eventType: "job.DeadlinePassed" }],
};

const EXPORT = scripted("report.export", {
  collect: () => "rows",
  upload: (about) => about.input["hangs"] === true && about.attempt === 1 ? hang(about) : "sent",
}, { timeoutMs: 120_000, retry: { maxAttempts: 3, initialMs: 10_000, factor: 1, jitter: 0 } });

export const exportHungUntilItsLimit: Incident = {
  story: "One export took over two minutes where all others take none: an upload hung.",
  options: { definitions: [EXPORT], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) await stage.submit(`other-${other}`, "report.export");
    await stage.submit("job", "report.export", { hangs: culprit });
    await stage.advance(300_000);
    return "/jobs/job/explain";
  },
  cause: [/upload/, /limit/, /2 min|120(\.0)? s/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "upload" }],
};

const POLL = scripted("bank.poll", {
  poll: ({ input }) => {
    if (input["late"] === true) throw new Error("the statement is not ready");
    return "read";
  },
}, { retry: { maxAttempts: 12, initialMs: 10_000, factor: 4, jitter: 0 } });

export const growingPauses: Incident = {
  story:
    "A poll that fails waits longer each time, up to a minute, and nobody sees why nothing happens.",
  options: { definitions: [POLL], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("job", "bank.poll", { late: culprit });
    await stage.advance(90_000);
    return "/jobs/job/explain";
  },
  cause: [/poll/, /the statement is not ready/, /attempt 3|attempt 4|3 attempts/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "poll", nth: 2 }],
  next: /jobs\/job\/wake/,
};

const QUOTE = scripted("rate.quote", { quote: () => "12.90" });

const RELEASED = defineJob({
  type: "rate.quote",
  version: 2,
  input: v.record(v.string(), v.unknown()),
  run: (ctx) => ctx.task("quote", hang, { timeoutMs: 30, retry: { maxAttempts: 1 } }),
});

const OLD = scripted("rate.quote", {
  quote: ({ jobId }) => {
    if (jobId === "job") throw new NonRetryableError("no carrier for this lane");
    return "12.90";
  },
});

export const limitInMillisecondsSinceTheRelease: Incident = {
  story:
    "A release gave a time limit in seconds where milliseconds are meant. Its first job fails.",
  options: { definitions: [QUOTE] },
  async play(stage, culprit) {
    for (let lane = 0; lane < 12; lane++) await stage.submit(`q-${lane}`, "rate.quote", { lane });
    await stage.crash({ definitions: [culprit ? RELEASED : OLD] });
    await stage.submit("job", "rate.quote", { lane: 20 });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [
    /took longer than 30 ms, .* This job has version = 2, where all 12 that went through have 1\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "quote" }],
};

const PULL = scripted("feed.pull", {
  fetch: ({ attempt, input }) => {
    if (input["flaky"] === true && attempt < 3) throw new Error("502 from the supplier");
    return "rows";
  },
}, { retry: { maxAttempts: 5, initialMs: 20_000, factor: 2, jitter: 0 } });

export const mendedByTheThirdAttempt: Incident = {
  story: "A feed was an hour's talk at the meeting: it came a minute late, after two 502.",
  options: { definitions: [PULL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) await stage.submit(`other-${other}`, "feed.pull");
    await stage.submit("job", "feed.pull", { flaky: culprit });
    await stage.advance(200_000);
    return "/jobs/job/explain";
  },
  cause: [/fetch/, /502 from the supplier/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch", nth: 1 }],
};

const CHAT = defineJob({
  type: "chat.archive",
  version: 1,
  input: v.object({ isClosed: v.boolean() }),
  async run(ctx, { isClosed }) {
    await ctx.task("open", () => "opened");
    if (!isClosed) await new Promise(() => {});
    await ctx.task("store", hang);
  },
});

export const promiseThatNeverSettles: Incident = {
  story: "A job executes for an hour: between two steps its code awaits what never happens.",
  options: { definitions: [CHAT] },
  async play(stage, culprit) {
    await stage.submit("job", "chat.archive", { isClosed: !culprit });
    await stage.advance(1);
    return "/jobs/job/explain";
  },
  cause: [/is executing run/, /has begun no step since task open completed/],
  decisive: [{ jobId: "job", eventType: "job.TaskStarted", taskId: "main" }],
};

const REMIND_BY_MAIL = defineJob({
  type: "mail.remind",
  version: 1,
  input: v.object({ due: v.string() }),
  async run(ctx, { due }) {
    await ctx.sleep("until-due", { until: new Date(due) });
    await ctx.task("send", () => "sent");
  },
});

export const reminderDatedLastYear: Incident = {
  story: "A reminder went out at once, as someone had typed last year's date.",
  options: { definitions: [REMIND_BY_MAIL] },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) {
      await stage.submit(`mail-${other}`, "mail.remind", { due: "2026-01-01T00:30:00Z" });
    }
    const due = culprit ? "2025-01-09T09:00:00Z" : "2026-01-01T00:40:00Z";
    await stage.submit("job", "mail.remind", { due });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/until-due/, /2025-01-09T09:00:00\.000Z/, /had passed when run asked for it/],
  decisive: [{ jobId: "job", eventType: "job.TimerSet" }],
};

const sync = defineJob({
  type: "calendar.sync",
  version: 1,
  input: v.object({ limited: v.boolean() }),
  async run(ctx, { limited }) {
    const retry = { maxAttempts: 9, initialMs: 3_000, factor: 4, jitter: 0 } as const;
    await ctx.task("fetch", (task) => {
      if (limited && task.attempt === 3) throw new RetryLater(6 * 3_600_000);
      throw new Error("the calendar answered 503");
    }, { retry });
  },
});

export const retryInSixHours: Incident = {
  story: "A sync does nothing for hours: its third attempt asked for six of them with RetryLater.",
  options: { definitions: [sync] },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) {
      await stage.submit(`other-${other}`, "calendar.sync", { limited: false });
    }
    await stage.submit("job", "calendar.sync", { limited: culprit });
    await stage.advance(20_000);
    return "/jobs/job/explain";
  },
  cause: [/6 h/, /RetryLater|asked for/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch", nth: 2 }],
  next: /jobs\/job\/wake/,
};

const send = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({ hangs: v.boolean() }),
  async run(ctx, { hangs }) {
    const retry = { maxAttempts: 3, initialMs: 8_000, factor: 1, jitter: 0 } as const;
    await ctx.task("send", (task) => {
      if (!hangs || task.attempt > 1) return "sent";
      return new Promise<string>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason))
      );
    }, { timeoutMs: 30_000, retry });
  },
});

export const slowBecauseOfATimeLimit: Incident = {
  story: "A mail took 38 seconds where others take none: the first attempt hung until its limit.",
  options: { definitions: [send], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`other-${other}`, "mail.send", { hangs: false });
    }
    await stage.submit("job", "mail.send", { hangs: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/38(\.0)? s/, /30(\.0)? s/, /limit/, /send/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
};

export const startedAtOnceForLastNight: Incident = {
  story: "The nightly clean-up ran at noon: its startAt was last night's.",
  options: { definitions: [scripted("db.cleanup", { delete: () => 1_200 })] },
  async play(stage, culprit) {
    for (let other = 0; other < 5; other++) await stage.submit(`other-${other}`, "db.cleanup");
    const startAt = culprit ? "2025-12-31T02:00:00+01:00" : "2026-01-01T00:05:00Z";
    await stage.submit("job", "db.cleanup", {}, { startAt });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/2025-12-31T01:00:00\.000Z/, /had passed 23 h before it was submitted/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const SCAN = scripted("disk.scan", { scan: (about) => hang(about) });

export const taskWithoutALimit: Incident = {
  story: "A scan has run for five hours, and nothing would ever end it.",
  options: { definitions: [SCAN], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("job", "disk.scan");
    await stage.advance(culprit ? 18_000_000 : 500);
    return "/jobs/job/explain";
  },
  cause: [/scan/, /no time limit|without a time limit/, /5 h/],
  decisive: [{ jobId: "job", eventType: "job.TaskStarted", taskId: "scan" }],
};

const scored = (type: string, timeoutMs: number) =>
  scripted(type, {
    score: (about) => about.input["slow"] === true ? hang(about) : "0.7",
  }, { timeoutMs, retry: { maxAttempts: 1, initialMs: 10, factor: 1, jitter: 0 } });

export const scoringIsSlowForEverybody: Incident = {
  story: "Loans fail at a time limit, and so do cards: both ask the same service.",
  options: {
    definitions: [scored("loan.decide", 10_000), scored("card.issue", 8_000)],
    maxRunning: 30,
  },
  async play(stage, culprit) {
    for (let nth = 0; nth < 8; nth++) {
      await stage.submit(`loan-${nth}`, "loan.decide", { slow: false });
      await stage.submit(`card-${nth}`, "card.issue", { slow: false });
    }
    await stage.submit("job", "loan.decide", { slow: true });
    await stage.submit("card", "card.issue", { slow: culprit });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [
    /took longer than 10000 ms, where the 8 of its type before it took .* in the median/,
    /Jobs of 1 other type, created within an hour of it, failed at a time limit too \(TimeoutError\): card\.issue \(1\)/,
  ],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "score" },
    { jobId: "card", eventType: "job.TaskFailed", taskId: "score" },
  ],
};
