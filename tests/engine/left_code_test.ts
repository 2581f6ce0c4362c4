/**
 * A job gives up its thread while it waits: `run` is called again when there is something to do.
 */

import assert from "node:assert/strict";
import type { CodePlace } from "../../src/engine/run/call/run_call.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

const RETRY = { maxAttempts: 3, initialMs: 1_000, factor: 1, jitter: 0 };

/** A job whose step or compensation fails once, with the number of calls of `run`. */
function failingOnce(what: "task" | "compensation") {
  const calls = { run: 0 };
  const definition = looseJob("left", async (ctx) => {
    calls.run++;
    const failOnce = ({ attempt }: { readonly attempt: number }) => {
      if (attempt === 1) throw new Error("not yet");
    };
    await ctx.task("step", (task) => what === "task" ? failOnce(task) : undefined, {
      retry: RETRY,
      compensate: (_, task) => what === "compensation" ? failOnce(task) : undefined,
    });
    if (what === "compensation") throw new Error("the job fails");
  }, { isolation: "thread", module: import.meta.url });
  return { definition, calls };
}

/** Timers without a delay fire late, as in a busy loop. */
class LateClock extends FakeClock {
  override setTimer(delayMs: number, callback: () => void): () => void {
    return super.setTimer(Math.max(delayMs, 5), callback);
  }
}

/** Calls the code one turn later, like a thread. */
function later(clock: FakeClock): CodePlace {
  return {
    call: ({ definition, ctx, input }) => ({
      output: clock.nextTurn().then(() => definition.run(ctx, input)),
      isReacting: false,
      isLost: false,
      letGo: () => {},
    }),
  };
}

for (const what of ["task", "compensation"] as const) {
  Deno.test(`left code: a ${what} that backs off starts when it is due, with a single call of run`, async () => {
    const { definition, calls } = failingOnce(what);
    const clock = new LateClock();
    const threads = { place: later(clock), max: 1 };
    const harness = await Harness.start({ definitions: [definition], threads, clock });
    const id = await harness.submit("left");
    assert.equal(harness.condition(id), what === "task" ? "backingOff" : "compensating");
    const before = calls.run;
    await harness.clock.advance(999);
    assert.equal(calls.run, before);
    await harness.clock.advance(1);
    assert.equal(harness.condition(id), what === "task" ? "succeeded" : "failed");
    assert.equal(calls.run, before + 1);
    assert.deepEqual(harness.defects, []);
  });
}

Deno.test("left code: while its job is suspended, a retry that is due waits without a call of run", async () => {
  const { definition, calls } = failingOnce("task");
  const clock = new LateClock();
  const threads = { place: later(clock), max: 1 };
  const harness = await Harness.start({ definitions: [definition], threads, clock });
  const id = await harness.submit("left");
  await harness.control(id, "suspend");
  const before = calls.run;
  await harness.clock.advance(1_100);
  assert.equal(calls.run, before);
  await harness.control(id, "resume");
  assert.equal(harness.condition(id), "succeeded");
  assert.equal(calls.run, before + 1);
  assert.deepEqual(harness.defects, []);
});
