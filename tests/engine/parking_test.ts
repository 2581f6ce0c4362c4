/** Jobs whose code is gone or diverges are held as they are until other code fits. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

/** What the code of a version did, in order. */
type Log = string[];

interface Version {
  readonly version?: number;
  readonly runs?: readonly number[];
  readonly tasks?: readonly string[];
  readonly type?: string;
}

/** Tasks that can be undone, and then a shipment. */
function order(
  log: Log,
  { version = 1, runs, tasks = ["reserve", "charge"], type = "shop.order" }: Version = {},
): AnyJobDefinition {
  return defineJob({
    type,
    version,
    ...(runs === undefined ? {} : { runs }),
    input: v.looseObject({}),
    expects: () => ({ shipped: { eventType: "ec.Shipped" } }),
    async run(ctx) {
      for (const name of tasks) {
        await ctx.task(name, () => void log.push(`${name} ${version}`), {
          compensate: () => void log.push(`undo ${name} ${version}`),
        });
      }
      const [shipment] = await ctx.expect("shipped");
      return `${shipment.eventId} ${version}`;
    },
  });
}

/** A waiting job of version 1 that has completed all its tasks. */
async function waiting(log: Log): Promise<readonly [Harness, JobId]> {
  const daybook = await Harness.start({ definitions: [order(log)] });
  const id = await daybook.submit("shop.order");
  assert.equal(daybook.condition(id), "waiting");
  return [daybook, id];
}

Deno.test("parked: a renamed step parks a waiting job at the start, and names the line", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const restarted = await daybook.crash([order(log, { tasks: ["book", "charge"] })]);
  await restarted.clock.advance(2_000);

  const job = restarted.job(id);
  assert.equal(job.state, "Running");
  assert.equal(restarted.condition(id), "parked");
  assert.equal(job.parked?.reason, "diverged");
  const [line] = await restarted.engine.entries(Number(job.parked?.disagreesWith) - 1, 1);
  assert.deepEqual([line?.eventType, line?.taskId], ["job.TaskStarted", "reserve"]);
  assert.match(job.parked?.message ?? "", /no longer asks for task reserve, which entry \d+ recor/);
  assert.deepEqual(log, ["reserve 1", "charge 1"]);
  restarted.assertSound();
});

Deno.test("parked: facts count meanwhile, nothing is undone, and code that fits resumes the job", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const changed = await daybook.crash([order(log, { tasks: ["book", "charge"] })]);
  await changed.clock.advance(2_000);
  const receipt = await changed.event("ec.Shipped", {}, { eventId: "parcel-1" });
  assert.equal(receipt.disposition, "matched");
  const parkings = async (daybook: Harness) =>
    (await daybook.story(id)).filter((step) => step === "JobParked").length;
  const again = await changed.crash();
  await again.clock.advance(2_000);
  assert.equal(again.condition(id), "parked");
  // Another start without fitting code records nothing new.
  assert.equal(await parkings(again), 1);

  const mended = await again.crash([order(log)]);
  await mended.clock.advance(2_000);
  assert.equal(mended.job(id).state, "Done");
  assert.equal(mended.output(id), "parcel-1 1");
  assert.deepEqual(log, ["reserve 1", "charge 1"]);
  assert.ok((await mended.story(id)).includes("JobResumed"));
  mended.assertSound();
});

Deno.test("parked: jobs of a missing type are parked, and resume when it is back", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const renamed = await daybook.crash([order(log, { type: "shop.sale" })]);
  assert.equal(renamed.condition(id), "parked");
  assert.deepEqual(renamed.job(id).parked?.reason, "noDefinition");
  assert.match(renamed.job(id).parked?.message ?? "", /no definition of type shop.order is loaded/);
  assert.deepEqual(
    renamed.engine.attention.parked.map(({ reason, type, jobs }) => [reason, type, jobs]),
    [
      ["noDefinition", "shop.order", 1],
    ],
  );

  const back = await renamed.crash([order(log)]);
  await back.clock.advance(2_000);
  assert.equal(back.condition(id), "waiting");
  await back.event("ec.Shipped");
  assert.equal(back.job(id).state, "Done");
  back.assertSound();
});

Deno.test("versions: a job runs on the version that created it, and new ones on the newest", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const both = await daybook.crash([order(log, { version: 2, tasks: ["book"] }), order(log)]);
  await both.clock.advance(2_000);
  assert.equal(both.condition(id), "waiting");
  const younger = await both.submit("shop.order");
  await both.event("ec.Shipped", {}, { eventId: "parcel-1" });

  assert.equal(both.output(id), "parcel-1 1");
  assert.equal(both.output(younger), "parcel-1 2");
  assert.deepEqual(
    both.engine.definitions().map(({ type, version }) => `${type} ${version}`),
    ["shop.order 2", "shop.order 1"],
  );
  both.assertSound();
});

Deno.test("versions: another version runs a job only if it says so", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const silent = await daybook.crash([order(log, { version: 2 })]);
  await silent.clock.advance(2_000);
  assert.equal(silent.job(id).parked?.reason, "noDefinition");
  assert.match(silent.job(id).parked?.message ?? "", /version 1 .* not loaded.*runs: \[1\]/);

  const saying = await silent.crash([order(log, { version: 2, runs: [1] })]);
  await saying.clock.advance(2_000);
  assert.equal(saying.condition(id), "waiting");
  await saying.event("ec.Shipped", {}, { eventId: "parcel-1" });
  assert.equal(saying.output(id), "parcel-1 2");
  saying.assertSound();
});

Deno.test("parked: cancel compensates once there is code that fits, and not before", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const gone = await daybook.crash([]);
  await gone.control(id, "cancel");
  assert.equal(gone.job(id).state, "Compensating");
  assert.equal(gone.condition(id), "parked");
  const unfit = await gone.crash([order(log, { tasks: ["book"] })]);
  await unfit.clock.advance(2_000);
  assert.equal(unfit.job(id).parked?.reason, "diverged");
  assert.deepEqual(log, ["reserve 1", "charge 1"]);

  const fit = await unfit.crash([order(log)]);
  await fit.clock.advance(2_000);
  assert.equal(fit.job(id).state, "Failed");
  assert.equal(fit.condition(id), "cancelled");
  assert.deepEqual(log, ["reserve 1", "charge 1", "undo charge 1", "undo reserve 1"]);
  fit.assertSound();
});

Deno.test("parked: giving a job up as it is ends it, and names what is left in place", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const refused = await daybook.engine.control(id, { kind: "cancel", leave: true });
  assert.ok(!refused.ok);
  const gone = await daybook.crash([]);
  const outcome = await gone.engine.control(id, { kind: "cancel", leave: true });

  assert.ok(outcome.ok && outcome.value.state === "Failed");
  assert.equal(outcome.value.parked, undefined);
  const left = (await gone.entries(id)).at(-1)?.attributes as { leftInPlace?: unknown };
  assert.deepEqual(left.leftInPlace, ["reserve", "charge"]);
  assert.deepEqual(log, ["reserve 1", "charge 1"]);
  gone.assertSound();
});

Deno.test("parked: retry gives the job up and makes a new one, of the newest version, in one batch", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const next = await daybook.crash([order(log, { version: 2, tasks: ["book", "charge"] })]);
  await next.event("ec.Shipped", {}, { eventId: "parcel-1" });
  const retried = await next.engine.retry(id, {});
  assert.ok(retried.ok);
  await next.clock.settle();

  assert.equal(next.job(id).state, "Failed");
  assert.equal(retried.value.definitionVersion, 2);
  // Valid results of the old job are reused, and its events count again.
  assert.deepEqual(log, ["reserve 1", "charge 1", "book 2"]);
  assert.equal(next.output(retried.value.jobId), "parcel-1 2");
  const given = (await next.entries(id)).slice(-2);
  assert.deepEqual(given.map(({ eventType }) => eventType), ["job.JobCancelled", "job.JobRetried"]);
  next.assertSound();
});

Deno.test("parked: giving a job up ends it even if it expects its cancellation, and only its retry goes on", async () => {
  const graceful = looseJob(
    "shop.graceful",
    async (ctx) => (await ctx.expect("cancelled")).length,
    { expects: () => ({ cancelled: { eventType: "job.JobCancelled" } }) },
  );
  const daybook = await Harness.start({ definitions: [graceful] });
  const [left, retried] = [
    await daybook.submit("shop.graceful"),
    await daybook.submit("shop.graceful"),
  ];
  await daybook.clock.settle();
  const gone = await daybook.crash([]);
  const outcome = await gone.engine.control(left, { kind: "cancel", leave: true });
  assert.ok(outcome.ok && outcome.value.state === "Failed");
  const newer = { ...graceful, version: 2 };
  const back = await gone.crash([newer]);
  assert.equal(back.condition(retried), "parked");
  const again = await back.engine.retry(retried, {});
  assert.ok(again.ok);
  await back.clock.settle();
  assert.deepEqual([left, retried].map((id) => back.job(id).state), ["Failed", "Failed"]);
  assert.equal(back.condition(again.value.jobId), "waiting");
  const cancelled = await back.engine.control(again.value.jobId, { kind: "cancel" });
  assert.ok(cancelled.ok);
  await back.clock.settle();
  assert.equal(back.job(again.value.jobId).state, "Done", "its cancellation counts as it expects");
  back.assertSound();
});

Deno.test("parked: a retry is refused while no definition of the type is loaded, since it would be parked too", async () => {
  const daybook = await Harness.start({ definitions: [looseJob("shop.gone", async () => {})] });
  const { jobId: id } = await daybook.create({ type: "shop.gone", input: {}, start: false });
  const gone = await daybook.crash([]);
  await gone.control(id, "start");
  assert.equal(gone.condition(id), "parked");
  const refused = await gone.engine.retry(id, {});
  assert.ok(!refused.ok && refused.problem.kind === "rejected");
  assert.match(refused.problem.rejection.message, /no definition of type shop\.gone is loaded/);
  assert.equal(gone.condition(id), "parked");
  gone.assertSound();
});

Deno.test("parked: resume tries again with the loaded code", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const gone = await daybook.crash([]);
  await gone.control(id, "resume");
  assert.equal(gone.condition(id), "parked");
  const unfit = await gone.crash([order(log, { tasks: ["book"] })]);
  await unfit.clock.advance(2_000);
  await unfit.control(id, "resume");
  await unfit.clock.advance(2_000);
  assert.equal(unfit.job(id).parked?.reason, "diverged");
  assert.equal((await unfit.story(id)).filter((step) => step === "JobParked").length, 4);
  unfit.assertSound();
});

Deno.test("parked: an input that the code no longer accepts parks a job that has started", async () => {
  const log: Log = [];
  const [daybook, id] = await waiting(log);
  const strict = { ...order(log), input: v.object({ orderId: v.string() }) };
  const restarted = await daybook.crash([strict]);
  await restarted.clock.advance(2_000);
  const { parked, firstLogId } = restarted.job(id);
  assert.equal(parked?.disagreesWith, firstLogId);
  assert.match(parked?.message ?? "", /rejects the input .*orderId/);
  await restarted.event("ec.Shipped");
  assert.equal(restarted.condition(id), "parked");
  restarted.assertSound();
});

/** Waits for an event under a name that its plan has, with as many values in the correlation. */
function waitsFor(log: Log, name: string, values = 1): AnyJobDefinition {
  return looseJob("shop.order", async (ctx) => {
    await ctx.task("charge", () => void log.push("charge"), {
      compensate: () => void log.push("refund"),
    });
    return (await ctx.expect(name as never)).length;
  }, {
    expects: () => {
      const path = Array.from({ length: values }, (_, n) => n);
      const correlation = values === 1 ? "any" : { in: { path } };
      return { [name]: { eventType: "ec.Shipped", correlation } };
    },
  });
}

Deno.test("parked: code that renames an expectation parks the jobs whose plan has the old name, and undoes nothing", async () => {
  const log: Log = [];
  const daybook = await Harness.start({ definitions: [waitsFor(log, "shipped")] });
  const id = await daybook.submit("shop.order");
  const renamed = await daybook.crash([waitsFor(log, "sent")]);
  await renamed.clock.advance(2_000);
  const { parked, firstLogId } = renamed.job(id);
  assert.equal(parked?.disagreesWith, firstLogId);
  assert.match(parked?.message ?? "", /waits for "sent", which the plan .*; it names shipped$/);
  const receipt = await renamed.event("ec.Shipped");
  assert.equal(receipt.disposition, "matched");
  assert.equal(renamed.condition(id), "parked");

  const old = await renamed.crash([waitsFor(log, "shipped")]);
  await old.clock.advance(2_000);
  assert.equal(old.output(id), 1);
  assert.deepEqual(log, ["charge"]);
  old.assertSound();
});

Deno.test("parked: a renamed expectation parks a job even if its plan would be too large now", async () => {
  const log: Log = [];
  const daybook = await Harness.start({ definitions: [waitsFor(log, "shipped")] });
  const id = await daybook.submit("shop.order");
  const renamed = await daybook.crash([waitsFor(log, "sent", 1_500)]);
  await renamed.clock.advance(2_000);
  await renamed.event("ec.Shipped");
  assert.equal(renamed.condition(id), "parked");
  assert.deepEqual(log, ["charge"]);
});

Deno.test("parked: cancel undoes a job that code does not fit only because of a renamed expectation", async () => {
  const log: Log = [];
  const daybook = await Harness.start({ definitions: [waitsFor(log, "shipped")] });
  const id = await daybook.submit("shop.order");
  const renamed = await daybook.crash([waitsFor(log, "sent")]);
  await renamed.clock.advance(2_000);
  await renamed.control(id, "cancel");
  const again = await renamed.crash();
  await again.clock.advance(2_000);
  assert.equal(again.condition(id), "cancelled");
  assert.deepEqual(log, ["charge", "refund"]);
  again.assertSound();
});

// The rule of three: an attempt that ends the process runs alone and is parked; others are not.

function definitionOf(work: (name: string) => Promise<void>) {
  return defineJob({
    type: "demo.work",
    version: 1,
    input: v.object({ tasks: v.array(v.string()) }),
    async run(ctx, { tasks }) {
      await Promise.all(tasks.map((name) => ctx.task(name, () => work(name))));
    },
  });
}

/** Each task runs until its gate is opened; a job has two, in parallel if its input says so. */
class Works {
  readonly running = new Set<string>();
  readonly #gates = new Map<string, () => void>();

  readonly definition = definitionOf((name) => this.#work(name));

  /** Nothing runs in an ended process. */
  died(): void {
    this.running.clear();
    this.#gates.clear();
  }

  open(name: string): void {
    this.#gates.get(name)?.();
  }

  async #work(name: string): Promise<void> {
    this.running.add(name);
    await new Promise<void>((resolve) => this.#gates.set(name, resolve));
    this.running.delete(name);
  }
}

async function started(works: Works, ...jobs: readonly (readonly string[])[]) {
  const daybook = await Harness.start({ definitions: [works.definition] });
  const ids: JobId[] = [];
  for (const tasks of jobs) ids.push(await daybook.submit("demo.work", { tasks: [...tasks] }));
  return { daybook, ids };
}

async function died(daybook: Harness, works: Works): Promise<Harness> {
  works.died();
  const next = await daybook.crash();
  return next;
}

Deno.test("crashed: attempts open at two unclean ends run alone, one at a time", async () => {
  const works = new Works();
  const { daybook: first, ids } = await started(works, ["a"], ["b", "c"], ["d"]);
  const second = await died(first, works);
  assert.deepEqual([...works.running].toSorted(), ["a", "b", "c", "d"]);
  // A job created now was not there at the first end.
  await second.submit("demo.work", { tasks: ["late"] });
  const third = await died(second, works);

  const order: string[] = [];
  while (works.running.size === 1) {
    const [name = ""] = works.running;
    order.push(name);
    works.open(name);
    await third.clock.settle();
    if (order.length === 4) break;
  }
  assert.deepEqual(order.toSorted(), ["a", "b", "c", "d"]);
  assert.deepEqual([...works.running], ["late"]);
  for (const id of ids) assert.equal(third.job(id).state, "Done");
  third.assertSound();
});

Deno.test("crashed: only the job that was alone at the third end is parked, and the others continue", async () => {
  const works = new Works();
  const { daybook, ids: [bad, good] } = await started(works, ["bad"], ["good"]);
  assert.ok(bad && good);
  let now = daybook;
  for (let ends = 0; ends < 3; ends++) now = await died(now, works);

  const { parked } = now.job(bad);
  assert.equal(now.condition(bad), "parked");
  assert.equal(parked?.reason, "crashed");
  assert.match(
    parked?.message ?? "",
    /ended without an orderly stop 3 times in a row while task bad was open/,
  );
  assert.deepEqual([...works.running], ["good"]);
  works.open("good");
  await now.clock.settle();
  assert.equal(now.job(good).state, "Done");
  // It stays parked at further starts: fitting code is no reason to resume it.
  const later = await died(now, works);
  assert.equal(later.condition(bad), "parked");
  later.assertSound();
});

Deno.test("crashed: others wait only for some time for a job that runs alone and does not end", async () => {
  const works = new Works();
  const { daybook, ids } = await started(works, ["long"], ["endless"], ["good"]);
  let now = daybook;
  for (let ends = 0; ends < 2; ends++) now = await died(now, works);
  assert.equal(works.running.size, 1);
  await now.submit("demo.work", { tasks: ["new"] });
  await now.clock.advance(29_000);
  assert.equal(works.running.size, 1);
  await now.clock.advance(1_000);
  assert.deepEqual([...works.running].toSorted(), ["endless", "good", "long", "new"]);
  for (const id of ids) assert.notEqual(now.condition(id), "parked");
  now.assertSound();
});

Deno.test("crashed: a job that ends the process is found beside one that never ends", async () => {
  const works = new Works();
  const { daybook, ids: [endless, bad] } = await started(works, ["endless"], ["bad"]);
  assert.ok(endless && bad);
  let now = daybook;
  for (let ends = 0; ends < 20 && now.condition(bad) !== "parked"; ends++) {
    now = await died(now, works);
    // After this time both have begun, unless the endless one was let alone before.
    if (!works.running.has("bad")) await now.clock.advance(600_000);
  }
  assert.equal(now.job(bad).parked?.reason, "crashed");
  assert.deepEqual([...works.running], ["endless"]);
  now.assertSound();
});

Deno.test("crashed: an attempt that ends the process late is parked too, after some more ends", async () => {
  const works = new Works();
  const { daybook, ids: [bad] } = await started(works, ["bad"]);
  assert.ok(bad);
  let now = daybook;
  let ends = 0;
  for (; ends < 10 && now.condition(bad) !== "parked"; ends++) {
    if (!works.running.has("other")) await now.submit("demo.work", { tasks: ["other"] });
    await now.clock.advance(200_000);
    now = await died(now, works);
  }
  assert.equal(now.job(bad).parked?.reason, "crashed");
  now.assertSound();
});

Deno.test("crashed: an end with several open attempts parks none", async () => {
  const works = new Works();
  const { daybook, ids } = await started(works, ["a"], ["b"]);
  let now = daybook;
  for (let ends = 0; ends < 2; ends++) now = await died(now, works);
  assert.equal(works.running.size, 1);
  for (const id of ids) assert.notEqual(now.condition(id), "parked");
  now.assertSound();
});

Deno.test("crashed: a clean stop resets the count of unclean ends", async () => {
  const works = new Works();
  const { daybook } = await started(works, ["a"], ["b"]);
  const second = await died(daybook, works);
  const stopping = second.engine.stop(0);
  await second.clock.advance(20_000);
  await stopping;
  await second.journal.close();
  const third = await died(second, works);
  assert.equal(works.running.size, 2);
  await died(third, works);
  assert.equal(works.running.size, 2);
});

Deno.test("crashed: while a resumed job waits to run alone, others wait only for some time", async () => {
  const works = new Works();
  const { daybook, ids: [bad, long] } = await started(works, ["bad"], ["long"]);
  assert.ok(bad && long);
  let now = daybook;
  for (let ends = 0; ends < 3; ends++) now = await died(now, works);
  await now.control(bad, "resume");
  await now.submit("demo.work", { tasks: ["new"] });
  await now.clock.advance(29_000);
  assert.deepEqual([...works.running], ["long"]);
  await now.clock.advance(1_000);
  assert.deepEqual([...works.running].toSorted(), ["bad", "long", "new"]);
  // It is still found if it ends the process.
  for (let ends = 0; ends < 5 && now.condition(bad) !== "parked"; ends++) {
    now = await died(now, works);
    if (!works.running.has("bad")) await now.clock.advance(600_000);
  }
  assert.equal(now.job(bad).parked?.reason, "crashed");
  assert.notEqual(now.condition(long), "parked");
  now.assertSound();
});

Deno.test("crashed: cancel compensates at once, and resume tries again, alone", async () => {
  const works = new Works();
  const { daybook, ids: [bad, good] } = await started(works, ["bad"], ["good"]);
  assert.ok(bad && good);
  let now = daybook;
  for (let ends = 0; ends < 3; ends++) now = await died(now, works);
  await now.control(bad, "resume");
  // The running attempt ends first.
  assert.deepEqual([...works.running], ["good"]);
  works.open("good");
  await now.clock.settle();
  assert.deepEqual([...works.running], ["bad"]);
  const again = await died(now, works);
  assert.equal(again.job(bad).parked?.reason, "crashed");
  await again.control(bad, "cancel");
  assert.equal(again.condition(bad), "cancelled");
  again.assertSound();
});
