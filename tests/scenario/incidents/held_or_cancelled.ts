/** Jobs that someone or something suspended, paused, parked, cancelled or retried. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";

const OLD = scripted("invoice.draw", { draw: (about) => hang(about) });
const NEW = scripted("invoice.draw_up", { draw: () => "drawn" });

export const allParkedAfterARelease: Incident = {
  story: "Nothing runs after a release, and nothing is queued: the type of all jobs was renamed.",
  options: { definitions: [OLD, NEW], maxRunning: 4 },
  async play(stage, culprit) {
    for (let job = 0; job < 9; job++) {
      await stage.submit(`invoice-${job}`, culprit ? "invoice.draw" : "invoice.draw_up");
    }
    await stage.crash({ definitions: [NEW], maxRunning: 4 });
    await stage.advance(600_000);
    return "/queue/explain";
  },
  cause: [/[Nn]othing runs/, /all 9 unfinished jobs/, /parked/, /invoice\.draw\b/],
  decisive: [{ jobId: "invoice-8", eventType: "job.JobParked" }],
  next: /--definitions/,
};

const HOURLY_SYNC = defineJob({
  type: "crm.sync",
  version: 1,
  input: v.object({}),
  run: (ctx) => ctx.sleep("until-the-next", 3_600_000),
});

export const allSuspendedForAnAudit: Incident = {
  story: "Nothing runs: someone suspended all jobs for an audit, and went home.",
  options: { definitions: [HOURLY_SYNC] },
  async play(stage, culprit) {
    for (let job = 0; job < 5; job++) await stage.submit(`sync-${job}`, "crm.sync");
    const action = { action: "suspend", filter: {}, reason: "audit" };
    if (culprit) await stage.post("/jobs/bulk", action);
    await stage.advance(300_000);
    return "/queue/explain";
  },
  cause: [/5 are suspended/, /has been suspended since .* \(reason: audit\)/s],
  decisive: [{ jobId: "sync-0", eventType: "job.JobSuspended" }],
  next: /Resume all 5/,
};

const PUSH = defineJob({
  type: "hook.push",
  version: 1,
  input: v.object({ host: v.string() }),
  pauseAfter: { failures: 3, withinMs: 60_000, forMs: 600_000 },
  run: (ctx, { host }) =>
    ctx.task("push", (): string => {
      if (host === "hooks.acme.example") return "pushed";
      throw new NonRetryableError(`getaddrinfo ENOTFOUND ${host}`);
    }),
});

export const breakerOpenedByOneAddress: Incident = {
  story: "The hooks of all customers wait, since one customer's address no longer exists.",
  options: { definitions: [PUSH] },
  async play(stage, culprit) {
    const host = "hooks.globex.example";
    for (const jobId of ["one", "two", "three"]) {
      if (culprit) await stage.submit(jobId, "hook.push", { host });
    }
    if (!culprit) await stage.post("/pauses", { type: "hook.push", reason: "a new release" });
    await stage.submit("job", "hook.push", { host: "hooks.acme.example" });
    return "/jobs/job/explain";
  },
  cause: [/began by itself when 3 attempts/, /ENOTFOUND hooks\.globex\.example/],
  decisive: [{ jobId: "three", eventType: "job.TaskFailed" }],
  next: /End the pause of type hook\.push/,
};

const DONE = "oven.BatchDone";

export const cancelledByTheNightShift: Incident = {
  story: "The night shift cancelled a batch, and the day shift wonders.",
  async play(stage, culprit) {
    await stage.noise(10, DONE, (order) => ({ batch: order }));
    await stage.plan("job", [{
      id: "done",
      eventType: DONE,
      correlation: { equals: { batch: 900 } },
    }]);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "oven 3 is cold" });
    else await stage.event("done-900", DONE, { batch: 900 });
    return "/jobs/job/explain";
  },
  cause: [/cancelled/, /oven 3 is cold/],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
  neverNext: /events/,
};

const ORDER = defineJob({
  type: "shop.order",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: { eventType: "pay.Paid", correlation: { equals: { orderId } } },
  }),
  errors: ({ orderId }) => [
    { eventType: "order.Cancelled", correlation: { equals: { orderId } } },
  ],
  run: (ctx) => ctx.expect("paid"),
});

const SWEEP = defineJob({
  type: "order.sweep",
  version: 1,
  input: v.object({}),
  run: (ctx) =>
    ctx.task("sweep", (task) => task.emit("order.Cancelled", { orderId: "O-808", why: "stale" })),
});

export const cancelledByTheSweep: Incident = {
  story: "Nobody cancelled this order: a job that sweeps stale ones did.",
  options: { definitions: [ORDER, SWEEP] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { orderId: "O-808" });
    if (culprit) await stage.submit("sweep-1", "order.sweep");
    else {await stage.event("customer", "order.Cancelled", {
        orderId: "O-808",
        why: "mind changed",
      });}
    return "/jobs/job/explain";
  },
  cause: [/order\.Cancelled was sent by task sweep of job sweep-1/],
  decisive: [{ jobId: "sweep-1", eventType: "job.TaskCompleted", taskId: "sweep" }],
};

const order = (isUp: boolean) =>
  scripted("shop.order", {
    reserve: () => "reserved",
    charge: () => "charged",
    mail: () => {
      if (!isUp) throw new NonRetryableError("smtp 550 mailbox full");
      return "sent";
    },
  });

export const chargedAgainByARetry: Incident = {
  story: "A customer paid twice: someone retried from the charge, which had completed.",
  options: { definitions: [order(false)] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { order: "A-7" });
    await stage.crash({ definitions: [order(true)] });
    const { jobId } = await stage.daybook.post(
      "/jobs/job/retry",
      culprit ? { from: "charge" } : {},
    );
    await stage.daybook.clock.settle();
    return `/jobs/${jobId}/explain`;
  },
  cause: [/[Tt]ask charge ran again/, /had completed in job job/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "charge" }],
};

const REMIND = defineJob({
  type: "bill.remind",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.sleep("week", 7 * 86_400_000);
    await ctx.task("mail", () => "sent");
  },
});

export const pausedBeforeItsSleepEnds: Incident = {
  story: "Will the reminder go out tonight? No: its type was paused, and nobody thought of it.",
  options: { definitions: [REMIND] },
  async play(stage, culprit) {
    await stage.submit("job", "bill.remind");
    await stage.advance(6 * 86_400_000);
    if (culprit) {
      await stage.post("/pauses", { type: "bill.remind", reason: "the mail server moves" });
    }
    await stage.advance(80_000_000);
    return "/jobs/job/explain";
  },
  cause: [/sleep week ends at/, /bill\.remind has been paused/, /the mail server moves/],
  decisive: [{ jobId: "job", eventType: "job.TimerSet" }],
  next: /DELETE .*\/pauses\//,
};

const mail = (isUp: boolean) =>
  scripted("mail.send", {
    send: () => {
      if (isUp) return "sent";
      throw new NonRetryableError("connect ECONNREFUSED smtp:25");
    },
  });

export const sentByARetrySince: Incident = {
  story:
    "The night shift looks at a failed mail, which the evening shift has retried with success.",
  options: { definitions: [mail(false)] },
  async play(stage, culprit) {
    await stage.submit("job", "mail.send");
    await stage.crash({ definitions: [mail(culprit)] });
    await stage.post("/jobs/job/retry");
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/ECONNREFUSED smtp:25/, /It was retried as job .*, which has been Done since/s],
  decisive: [{ jobId: "job", eventType: "job.JobRetried" }],
  neverNext: /[Rr]etry it/,
};

const SYNC = scripted("crm.sync", { sync: () => "done" });

export const suspendedAndForgotten: Incident = {
  story: "Somebody suspended a job on Friday for a check and did not resume it.",
  options: { definitions: [SYNC], maxRunning: 2 },
  async play(stage, culprit) {
    await stage.submit("job", "crm.sync", {}, { start: false });
    await stage.post("/jobs/job/start");
    await stage.plan("held", [{ id: "never", eventType: "crm.Never", correlation: "any" }]);
    if (culprit) await stage.post("/jobs/held/suspend", { reason: "audit of the CRM" });
    await stage.advance(200_000_000);
    return "/jobs/held/explain";
  },
  cause: [/suspended/, /audit of the CRM/],
  decisive: [{ jobId: "held", eventType: "job.JobSuspended" }],
  next: /jobs\/held\/resume/,
};
