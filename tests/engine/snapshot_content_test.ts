import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { wholeAttributes, writtenAttributes } from "../../src/journal/format/line_codec.ts";
import { Projection } from "../../src/engine/writer/projection.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { replaced } from "../support/engine/replaced.ts";
import { FakeClock, TimedRandom } from "../support/fake_clock.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";

const HEAD = { logId: 2, chain: "two" };

Deno.test("snapshot content: one of another version, or based on another index, is not used at all", async () => {
  const daybook = await Harness.start();
  await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  const [first = "", ...rest] = daybook.engine.consumer.capture(HEAD);
  const { content, index } = JSON.parse(first) as { content: number; index: unknown };
  assert.deepEqual(index, HEAD);
  const other = new Projection(daybook.index.asAfterKill());

  for (const version of [1, content - 1, content + 1]) {
    const lines: string[] = [JSON.stringify({ content: version, index }), ...rest];
    assert.equal(other.restore(lines), false);
  }
  for (const point of [{ ...HEAD, chain: "other" }, { ...HEAD, logId: 1 }]) {
    assert.equal(other.restore([JSON.stringify({ content, index: point }), ...rest]), false);
  }
  assert.equal(new Projection().restore([first, ...rest]), false, "there is no index");
  assert.equal(new Projection(MemoryIndex.empty()).restore([first, ...rest]), false);
  assert.equal(other.table.size, 0);
  assert.equal(other.restore([first, ...rest]), true);
  assert.equal(other.table.size, 1);
});

Deno.test("snapshot content: one that holds every job is read with an index and without", async () => {
  const projection = new Projection();
  const daybook = await Harness.start();
  await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  const { jobId } = await daybook.create({ plan: plan([]) });
  for (const entry of await daybook.engine.entries(0, 100)) projection.replay(entry);
  const [first = "", ...rest] = projection.capture(HEAD);
  for (const index of [undefined, MemoryIndex.empty()]) {
    const restored = new Projection(index);
    assert.equal(restored.restore([first, ...rest]), true);
    restored.table.letGo();
    assert.equal(restored.table.size, 2);
    assert.equal(restored.table.job(jobId)?.state, "Done");
    assert.equal(index?.job(jobId)?.state, index && "Done");
    assert.deepEqual(
      restored.table.trails.logIds(jobId, 0, 100),
      projection.table.trails.logIds(jobId, 0, 100),
    );
  }
});

Deno.test("snapshot content: it has nothing of ended jobs, and next to nothing of their entries", async () => {
  const clock = new FakeClock();
  const daybook = await Harness.start({ clock, random: new TimedRandom(clock) });
  const sizes: number[] = [];
  for (let round = 0; round < 2; round++) {
    for (let job = 0; job < 200; job++) {
      await daybook.engine.create({ plan: plan([]) });
      // Its id contains no time, so it goes to the index.
      await daybook.event("ec.Paid", {}, { eventId: `paid-${round}-${job}` });
      clock.jump(3);
    }
    await daybook.engine.create({ plan: plan([]) });
    assert.equal(daybook.engine.activity.leaving, 1, "one that has ended is still in memory");
    const lines = [...daybook.engine.consumer.capture(HEAD)];
    assert.ok(!lines.some((line) => line.startsWith('{"job"') || line.includes("eventIds")));
    sizes.push(lines.filter((line) => !line.includes("facts")).join("\n").length);
  }
  const [first = 0, second = 0] = sizes;
  assert.ok(second - first < 200, `${second - first} bytes more after 602 more entries`);
});

Deno.test("snapshot content: there is none while the index accepts nothing, or it would lack ended jobs", async () => {
  const daybook = await Harness.start();
  const capture = () => [...daybook.engine.consumer.capture(HEAD)];
  const accept = replaced(SqliteJobIndex.prototype, "put", { value: () => false });
  try {
    await daybook.engine.create({ plan: plan([]) });
    assert.throws(capture, /the index does not accept the ended jobs/);
  } finally {
    accept();
  }
  assert.ok(capture().length > 0);
  assert.equal(daybook.engine.activity.indexed, 1);
});

Deno.test("snapshot content: jobs with keys are written byte for byte as their lines give them", async () => {
  let calls = 0;
  const definition = defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    startsOn: {
      eventType: "mail.Asked",
      input: () => ({ tenant: "acme" }),
    },
    limits: { key: ({ tenant }) => tenant, rate: { count: 9, perMs: 60_000, key: () => "host" } },
    async run(ctx) {
      await ctx.task("once", () => {
        if (calls++ === 0) throw new NonRetryableError("no");
      });
      await ctx.sleep("on", 1e9);
    },
  });
  const clock = new FakeClock();
  const daybook = await Harness.start({ definitions: [definition as never], clock });
  const request = { type: "mail.send", input: { tenant: "acme" } };
  const startAt = new Date(clock.now() + 60_000).toISOString();
  const first = await daybook.create(request);
  await clock.settle();
  await daybook.create({ ...request, labels: { of: "test" }, startAt });
  await daybook.create({ ...request, priority: 5, idempotency: { key: "k", digest: "d" } });
  await daybook.event("mail.Asked", {});
  await daybook.engine.retry(first.jobId, {});
  await clock.settle();
  const projection = new Projection();
  for (const entry of await daybook.engine.entries(0, 1_000)) {
    const written = JSON.parse(JSON.stringify(writtenAttributes(entry)));
    projection.replay(
      {
        ...entry,
        attributes: wholeAttributes(entry.eventType, entry.taskId, written),
      } as JobEventLogEntry,
    );
  }
  const living = (lines: Iterable<string>) =>
    [...lines].filter((line) => line.startsWith('{"job"') && !line.includes('"Failed","jobId"'));
  const captured = living(daybook.engine.consumer.capture(HEAD));
  assert.equal(captured.filter((line) => line.includes('"key":"acme","rateKey":"host"')).length, 4);
  assert.deepEqual(captured, living(projection.capture(HEAD)));
});
