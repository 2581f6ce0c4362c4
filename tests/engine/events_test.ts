import assert from "node:assert/strict";
import * as v from "valibot";
import type { Correlation } from "../../src/core/correlation.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { eventType } from "../../src/core/ids.ts";
import type { JobPlan, JobPolicy, Multiplicity } from "../../src/core/job_plan.ts";
import { defineJob } from "../../src/engine/definition.ts";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { startedJobId } from "../../src/engine/writer/derived_ids.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { incoming } from "../support/engine/incoming.ts";

const SHIPPED = "ec.shipment.ShipmentCompleted";

function waitingFor(
  correlation: Correlation,
  multiplicity: Multiplicity = "ExactlyOnce",
  policy: Partial<JobPolicy> = {},
): JobPlan {
  return plan([expectation("shipped", SHIPPED, { correlation, multiplicity })], policy);
}

Deno.test("deliver: an event without a job id reaches every running job that expects it", async () => {
  const daybook = await Harness.start();
  const first = await daybook.create({ plan: waitingFor({ equals: { orderId: "42" } }) });
  const second = await daybook.create({ plan: waitingFor({ equals: { orderId: "42" } }) });
  const other = await daybook.create({ plan: waitingFor({ equals: { orderId: "43" } }) });

  const receipt = await daybook.event(SHIPPED, { orderId: "42" });

  assert.equal(receipt.disposition, "matched");
  assert.deepEqual(
    receipt.jobs,
    [first, second].map(({ jobId }) => ({
      jobId,
      state: "Done",
      expectation: "shipped",
      matched: 1,
      required: 1,
    })),
  );
  assert.equal(daybook.job(other.jobId).state, "Running");
});

Deno.test("deliver: a correlation names the event that caused it, in the same batch", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: waitingFor("any") });

  const receipt = await daybook.event(SHIPPED, { orderId: "42" });

  const correlated = (await daybook.entries(jobId)).at(-1);
  assert.equal(correlated?.eventType, "job.EventCorrelated");
  assert.equal(correlated?.causedBy, receipt.logId);
  assert.equal(correlated?.logId, (receipt.logId ?? 0) + 1);
});

Deno.test("deliver: a second delivery of an event id changes nothing", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: waitingFor("any", { times: 2 }) });

  const first = await daybook.event(SHIPPED, {}, { eventId: "evt-1" });
  const before = JSON.stringify(daybook.job(jobId));
  const second = await daybook.event(SHIPPED, {}, { eventId: "evt-1" });

  assert.equal(first.disposition, "matched");
  assert.deepEqual(second, {
    eventId: "evt-1",
    logId: first.logId,
    disposition: "duplicate",
    jobs: [],
  });
  assert.equal(JSON.stringify(daybook.job(jobId)), before);
});

Deno.test("deliver: other content under a recorded id is refused, and changes no job", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: waitingFor("any", { times: 2 }) });
  const first = await daybook.event(SHIPPED, { a: 1, b: [2] }, { eventId: "evt-1" });
  const before = JSON.stringify(daybook.job(jobId));

  const reordered = await daybook.event(SHIPPED, { b: [2], a: 1 }, { eventId: "evt-1" });
  assert.equal(reordered.disposition, "duplicate");
  const other = await daybook.event(SHIPPED, { a: 1, b: [3] }, { eventId: "evt-1" });
  assert.deepEqual([other.disposition, other.logId], ["rejected", first.logId]);
  assert.equal(
    other.reason,
    `event id evt-1 is on record at ${first.logId} with other content: ` +
      "send this event under an id of its own",
  );
  assert.equal(JSON.stringify(daybook.job(jobId)), before);
});

const REFUSED = "journal.EventRefused";

function refusedBy(daybook: Harness): readonly JobEventLogEntry[] {
  return daybook.journal.content.entries.filter(({ eventType }) => eventType === REFUSED);
}

Deno.test("deliver: each distinct content refused under an id is a fact, at most three per id, across restarts", async () => {
  let daybook = await Harness.start();
  const first = await daybook.event(SHIPPED, { kwh: 0 }, { eventId: "evt-1" });
  for (const kwh of [1, 1, 2]) await daybook.event(SHIPPED, { kwh }, { eventId: "evt-1" });
  daybook = await daybook.crash();
  for (const kwh of [2, 1, 3, 4, 3, 5]) {
    const receipt = await daybook.event(SHIPPED, { kwh }, { eventId: "evt-1" });
    assert.deepEqual([receipt.disposition, receipt.logId], ["rejected", first.logId]);
  }
  const refused = refusedBy(daybook);
  assert.deepEqual(refused.map(({ causedBy }) => causedBy), [
    first.logId,
    first.logId,
    first.logId,
  ]);
  assert.deepEqual(
    refused.map(({ attributes }) => attributes),
    [1, 2, 3].map((kwh) => ({
      eventId: "evt-1",
      eventType: SHIPPED,
      attributes: { kwh },
    })),
  );
  daybook.assertSound();
});

Deno.test("deliver: one content refused many times at the same moment is one fact", async () => {
  const daybook = await Harness.start();
  await daybook.event(SHIPPED, { kwh: 0 }, { eventId: "evt-1" });
  const event = (kwh: number) => incoming(SHIPPED, { kwh }, { eventId: "evt-1" });
  const batches = await Promise.all(
    Array.from({ length: 20 }, () => daybook.engine.deliver([event(1), event(2), event(1)])),
  );
  assert.ok(batches.flat().every(({ disposition }) => disposition === "rejected"));
  assert.deepEqual(refusedBy(daybook).map(({ attributes }) => attributes), [
    { eventId: "evt-1", eventType: SHIPPED, attributes: { kwh: 1 } },
    { eventId: "evt-1", eventType: SHIPPED, attributes: { kwh: 2 } },
  ]);
});

Deno.test("deliver: a second delivery with other content is refused even while the first is being written", async () => {
  const daybook = await Harness.start();
  const event = (amount: number) => incoming(SHIPPED, { amount }, { eventId: "evt-1" });
  const [first, other, same] = await daybook.engine.deliver([event(1), event(2), event(1)]);
  assert.deepEqual([first?.disposition, first?.logId], ["recorded", other?.logId]);
  assert.equal(other?.disposition, "rejected");
  assert.match(other.reason ?? "", /with other content/);
  assert.equal(same?.disposition, "duplicate");
  assert.deepEqual(await daybook.engine.deliver([event(2)]), [other]);
});

Deno.test("deliver: two deliveries of one id at the same moment count once", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: waitingFor("any", { times: 2 }) });
  daybook.journal.hold();

  const both = Promise.all([
    daybook.event(SHIPPED, {}, { eventId: "evt-1" }),
    daybook.event(SHIPPED, {}, { eventId: "evt-1" }),
  ]);
  await daybook.clock.settle();
  daybook.journal.release();

  const dispositions = (await both).map(({ disposition }) => disposition);
  assert.deepEqual(dispositions, ["matched", "duplicate"]);
  assert.equal(daybook.job(jobId).expected[0]?.matched, 1);
});

Deno.test("deliver: a duplicate is known after a restart, with and without a snapshot", async () => {
  const daybook = await Harness.start();
  await daybook.create({ plan: waitingFor("any", { times: 2 }) });
  const first = await daybook.event(SHIPPED, {}, { eventId: "evt-1" });

  const replayed = await daybook.crash();
  const again = await replayed.event(SHIPPED, {}, { eventId: "evt-1" });
  await replayed.journal.close();
  const restored = await replayed.crash();
  const third = await restored.event(SHIPPED, {}, { eventId: "evt-1" });

  assert.deepEqual([again.disposition, again.logId], ["duplicate", first.logId]);
  assert.deepEqual([third.disposition, third.logId], ["duplicate", first.logId]);
});

Deno.test("deliver: a duplicate among other events leaves the same state", async () => {
  const once = await Harness.start();
  const twice = await Harness.start();
  const plan = waitingFor({ equals: { orderId: "42" } }, { times: 3 });
  const [a, b] = [await once.create({ plan }), await twice.create({ plan })];

  for (const eventId of ["e1", "e2"]) {
    await once.event(SHIPPED, { orderId: "42" }, { eventId });
  }
  for (const eventId of ["e1", "e1", "e2", "e1", "e2"]) {
    await twice.event(SHIPPED, { orderId: "42" }, { eventId });
  }

  assert.deepEqual(
    once.job(a.jobId).expected.map(({ matched, surplus }) => [matched, surplus]),
    twice.job(b.jobId).expected.map(({ matched, surplus }) => [matched, surplus]),
  );
});

Deno.test("deliver: an event that names its job reaches that job alone", async () => {
  const daybook = await Harness.start();
  const named = await daybook.create({ plan: waitingFor("any") });
  const other = await daybook.create({ plan: waitingFor("any") });

  const receipt = await daybook.event(SHIPPED, {}, { jobId: named.jobId });

  assert.deepEqual(receipt.jobs.map(({ jobId }) => jobId), [named.jobId]);
  assert.equal(daybook.job(named.jobId).state, "Done");
  assert.equal(daybook.job(other.jobId).state, "Running");
});

Deno.test("deliver: an event for an unknown job is rejected; the refusal is recorded once, and its id stays free", async () => {
  const daybook = await Harness.start();
  const before = daybook.engine.headLogId;

  const references = { jobId: "job-nowhere", eventId: "parcel-7" };
  const receipt = await daybook.event(SHIPPED, {}, references);
  await daybook.event(SHIPPED, {}, references);

  assert.equal(receipt.disposition, "rejected");
  assert.match(receipt.reason ?? "", /there is no job job-nowhere/);
  const entries = await daybook.engine.entries(before, 10);
  const ofEvents = entries.filter(({ eventType }) => eventType !== "journal.SegmentOpened");
  assert.deepEqual(ofEvents.map(({ eventType }) => eventType), ["journal.EventRefused"]);
  assert.equal((await daybook.event(SHIPPED, {}, { eventId: "parcel-7" })).disposition, "recorded");
});

Deno.test("deliver: an event that no job expects is recorded, and the receipt says so", async () => {
  const daybook = await Harness.start();

  const receipt = await daybook.event("ec.cart.CartEmptied");

  assert.deepEqual([receipt.disposition, receipt.jobs], ["recorded", []]);
  assert.ok(receipt.logId);
});

Deno.test("deliver: an event to an ended job is recorded, and the state is not changed", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: waitingFor("any") });
  await daybook.event(SHIPPED, {}, { jobId });

  const receipt = await daybook.event(SHIPPED, {}, { jobId });

  assert.equal(receipt.disposition, "recorded");
  assert.equal(receipt.jobs[0]?.reason, "recorded only: state is Done");
  assert.equal((await daybook.entries(jobId)).at(-1)?.logId, receipt.logId);
});

Deno.test("deliver: a match beyond what is needed is surplus and the receipt says so", async () => {
  const daybook = await Harness.start();
  const plan = waitingFor("any");
  const never = waitingFor({ equals: { never: true } }).expected[0];
  assert.ok(never);
  const { jobId } = await daybook.create({
    plan: { ...plan, expected: [...plan.expected, { ...never, id: "never" }] },
  });
  await daybook.event(SHIPPED);

  const receipt = await daybook.event(SHIPPED);

  assert.equal(receipt.jobs[0]?.reason, "beyond what the expectation needs");
  assert.equal(daybook.job(jobId).expected[0]?.surplus, 1);
});

Deno.test("deliver: an event that a policy names as an error fails the job", async () => {
  const daybook = await Harness.start();
  const lost = { eventType: eventType("ec.shipment.Lost"), correlation: "any" } as const;
  const { jobId } = await daybook.create({
    plan: waitingFor({ equals: { orderId: "42" } }, "ExactlyOnce", { errors: [lost] }),
  });

  const receipt = await daybook.event("ec.shipment.Lost", { message: "fell off the truck" });

  assert.equal(receipt.disposition, "matched");
  const job = daybook.job(jobId);
  assert.ok(job.state === "Failed");
  assert.equal(job.failure.error.message, "fell off the truck");
});

Deno.test("deliver: an event that comes while the job's start is being written reaches it", async () => {
  const daybook = await Harness.start();
  daybook.journal.hold();
  const creating = daybook.create({ plan: waitingFor("any") });
  const delivering = daybook.event(SHIPPED);
  await daybook.clock.settle();
  daybook.journal.release();

  const { jobId } = await creating;
  const receipt = await delivering;

  assert.equal(receipt.jobs[0]?.jobId, jobId);
  assert.equal(daybook.job(jobId).state, "Done");
});

Deno.test("expect: a job waits without a worker, and continues when the event comes", async () => {
  const order = defineJob({
    type: "demo.order",
    version: 1,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => ({
      shipped: { eventType: SHIPPED, correlation: { equals: { orderId } } },
    }),
    async run(ctx) {
      const [shipment] = await ctx.expect("shipped");
      return { tracking: shipment.attributes["tracking"] };
    },
  });
  const daybook = await Harness.start({ definitions: [order], maxRunning: 1 });
  const id = await daybook.submit("demo.order", { orderId: "42" });
  assert.equal(daybook.condition(id), "waiting");
  assert.equal(daybook.engine.activity.busyWorkers, 0);

  await daybook.event(SHIPPED, { orderId: "42", tracking: "T-1" });

  const job = daybook.job(id);
  const [main] = job.tasks;
  assert.equal(job.state, "Done");
  assert.deepEqual(main?.status === "completed" && main.result, { tracking: "T-1" });
  daybook.assertSound();
});

Deno.test("expect: an event that came before run asked for it counts", async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  const early = looseJob("demo.early", async (ctx) => {
    await ctx.task("slow", () => gate);
    const [event] = await ctx.expect("shipped");
    return event.attributes;
  }, { expects: () => ({ shipped: { eventType: SHIPPED } }) });
  const daybook = await Harness.start({ definitions: [early] });
  const id = await daybook.submit("demo.early");
  await daybook.event(SHIPPED, { early: true });

  open();
  await daybook.clock.settle();

  const [main] = daybook.job(id).tasks;
  assert.deepEqual(main?.status === "completed" && main.result, { early: true });
});

Deno.test("expect: several events of one expectation come in the order of the journal", async () => {
  const many = looseJob("demo.many", async (ctx) => {
    return (await ctx.expect("parts")).map(({ attributes }) => attributes["part"]);
  }, { expects: () => ({ parts: { eventType: SHIPPED, multiplicity: { times: 3 } } }) });
  const daybook = await Harness.start({ definitions: [many] });
  const id = await daybook.submit("demo.many");
  for (const part of [2, 3, 1]) await daybook.event(SHIPPED, { part });

  const [main] = daybook.job(id).tasks;
  assert.deepEqual(main?.status === "completed" && main.result, [2, 3, 1]);
});

Deno.test("expect: a name that is not in the plan is an error", async () => {
  const wrong = looseJob("demo.wrong", (ctx) => ctx.expect("nothing" as never));
  const daybook = await Harness.start({ definitions: [wrong] });
  const id = await daybook.submit("demo.wrong");

  const job = daybook.job(id);
  assert.ok(job.state === "Failed");
  assert.match(job.failure.error.message, /Cannot expect "nothing": expects did not declare it/);
});

const onOrder = defineJob({
  type: "demo.onOrder",
  version: 1,
  input: v.object({ orderId: v.string() }),
  startsOn: {
    eventType: "ec.order.OrderPlaced",
    correlation: { equals: { region: "JP" } },
    input: ({ attributes }) => ({ orderId: attributes["orderId"] as string }),
  },
  run: (ctx, { orderId }) => ctx.task("greet", () => `order ${orderId}`),
});

Deno.test("startsOn: an event starts a job, and a redelivery starts nothing twice", async () => {
  const daybook = await Harness.start({ definitions: [onOrder] });
  const attributes = { region: "JP", orderId: "7" };

  const receipt = await daybook.event("ec.order.OrderPlaced", attributes, { eventId: "e7" });
  await daybook.event("ec.order.OrderPlaced", attributes, { eventId: "e7" });
  await daybook.event("ec.order.OrderPlaced", { ...attributes, region: "US" });

  assert.equal(receipt.disposition, "matched");
  assert.equal(receipt.jobs[0]?.reason, "started by this event");
  const { jobs } = daybook.engine.lists.page({ limit: 10 });
  assert.equal(jobs.length, 1);
  assert.equal(jobs[0]?.state, "Done");
  assert.deepEqual(jobs[0]?.input, { orderId: "7" });
});

Deno.test("startsOn: if a client has created the job with that id, the event starts no second one", async () => {
  const daybook = await Harness.start({ definitions: [onOrder] });
  const jobId = startedJobId("demo.onOrder", "e7");
  await daybook.create({ type: "demo.onOrder", input: { orderId: "8" }, jobId });
  const attributes = { region: "JP", orderId: "7" };

  const receipt = await daybook.event("ec.order.OrderPlaced", attributes, { eventId: "e7" });

  assert.equal(receipt.disposition, "recorded");
  const { jobs } = daybook.engine.lists.page({ limit: 10 });
  assert.deepEqual(jobs.map(({ input }) => input), [{ orderId: "8" }]);
  const entries = await daybook.engine.entries(0, 100);
  assert.equal(entries.filter(({ eventType }) => eventType === "job.JobCreated").length, 1);
});

Deno.test("definition: an expectation name with control characters is refused", async () => {
  const odd = looseJob("demo.odd", () => Promise.resolve(), {
    expects: (): Record<string, { eventType: string }> => ({
      "paid\n\x1b[2J": { eventType: "ec.Paid" },
    }),
  });
  const daybook = await Harness.start({ definitions: [odd] });

  const created = await daybook.engine.create({ type: "demo.odd", input: {} } as CreateRequest);

  assert.equal(created.ok, false);
  assert.match(JSON.stringify(created), /its name must be 1 to 128 characters/);
});

Deno.test("startsOn: a definition that cannot make a plan leaves a failed job, not a lost event", async () => {
  const broken = looseJob("demo.broken", () => Promise.resolve(), {
    expects: (): Record<string, { eventType: string }> => {
      throw new RangeError("no plan");
    },
    startsOn: { eventType: "ec.order.OrderPlaced", input: () => ({}) },
  });
  const daybook = await Harness.start({ definitions: [broken] });

  const receipt = await daybook.event("ec.order.OrderPlaced");

  assert.ok(receipt.logId);
  const [job] = daybook.engine.lists.page({ limit: 10 }).jobs;
  assert.ok(job?.state === "Failed");
  assert.equal(job.failure.error.message, "no plan");
});

Deno.test("startsOn: an event without a valid input leaves a failed job, not nothing", async () => {
  const daybook = await Harness.start({ definitions: [onOrder] });

  await daybook.event("ec.order.OrderPlaced", { region: "JP" });

  const [job] = daybook.engine.lists.page({ limit: 10 }).jobs;
  assert.ok(job?.state === "Failed");
  assert.equal(job.failure.kind, "poison");
  assert.match(job.failure.error.message, /Cannot start demo.onOrder on event/);
});
