/**
 * No jobs wait for each other in a circle, whatever they need: a place, a worker, all workers, a
 * thread, room on the disk. `WorkerQueue` states the order.
 */

import assert from "node:assert/strict";
import { type JobId, jobId } from "../../src/core/ids.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { RetryLater } from "../../src/engine/job_errors.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { IN_PROCESS } from "../../src/engine/run/call/run_call.ts";
import { FewThreads } from "../support/engine/few_threads.ts";
import { Harness, looseJob, unpause } from "../support/engine/engine_harness.ts";

const IN_THREAD = { isolation: "thread", module: import.meta.url } as const;

const [SUSPECT, HOLDER, THREADED] = ["suspect", "holder", "threaded"].map(jobId) as [
  JobId,
  JobId,
  JobId,
];

/** Jobs of one task, which runs until the test ends it. */
class Works {
  readonly #ends = new Map<string, () => void>();

  definition(type: string, more: Partial<AnyJobDefinition> = {}): AnyJobDefinition {
    return looseJob(type, (ctx) => ctx.task("work", () => this.work(ctx.jobId)), more);
  }

  get running(): readonly string[] {
    return [...this.#ends.keys()].toSorted();
  }

  work(jobId: string): Promise<void> {
    return new Promise((resolve) => this.#ends.set(jobId, resolve));
  }

  async end({ clock }: Harness, jobId: string): Promise<void> {
    this.#ends.get(jobId)?.();
    this.#ends.delete(jobId);
    await clock.settle();
  }

  async crash(daybook: Harness, definitions?: readonly AnyJobDefinition[]): Promise<Harness> {
    this.#ends.clear();
    return await daybook.crash(definitions);
  }
}

async function submit(daybook: Harness, type: string, id: string): Promise<void> {
  await daybook.create({ type, input: {}, jobId: jobId(id) });
}

async function summaryOf({ engine }: Harness, id: JobId): Promise<string> {
  return (await (await engine.explanations()).explainer.explain(id))?.summary ?? "";
}

/** Two versions of a type, of which the second runs in threads, and another type in threads. */
function twoVersions(works: Works, limits: { readonly maxRunning: number }) {
  const first = works.definition("work", { limits });
  const second = works.definition("work", { limits, version: 2, ...IN_THREAD });
  return { first, all: [first, second, works.definition("other", IN_THREAD)] };
}

Deno.test("standstill: a job that is to run alone waits for its place, and holds up no job that has it", async () => {
  const works = new Works();
  const { first, all } = twoVersions(works, { maxRunning: 1 });
  const threads = { place: IN_PROCESS, max: 2 };
  let daybook = await Harness.start({ definitions: [first], threads });
  await submit(daybook, "work", SUSPECT);
  for (let ends = 0; ends < 3; ends++) daybook = await works.crash(daybook, all);
  assert.equal(daybook.condition(SUSPECT), "parked");
  await submit(daybook, "other", THREADED);
  await submit(daybook, "work", HOLDER);
  // The holder has its place by the record, and waits for a thread.
  threads.max = 1;
  daybook = await works.crash(daybook);
  await daybook.control(SUSPECT, "resume");
  assert.deepEqual(works.running, [THREADED]);
  assert.match(
    await summaryOf(daybook, SUSPECT),
    /job holder holds the only place of type work .* in run/,
  );
  assert.match(await summaryOf(daybook, HOLDER), /1 of 1 worker with a thread busy: threaded in/);
  for (const next of [HOLDER, SUSPECT, undefined]) {
    await works.end(daybook, works.running[0] ?? "");
    assert.deepEqual(works.running, next === undefined ? [] : [next]);
  }
  daybook.assertSound();
});

Deno.test("standstill: the same when the limit is lowered while both have a place", async () => {
  const works = new Works();
  const { first, all } = twoVersions(works, { maxRunning: 2 });
  const threads = { place: IN_PROCESS, max: 1 };
  let daybook = await Harness.start({ definitions: [first], threads });
  await submit(daybook, "work", SUSPECT);
  daybook = await works.crash(daybook, all);
  await submit(daybook, "work", HOLDER);
  await daybook.control(SUSPECT, "suspend");
  daybook = await works.crash(daybook);
  await daybook.engine.limits.change("work", { maxRunning: 1 }, "a test");
  await daybook.clock.settle();
  await daybook.control(SUSPECT, "resume");
  assert.deepEqual(works.running, [HOLDER]);
  await works.end(daybook, HOLDER);
  assert.deepEqual(works.running, [SUSPECT]);
  daybook.assertSound();
});

for (const how of ["suspended", "paused"] as const) {
  Deno.test(`standstill: while the job that runs alone is ${how}, others run, until it continues`, async () => {
    const works = new Works();
    const definitions = [works.definition("work"), works.definition("other", IN_THREAD)];
    const threads = { place: IN_PROCESS, max: 1 };
    let daybook = await Harness.start({ definitions, threads });
    await submit(daybook, "work", SUSPECT);
    daybook = await works.crash(daybook);
    if (how === "suspended") await daybook.control(SUSPECT, "suspend");
    else await daybook.engine.pauses.begin({ type: "work", reason: "a test" });
    daybook = await works.crash(daybook);
    await submit(daybook, "other", THREADED);
    assert.deepEqual(works.running, [THREADED]);
    await submit(daybook, "other", "next");
    assert.doesNotMatch(await summaryOf(daybook, jobId("next")), /alone/);

    if (how === "suspended") await daybook.control(SUSPECT, "resume");
    else await unpause(daybook);
    assert.deepEqual(works.running, [SUSPECT, THREADED]);
    await works.end(daybook, THREADED);
    assert.deepEqual(works.running, [SUSPECT]);
    assert.match(
      await summaryOf(daybook, jobId("next")),
      /0 of 1 worker .* while job suspect runs alone, .*: suspect in task work/,
    );
    await works.end(daybook, SUSPECT);
    assert.deepEqual(works.running, ["next"]);
    daybook.assertSound();
  });
}

for (const where of ["thread", "process"] as const) {
  Deno.test(`standstill: after a restart the job that runs alone comes before an older one in the ${where}`, async () => {
    const works = new Works();
    const isolated = where === "thread" ? IN_THREAD : {};
    const definitions = [works.definition("work"), works.definition("other", isolated)];
    const threads = { place: IN_PROCESS, max: 1 };
    let daybook = await Harness.start({ definitions, threads });
    await daybook.engine.pauses.begin({ type: "other", reason: "a test" });
    await submit(daybook, "other", "older");
    await submit(daybook, "work", SUSPECT);
    daybook = await works.crash(daybook);
    await unpause(daybook);
    assert.deepEqual(works.running, ["older", SUSPECT]);
    daybook = await works.crash(daybook);
    assert.deepEqual(works.running, [SUSPECT]);
    daybook = await works.crash(daybook);
    assert.equal(daybook.condition(SUSPECT), "parked");
    assert.deepEqual(works.running, ["older"]);
    daybook.assertSound();
  });
}

Deno.test("standstill: a job that a pause holds between two compensations gives its thread back", async () => {
  const works = new Works();
  const undone = looseJob("undo", async (ctx) => {
    for (const id of ["one", "two"]) {
      await ctx.task(id, () => id, { compensate: () => works.work(`undo ${id}`) });
    }
    throw new Error("fails");
  }, IN_THREAD);
  const definitions = [undone, works.definition("other", IN_THREAD)];
  const threads = { place: new FewThreads(1), max: 1 };
  const daybook = await Harness.start({ definitions, threads });
  await submit(daybook, "undo", "undo");
  assert.deepEqual(works.running, ["undo two"]);
  await daybook.engine.pauses.begin({ type: "undo", reason: "a test" });
  await works.end(daybook, "undo two");
  await submit(daybook, "other", "other");
  assert.deepEqual(works.running, ["other"]);
  await works.end(daybook, "other");
  await unpause(daybook);
  await works.end(daybook, "undo one");
  assert.equal(daybook.condition(jobId("undo")), "failed");
  daybook.assertSound();
});

Deno.test("standstill: a suspended job that is to compensate gives its thread back, although run has returned", async () => {
  const works = new Works();
  const ended = looseJob("ended", (ctx) => ctx.task("one", () => 1, { compensate: () => {} }), {
    ...IN_THREAD,
    expects: () => ({ paid: { eventType: "shop.Paid" } }),
  });
  const definitions = [ended, works.definition("other", IN_THREAD)];
  const threads = { place: new FewThreads(1), max: 1 };
  const daybook = await Harness.start({ definitions, threads });
  await submit(daybook, "ended", "ended");
  assert.equal(daybook.condition(jobId("ended")), "waiting");
  await daybook.control(jobId("ended"), "suspend");
  await daybook.control(jobId("ended"), "cancel");
  await submit(daybook, "other", "other");
  assert.deepEqual(works.running, ["other"]);
  await works.end(daybook, "other");
  await daybook.control(jobId("ended"), "resume");
  assert.equal(daybook.condition(jobId("ended")), "cancelled");
  daybook.assertSound();
});

Deno.test("standstill: a job that waits for a place has no thread that the holder of the place needs", async () => {
  const works = new Works();
  const limits = { maxRunning: 1 };
  const definition = looseJob("work", async (ctx) => {
    if (ctx.jobId === HOLDER) return await ctx.task("work", () => works.work(ctx.jobId));
    const later = ctx.task("later", ({ attempt }) => {
      if (attempt === 1) throw new RetryLater(60_000);
    });
    const first = ctx.task("first", () => works.work(ctx.jobId));
    return await Promise.all([later, first.then(() => ctx.task("second", () => {}))]);
  }, { limits, ...IN_THREAD });
  const definitions = [definition, works.definition("other", IN_THREAD)];
  const threads = { place: new FewThreads(3), max: 3 };
  let daybook = await Harness.start({ definitions, threads });
  await submit(daybook, "other", "other");
  // One branch backs off, and the other is between two tasks, so that the job has no place.
  await submit(daybook, "work", "branches");
  await daybook.control(jobId("branches"), "suspend");
  await works.end(daybook, "branches");
  await submit(daybook, "work", HOLDER);
  Object.assign(threads, { place: new FewThreads(1), max: 1 });
  daybook = await works.crash(daybook);
  await daybook.control(jobId("branches"), "resume");
  assert.deepEqual(works.running, ["other"]);
  await works.end(daybook, "other");
  assert.deepEqual(works.running, [HOLDER]);
  assert.match(
    await summaryOf(daybook, jobId("branches")),
    /job holder holds the only place of type work .* in task work/,
  );
  await works.end(daybook, HOLDER);
  await daybook.clock.advance(60_000);
  assert.equal(daybook.condition(jobId("branches")), "succeeded");
  daybook.assertSound();
});

Deno.test("standstill: a job that the disk has no room to begin has no place that one with room needs", async () => {
  const works = new Works();
  const definition = looseJob("work", async (ctx) => {
    await ctx.task("first", () => works.work(ctx.jobId));
    await ctx.sleep("rest", 10_000);
    await ctx.task("second", () => {});
  }, { limits: { maxRunning: 1 } });
  const daybook = await Harness.start({ definitions: [definition] });
  const { journal } = daybook;
  const append = journal.append.bind(journal);
  await submit(daybook, "work", "begun");
  await submit(daybook, "work", "new");
  // What is left of the reserve is for jobs that have begun.
  journal.append = (group, urgency = "ordinary", receivedAt) => {
    if (urgency === "ordinary") throw new JournalFullError("no room");
    return append(group, urgency, receivedAt);
  };
  await works.end(daybook, "begun");
  assert.equal(daybook.condition(jobId("begun")), "sleeping");
  await daybook.clock.advance(10_000);
  assert.equal(daybook.condition(jobId("begun")), "succeeded");
  journal.append = append;
  await daybook.clock.advance(10_000);
  assert.deepEqual(works.running, ["new"]);
  daybook.assertSound();
});

Deno.test("standstill: a suspended job whose task backs off is not said to hold a worker", async () => {
  const works = new Works();
  const definitions = [
    works.definition("work"),
    looseJob("fails", (ctx) => ctx.task("charge", () => Promise.reject(new RetryLater(60_000)))),
  ];
  const daybook = await Harness.start({ definitions, maxRunning: 1 });
  await submit(daybook, "fails", "fails");
  assert.equal(daybook.condition(jobId("fails")), "backingOff");
  await daybook.control(jobId("fails"), "suspend");
  await submit(daybook, "work", "holder");
  assert.deepEqual(works.running, [HOLDER]);
  await submit(daybook, "work", "next");
  const summary = await summaryOf(daybook, jobId("next"));
  assert.match(summary, /1 of 1 worker busy: holder in task work/);
  assert.doesNotMatch(summary, /fails/);
  daybook.assertSound();
});
