/** Traces through the engine: the ids on entries, and the spans. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobId } from "../../src/core/ids.ts";
import { SECRET_MARK } from "../../src/core/sealed_input.ts";
import type { TraceIds } from "../../src/core/trace_ids.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { Harness, type HarnessOptions, looseJob } from "../support/engine/engine_harness.ts";
import { FakeTracing } from "./fake_tracing.ts";
import { OpenTelemetry } from "../../src/tracing/open_telemetry.ts";
import { incoming } from "../support/engine/incoming.ts";

/** The position of a snapshot does not matter here. */
const HEAD = { logId: 0, chain: "" };

const TRACE = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "b7ad6b7169203331" };
const OTHER = { traceId: "4bf92f3577b34da6a3ce929d0e0e4736", spanId: "00f067aa0ba902b7" };

/** Notes what its attempts see, waits, and emits the event that starts `TOLD`. */
function relay(seen: (string | undefined)[] = []) {
  let failures = 1;
  return looseJob("demo.relay", async (ctx) => {
    await ctx.task("before", (task) => void seen.push(task.traceparent));
    await ctx.expect("going");
    await ctx.task("after", (task) => {
      seen.push(task.traceparent);
      if (failures-- > 0) throw new Error("not yet");
      task.progress(1, 2);
      task.emit("ec.Relayed");
    }, { retry: { maxAttempts: 2, initialMs: 1, jitter: 0 } });
  }, { expects: () => ({ going: { eventType: "ec.Going" } }) });
}

const told = looseJob(
  "demo.told",
  (ctx) => ctx.task("listen", (task) => task.traceparent ?? null),
  { startsOn: { eventType: "ec.Relayed", input: () => ({}) } },
);

const doomed = defineJob({
  type: "demo.doomed",
  version: 1,
  input: v.object({ password: v.string() }),
  secrets: ["password"],
  async run(ctx, { password }) {
    await ctx.task("reserve", () => "R", { compensate: () => {} });
    await ctx.task("charge", () => {
      throw new NonRetryableError(`${password} was refused`);
    });
  },
});

const PASSWORD = { password: "correct horse" };

/** Runs until a test lets it end. */
function held() {
  const gates: (() => void)[] = [];
  const definition = looseJob(
    "demo.held",
    (ctx) => ctx.task("hold", () => new Promise<void>((resolve) => gates.push(resolve))),
  );
  return { definition, open: () => gates.pop()?.() };
}

const waits = looseJob("demo.waits", async (ctx) => void await ctx.expect("going"), {
  expects: () => ({ going: { eventType: "ec.Going" } }),
});

async function started(
  options: HarnessOptions,
  request: CreateRequest,
): Promise<{ readonly daybook: Harness; readonly id: JobId }> {
  const daybook = await Harness.start(options);
  const { jobId } = await daybook.create(request);
  return { daybook, id: jobId };
}

async function go(daybook: Harness): Promise<void> {
  await daybook.event("ec.Going");
  await daybook.clock.advance(10);
}

function idsIn({ traceId, spanId }: JobEventLogEntry): Partial<TraceIds> {
  return { ...(traceId === undefined ? {} : { traceId }), ...(spanId && { spanId }) };
}

async function entriesOfType(daybook: Harness, id: JobId, name: string) {
  const entries = await daybook.entries(id);
  return entries.filter(({ eventType }) => eventType === `job.${name}`);
}

Deno.test("trace: without a trace, entries have no ids and attempts no traceparent", async () => {
  const seen: (string | undefined)[] = [];
  const definitions = [relay(seen), told];
  const { daybook, id } = await started({ definitions }, { type: "demo.relay" });
  await go(daybook);
  const entries = await daybook.engine.entries(0, 1_000);
  assert.equal(daybook.job(id).state, "Done");
  assert.ok(entries.every((entry) => !("traceId" in entry) && !("spanId" in entry)));
  assert.deepEqual(seen, [undefined, undefined, undefined]);
});

Deno.test("trace: a request's trace is on its job, its attempts, and the jobs that they start", async () => {
  const seen: (string | undefined)[] = [];
  const request = { type: "demo.relay", origin: TRACE };
  const { daybook, id } = await started({ definitions: [relay(seen), told] }, request);
  await go(daybook);
  const entries = await daybook.entries(id);
  for (const entry of entries.slice(0, 2)) assert.deepEqual(idsIn(entry), TRACE, entry.eventType);
  const [correlated] = await entriesOfType(daybook, id, "EventCorrelated");
  assert.deepEqual(correlated && idsIn(correlated), {});
  const others = entries.slice(2).filter((entry) => entry !== correlated);
  assert.deepEqual(new Set(others.map(({ traceId }) => traceId)), new Set([TRACE.traceId]));

  // One span id per attempt, which all its entries have and the attempt passes on.
  const after = entries.filter(({ taskId }) => taskId === "after");
  assert.deepEqual(after.map(({ eventType, spanId }) => [eventType.slice(4), spanId]), [
    ["TaskStarted", after[0]?.spanId],
    ["TaskFailed", after[0]?.spanId],
    ["TaskStarted", after[2]?.spanId],
    ["TaskProgressed", after[2]?.spanId],
    ["TaskCompleted", after[2]?.spanId],
  ]);
  const spanIds = [...new Set(others.map(({ spanId }) => spanId))];
  assert.equal(spanIds.length, 4);
  const traceparent = (entry?: JobEventLogEntry) => `00-${TRACE.traceId}-${entry?.spanId}-01`;
  const [before] = entries.filter(({ taskId }) => taskId === "before");
  assert.deepEqual(seen, [before, after[0], after[2]].map(traceparent));

  const all = await daybook.engine.entries(0, 1_000);
  const ofAttempt = all.filter(({ spanId }) => spanId === after[2]?.spanId);
  assert.deepEqual(ofAttempt.map(({ eventType }) => eventType), [
    ...["job.TaskStarted", "job.TaskProgressed", "job.TaskCompleted", "ec.Relayed"],
    ...["job.JobCreated", "job.JobStarted"],
  ]);
  const [listening] = daybook.engine.lists.page({ limit: 1, types: ["demo.told"] }).jobs;
  assert.ok(listening);
  const [listen] = (await daybook.entries(listening.jobId)).filter(({ taskId }) =>
    taskId === "listen"
  );
  assert.equal(listen?.traceId, TRACE.traceId);
  daybook.assertSound();
});

Deno.test("trace: an unsampled trace keeps its id, has no spans, and stays unsampled", async () => {
  const seen: (string | undefined)[] = [];
  const request = { type: "demo.relay", origin: { traceId: TRACE.traceId } };
  const { daybook } = await started({ definitions: [relay(seen)] }, request);
  const restarted = await daybook.crash();
  await go(restarted);
  const entries = await restarted.engine.entries(0, 1_000);
  assert.ok(entries.every(({ spanId }) => spanId === undefined));
  assert.equal(seen.length, 3);
  for (const traceparent of seen) {
    assert.match(traceparent ?? "", new RegExp(`^00-${TRACE.traceId}-[0-9a-f]{16}-00$`));
  }
});

Deno.test("trace: an event's trace is on the entries that it causes", async () => {
  const { daybook, id } = await started({ definitions: [waits, told] }, { type: "demo.waits" });
  const relayed = { eventType: "ec.Relayed", stratum: "domain", attributes: {}, ...OTHER } as const;
  await daybook.engine.deliver([
    { ...relayed, eventType: "ec.Going" as never, ...TRACE },
    { ...relayed, eventType: "ec.Relayed" as never },
  ]);
  await daybook.clock.settle();
  const [correlated] = await entriesOfType(daybook, id, "EventCorrelated");
  assert.deepEqual(correlated && idsIn(correlated), TRACE);
  const [listening] = daybook.engine.lists.page({ limit: 1, types: ["demo.told"] }).jobs;
  const [created] = await daybook.entries(listening?.jobId as JobId);
  assert.deepEqual(created && idsIn(created), OTHER);
});

Deno.test("trace: ids that are not a trace position are recorded, and not passed on", async () => {
  const tracing = new FakeTracing();
  const daybook = await Harness.start({ definitions: [told], tracing });
  const ids = { traceId: "request 7", spanId: "x" };
  const type = "ec.Relayed" as never;
  await daybook.engine.deliver([{ eventType: type, stratum: "domain", attributes: {}, ...ids }]);
  await daybook.clock.settle();
  const [run] = tracing.spans;
  assert.equal(run?.start.parent, undefined);
  const [job] = daybook.engine.lists.page({ limit: 1 }).jobs;
  const [created] = await daybook.entries(job?.jobId as JobId);
  assert.deepEqual(created && idsIn(created), ids);
});

Deno.test("trace: a control's trace is on what it records, not on what the job does", async () => {
  const request = { type: "demo.waits", start: false, origin: TRACE };
  const { daybook, id } = await started({ definitions: [waits] }, request);
  for (const kind of ["start", "suspend", "resume", "cancel"] as const) {
    assert.ok((await daybook.engine.control(id, { kind, origin: OTHER })).ok);
    await daybook.clock.settle();
  }
  const entries = await daybook.entries(id);
  const ofControl = entries.filter(({ traceId }) => traceId === OTHER.traceId);
  assert.deepEqual(ofControl.map(({ eventType }) => eventType.slice(4)), [
    ...["JobStarted", "JobSuspended", "JobResumed", "JobCancelled"],
  ]);
  const [main] = await entriesOfType(daybook, id, "TaskStarted");
  assert.equal(main?.traceId, TRACE.traceId);
});

Deno.test("trace: a retry without a trace continues that of the job; one with its own is linked", async () => {
  const tracing = new FakeTracing();
  const request = { type: "demo.doomed", input: PASSWORD, origin: TRACE };
  const { daybook, id } = await started({ definitions: [doomed], tracing }, request);
  const plain = await daybook.engine.retry(id, {});
  const traced = await daybook.engine.retry(id, { origin: OTHER });
  await daybook.clock.settle();
  for (const [outcome, ids, link] of [[plain, TRACE, undefined], [traced, OTHER, TRACE]] as const) {
    assert.ok(outcome.ok);
    const [created] = await daybook.entries(outcome.value.jobId);
    assert.deepEqual(created && idsIn(created), ids);
    const run = tracing.spans.find(({ start }) => start.jobId === outcome.value.jobId);
    assert.deepEqual([run?.start.parent, run?.start.link], [ids, link]);
  }
});

Deno.test("trace: after a crash the job stays in it, and the interruption has the attempt's ids", async () => {
  for (const how of ["crash", "crashWithoutSnapshot"] as const) {
    const hold = held();
    const request = { type: "demo.held", origin: TRACE };
    const { daybook, id } = await started({ definitions: [hold.definition] }, request);
    const restarted = await daybook[how]();
    hold.open();
    await restarted.clock.settle();
    assert.equal(restarted.job(id).state, "Done");
    const starts = await entriesOfType(restarted, id, "TaskStarted");
    const cuts = await entriesOfType(restarted, id, "TaskInterrupted");
    assert.deepEqual(starts.map(({ taskId }) => taskId), ["main", "hold", "main", "hold"]);
    assert.deepEqual(cuts.map(idsIn), starts.slice(0, 2).map(idsIn));
    assert.equal(new Set(starts.map(({ spanId }) => spanId)).size, 4);
    assert.ok(starts.every(({ traceId }) => traceId === TRACE.traceId));
  }
});

Deno.test("trace: its ids are not in the state or the snapshot", async () => {
  const hold = held();
  const request = { type: "demo.held", origin: TRACE };
  const { daybook, id } = await started({ definitions: [hold.definition] }, request);
  const texts = [JSON.stringify(daybook.job(id)), ...daybook.engine.consumer.capture(HEAD)];
  assert.ok(texts.some((text) => text.includes(id)));
  assert.ok(texts.every((text) => !text.includes(TRACE.traceId)));
});

Deno.test("spans: run, its attempts and compensations have spans, each with its outcome", async () => {
  const tracing = new FakeTracing();
  const request = { type: "demo.doomed", input: PASSWORD, origin: TRACE };
  const { daybook, id } = await started({ definitions: [doomed], tracing }, request);
  assert.equal(daybook.job(id).state, "Failed");
  const error = `NonRetryableError: ${SECRET_MARK} was refused`;
  assert.deepEqual(tracing.story, [
    `run main#1 ${error}`,
    "task reserve#1 completed",
    `task charge#1 ${error}`,
    "compensation reserve#1 completed",
  ]);
  const [run, ...attempts] = tracing.spans;
  assert.deepEqual(run?.start.parent, TRACE);
  assert.equal(run?.start.jobType, "demo.doomed");
  assert.deepEqual(attempts.map(({ start }) => start.parent), attempts.map(() => run?.ids));
  for (const name of ["CompensationStarted", "TaskCompensated"]) {
    const [entry] = await entriesOfType(daybook, id, name);
    assert.deepEqual(entry && idsIn(entry), attempts[2]?.ids);
  }
  const [ended] = await entriesOfType(daybook, id, "CompensationEnded");
  assert.deepEqual(ended && idsIn(ended), run?.ids);
});

Deno.test("spans: without a trace, a run begins one if spans are exported", async () => {
  const tracing = new FakeTracing();
  const { daybook, id } = await started({ definitions: [waits], tracing }, { type: "demo.waits" });
  await go(daybook);
  const [run] = tracing.spans;
  assert.equal(run?.start.parent, undefined);
  const [created] = await daybook.entries(id);
  assert.deepEqual(created && idsIn(created), {});
  const [main] = await entriesOfType(daybook, id, "TaskStarted");
  assert.deepEqual(main && idsIn(main), run?.ids);
});

Deno.test("spans: only the functions of a job run within its spans", async () => {
  const tracing = new FakeTracing();
  const seen: (string | undefined)[] = [];
  const note = async () => {
    seen.push(tracing.current?.start.taskId);
    await Promise.resolve();
    seen.push(tracing.current?.start.taskId);
  };
  const definition = looseJob("demo.noting", async (ctx) => {
    await note();
    await Promise.all([ctx.task("a", note), ctx.task("b", note)]);
    await note();
  });
  await started({ definitions: [definition], tracing }, { type: "demo.noting" });
  assert.deepEqual(seen.slice(0, 2), ["main", "main"]);
  assert.deepEqual(seen.slice(2, 6).toSorted(), ["a", "a", "b", "b"]);
  assert.deepEqual(seen.slice(6), ["main", "main"]);
  assert.equal(tracing.current, undefined);
});

Deno.test("spans: a cancellation and a stop end open spans once", async () => {
  const tracing = new FakeTracing();
  const { daybook, id } = await started({ definitions: [waits], tracing }, { type: "demo.waits" });
  await daybook.control(id, "cancel");
  await daybook.create({ type: "demo.waits" });
  await daybook.engine.stop(0);
  assert.deepEqual(tracing.story, ["run main#1 cancelled", "run main#1 shutdown"]);
});

Deno.test("spans: an attempt that does not start has none", async () => {
  const tracing = new FakeTracing();
  const hold = held();
  const daybook = await Harness.start({ definitions: [hold.definition], tracing });
  const { jobId } = await daybook.create({ type: "demo.held", start: false });
  // Both are decided before either is durable.
  const starting = daybook.engine.control(jobId, { kind: "start" });
  const suspending = daybook.engine.control(jobId, { kind: "suspend" });
  await Promise.all([starting, suspending]);
  await daybook.clock.settle();
  assert.ok(tracing.story.every((text) => text.endsWith("open")), tracing.story.join());
  await daybook.control(jobId, "resume");
  hold.open();
  await daybook.clock.settle();
  assert.equal(daybook.job(jobId).state, "Done");
  const shown = tracing.story.filter((text) => !text.endsWith("open"));
  assert.deepEqual(shown, ["run main#1 completed", "task hold#1 completed"]);
});

Deno.test("spans: requests to the engine within a span are in its trace, unless they name another", async () => {
  const tracing = new FakeTracing();
  const asked: Harness[] = [];
  const asking = looseJob("demo.asking", (ctx) =>
    ctx.task("ask", async () => {
      const engine = asked[0]?.engine ?? assert.fail();
      const attributes = {};
      await engine.create({ type: "demo.waits", jobId: "a" as JobId });
      await engine.create({ type: "demo.waits", jobId: "b" as JobId, origin: OTHER });
      await engine.control("b" as JobId, { kind: "suspend" });
      await engine.deliver([incoming("ec.Told", attributes)]);
    }));
  const daybook = await Harness.start({ definitions: [asking, waits], tracing });
  asked.push(daybook);
  await daybook.submit("demo.asking");
  const ask = tracing.spans.find(({ start }) => start.taskId === "ask");
  const entries = await daybook.engine.entries(0, 1_000);
  const of = (type: string, id?: string) =>
    entries.find(({ eventType, jobId }) => eventType === type && jobId === id);
  for (const entry of [of("job.JobCreated", "a"), of("job.JobSuspended", "b"), of("ec.Told")]) {
    assert.deepEqual(entry && idsIn(entry), ask?.ids);
  }
  const other = of("job.JobCreated", "b");
  assert.deepEqual(other && idsIn(other), OTHER);
});

// The OpenTelemetry adapter without a collector; the scenario tests have one.

Deno.test("OpenTelemetry: it is off without OTEL_DENO", () => {
  assert.equal(OpenTelemetry.find("0"), undefined);
});
