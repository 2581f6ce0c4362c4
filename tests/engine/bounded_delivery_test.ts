/** Events that reach very many jobs: limited, in slices, and resumable. */

import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventId, eventType, jobId } from "../../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan } from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { EngineLimits } from "../../src/engine/events/delivery_limits.ts";
import { OverCapacityError } from "../../src/engine/writer/intake.ts";
import type { CreateRequest, IncomingEvent, Receipt } from "../../src/engine/requests.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { wholeJobs } from "./whole_jobs.ts";

const TYPE = eventType("shop.Happened");

/** Expects a hundred of any event, under this many names. */
function planOf(expectations = 1, correlation: Correlation = "any"): JobPlan {
  const expected = Array.from({ length: expectations }, (_, index) => ({
    id: `e${index}`,
    kind: "DomainFact" as const,
    matcher: { eventType: TYPE, correlation },
    multiplicity: { times: 100 },
  }));
  return { expected, policy: DEFAULT_POLICY };
}

interface Waiting {
  readonly jobs: number;
  readonly plan?: JobPlan;
  readonly limits?: Partial<EngineLimits>;
  readonly clock?: FakeClock;
}

async function waiting(
  { jobs, plan = planOf(), limits = {}, clock = new FakeClock() }: Waiting,
): Promise<Harness> {
  const daybook = await Harness.start({ limits, clock });
  for (let job = 0; job < jobs; job++) {
    void daybook.engine.create({ plan, jobId: jobId(`job-${job}`) } as CreateRequest);
  }
  await clock.settle(50);
  return daybook;
}

function eventOf(name: string, attributes: JsonObject = {}): IncomingEvent {
  return { eventType: TYPE, stratum: "domain", eventId: eventId(name), attributes };
}

const eventsOf = (count: number) => Array.from({ length: count }, (_, n) => eventOf(`event-${n}`));

function dispositions(receipts: readonly Receipt[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { disposition } of receipts) counts[disposition] = (counts[disposition] ?? 0) + 1;
  return counts;
}

function matchedOf(daybook: Harness, job: number): number | undefined {
  return daybook.job(jobId(`job-${job}`)).expected[0]?.matched;
}

Deno.test("fan-out: an event beyond the limit of jobs is refused, and one at the limit is not", async () => {
  const daybook = await waiting({ jobs: 20, limits: { fanOutMax: 20 } });
  const [taken] = await daybook.engine.deliver([eventOf("first")]);
  assert.equal(taken?.disposition, "matched");

  await daybook.create({ plan: planOf() });
  const head = daybook.engine.headLogId;
  const [refused] = await daybook.engine.deliver([eventOf("second")]);
  assert.deepEqual(refused, {
    eventId: "second",
    disposition: "rejected",
    jobs: [],
    reason:
      "not recorded: it reaches more than 20 jobs, where one with a large plan counts as several",
    limit: { name: "fanOutMax", max: 20 },
  });
  assert.equal(daybook.engine.headLogId, head);
  daybook.assertSound();
});

Deno.test("fan-out: a large plan counts for several jobs; one job may always be reached", async () => {
  const limits = { fanOutMax: 20 };
  const large = planOf(1_000);
  const one = await waiting({ jobs: 1, plan: large, limits: { fanOutMax: 1 } });
  assert.equal((await one.engine.deliver([eventOf("first")]))[0]?.disposition, "matched");

  const several = await waiting({ jobs: 2, plan: large, limits });
  const [refused] = await several.engine.deliver([eventOf("first")]);
  assert.deepEqual(refused?.limit, { name: "fanOutMax", max: 20 });
});

Deno.test("fan-out: copies of a large event are refused before they are made", async () => {
  const daybook = await waiting({ jobs: 100, limits: { fanOutBytesMax: 1_000_000 } });
  const text = "x".repeat(100_000);
  const [refused] = await daybook.engine.deliver([eventOf("large", { text })]);
  assert.deepEqual(refused?.limit, { name: "fanOutBytesMax", max: 1_000_000 });
  const alone = { ...eventOf("alone", { text: text.repeat(20) }), jobId: jobId("job-1") };
  assert.equal((await daybook.engine.deliver([alone]))[0]?.disposition, "matched");
});

Deno.test("tried: if an event needs too many predicates, none is tried", async () => {
  const correlation: Correlation = {
    all: Array.from({ length: 300 }, (_, n) => ({ not: { equals: { [`p${n}`]: 1 } } })),
  };
  const limits = { triedMax: 10_000 };
  const daybook = await waiting({ jobs: 30, plan: planOf(1, correlation), limits });
  let looked = 0;
  const attributes = new Proxy({}, {
    getOwnPropertyDescriptor(target, name) {
      looked++;
      return Reflect.getOwnPropertyDescriptor(target, name);
    },
  });
  const [refused] = await daybook.engine.deliver([eventOf("first", attributes)]);
  assert.deepEqual(refused?.limit, { name: "triedMax", max: 10_000 });
  assert.equal(looked, 0);
});

Deno.test("request: at its limit of entries the rest is refused, and repeating the request takes more", async () => {
  const daybook = await waiting({ jobs: 10, limits: { entriesMax: 100 } });
  const events = eventsOf(25);

  const first = await daybook.engine.deliver(events);
  assert.deepEqual(dispositions(first), { matched: 9, rejected: 16 });
  assert.ok(first.slice(9).every(({ limit }) => limit?.name === "entriesMax"));
  assert.equal(matchedOf(daybook, 3), 9);

  const second = await daybook.engine.deliver(events);
  assert.deepEqual(dispositions(second), { duplicate: 9, matched: 9, rejected: 7 });
  const third = await daybook.engine.deliver(events);
  assert.deepEqual(dispositions(third), { duplicate: 18, matched: 7 });
  assert.equal(matchedOf(daybook, 3), 25);
  daybook.assertSound();
});

Deno.test("request: the first event may exceed its limits, and bytes are counted too", async () => {
  const limits = { entriesMax: 5, entriesBytesMax: 60_000 };
  const daybook = await waiting({ jobs: 10, limits });
  assert.deepEqual(dispositions(await daybook.engine.deliver(eventsOf(2))), {
    matched: 1,
    rejected: 1,
  });
  const alone = (name: string): IncomingEvent => ({
    ...eventOf(name, { text: "x".repeat(25_000) }),
    jobId: jobId("job-1"),
  });
  const receipts = await daybook.engine.deliver(["a", "b", "c"].map(alone));
  assert.deepEqual(dispositions(receipts), { matched: 2, rejected: 1 });
  assert.equal(receipts[2]?.limit?.name, "entriesBytesMax");
});

Deno.test("request: while the disk is stuck, only a bounded part of it is on its way", async () => {
  const daybook = await waiting({ jobs: 50 });
  daybook.journal.hold();
  let done = false;
  const delivering = daybook.engine.deliver(eventsOf(500)).then((receipts) => {
    done = true;
    return receipts;
  });
  await daybook.clock.settle(200);
  const { pendingBytes } = daybook.engine.activity;
  assert.ok(!done && pendingBytes > 0 && pendingBytes < 1_000_000, `${pendingBytes} bytes`);

  daybook.journal.release();
  assert.deepEqual(dispositions(await delivering), { matched: 100, recorded: 400 });
  assert.equal(matchedOf(daybook, 7), 100);
  assert.equal(daybook.job(jobId("job-7")).state, "Done");
  daybook.assertSound();
});

Deno.test("requests: only as many wait as memory allows, and later they are accepted again", async () => {
  const daybook = await waiting({ jobs: 100, limits: { pendingBytesMax: 1_000_000 } });
  daybook.journal.hold();
  const text = "x".repeat(400);
  const requests = Array.from({ length: 20 }, (_, request) =>
    daybook.engine.deliver(
      Array.from({ length: 200 }, (_, n) => eventOf(`event-${request}-${n}`, { text })),
    ));
  const settled = Promise.allSettled(requests);
  await daybook.clock.settle(50);
  daybook.journal.release();

  const refused = (await settled).filter(({ status }) => status === "rejected");
  assert.equal(refused.length, 12);
  for (const { reason } of refused as readonly PromiseRejectedResult[]) {
    assert.ok(reason instanceof OverCapacityError && reason.limit === "pendingBytesMax");
  }
  const [again] = await daybook.engine.deliver([eventOf("again", { text })]);
  assert.notEqual(again?.disposition, "rejected");
});

Deno.test("request: other requests do not wait for the rest of it", async () => {
  const daybook = await waiting({ jobs: 100 });
  const order: string[] = [];
  const large = daybook.engine.deliver(eventsOf(300)).then(() => order.push("large"));
  const small = daybook.engine.deliver([{ ...eventOf("small"), jobId: jobId("job-1") }])
    .then(() => order.push("small"));
  await Promise.all([large, small]);
  assert.deepEqual(order, ["small", "large"]);
});

Deno.test("request: an id in two waiting requests is recorded once", async () => {
  const daybook = await waiting({ jobs: 100 });
  const events = eventsOf(100);
  const both = await Promise.all([daybook.engine.deliver(events), daybook.engine.deliver(events)]);
  assert.deepEqual(dispositions(both.flat()), { matched: 100, duplicate: 100 });
  assert.equal(matchedOf(daybook, 9), 100);
  daybook.assertSound();
});

Deno.test("request: a job that starts while an event waits its turn is reached by it", async () => {
  const daybook = await waiting({ jobs: 100 });
  daybook.journal.hold();
  const delivering = daybook.engine.deliver(eventsOf(20));
  await daybook.clock.settle();
  void daybook.engine.create({ plan: planOf(), jobId: jobId("late") } as CreateRequest);
  await daybook.clock.settle();
  daybook.journal.release();

  const receipts = await delivering;
  const created = daybook.job(jobId("late"));
  const later = receipts.filter(({ logId = 0 }) => logId > created.firstLogId).length;
  assert.ok(later > 0, "all were recorded before it");
  assert.equal(daybook.job(jobId("late")).expected[0]?.matched, later);
});

/** A clock that advances half a millisecond at each reading. */
class BusyClock extends FakeClock {
  #looks = 0;
  pauses = 0;

  override monotonic(): number {
    return this.#looks++ / 2;
  }

  override pause(): Promise<void> {
    this.pauses++;
    return super.pause();
  }
}

Deno.test("request: finding the jobs of an event yields to others", async () => {
  const correlation: Correlation = {
    all: Array.from({ length: 300 }, (_, n) => ({ not: { equals: { [`p${n}`]: 1 } } })),
  };
  const clock = new BusyClock();
  const daybook = await waiting({ jobs: 300, plan: planOf(1, correlation), clock });
  const before = clock.pauses;
  const [receipt] = await daybook.engine.deliver([eventOf("first", { p7: 1 })]);
  assert.equal(receipt?.disposition, "recorded");
  assert.ok(clock.pauses - before >= 5, `${clock.pauses - before} pauses`);
});

Deno.test("receipts: they name a hundred jobs of an event, and ten each in a large request", async () => {
  const daybook = await waiting({ jobs: 250 });
  const [alone] = await daybook.engine.deliver([eventOf("alone")]);
  assert.deepEqual([alone?.jobs.length, alone?.more], [100, 150]);

  const receipts = await daybook.engine.deliver(eventsOf(1_000));
  assert.deepEqual([receipts[0]?.jobs.length, receipts[0]?.more], [10, 240]);
  assert.ok(JSON.stringify(receipts).length < 2_000_000);

  const large = await waiting({ jobs: 1, plan: planOf(1_000) });
  const [receipt] = await large.engine.deliver([eventOf("alone")]);
  assert.deepEqual([receipt?.jobs.length, receipt?.more], [100, 900]);
});

Deno.test("deliver: an event costs the same however many tasks its job has", async () => {
  const daybook = await waiting({ jobs: 3 });
  const whole = await wholeJobs(() => daybook.engine.deliver([eventOf("a"), eventOf("b")]));
  assert.deepEqual([matchedOf(daybook, 0), whole], [2, 0]);
});
