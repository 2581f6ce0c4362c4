/** An engine that only reads a journal, since another process leads it. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { type AnyJobDefinition, defineJob } from "../../src/engine/definition.ts";
import { JobEngine } from "../../src/engine/job_engine.ts";
import { MemoryJournal } from "../../src/testing/memory_journal.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { unlimited } from "../support/engine/unlimited.ts";

const TWO_STEPS = defineJob({
  type: "test.twoSteps",
  version: 1,
  input: v.unknown(),
  async run(ctx) {
    await Promise.all([
      ctx.task("quick", () => 1),
      ctx.task("slow", ({ signal }) =>
        new Promise((_, reject) => {
          signal.addEventListener("abort", () => reject(signal.reason));
        })),
    ]);
  },
});

async function follower(
  { clock, random, journal }: Harness,
  definition: AnyJobDefinition = TWO_STEPS,
): Promise<JobEngine> {
  const definitions = [definition];
  const engine = new JobEngine({
    ...unlimited(),
    clock,
    random,
    definitions,
    index: MemoryIndex.empty(),
    maxRunning: 1,
  });
  const content = JSON.parse(JSON.stringify(journal.content));
  const { consumer } = engine;
  await engine.open((await MemoryJournal.open({ clock, random, consumer, content })).journal);
  return engine;
}

Deno.test("explain: a follower explains a running job as of now, although one of its steps has ended", async () => {
  const leader = await Harness.start({ definitions: [TWO_STEPS] });
  const jobId = await leader.submit("test.twoSteps");
  assert.deepEqual((await leader.story(jobId)).at(-1), "TaskCompleted:quick");

  const explanation = await (await (await follower(leader)).explanations()).explainer.explain(
    jobId,
  );

  assert.equal(explanation?.condition, "executing");
  assert.equal(explanation.asOfTime, undefined);
});

Deno.test("explain: a follower explains a retry that is due as of the last entry, since it has no queue", async () => {
  const charge = defineJob({
    type: "bank.charge",
    version: 1,
    input: v.unknown(),
    run: (ctx) =>
      ctx.task("charge", () => {
        throw new Error("the bank is closed");
      }, { retry: { maxAttempts: 4, initialMs: 60_000, factor: 1, jitter: 0 } }),
  });
  for (const isHeld of [true, false]) {
    const leader = await Harness.start({ definitions: [charge, TWO_STEPS], maxRunning: 1 });
    const jobId = await leader.submit("bank.charge");
    const told = async () => {
      const { explainer } = await (await follower(leader, charge)).explanations();
      const { asOfTime, summary, next } = await explainer.explain(jobId) ?? {};
      return { asOfTime, said: [summary, ...next?.map(({ statement }) => statement) ?? []].join() };
    };
    const backingOff = await told();
    assert.equal(backingOff.asOfTime, undefined);
    assert.match(backingOff.said, /and will be tried again at 2026-01-01T00:01:00/);

    if (isHeld) await leader.engine.pauses.begin({ type: "bank.charge", reason: "audit" });
    else await leader.submit("test.twoSteps");
    await leader.clock.advance(3_600_000);
    const { asOfTime, said } = await told();
    assert.notEqual(asOfTime, undefined);
    assert.match(said, /was to be tried again at .*Task charge is due to be tried again at/);
    assert.doesNotMatch(said, /Cancel/);
    assert.equal(/type bank\.charge has been paused/.test(said), isHeld);
  }
});

const JOBS = 1_000;
const PLAN = { expected: [], policy: { errors: [], onCompensated: "Failed" } } as const;

/**
 * Checks at each pause that an engine shows the journal up to its head, and notes where that is. What
 * runs before the next turn takes long.
 */
class WatchingClock extends FakeClock {
  readonly heads = new Set<number>();
  watched: Pick<Harness, "engine" | "journal"> | undefined;

  override nextTurn(): Promise<void> {
    this.block(10);
    return super.nextTurn();
  }

  override async pause(): Promise<void> {
    if (this.watched !== undefined) await this.#look(this.watched);
    await super.pause();
  }

  async #look({ engine, journal }: Pick<Harness, "engine" | "journal">): Promise<void> {
    const { jobs } = engine.census();
    const { headLogId, leads } = engine;
    if (leads) assert.equal((await engine.entries(0, Infinity)).length, headLogId);
    const created = (await journal.read(0, headLogId))
      .filter(({ eventType }) => eventType === "job.JobCreated");
    assert.equal(jobs, created.length);
    this.heads.add(headLogId);
  }
}

for (const jobs of [JOBS / 5, JOBS]) {
  Deno.test(`a batch of ${jobs} jobs becomes visible in slices, and what is visible is the journal up to the head`, async () => {
    const clock = new WatchingClock();
    const leader = await Harness.start({ clock });
    clock.watched = leader;
    await leader.engine.createAll(Array.from({ length: jobs }, () => ({ plan: PLAN })));

    assert.ok(clock.heads.size > jobs / 200, `${clock.heads.size} heads`);
    assert.equal(leader.engine.census().jobs, jobs);
  });
}

Deno.test("a follower shows a large batch of another process in slices, each up to its head", async () => {
  const clock = new WatchingClock();
  const leader = await Harness.start({ clock });
  const follows = await follower(leader);
  const { journal } = leader;
  const before = journal.head.logId;
  await leader.engine.createAll(Array.from({ length: JOBS }, () => ({ plan: PLAN })));
  const entries = await journal.read(before, Infinity);
  assert.ok(entries.length > 2 * JOBS);
  clock.watched = { engine: follows, journal };
  await follows.consumer.durable(entries);

  assert.ok(clock.heads.size > JOBS / 250, `${clock.heads.size} heads`);
  assert.equal(follows.headLogId, journal.head.logId);
  assert.equal(follows.census().jobs, JOBS);
});

Deno.test("a follower shows a batch of some hundred entries at once, since a group may be as long", async () => {
  const clock = new WatchingClock();
  const leader = await Harness.start({ clock });
  const follows = await follower(leader);
  const { journal } = leader;
  const before = journal.head.logId;
  await leader.engine.createAll(Array.from({ length: JOBS / 4 }, () => ({ plan: PLAN })));
  clock.watched = { engine: follows, journal };
  await follows.consumer.durable(await journal.read(before, Infinity));

  assert.equal(clock.heads.size, 0);
  assert.equal(follows.headLogId, journal.head.logId);
});
