/** Jobs of many kinds and states, in a started home. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { type JobId, jobId } from "../../src/core/ids.ts";
import type { JobPlan } from "../../src/core/job_plan.ts";
import { isTerminal, type JobState } from "../../src/core/job_state.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import type { JournalHome } from "./journal_home.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";

const order = defineJob({
  type: "test.order",
  version: 2,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    shipped: { eventType: "shop.Shipped", correlation: { equals: { orderId, region: "EU" } } },
  }),
  errors: ({ orderId }) => [{ eventType: "shop.Lost", correlation: { equals: { orderId } } }],
  async run(ctx, { orderId }) {
    await ctx.task("reserve", () => ({ orderId }), { compensate: () => {} });
    await ctx.task("charge", (task) => task.progress(1, 2, "asking"));
    const [shipped] = await ctx.expect("shipped");
    return shipped.attributes;
  },
});

const flaky = looseJob("test.flaky", async (ctx) => {
  await ctx.task("call", () => Promise.reject(new Error("no answer")), {
    retry: { maxAttempts: 3, initialMs: 1_000, jitter: 0 },
  });
});

const doomed = defineJob({
  type: "test.doomed",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    approved: { eventType: "shop.Approved", correlation: { equals: { orderId } } },
  }),
  async run(ctx) {
    await ctx.task("prepare", () => "prepared");
    await ctx.expect("approved");
    await ctx.task("charge", () => {
      throw new NonRetryableError("the card is stolen");
    });
  },
});

const hanging = looseJob(
  "test.hanging",
  (ctx) => ctx.task("hang", () => new Promise<never>(() => {})),
);

const announcing = looseJob("test.announcing", (ctx) =>
  ctx.task("announce", (task) => {
    task.emit("shop.Announced", { number: 7 });
  }));

const started = defineJob({
  type: "test.started",
  version: 1,
  input: v.object({ number: v.number() }),
  startsOn: {
    eventType: "shop.Announced",
    input: ({ attributes }) => ({ number: Number(attributes.number) }),
  },
  run: (_ctx, { number }) => Promise.resolve(number),
});

/** Waits in vain, and sleeps. */
const patient = looseJob("test.patient", async (ctx) => {
  await ctx.expect("paid", { withinMs: 1_000 });
  await ctx.sleep("rest", 60_000);
}, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });

export const DEFINITIONS = [
  order,
  flaky,
  doomed,
  hanging,
  announcing,
  started,
  patient,
] as unknown as readonly AnyJobDefinition[];

export function planFor(orderId: string, times = 1): JobPlan {
  const correlation = { equals: { orderId } };
  return plan([expectation("paid", "shop.Paid", { correlation, multiplicity: { times } })]);
}

export function taskIs(taskId: string, status: string): (job: JobState) => boolean {
  return (job) => job.tasks.some((task) => task.taskId === taskId && task.status === status);
}

function isWaitingFor({ tasks }: JobState, expectation: string): boolean {
  return tasks.some((task) => task.status === "waiting" && task.expectations.includes(expectation));
}

export const KINDS: Readonly<Record<string, (home: JournalHome) => Promise<JobId>>> = {
  async "a plan that is done, by a correlated event and one that names it"(home) {
    const id = await home.create({ plan: planFor("a", 2) });
    await home.event("shop.Paid", { orderId: "a", by: "card" });
    await home.event("shop.Paid", { orderId: "a" }, { jobId: id, eventId: "second" });
    await home.event("shop.Paid", { orderId: "a" }, { jobId: id });
    return id;
  },
  "a plan that has not started": (home) => home.create({ plan: planFor("b"), start: false }),
  "a plan that is scheduled": (home) =>
    home.create({ plan: planFor("b"), startAt: "2026-01-01T00:10:00.000Z" }),
  async "a plan that is suspended, with a reason"(home) {
    const id = await home.create({ plan: planFor("c"), labels: { tenant: "7" }, priority: -3 });
    await home.engine.control(id, { kind: "suspend", reason: "stock-taking" });
    return id;
  },
  async "a plan with a deadline that passed and one that may"(home) {
    const within = { ms: 1_000, otherwise: "waive" } as const;
    const id = await home.create({
      plan: plan([
        expectation("paid", "shop.Paid", { within }),
        expectation("sent", "shop.Sent", { within: { ms: 60_000, otherwise: "fail" } }),
      ]),
    });
    await home.clock.advance(1_000);
    await home.until(id, (job) => job.expected[0]?.waived !== undefined);
    return id;
  },
  async "a job that sleeps, after a wait that timed out"(home) {
    const id = await home.create({ type: "test.patient", input: {} });
    await home.until(id, taskIs("main", "waiting"));
    await home.clock.advance(1_000);
    await home.until(id, (job) => taskIs("rest", "sleeping")(job) && !isWaitingFor(job, "paid"));
    return id;
  },
  async "a job that an operator paused, woke and suspended"(home) {
    const { pause } = await home.engine.pauses.begin({ reason: "stocktaking" }) ?? assert.fail();
    const id = await home.create({ type: "test.patient", input: {} });
    await home.engine.pauses.end(pause.pauseId);
    await home.until(id, taskIs("main", "waiting"));
    await home.engine.control(id, { kind: "wake", reason: "now" });
    await home.until(id, taskIs("rest", "sleeping"));
    await home.until(id, (job) => !isWaitingFor(job, "paid"));
    await home.engine.control(id, { kind: "suspend" });
    return id;
  },
  async "a job that waits"(home) {
    const id = await home.create({ type: "test.order", input: { orderId: "d" } });
    await home.until(id, taskIs("main", "waiting"));
    return id;
  },
  async "a job that was cancelled and compensated"(home) {
    const id = await home.create({ type: "test.order", input: { orderId: "e" } });
    await home.until(id, taskIs("main", "waiting"));
    await home.engine.control(id, { kind: "cancel", reason: "changed their mind" });
    await home.until(id, isTerminal);
    return id;
  },
  async "a job that an event failed"(home) {
    const id = await home.create({ type: "test.order", input: { orderId: "f" } });
    await home.until(id, taskIs("main", "waiting"));
    await home.event("shop.Lost", { orderId: "f", message: "at sea" });
    await home.until(id, isTerminal);
    return id;
  },
  async "a job that backs off"(home) {
    const id = await home.create({ type: "test.flaky", input: {} });
    await home.until(id, taskIs("call", "backingOff"));
    return id;
  },
  async "a retry of a retry, with results and events reused"(home) {
    const input = { orderId: "g" };
    const first = await home.create({ type: "test.doomed", input });
    await home.until(first, taskIs("main", "waiting"));
    await home.event("shop.Approved", { orderId: "g" });
    await home.until(first, isTerminal);
    const second = await retried(home, first, "another card");
    const third = await retried(home, second, "once more");
    return third;
  },
  async "a job that an event of another job's task started"(home) {
    const source = await home.create({ type: "test.announcing", input: {} });
    await home.until(source, isTerminal);
    const entries = await home.entries();
    const created = entries.find(({ attributes }) =>
      "type" in attributes && attributes.type === "test.started"
    );
    const id = jobId(created?.jobId ?? "");
    await home.until(id, isTerminal);
    return id;
  },
  async "a job whose task a crash cut short"(home) {
    const id = await home.create({ type: "test.hanging", input: {} });
    await home.until(id, taskIs("hang", "running"));
    home.crash();
    await home.start();
    await home.until(id, taskIs("hang", "running"));
    return id;
  },
};

async function retried(home: JournalHome, id: JobId, reason: string): Promise<JobId> {
  const outcome = await home.engine.retry(id, { reason });
  assert.ok(outcome.ok, JSON.stringify(outcome));
  await home.until(outcome.value.jobId, isTerminal);
  return outcome.value.jobId;
}
