/** Events that reach very many jobs: limited, in slices, and resumable. */

import assert from "node:assert/strict";
import type { Correlation } from "../../src/core/correlation.ts";
import { eventId, eventType, jobId } from "../../src/core/ids.ts";
import { DEFAULT_POLICY, type JobPlan } from "../../src/core/job_plan.ts";
import type { JsonObject } from "../../src/core/json.ts";
import type { EngineLimits } from "../../src/engine/engine_limits.ts";
import { OverCapacityError } from "../../src/engine/writer/intake.ts";
import type { CreateRequest, IncomingEvent, Receipt } from "../../src/engine/requests.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { wholeJobs } from "./whole_jobs.ts";
import type { Work } from "../../src/core/work.ts";
import { Pacer, type TimeShare } from "../../src/engine/pacer.ts";
import { type Admission, DeliveryGate } from "../../src/engine/events/delivery_gate.ts";

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
    assert.ok(reason instanceof OverCapacityError && reason.limit.name === "pendingBytesMax");
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

/** A clock on which only work takes time. */
class WorkClock extends FakeClock {
  worked = 0;
  pauses = 0;

  override monotonic(): number {
    return this.worked;
  }

  override pause(): Promise<void> {
    this.pauses++;
    return super.pause();
  }
}

const share = (spentMs = 0): TimeShare => ({ spentMs });

Deno.test("pacer: a little work is done at once, and costs no pause", () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  for (let piece = 0; piece < 5; piece++) {
    assert.equal(pacer.do(share(), () => ++clock.worked), piece + 1);
  }
  assert.equal(clock.pauses, 0);
});

Deno.test("pacer: however many share it, it yields every few milliseconds", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const results = await Promise.all(
    Array.from({ length: 100 }, (_, index) =>
      pacer.do(share(), () => {
        clock.worked += 1;
        return index;
      })),
  );
  assert.deepEqual(results, Array.from({ length: 100 }, (_, index) => index));
  assert.ok(clock.pauses >= 10, `${clock.pauses} pauses in 100 ms`);
});

Deno.test("pacer: the task that has had the least time goes first", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const [large, small] = [share(), share()];
  const done: string[] = [];
  const work = (name: string, of: TimeShare) =>
    pacer.do(of, () => {
      clock.worked += 3;
      done.push(name);
    });
  const all = Array.from({ length: 10 }, () => work("large", large));
  all.push(work("small", small));
  await Promise.all(all);
  assert.equal(done.indexOf("small"), 2);
});

Deno.test("pacer: a task that has had hardly any time waits only for others like it", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const large = share();
  const all = Array.from({ length: 10 }, () => pacer.do(large, () => clock.worked += 3));
  const small = Array.from({ length: 20 }, () => pacer.do(share(), () => clock.worked += 0.5));
  assert.equal(small.filter((one) => typeof one === "number").length, 10);
  await Promise.all([...all, ...small]);
});

Deno.test("pacer: long work is done in pieces, and returns its result", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  function* counting(): Work<number> {
    for (let step = 0; step < 50; step++) {
      clock.worked += 0.5;
      yield;
    }
    return clock.worked;
  }
  assert.equal(await pacer.all(share(), counting()), 25);
  assert.ok(clock.pauses >= 4, `${clock.pauses} pauses in 25 ms`);
});

Deno.test("pacer: an error rejects only its own work, and the others continue", async () => {
  const clock = new WorkClock();
  const pacer = new Pacer(clock);
  const failing = () => {
    clock.worked += 10;
    throw new Error("no");
  };
  assert.throws(() => pacer.do(share(), failing), { message: "no" });
  const [later, last] = [pacer.do(share(1), failing), pacer.do(share(1), () => "done")];
  await assert.rejects(async () => await later, { message: "no" });
  assert.equal(await last, "done");
});

/** Requests room, and notes which request gets it. */
function asking(gate: DeliveryGate, entered: string[]) {
  return async (name: string, cost: number, served = 0): Promise<Admission> => {
    const admission = await gate.enter(cost, served);
    entered.push(name);
    return admission;
  };
}

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("delivery gate: a large request waits until little is inside", async () => {
  const gate = new DeliveryGate();
  const first = gate.tryEnter(499);
  const second = gate.tryEnter(10_000);
  assert.ok(first && second);
  assert.equal(gate.tryEnter(50), undefined);

  second.leave();
  const third = gate.tryEnter(50);
  assert.ok(third);
  assert.equal(gate.tryEnter(50), undefined);
  await Promise.resolve();
});

Deno.test("delivery gate: a small request does not wait for a large one while there is room", () => {
  const gate = new DeliveryGate();
  assert.ok(gate.tryEnter(900));
  void gate.enter(900, 0);
  for (let little = 0; little < 10; little++) assert.ok(gate.tryEnter(10));
  assert.equal(gate.tryEnter(10), undefined);
});

Deno.test("delivery gate: of those waiting, the one that needs little and had little goes first", async () => {
  const gate = new DeliveryGate();
  const entered: string[] = [];
  const ask = asking(gate, entered);
  const inside = gate.tryEnter(500);
  const large = ask("large", 1_000);
  const greedy = ask("small, of a request that had much", 20, 5_000);
  const small = ask("small", 20);
  await turn();
  assert.deepEqual(entered, []);

  inside?.leave();
  await Promise.all([small, large]);
  assert.deepEqual(entered, ["small", "large"]);
  (await large).leave();
  await greedy;
});

Deno.test("delivery gate: a large request is not overtaken forever", async () => {
  const gate = new DeliveryGate();
  const entered: string[] = [];
  const ask = asking(gate, entered);
  let inside = gate.tryEnter(500);
  const large = ask("large", 3_000);
  for (let round = 0; round < 20; round++) {
    const small = ask("small", 500);
    inside?.leave();
    inside = await Promise.race([small, large]);
  }
  assert.ok(entered.includes("large"), `${entered.length} went first`);
});

Deno.test("delivery gate: a request that turns out smaller than announced makes room at once", async () => {
  const gate = new DeliveryGate();
  const admission = gate.tryEnter(500);
  const waiting = gate.enter(20, 0);
  admission?.keep(3);
  (await waiting).leaveUnlessKept();
  admission?.leaveUnlessKept();

  const [one, other] = [gate.tryEnter(477), gate.tryEnter(20)];
  assert.ok(one && other);
  assert.equal(gate.tryEnter(20), undefined);
});
