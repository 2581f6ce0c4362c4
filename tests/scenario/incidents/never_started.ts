/** Jobs that were never made, or that have not started. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";
import { defineJob } from "../../../src/mod.ts";

export const createdAndNeverStarted: Incident = {
  story: "The importer creates jobs with start: false and died before it started them.",
  async play(stage, culprit) {
    const plan = [{ id: "it", eventType: "import.RowReady", correlation: "any" }];
    await stage.plan("job", plan, culprit ? { start: false } : {});
    await stage.advance(7_200_000);
    return "/jobs/job/explain";
  },
  cause: [/start/, /created/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
  next: /jobs\/job\/start/,
};

const ARCHIVE = scripted("old.archive", { archive: () => "done" });
const OTHER = scripted("new.archive", { archive: () => "done" });

export const definitionIsNotLoaded: Incident = {
  story: "A type was renamed in a release while jobs of the old name were scheduled.",
  options: { definitions: [ARCHIVE, OTHER], maxRunning: 4 },
  async play(stage, culprit) {
    const startAt = "2026-01-01T00:05:00.000Z";
    await stage.submit("job", "old.archive", {}, { startAt });
    await stage.crash(culprit ? { definitions: [OTHER], maxRunning: 4 } : undefined);
    await stage.advance(600_000);
    return "/jobs/job/explain";
  },
  cause: [/old\.archive/, /not loaded|no definition|no code/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ user: v.string() }),
  startsOn: {
    eventType: "users.UserSignedUp",
    correlation: { equals: { plan: "pro" } },
    input: ({ attributes }) => ({ user: String(attributes["user"]) }),
  },
  async run(ctx) {
    await ctx.task("greet", () => "hello");
  },
});

export const noJobWasMade: Incident = {
  story: "A customer got no welcome: the plan was sent as Pro, and no job was ever made.",
  options: { definitions: [WELCOME], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.event(`u-${other}`, "users.UserSignedUp", { user: `u${other}`, plan: "pro" });
    }
    const plan = culprit ? "Pro" : "pro";
    await stage.event("signed-up", "users.UserSignedUp", { user: "u-4711", plan });
    return "/explain?about=u-4711";
  },
  cause: [/no job/i, /plan/],
  decisive: ["signed-up"],
};

const fulfil = defineJob({
  type: "order.fulfil",
  version: 1,
  input: v.object({ orderId: v.string() }),
  startsOn: {
    eventType: "shop.OrderPlaced",
    correlation: { equals: { "order.channel": "web" } },
    input: ({ attributes }) => ({ orderId: String(attributes.orderId) }),
  },
  async run(ctx) {
    await ctx.task("pack", () => "packed");
  },
});

export const orderWithoutAJob: Incident = {
  story: "An order has no job: the shop moved the channel to order.meta.channel.",
  options: { definitions: [fulfil], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 20; other++) {
      const attributes = { orderId: `N-${other}`, order: { channel: "web" } };
      await stage.event(`placed-${other}`, "shop.OrderPlaced", attributes);
    }
    const order = culprit ? { meta: { channel: "web" } } : { channel: "web" };
    await stage.event("placed", "shop.OrderPlaced", { orderId: "O-77", order });
    return "/explain?about=O-77";
  },
  cause: [/no job/i, /order\.meta\.channel|order\.channel/],
  decisive: ["placed"],
};

export const startsOnlyTomorrow: Incident = {
  story: "Nothing happens: the job was submitted with a start ten minutes away.",
  async play(stage, culprit) {
    const startAt = "2026-01-01T00:10:00.000Z";
    await stage.plan(
      "job",
      [{ id: "it", eventType: "x.Happened", correlation: "any" }],
      culprit ? { startAt } : {},
    );
    return "/jobs/job/explain";
  },
  cause: [/00:10:00|10 min/, /start/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};
