/** `pauseAfter`: recorded failures pause their type, even if the process is killed in between. */

import assert from "node:assert/strict";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { RetryLater } from "../../src/engine/job_errors.ts";
import type { MemoryContent } from "../../src/testing/memory_journal.ts";
import { startApp, type TestApp } from "../support/http/http_app.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

const RULE = { failures: 3, withinMs: 60_000, forMs: 300_000 };

/** A job that calls a bank, whose answers the test sets. */
function bank(isDown: () => boolean, pauseAfter: typeof RULE | null = RULE) {
  const asked: string[] = [];
  const definition = looseJob("test.bank", async (ctx) => {
    await ctx.task("charge", () => {
      asked.push(ctx.jobId);
      if (isDown()) throw new RetryLater(1_000);
    }, { retry: { maxAttempts: 9 } });
  }, pauseAfter === null ? {} : { pauseAfter });
  return { asked, definitions: [definition as never] };
}

async function submit(app: TestApp, ...jobIds: readonly string[]): Promise<void> {
  for (const jobId of jobIds) {
    const response = await app.post("/jobs", { type: "test.bank", jobId, input: {} });
    assert.equal(response.status, 202, await response.text());
    await app.clock.settle();
  }
}

async function factsOf(app: TestApp, eventType: string): Promise<readonly JobEventLogEntry[]> {
  const entries = await app.engine.entries(0, 10_000);
  return entries.filter((entry) => entry.eventType === eventType);
}

Deno.test("breaker: enough failures pause the type for its period, are cited, and save the other attempts", async () => {
  let isDown = true;
  const { asked, definitions } = bank(() => isDown);
  const app = await startApp({ definitions });
  await submit(app, "a", "b");
  assert.deepEqual(app.engine.pauses.all(), []);
  await submit(app, "c");
  const failures = (await factsOf(app, "job.TaskFailed")).map(({ logId }) => logId);
  const [pause, ...others] = app.engine.pauses.all();
  assert.equal(others.length, 0);
  assert.deepEqual([pause?.type, pause?.reason, pause?.failures], [
    ...["test.bank", "3 attempts failed within 1 min", failures],
  ]);
  assert.equal(pause?.until, new Date(app.clock.now() + RULE.forMs).toISOString());
  const [began] = await factsOf(app, "job.PauseBegan");
  assert.equal(began?.causedBy, failures.at(-1));

  await submit(app, "d");
  isDown = false;
  await app.clock.advance(RULE.forMs - 1);
  assert.deepEqual(asked, ["a", "b", "c"]);
  assert.deepEqual(app.engine.pauses.all().map(({ jobs }) => jobs), [4]);
  await app.clock.advance(1);
  assert.deepEqual(app.engine.pauses.all(), []);
  assert.deepEqual(asked.slice(3).toSorted(), ["a", "b", "c", "d"]);
});

Deno.test("breaker: failures before a pause do not count after it, however soon it is ended", async () => {
  const app = await startApp({ definitions: bank(() => true).definitions, maxRunning: 1 });
  await submit(app, "a", "b", "c");
  const [pause] = app.engine.pauses.all();
  await app.engine.pauses.end(pause?.pauseId ?? "");
  await app.clock.settle();
  assert.deepEqual(app.engine.pauses.all(), []);
  await app.clock.advance(2_000);
  assert.equal(app.engine.pauses.all().length, 1, "three others");
  const [first, second] = (await factsOf(app, "job.PauseBegan")).map(({ attributes }) =>
    "failures" in attributes ? attributes.failures : []
  ) as readonly (readonly number[])[];
  assert.ok(first !== undefined && second !== undefined);
  assert.equal(new Set([...first, ...second]).size, 6);
});

Deno.test("breaker: failures that are too far apart, or of a type without a rule, pause nothing", async () => {
  const app = await startApp({ definitions: bank(() => true).definitions });
  const free = await startApp({ definitions: bank(() => true, null).definitions });
  for (const jobId of ["a", "b", "c"]) {
    await submit(free, jobId);
    await submit(app, jobId);
    await app.engine.control(jobId as never, { kind: "cancel" });
    await app.clock.advance(31_000);
  }
  assert.deepEqual([app.engine.pauses.all(), free.engine.pauses.all()], [[], []]);
});

/** What the journal held after each of its batches: a kill leaves one of these. */
function cutsOf({ journal: { content } }: TestApp): readonly MemoryContent[] {
  return content.batches.map((_, index) => {
    const [next = Infinity] = content.batches.slice(index + 1);
    return {
      entries: content.entries.filter(({ logId }) => logId < next),
      batches: content.batches.slice(0, index + 1),
      chain: content.chain,
      snapshot: null,
    };
  });
}

Deno.test("breaker: a kill after any batch leads to the same single pause, with the same failures", async () => {
  const { definitions } = bank(() => true);
  const whole = await startApp({ definitions });
  await submit(whole, "a", "b", "c");
  const [told] = whole.engine.pauses.all();
  const cuts = cutsOf(whole);
  assert.ok(cuts.length > 5);
  let waiting = 0;
  for (const content of cuts) {
    const failed = content.entries.filter(({ eventType }) => eventType === "job.TaskFailed");
    if (failed.length < RULE.failures) continue;
    if (!content.entries.some(({ eventType }) => eventType === "job.PauseBegan")) waiting++;
    const next = await startApp({ definitions, content });
    await next.clock.settle();
    const [pause, ...others] = next.engine.pauses.all();
    assert.equal(others.length, 0);
    const { failures, until, reason } = pause ?? {};
    assert.deepEqual({ failures, until, reason }, {
      ...{ failures: told?.failures, until: told?.until, reason: told?.reason },
    });
  }
  assert.ok(waiting > 0, "no kill came between the failures and their pause");
});

Deno.test("breaker: a snapshot holds the count", async () => {
  const { definitions } = bank(() => true);
  const first = await startApp({ definitions });
  await submit(first, "a", "b");
  await first.engine.stop(0);
  await first.journal.close();
  assert.ok(first.journal.content.snapshot !== null);
  const second = await startApp({ definitions, content: first.journal.content });
  await submit(second, "c");
  assert.equal(second.engine.pauses.all()[0]?.failures?.length, 3);
});

Deno.test("breaker: an invalid rule is refused when the definition is loaded", async () => {
  const { definitions } = bank(() => true, { ...RULE, failures: 0 });
  await assert.rejects(
    startApp({ definitions }),
    /Cannot register test\.bank: pauseAfter\.failures must be a whole number from 1 to 100/,
  );
});
