/** Receipts of events that matched nothing, and the cost of computing them. */

import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventId, eventType, type JobId, jobId, taskId } from "../../src/core/ids.ts";
import {
  DEFAULT_POLICY,
  type EventMatcher,
  type JobPlan,
  type JobPolicy,
} from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import { CorrelationIndex } from "../../src/engine/matching/correlation_index.ts";
import { DefinitionRegistry } from "../../src/engine/definition_registry.ts";
import { RecentlyEnded } from "../../src/engine/views/recently_ended.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import type { CreateRequest, IncomingEvent, Receipt } from "../../src/engine/requests.ts";
import { Unmatched } from "../../src/engine/events/unmatched.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan, timeOf } from "../support/engine/entries.ts";
import { IS_QUICK, rounds } from "../support/effort.ts";

const SHIPPED = "ec.shipment.ShipmentCompleted";

const shipped = (correlation: Correlation, policy: Partial<JobPolicy> = {}): JobPlan =>
  plan([expectation("shipped", SHIPPED, { correlation })], policy);

const ofOrder = (orderId: string) => shipped({ equals: { orderId } });

async function create(
  daybook: Harness,
  name: string,
  plan: JobPlan,
  more: Partial<CreateRequest> = {},
): Promise<JobId> {
  const id = jobId(name);
  await daybook.create({ plan, jobId: id, ...more } as CreateRequest);
  return id;
}

/** The receipt, without what the journal gave the event. */
async function receiptOf(
  daybook: Harness,
  type: string,
  attributes: JsonObject,
  references: { jobId?: string; taskId?: string } = {},
): Promise<Omit<Receipt, "eventId" | "logId">> {
  const { eventId: _, logId, ...rest } = await daybook.event(type, attributes, references);
  assert.ok(logId);
  return rest;
}

Deno.test("receipt: if no job waits for events of the type, it says so", async () => {
  const daybook = await Harness.start();
  await create(daybook, "order-42", ofOrder("42"));

  assert.deepEqual(await receiptOf(daybook, "ec.cart.CartEmptied", {}), {
    disposition: "recorded",
    jobs: [],
    reason: "no job waits for events of type ec.cart.CartEmptied",
  });
});

Deno.test("receipt: if several jobs are equally near it says so, and names one more", async () => {
  const ofRegion = shipped({ equals: { region: "EU" } });
  const why = 'region: expected "EU", found "eu" (letter case)';
  const nearest = "matched nothing: the nearest is expectation shipped of job order-41";
  const daybook = await Harness.start();
  await create(daybook, "order-41", ofRegion);
  const one = await receiptOf(daybook, SHIPPED, { region: "eu" });
  assert.equal(one.reason, `${nearest}: ${why}`);
  await create(daybook, "order-42", ofRegion);
  const two = await receiptOf(daybook, SHIPPED, { region: "eu" });
  assert.equal(two.reason, `${nearest} (job order-42 is as near): ${why}`);
  await create(daybook, "order-43", ofRegion);
  const three = await receiptOf(daybook, SHIPPED, { region: "eu" });
  assert.equal(three.reason, `${nearest} (job order-42 and others are as near): ${why}`);
});

Deno.test("receipt: for a misspelt type it names the one that jobs wait for", async () => {
  const daybook = await Harness.start();
  for (const order of ["1", "2", "3"]) await create(daybook, `order-${order}`, ofOrder(order));
  await create(daybook, "paid", plan([expectation("paid", "ec.Paid")]));

  assert.deepEqual(await receiptOf(daybook, "ec.shipment.ShipmentComplete", {}), {
    disposition: "recorded",
    jobs: [],
    reason: "no job waits for events of type ec.shipment.ShipmentComplete; " +
      "did you mean ec.shipment.ShipmentCompleted, which 3 jobs wait for?",
  });
  assert.equal(
    (await receiptOf(daybook, "EC.PAID", {})).reason,
    "no job waits for events of type EC.PAID; did you mean ec.Paid, which 1 job waits for?",
  );
});

Deno.test("receipt: the type of an ended job is not suggested", async () => {
  const daybook = await Harness.start();
  const id = await create(daybook, "order-42", ofOrder("42"));
  await daybook.control(id, "cancel");

  assert.equal(
    (await receiptOf(daybook, "ec.shipment.ShipmentComplete", {})).reason,
    "no job waits for events of type ec.shipment.ShipmentComplete",
  );
  assert.equal(
    (await receiptOf(daybook, SHIPPED, { orderId: "43" })).reason,
    `no job waits for events of type ${SHIPPED}`,
  );
});

Deno.test("receipt: it names the nearest expectation, and the failed clause with its types", async () => {
  const daybook = await Harness.start();
  for (const order of ["41", "42", "43"]) await create(daybook, `order-${order}`, ofOrder(order));

  const why = 'orderId: expected "42" (text), found 42 (number)';
  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: 42 }), {
    disposition: "recorded",
    jobs: [],
    reason: `matched nothing: the nearest is expectation shipped of job order-42: ${why}`,
    nearest: {
      jobId: "order-42",
      state: "Running",
      expectation: "shipped",
      reason: why,
      clauses: [{ path: "orderId", expected: '"42"', found: "42", close: true }],
    },
  });
});

Deno.test("receipt: an event with the right order and the wrong region is nearest to the job of that order", async () => {
  const daybook = await Harness.start();
  for (const orderId of ["41", "42", "43"]) {
    await create(daybook, `order-${orderId}`, shipped({ equals: { orderId, region: "EU" } }));
  }

  const why = 'region: expected "EU", found "US"';
  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42", region: "US" }), {
    disposition: "recorded",
    jobs: [],
    reason: `matched nothing: the nearest is expectation shipped of job order-42: ${why}`,
    nearest: {
      jobId: "order-42",
      state: "Running",
      expectation: "shipped",
      reason: why,
      clauses: [{ path: "region", expected: '"EU"', found: '"US"', close: false }],
    },
  });
});

Deno.test("receipt: without a value in common, it gives the number of waiting jobs, and names one", async () => {
  const daybook = await Harness.start();
  await create(daybook, "order-41", ofOrder("41"));
  const why = 'orderId: expected "41", found "40"';
  const one = await receiptOf(daybook, SHIPPED, { orderId: "40" });
  assert.equal(
    one.reason,
    `matched nothing: the nearest is expectation shipped of job order-41: ${why}`,
  );
  await create(daybook, "order-42", ofOrder("42"));
  await create(daybook, "order-43", ofOrder("43"), { start: false });

  const { reason, nearest } = await receiptOf(daybook, SHIPPED, { orderId: "40" });
  assert.equal(
    reason,
    `matched nothing: 3 jobs expect events of type ${SHIPPED}, and none of them this one; ` +
      `for one, expectation shipped of job order-41: ${why}`,
  );
  assert.deepEqual([nearest?.jobId, nearest?.reason], ["order-41", why]);
});

Deno.test("receipt: a value under another name leads to the right one of many jobs", async () => {
  const daybook = await Harness.start();
  for (let order = 30; order < 60; order++) await create(daybook, `o${order}`, ofOrder(`${order}`));

  for (
    const [attributes, where] of [
      [{ order_id: "42" }, '"42" is at order_id'],
      [{ order: { orderId: "42" } }, '"42" is at order.orderId'],
    ] as const
  ) {
    const { reason, nearest } = await receiptOf(daybook, SHIPPED, attributes);
    const why = `orderId: expected "42", found nothing; ${where}`;
    assert.equal(reason, `matched nothing: the nearest is expectation shipped of job o42: ${why}`);
    assert.equal(nearest?.clauses[0]?.elsewhere?.close, true);
  }
});

Deno.test("receipt: open expectations are nearer than satisfied ones, then older jobs than newer ones", async () => {
  const daybook = await Harness.start();
  const never = expectation("never", "ec.Never");
  const withMore = plan([...ofOrder("42").expected, never]);
  await create(daybook, "satisfied", withMore);
  await daybook.event(SHIPPED, { orderId: "42" });

  const why = 'orderId: expected "42" (text), found 42 (number)';
  assert.equal(
    (await receiptOf(daybook, SHIPPED, { orderId: 42 })).reason,
    `matched nothing: the nearest is expectation shipped (satisfied) of job satisfied: ${why}`,
  );
  await create(daybook, "waiting-1", withMore);
  await create(daybook, "waiting-2", withMore);
  assert.equal(
    (await receiptOf(daybook, SHIPPED, { orderId: 42 })).nearest?.jobId,
    "waiting-1",
  );
});

Deno.test("receipt: it lists at most ten clauses, and words three", async () => {
  const daybook = await Harness.start();
  const paths = Array.from({ length: 20 }, (_, index) => [`p${index}`, "x"]);
  await create(daybook, "many", shipped({ equals: Object.fromEntries(paths) }));

  const { nearest } = await receiptOf(daybook, SHIPPED, { p0: "x" });
  assert.equal(nearest?.clauses.length, 10);
  assert.match(nearest?.reason ?? "", /^p1: .*; p2: .*; p3: .*; and 16 more$/);
});

const NOT_STARTED: Omit<Receipt, "eventId" | "logId"> = {
  disposition: "recorded",
  jobs: [],
  reason: "matched nothing: expectation shipped of job order-42 would match, " +
    "but the job has not started",
  nearest: {
    jobId: jobId("order-42"),
    state: "Created",
    expectation: "shipped",
    reason: "the job has not started",
    clauses: [],
  },
};

Deno.test("receipt: an event that only a job that has not started would match names that job", async () => {
  const daybook = await Harness.start();
  await create(daybook, "order-41", ofOrder("41"));
  const id = await create(daybook, "order-42", ofOrder("42"), { start: false });

  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42" }), NOT_STARTED);
  const restarted = await daybook.crash();
  assert.deepEqual(await receiptOf(restarted, SHIPPED, { orderId: "42" }), NOT_STARTED);

  await restarted.control(id, "start");
  const { disposition, nearest } = await receiptOf(restarted, SHIPPED, { orderId: "42" });
  assert.deepEqual([disposition, nearest], ["matched", undefined]);
});

Deno.test("receipt: an event that only a job that has not started nearly expects names it", async () => {
  const daybook = await Harness.start();
  await create(daybook, "order-42", ofOrder("42"), { start: false });

  const { reason } = await receiptOf(daybook, SHIPPED, { orderId: 42 });

  assert.equal(
    reason,
    "matched nothing: the nearest is expectation shipped (state is Created) of job order-42: " +
      'orderId: expected "42" (text), found 42 (number)',
  );
});

Deno.test("receipt: a scheduled job whose start finds no room has not started", async () => {
  const daybook = await Harness.start();
  const id = await create(daybook, "order-42", ofOrder("42"), { start: false });
  daybook.journal.failNext(new JournalFullError("no room"));
  await assert.rejects(daybook.engine.control(id, { kind: "start" }), JournalFullError);

  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42" }), NOT_STARTED);
});

Deno.test("receipt: a job that is cancelled before it starts no longer waits, but has ended", async () => {
  const daybook = await Harness.start();
  const id = await create(daybook, "order-42", ofOrder("42"), { start: false });
  await daybook.control(id, "cancel");

  const { reason } = await receiptOf(daybook, SHIPPED, { orderId: "42" });
  assert.match(
    reason ?? "",
    /of job order-42 would match, but the job has been Failed since entry \d+$/,
  );
});

Deno.test("receipt: for an event addressed to a job it names the expectation that it missed, and the clause", async () => {
  const daybook = await Harness.start();
  const id = await create(
    daybook,
    "order-42",
    plan([
      expectation("packed", SHIPPED, { correlation: { equals: { orderId: "42", step: 1 } } }),
      expectation("shipped", SHIPPED, { correlation: { equals: { orderId: "42", step: 2 } } }),
    ]),
  );

  const why = 'step: expected 2 (number), found "2" (text)';
  const event = { orderId: "42", step: "2" };
  assert.deepEqual(await receiptOf(daybook, SHIPPED, event, { jobId: id }), {
    disposition: "recorded",
    jobs: [{
      jobId: id,
      state: "Running",
      reason: `matched no expectation: the nearest is shipped: ${why}`,
    }],
    nearest: {
      jobId: id,
      state: "Running",
      expectation: "shipped",
      reason: why,
      clauses: [{ path: "step", expected: "2", found: '"2"', close: true }],
    },
  });
});

Deno.test("receipt: for an event of a type that the addressed job does not expect it names what the job waits for", async () => {
  const daybook = await Harness.start();
  const types = ["ec.A", "ec.B", "ec.Cleared", "ec.D", "ec.E"];
  const id = await create(daybook, "many", plan(types.map((type) => expectation(type, type))));
  await daybook.event("ec.A");

  assert.deepEqual(await receiptOf(daybook, "ec.Claered", {}, { jobId: id }), {
    disposition: "recorded",
    jobs: [{
      jobId: id,
      state: "Running",
      reason: "the plan expects no event of type ec.Claered; " +
        "it still waits for ec.Cleared, ec.B, ec.D and 1 more",
    }],
  });
});

Deno.test("receipt: for a job that waits for nothing from outside it says so", async () => {
  const endless = looseJob(
    "demo.endless",
    (ctx) => ctx.task("wait", () => new Promise<void>(() => {})),
  );
  const daybook = await Harness.start({ definitions: [endless] });
  const id = await daybook.submit("demo.endless");

  const { jobs } = await receiptOf(daybook, SHIPPED, {}, { jobId: id });
  assert.equal(
    jobs[0]?.reason,
    `the plan expects no event of type ${SHIPPED}; it waits for no event from outside`,
  );
});

Deno.test("receipt: for an event that is nearly an error of the job's policy it says why it is not", async () => {
  const daybook = await Harness.start();
  const lost: EventMatcher = matcher("ec.Lost", { equals: { orderId: "42" } });
  const id = await create(daybook, "order-42", shipped("any", { errors: [lost] }));

  const { jobs } = await receiptOf(daybook, "ec.Lost", { orderId: 42 }, { jobId: id });
  assert.equal(
    jobs[0]?.reason,
    "matched no expectation: the nearest is the error event of its policy: " +
      'orderId: expected "42" (text), found 42 (number)',
  );
});

Deno.test("receipt: for an event of another task the task is the failed clause", async () => {
  const daybook = await Harness.start();
  const expected = expectation("shipped", SHIPPED, { taskId: taskId("pack") });
  const id = await create(daybook, "order-42", plan([expected]));

  const receipt = await receiptOf(daybook, SHIPPED, {}, { taskId: "send" });
  assert.equal(receipt.disposition, "recorded");
  assert.deepEqual(receipt.jobs, [{
    jobId: id,
    state: "Running",
    reason: 'matched no expectation: the nearest is shipped: taskId: expected "pack", found "send"',
  }]);
});

Deno.test("receipt: events addressed to a job that has not started or has ended get the usual reasons", async () => {
  const daybook = await Harness.start();
  const created = await create(daybook, "created", ofOrder("42"), { start: false });
  const ended = await create(daybook, "ended", plan([]));

  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42" }, { jobId: created }), {
    disposition: "recorded",
    jobs: [{ jobId: created, state: "Created", reason: "recorded only: the job has not started" }],
  });
  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42" }, { jobId: ended }), {
    disposition: "recorded",
    jobs: [{ jobId: ended, state: "Done", reason: "recorded only: state is Done" }],
  });
});

Deno.test("receipt: for a compensating job it says that expectations no longer count", async () => {
  const daybook = await Harness.start();
  const id = await create(
    daybook,
    "order-42",
    shipped({ equals: { orderId: "42" } }, {
      errors: [matcher("ec.Lost")],
      compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.NotUndone") },
    }),
  );
  await daybook.event("ec.Lost");

  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "42" }, { jobId: id }), {
    disposition: "recorded",
    jobs: [{ jobId: id, state: "Compensating", reason: "recorded only: state is Compensating" }],
  });
  assert.equal(
    (await receiptOf(daybook, SHIPPED, { orderId: 42 })).reason,
    "matched nothing: the nearest is expectation shipped (state is Compensating) of job order-42: " +
      'orderId: expected "42" (text), found 42 (number)',
  );
});

Deno.test("receipt: coordination events are never interpreted, with a job or without", async () => {
  const daybook = await Harness.start();
  const id = await create(daybook, "order-42", ofOrder("42"));
  const event: IncomingEvent = {
    eventType: eventType(SHIPPED),
    stratum: "coordination",
    attributes: { orderId: "42" },
  };
  const reason = "recorded only: events of the coordination stratum are never interpreted";

  const [alone] = await daybook.engine.deliver([{ ...event, eventId: eventId("e1") }]);
  const [named] = await daybook.engine.deliver([{ ...event, eventId: eventId("e2"), jobId: id }]);

  const { logId: _, ...rest } = alone ?? { logId: 0 };
  assert.deepEqual(rest, { eventId: "e1", disposition: "recorded", jobs: [], reason });
  const { logId: __, ...others } = named ?? { logId: 0 };
  assert.deepEqual(others, {
    eventId: "e2",
    disposition: "recorded",
    jobs: [{ jobId: id, state: "Running", reason }],
  });
});

Deno.test("receipt: if an event would start a job with other values, it says so", async () => {
  const onOrder = looseJob("demo.onOrder", () => Promise.resolve(), {
    startsOn: {
      eventType: "ec.order.OrderPlaced",
      correlation: { equals: { region: "JP" } },
      input: () => ({}),
    },
  });
  const daybook = await Harness.start({ definitions: [onOrder] });

  assert.equal(
    (await receiptOf(daybook, "ec.order.OrderPlaced", { region: "jp" })).reason,
    "no job waits for events of type ec.order.OrderPlaced, and it starts no job of type " +
      'demo.onOrder: region: expected "JP", found "jp" (letter case)',
  );
  assert.equal(
    (await receiptOf(daybook, "ec.order.OrderPlacd", { region: "JP" })).reason,
    "no job waits for events of type ec.order.OrderPlacd; " +
      "did you mean ec.order.OrderPlaced, which starts jobs of type demo.onOrder?",
  );
});

Deno.test("receipt: an event that names the wrong job says which job expects exactly this", async () => {
  const daybook = await Harness.start();
  const wrong = await create(daybook, "order-1", ofOrder("1"));
  const right = await create(daybook, "order-2", ofOrder("2"));
  const reason = "the event names job order-1";
  assert.deepEqual(await receiptOf(daybook, SHIPPED, { orderId: "2" }, { jobId: wrong }), {
    disposition: "recorded",
    jobs: [{
      jobId: wrong,
      state: "Running",
      reason: 'matched no expectation: the nearest is shipped: orderId: expected "1", found "2"',
    }],
    reason: `expectation shipped of job order-2 would match, but ${reason}`,
    nearest: { jobId: right, state: "Running", expectation: "shipped", reason, clauses: [] },
  });
});

Deno.test("receipt: jobs that expect any event of the type are not said to expect this one", async () => {
  const daybook = await Harness.start();
  const wrong = await create(daybook, "order-1", ofOrder("1"));
  await create(daybook, "any", shipped("any"));
  const receipt = await receiptOf(daybook, SHIPPED, { orderId: "2" }, { jobId: wrong });
  assert.deepEqual([receipt.nearest?.jobId, receipt.reason], [wrong, undefined]);
});

Deno.test("receipt: an event that names a retried job says what its newest retry expects", async () => {
  const daybook = await Harness.start();
  const failing = { errors: [matcher("ec.shipment.Lost")] };
  const old = await create(daybook, "order-1", shipped({ equals: { orderId: "1" } }, failing));
  await daybook.event("ec.shipment.Lost", {}, { jobId: old });
  const retry = async (id: JobId) => {
    const retried = await daybook.engine.retry(id, {});
    assert.ok(retried.ok);
    return retried.value;
  };
  const second = await retry(old);
  await daybook.event("ec.shipment.Lost", {}, { jobId: second.jobId });
  const newest = await retry(second.jobId);
  const { reason, nearest } = await receiptOf(daybook, SHIPPED, { orderId: "1" }, { jobId: old });
  assert.equal(
    reason,
    `expectation shipped of job ${newest.jobId}, the newest retry of job order-1, would match, but ` +
      "the event names job order-1",
  );
  assert.deepEqual([nearest?.jobId, nearest?.clauses], [newest.jobId, []]);
  const close = await receiptOf(daybook, SHIPPED, { orderId: 1 }, { jobId: old });
  assert.equal(
    close.reason,
    `the event names job order-1; the nearest is expectation shipped of job ${newest.jobId}, the ` +
      'newest retry of job order-1: orderId: expected "1" (text), found 1 (number)',
  );
});

/**
 * Jobs that each wait for a different event, and the number of times their predicates were read.
 */
class ManyJobs {
  readonly #index = new CorrelationIndex();
  readonly #table = new JobTable();
  readonly #unmatched = new Unmatched(
    { started: this.#index, unstarted: new CorrelationIndex(), ended: new RecentlyEnded() },
    new DefinitionRegistry([]),
    this.#table,
  );
  #reads = 0;

  constructor(jobs: number, correlationOf: (job: number) => Correlation) {
    for (let job = 0; job < jobs; job++) this.#add(job, correlationOf(job));
  }

  /** The reason, and the number of predicates read to find it. */
  explain(
    attributes: JsonObject,
    names: { readonly jobId?: JobId } = {},
  ): readonly [reason: string | undefined, reads: number] {
    this.#reads = 0;
    const { reason } = this.#unmatched.explain({
      ...names,
      eventId: eventId("e1"),
      eventType: eventType(SHIPPED),
      stratum: "domain",
      occurredAt: timeOf(1),
      attributes,
    });
    return [reason, this.#reads];
  }

  #add(job: number, correlation: Correlation): void {
    const id = jobId(`order-${job}`);
    const plan = this.#counted(correlation);
    this.#index.add(id, plan);
    const common = { jobId: id, stratum: "framework", occurredAt: "", receivedAt: "" } as const;
    const [logId, attributes] = [job * 2 + 1, { plan, priority: 0, labels: {} }];
    const [created, started] = [eventId(`c${job}`), eventId(`s${job}`)];
    const creation = { ...common, logId, eventId: created, attributes };
    this.#table.apply({ ...creation, eventType: "job.JobCreated" });
    const start = { ...common, logId: logId + 1, eventId: started, attributes: {} };
    this.#table.apply({ ...start, eventType: "job.JobStarted" });
  }

  #counted(correlation: Correlation): JobPlan {
    const count = () => this.#reads++;
    const [expected] = shipped(correlation).expected;
    assert.ok(expected);
    const matcher: EventMatcher = {
      eventType: eventType(SHIPPED),
      get correlation() {
        count();
        return correlation;
      },
    };
    return { expected: [{ ...expected, matcher }], policy: DEFAULT_POLICY };
  }
}

/** What it examines does not depend on it. */
const JOBS = rounds(20_000, 100_000);

Deno.test("unmatched: with many jobs under other values, it examines eight of them", {
  ignore: IS_QUICK,
}, () => {
  const jobs = new ManyJobs(JOBS, (job) => ({ equals: { orderId: `${job}` } }));

  const [reason, reads] = jobs.explain({ orderId: "none" });

  assert.match(
    reason ?? "",
    new RegExp(
      `^matched nothing: ${JOBS} jobs expect .*; for one, expectation shipped of job order-`,
    ),
  );
  // Eight to find the nearest, one for its clauses, and one for the values in common.
  assert.equal(reads, 10);
  const [close, fewReads] = jobs.explain({ orderId: 7_777 });
  assert.match(close ?? "", /of job order-7777: orderId: expected "7777" \(text\), found 7777/);
  assert.equal(fewReads, 2);
});

Deno.test("unmatched: with many jobs under one value, or under none, it examines 64 of them", {
  ignore: IS_QUICK,
}, () => {
  const alike = new ManyJobs(JOBS, (job) => ({ in: { region: ["EU"], size: [job, -1] } }));
  const [reason, reads] = alike.explain({ region: "eu", size: -1 });
  assert.match(
    reason ?? "",
    /of job order-0 \(job order-2 and others are as near\): region: expected "EU", found "eu" \(/,
  );
  assert.equal(reads, 65);

  const open = new ManyJobs(JOBS, () => ({ not: { equals: { region: "EU" } } }));
  const [why, openReads] = open.explain({ region: "EU" });
  assert.match(why ?? "", /of job order-0: region: expected anything but "EU", found "EU"$/);
  assert.equal(openReads, 66);
});

Deno.test(
  "unmatched: with many jobs, an event that names the wrong one finds the right one in two reads",
  {
    ignore: IS_QUICK,
  },
  () => {
    const jobs = new ManyJobs(JOBS, (job) => ({ equals: { orderId: `${job}` } }));
    const names = { jobId: jobId("order-1") };
    const [reason, reads] = jobs.explain({ orderId: "7777" }, names);
    assert.equal(
      reason,
      "expectation shipped of job order-7777 would match, but the event names job order-1",
    );
    assert.ok(reads <= 4, `${reads} reads`);
    const [none, noReads] = jobs.explain({ orderId: "none" }, names);
    assert.equal(none, undefined);
    assert.equal(noReads, 8);
  },
);
