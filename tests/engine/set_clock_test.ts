/** The clock is set while jobs wait: waiting times are measured with the monotonic clock. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/engine/definition.ts";
import { Harness } from "../support/engine/engine_harness.ts";

const HOUR_MS = 3_600_000;
const RETRY = { maxAttempts: 3, initialMs: 60_000, factor: 1, maxMs: 60_000, jitter: 0 };

/** Fails at the first attempt of each. */
function failingOnce() {
  const called: string[] = [];
  const once = (name: string) => {
    called.push(name);
    if (called.filter((other) => other === name).length === 1) throw new Error("not yet");
  };
  const definition = defineJob({
    type: "test.failing",
    version: 1,
    input: v.object({ undone: v.boolean() }),
    async run(ctx, { undone }) {
      if (!undone) return await ctx.task("work", () => once("work"), { retry: RETRY });
      await ctx.task("work", () => {}, { compensate: () => once("undo"), retry: RETRY });
      throw new Error("undo it");
    },
  });
  return { called, definition };
}

for (const setByMs of [-HOUR_MS, HOUR_MS]) {
  const set = `the clock is set by ${setByMs / HOUR_MS} h`;

  for (const undone of [false, true]) {
    const what = undone ? "a compensation" : "a task";
    Deno.test(`backoff: ${what} is retried when its backoff is over, although ${set}`, async () => {
      const { called, definition } = failingOnce();
      const daybook = await Harness.start({ definitions: [definition] });
      await daybook.submit("test.failing", { undone });
      assert.equal(called.length, 1);
      daybook.clock.jump(setByMs);
      await daybook.clock.advance(59_999);
      assert.equal(called.length, 1);
      await daybook.clock.advance(1);
      assert.equal(called.length, 2);
      daybook.assertSound();
    });
  }

  Deno.test(`backoff: a job that was suspended meanwhile continues in time, although ${set}`, async () => {
    const { called, definition } = failingOnce();
    const daybook = await Harness.start({ definitions: [definition] });
    const jobId = await daybook.submit("test.failing", { undone: false });
    await daybook.control(jobId, "suspend");
    daybook.clock.jump(setByMs);
    await daybook.clock.advance(61_000);
    await daybook.control(jobId, "resume");
    assert.equal(called.length, 2);
  });

  Deno.test(`startAt: a job starts the requested time after its creation, although ${set}`, async () => {
    const { definition } = failingOnce();
    const daybook = await Harness.start({ definitions: [definition] });
    const startAt = new Date(daybook.clock.now() + 60_000).toISOString();
    const input = { undone: false };
    const { jobId } = await daybook.create({ type: "test.failing", input, startAt });
    daybook.clock.jump(setByMs);
    await daybook.clock.advance(59_999);
    assert.equal(daybook.condition(jobId), "scheduled");
    await daybook.clock.advance(1);
    assert.equal(daybook.condition(jobId), "backingOff");
  });
}

Deno.test("backoff: a restart uses the time on record", async () => {
  const { called, definition } = failingOnce();
  const first = await Harness.start({ definitions: [definition] });
  await first.submit("test.failing", { undone: false });
  first.clock.jump(HOUR_MS);
  const second = await first.crash();
  await second.clock.advance(1);
  assert.equal(called.length, 2);
});
