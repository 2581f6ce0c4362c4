/** The small parts of the engine, each on its own. */

import assert from "node:assert/strict";
import { runToEnd } from "../../src/core/work.ts";
import type { JobId } from "../../src/core/ids.ts";
import type { Pause } from "../../src/core/pauses.ts";
import type { Applied } from "../../src/core/job_fold.ts";
import { WaitingCallers } from "../../src/engine/views/waiting_callers.ts";
import { PromptTypes, type SlotRequest, Slots } from "../../src/engine/run/queue/slots.ts";
import { LoopTurns, Scheduler } from "../../src/engine/run/scheduler.ts";
import type { Worker, WorkerRequest } from "../../src/engine/run/queue/request_lines.ts";
import { Shares } from "../../src/engine/run/queue/shares.ts";
import { WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { NO_SHARES, WANTED } from "./lists_of.ts";

/** A queue whose grants are logged by name. */
function queueOf(max: number, promptTypes = new PromptTypes()) {
  const queue = new WorkerQueue(max, promptTypes, assert.ifError, NO_SHARES);
  const granted: string[] = [];
  const workers = new Map<string, Worker>();
  const ask = (name: string, options: Partial<WorkerRequest> = {}) =>
    queue.request({ ...WANTED, jobId: name as JobId, ...options }, (worker) => {
      granted.push(name);
      workers.set(name, worker);
    });
  const release = (name: string) => queue.release(workers.get(name) as Worker);
  return { queue, granted, workers, ask, release };
}

function pauseWith(queue: WorkerQueue, pauses: readonly Pause[]): void {
  runToEnd(queue.pause(pauses));
}

/** Types with these names have had this many handlers that ended at once. */
function promptTypesOf(counts: Readonly<Record<string, number>>): PromptTypes {
  const promptTypes = new PromptTypes();
  for (const [type, count] of Object.entries(counts)) {
    for (let ended = 0; ended < count; ended++) promptTypes.ended(type);
  }
  return promptTypes;
}

Deno.test("worker queue: it never exceeds the limit, and a withdrawn request gets nothing", () => {
  const { queue, granted, ask, release } = queueOf(2);
  ask("a");
  ask("b");
  const withdraw = ask("c", { priority: -1 });
  ask("late", { priority: 1, order: 1 });
  ask("early", { priority: 1, order: 0 });
  withdraw?.();
  assert.deepEqual([granted, queue.busy, queue.waiting], [["a", "b"], 2, 2]);

  release("a");
  release("b");

  assert.deepEqual(granted, ["a", "b", "early", "late"]);
});

Deno.test("worker queue: a paused job is not in the queue, and returns to its place after the pause", () => {
  const { queue, granted, ask, release } = queueOf(1);
  const pause = (by: number, scope: object) => ({
    ...{ pauseId: `p${by}`, reason: "", by, since: "" },
    ...scope,
  });
  const slow = pause(1, { type: "slow" });
  const acme = pause(2, { label: "tenant:acme" });
  const both = pause(3, { type: "fast", label: "tenant:acme" });
  ask("busy", { type: "other" });
  ask("late", { order: 3 });
  ask("fast", { type: "fast", order: 4, labels: { tenant: "acme" } });
  ask("free", { type: "fast", order: 5, labels: { tenant: "other" } });
  pauseWith(queue, [slow, acme, both]);
  const withdraw = ask("early", { order: 1, begins: true });
  ask("gone", { order: 2 })?.();

  assert.deepEqual([queue.waiting, queue.paused], [1, 3]);
  const held = (one: typeof slow, upTo = 9) => queue.heldBy(one, upTo);
  assert.deepEqual([held(slow, 2).jobs, held(slow).jobs], [1, 2]);
  assert.deepEqual(held(slow).first.map(({ jobId }) => jobId), ["early", "late"]);
  assert.deepEqual([held(acme).jobs, held(both).jobs], [1, 1]);
  assert.ok(queue.holds(3) && queue.isPaused({ type: "slow", labels: {} }));
  release("busy");
  assert.deepEqual(granted, ["busy", "free"]);

  withdraw?.();
  pauseWith(queue, [both]);
  assert.deepEqual([queue.waiting, queue.paused, granted.length], [1, 1, 2]);
  release("free");
  pauseWith(queue, []);
  release("late");
  assert.deepEqual(granted, ["busy", "free", "late", "fast"]);
});

Deno.test("worker queue: a pause of a key leaves its places to others, and keeps its position", () => {
  const clock = new FakeClock();
  const shares = new Shares(clock, new Scheduler(clock, assert.ifError), [["t", { perKey: 1 }]]);
  const queue = new WorkerQueue(2, new PromptTypes(), assert.ifError, shares);
  const granted: string[] = [];
  const ask = (name: string, key: string, order: number) =>
    queue.request({
      ...WANTED,
      ...{ jobId: name as JobId, type: "t", key, order },
      needs: () => shares.wantedBy({ jobId: name as JobId, type: "t", key }, true),
    }, () => granted.push(name));
  queue.hold(true);
  ask("a1", "a", 1);
  const withdraw = ask("a2", "a", 2);
  ask("b1", "b", 3);
  pauseWith(queue, [{ pauseId: "p", reason: "", by: 1, since: "", key: "a" }]);
  queue.hold(false);
  assert.deepEqual([granted, queue.waiting, queue.paused], [["b1"], 0, 2]);
  withdraw?.();
  assert.equal(queue.paused, 1, "what a pause came to hold can be withdrawn all the same");
  pauseWith(queue, []);
  queue.grantNext();
  assert.deepEqual([granted, queue.waiting, queue.paused], [["b1", "a1"], 0, 0]);
});

Deno.test("worker queue: a job that runs alone waits for a place of its key too", () => {
  const clock = new FakeClock();
  const shares = new Shares(clock, new Scheduler(clock, assert.ifError), [["t", { perKey: 1 }]]);
  const queue = new WorkerQueue(2, new PromptTypes(), assert.ifError, shares);
  const granted: string[] = [];
  const ask = (name: string, order: number, isAlone: boolean) => {
    const jobId = name as JobId;
    const needs = () => shares.wantedBy({ jobId, type: "t", key: "a" }, true);
    queue.request({ ...WANTED, ...{ jobId, type: "t", key: "a", order, isAlone, needs } }, () => {
      granted.push(name);
    });
  };
  // As after a restart: a job has its place by the record, and no worker yet.
  shares.restore({ jobId: "holder" as JobId, type: "t", key: "a" });
  ask("alone", 1, true);
  ask("holder", 2, false);
  assert.deepEqual(granted, ["holder"]);
});

Deno.test("worker queue: however many jobs a pause holds, granting a worker examines none of them", () => {
  const { queue, granted, ask, release } = queueOf(1);
  let looks = 0;
  const labels = new Proxy<Record<string, string>>({ tenant: "acme" }, {
    get: (target, name) => (looks++, Reflect.get(target, name)),
  });
  ask("busy");
  for (let order = 0; order < 10_000; order++) ask(`held-${order}`, { order, labels });
  pauseWith(queue, [{ pauseId: "p", reason: "", by: 1, since: "", label: "tenant:acme" }]);
  assert.deepEqual([queue.paused, looks], [10_000, 10_000], "each is examined once");
  release("busy");
  for (let order = 0; order < 100; order++) {
    ask(`free-${order}`, { order: order + 20_000 });
    release(`free-${order}`);
  }
  assert.deepEqual([granted.length, looks], [101, 10_000]);
});

Deno.test("worker queue: the number held by 100 pauses is known without examining their jobs", () => {
  const { queue, ask } = queueOf(0);
  let looks = 0;
  const labels = new Proxy<Record<string, string>>({ tenant: "acme" }, {
    get: (target, name) => (looks++, Reflect.get(target, name)),
  });
  const pauses = Array.from({ length: 100 }, (_, index) => ({
    ...{ pauseId: `p${index}`, reason: "", by: index, since: "" },
    label: `tenant:${index % 2 === 0 ? "acme" : "other"}`,
  }));
  for (let order = 1_000; order > 0; order--) ask(`held-${order}`, { order, labels });
  for (let count = 1; count <= pauses.length; count++) pauseWith(queue, pauses.slice(0, count));
  assert.equal(looks, 1_000 * 100, "each is compared with each pause once");
  looks = 0;
  const held = pauses.map((pause) => queue.heldBy(pause, 1_000));
  assert.deepEqual(held.map(({ jobs }) => jobs), pauses.map((_, index) => index % 2 ? 0 : 1_000));
  assert.deepEqual(held[0]?.first.map(({ order }) => order), [1, 2, 3, 4, 5]);
  for (let count = pauses.length; count > 1; count--) pauseWith(queue, pauses.slice(1, count));
  pauseWith(queue, []);
  assert.deepEqual([queue.paused, queue.waiting, looks], [0, 1_000, 0]);
});

Deno.test("worker queue: a paused job with a worker may start nothing more", () => {
  const { queue, workers, ask } = queueOf(1);
  ask("a", { labels: { tenant: "acme" } });
  const worker = workers.get("a") as Worker;
  assert.equal(queue.mayStart(worker), true);
  pauseWith(queue, [{ pauseId: "p", reason: "", by: 1, since: "", label: "tenant:acme" }]);
  assert.equal(queue.mayStart(worker), false);
});

Deno.test("worker queue: without room to start jobs, continuing jobs get the workers, and order is kept", () => {
  const { queue, granted, ask, release } = queueOf(1);
  const again: (() => void)[] = [];
  ask("busy");
  ask("begins", { order: 1, begins: true });
  ask("begins too", { order: 2, begins: true });
  ask("goes on", { order: 3 });
  queue.holdBeginning((callback) => again.push(callback));
  queue.holdBeginning((callback) => again.push(callback));
  assert.deepEqual(queue.aheadOfEach([3], 3), [2]);
  assert.ok(queue.holds(1));

  release("busy");
  assert.deepEqual([granted, again.length], [["busy", "goes on"], 1]);
  release("goes on");
  assert.deepEqual(granted, ["busy", "goes on"]);
  again[0]?.();
  release("begins");

  assert.deepEqual(granted, ["busy", "goes on", "begins", "begins too"]);
});

Deno.test("worker queue: a stopped queue grants nothing more", () => {
  const { queue, granted, ask } = queueOf(1);
  queue.stop();
  ask("a");

  assert.deepEqual([granted, queue.busy, queue.waiting], [[], 0, 1]);
});

Deno.test("worker queue: jobs of a prompt type share workers, at most twice as many as before, and at most sixteen per worker", () => {
  const few = queueOf(2, promptTypesOf({ prompt: 3 }));
  const many = queueOf(2, promptTypesOf({ prompt: 1_000 }));
  for (let order = 0; order < 100; order++) {
    few.ask(`${order}`, { order, type: "prompt" });
    many.ask(`${order}`, { order, type: "prompt" });
  }
  assert.deepEqual([few.granted.length, many.granted.length], [6, 32]);
  assert.deepEqual([many.queue.busy, many.queue.waiting], [2, 68]);

  many.release("0");
  assert.equal(many.granted.length, 33);
});

Deno.test("worker queue: the last worker is left to sharing jobs until they are done, and no job is passed over", () => {
  const { queue, granted, ask, release } = queueOf(2, promptTypesOf({ prompt: 1_000 }));
  ask("slow 1", { order: 1 });
  ask("prompt 2", { order: 2, type: "prompt" });
  ask("prompt 3", { order: 3, type: "prompt" });
  ask("slow 4", { order: 4 });
  ask("prompt 5", { order: 5, type: "prompt" });
  assert.deepEqual(granted, ["slow 1", "prompt 2", "prompt 3"]);
  release("prompt 2");
  assert.equal(granted.length, 3);

  release("prompt 3");
  assert.deepEqual(granted.slice(3), ["slow 4"]);
  release("slow 1");
  assert.deepEqual(granted.slice(4), ["prompt 5"]);
  assert.equal(queue.busy, 2);
});

Deno.test("worker queue: when sharing jobs turn out to be slow, no more start than there are workers", () => {
  const promptTypes = promptTypesOf({ prompt: 100 });
  const { queue, workers, granted, ask, release } = queueOf(2, promptTypes);
  for (let order = 0; order < 5; order++) ask(`${order}`, { order, type: "prompt" });
  assert.equal(granted.length, 5);
  const mayStart = (name: string) => queue.mayStart(workers.get(name) as Worker);
  assert.ok(["0", "1", "2", "3", "4"].every(mayStart));

  promptTypes.slow("prompt");
  for (const name of ["0", "1", "2"]) queue.keep(workers.get(name) as Worker);
  assert.deepEqual(["0", "1", "2", "3", "4"].filter(mayStart), []);
  release("3");
  release("0");
  assert.deepEqual(["1", "2"].filter(mayStart), ["1", "2"]);
  assert.equal(mayStart("4"), false);
  release("1");
  assert.equal(mayStart("4"), true, "it has one of its own now");
  assert.equal(queue.busy, 2);
});

Deno.test("prompt types: one slow handler in a thousand is tolerated, and more are not", () => {
  const promptTypes = promptTypesOf({ rare: 1_500, often: 1_500 });
  promptTypes.slow("rare");
  for (const _ of [1, 2]) promptTypes.slow("often");
  assert.deepEqual([promptTypes.has("rare"), promptTypes.has("often")], [true, false]);
  assert.deepEqual([promptTypes.has("unknown"), promptTypes.runsMax("unknown")], [false, 0]);

  for (let ended = 0; ended < 600; ended++) promptTypes.ended("often");
  assert.equal(promptTypes.has("often"), true);
});

Deno.test("prompt types: if handlers wait for each other, fewer jobs run at a time", () => {
  const promptTypes = promptTypesOf({ t: 100 });
  promptTypes.waited("t");
  assert.equal(promptTypes.runsMax("t"), 184);
  for (let waited = 0; waited < 100; waited++) promptTypes.waited("t");
  assert.equal(promptTypes.runsMax("t"), 2);
});

Deno.test("scheduler: alarms ring in order of time, not before, and not when cancelled", async () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock, assert.ifError);
  const rang: string[] = [];
  scheduler.after(300, () => rang.push("later"));
  scheduler.after(100, () => rang.push("first"));
  scheduler.after(200, () => rang.push("cancelled"))();

  await clock.advance(99);
  assert.deepEqual(rang, []);
  await clock.advance(1);
  assert.deepEqual(rang, ["first"]);
  await clock.advance(1_000);
  assert.deepEqual(rang, ["first", "later"]);
});

Deno.test("scheduler: an alarm that throws is reported, and the others ring", async () => {
  const clock = new FakeClock();
  const defects: unknown[] = [];
  const scheduler = new Scheduler(clock, (error) => defects.push(error));
  const rang: string[] = [];
  scheduler.after(100, () => {
    throw new Error("a defect");
  });
  scheduler.after(100, () => rang.push("beside it"));
  scheduler.after(300, () => rang.push("later"));

  await clock.advance(100);
  assert.deepEqual([rang, String(defects)], [["beside it"], "Error: a defect"]);
  await clock.advance(200);
  assert.deepEqual(rang, ["beside it", "later"]);
});

for (const jumpMs of [-3_600_000, 3_600_000]) {
  Deno.test(`scheduler: an alarm in a minute rings in a minute, although the clock is set by ${jumpMs} ms`, async () => {
    const clock = new FakeClock();
    const scheduler = new Scheduler(clock, assert.ifError);
    const atMs = clock.now() + 60_000;
    const rang: string[] = [];
    scheduler.at(atMs, () => rang.push("asked before"));
    clock.jump(jumpMs);
    // A job that was dropped meanwhile asks for the same time again.
    scheduler.at(atMs, () => rang.push("asked again"));

    await clock.advance(59_999);
    assert.deepEqual([rang, scheduler.isOver(atMs)], [[], false]);
    await clock.advance(1);
    assert.deepEqual([rang, scheduler.isOver(atMs)], [["asked before", "asked again"], true]);
    scheduler.at(atMs, () => rang.push("asked once it was over"));
    await clock.advance(1);
    assert.equal(rang.length, 3);
  });
}

Deno.test("scheduler: an elapsed time stays elapsed, whatever the clock is set to afterwards", async () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock, assert.ifError);
  const atMs = clock.now() + 1_000;
  scheduler.at(atMs, () => {});
  await clock.advance(11_000);
  scheduler.after(1, () => {});
  await clock.advance(1);
  clock.jump(-60_000);
  assert.equal(scheduler.isOver(atMs), true);
});

Deno.test("scheduler: the latest thousand elapsed times are remembered", () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock, assert.ifError);
  const firstMs = clock.now() + 1;
  for (let at = 0; at <= 1_000; at++) scheduler.at(firstMs + at, () => {});
  clock.pass(2_000);
  clock.jump(-60_000);
  // As recorded by another process, and read for the first time.
  assert.equal(scheduler.isOver(firstMs), false);
  assert.equal(scheduler.isOver(firstMs + 1), true);
});

Deno.test("scheduler: a time of another process is evaluated when it is first remembered", async () => {
  const clock = new FakeClock();
  const scheduler = new Scheduler(clock, assert.ifError);
  const [past, soon] = [clock.now() - 5_000, clock.now() + 1_000];
  for (const time of [past, soon]) scheduler.remember(time);
  clock.jump(-3_600_000);
  assert.equal(scheduler.isOver(past), true);
  await clock.advance(1_000);
  assert.equal(scheduler.isOver(soon), true);
});

Deno.test("waits: they end with the wanted state, more entries, the time, the signal or the engine", async () => {
  const clock = new FakeClock();
  const waits = new WaitingCallers(clock);
  const ended: string[] = [];
  const aborter = new AbortController();
  const wait = (name: string, jobId: string, timeoutMs: number, signal?: AbortSignal) =>
    waits.until(jobId as JobId, ({ state }) => state === "Done", timeoutMs, signal)
      .then(() => ended.push(name));
  const all = [
    wait("wanted", "job-1", 1_000),
    wait("time", "job-2", 500),
    wait("signal", "job-2", 1_000, aborter.signal),
    wait("engine", "job-2", 2_000),
    waits.untilMore(2_000).then(() => ended.push("more")),
  ];
  assert.deepEqual([waits.size, clock.armed], [5, 1]);

  waits.see({ job: { jobId: "job-1", state: "Running" } } as Applied);
  waits.see({ job: { jobId: "job-2", state: "Running" } } as Applied);
  await clock.settle();
  assert.deepEqual(ended, []);
  waits.wake();
  await clock.settle();
  assert.deepEqual(ended, ["more"]);
  waits.see({ job: { jobId: "job-1", state: "Done" } } as Applied);
  await clock.settle();
  assert.deepEqual(ended, ["more", "wanted"]);
  await clock.advance(499);
  assert.equal(ended.length, 2);
  await clock.advance(1);
  aborter.abort();
  await clock.settle();
  assert.deepEqual(ended, ["more", "wanted", "time", "signal"]);
  waits.close();
  await Promise.all([...all, waits.until("job-1" as JobId, () => false, 500)]);

  assert.deepEqual([ended.length, waits.size, clock.armed], [5, 0, 0]);
});

/** Slots, and entrants that report what happens to them. */
function slotsOf(max: number) {
  const clock = new FakeClock();
  const promptTypes = new PromptTypes();
  const slots = new Slots(max, { clock, turns: new LoopTurns(clock), promptTypes });
  const told: string[] = [];
  const entrant = (name: string, order = 0, priority = 0): SlotRequest => ({
    place: { priority, order },
    type: "t",
    begin: () => told.push(name),
    withdraw: () => told.push(`${name} is withdrawn`),
    slow: () => told.push(`${name} goes on`),
  });
  return { clock, slots, promptTypes, told, entrant };
}

Deno.test("slots: it never exceeds the limit, and the others follow in queue order", () => {
  const { slots, told, entrant } = slotsOf(2);
  const [a, b] = [entrant("a", 1), entrant("b", 2)];
  for (const each of [a, b, entrant("c", 4), entrant("d", 3), entrant("e", 5, -1)]) {
    slots.enter(each);
  }
  assert.deepEqual(told, ["a", "b"]);

  slots.leave(a);
  slots.leave(b);
  assert.deepEqual(told, ["a", "b", "e", "d"]);
});

Deno.test("slots: if all are held by slow handlers, attempts without one are withdrawn", async () => {
  const { clock, slots, promptTypes, told, entrant } = slotsOf(1);
  const [a, b] = [entrant("a", 1), entrant("b", 2)];
  for (const each of [a, b, entrant("d", 4), entrant("c", 3)]) slots.enter(each);
  slots.leave(a);
  assert.equal(promptTypes.has("t"), true);
  await clock.advance(9);
  assert.deepEqual(told, ["a", "b"]);
  await clock.advance(11);

  assert.deepEqual(told.slice(2), ["b goes on", "c is withdrawn", "d is withdrawn"]);
  assert.equal(promptTypes.has("t"), false);
  slots.enter(entrant("e", 0));
  await clock.settle(2);
  assert.equal(told.at(-1), "e is withdrawn", "what is known is not waited for again");
  slots.leave(b);
  assert.equal(clock.armed, 0);
});

Deno.test("slots: while one is held by a prompt handler, the others wait for it", async () => {
  const { clock, slots, told, entrant } = slotsOf(2);
  const [a, b] = [entrant("a", 1), entrant("b", 2)];
  for (const each of [a, b, entrant("c", 3), entrant("d", 4)]) slots.enter(each);
  await clock.advance(5);
  slots.leave(b);
  await clock.advance(7);
  assert.deepEqual(told, ["a", "b", "c", "a goes on"]);
  await clock.advance(20);
  assert.deepEqual(told.slice(4), ["c goes on", "d is withdrawn"]);
});

Deno.test("slots: a type whose handlers take hardly any time is prompt, less so if they wait", async () => {
  const { clock, slots, promptTypes, entrant } = slotsOf(2);
  const entrants = Array.from({ length: 10 }, (_, order) => entrant(`${order}`, order));
  for (const each of entrants) slots.enter(each);
  for (const each of entrants) slots.leave(each);
  assert.equal(promptTypes.runsMax("t"), 20);

  // One of them blocks the others, and then another one does.
  const [first, second] = entrants as [SlotRequest, SlotRequest];
  for (const each of entrants) slots.enter(each);
  await clock.settle(2);
  slots.leave(first);
  await clock.advance(21);
  assert.equal(promptTypes.has("t"), false);
  slots.leave(second);
});

Deno.test("slots: once stopped, handler times are no longer measured", async () => {
  const { clock, slots, entrant } = slotsOf(1);
  slots.enter(entrant("a"));
  await clock.settle(2);
  assert.equal(clock.armed, 1);
  slots.stop();
  slots.enter(entrant("b"));
  await clock.settle(2);
  assert.equal(clock.armed, 0);
});
