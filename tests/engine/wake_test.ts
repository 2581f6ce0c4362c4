/** `wake`: what backs off is tried at once, and that is on record. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobState } from "../../src/core/job_state.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { Harness } from "../support/engine/engine_harness.ts";

/** A job whose task fails until the bank opens; its undoing needs the bank too. */
function banking() {
  const bank = { isOpen: false, calls: 0 };
  const retry = { maxAttempts: 5, initialMs: 3_600_000, factor: 1, jitter: 0 };
  const call = () => {
    bank.calls++;
    if (!bank.isOpen) throw new Error("the bank is closed");
  };
  const definition = defineJob({
    type: "demo.banking",
    version: 1,
    input: v.looseObject({}),
    async run(ctx) {
      await ctx.task("pay", call, { retry });
    },
  });
  return { definition, bank };
}

function pay(job: JobState) {
  return job.tasks.find(({ taskId }) => taskId === "pay");
}

Deno.test("wake: what backs off is tried at once, with the attempts that it has left", async () => {
  const { definition, bank } = banking();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  assert.equal(daybook.condition(id), "backingOff");
  bank.isOpen = true;

  await daybook.control(id, "wake");
  await daybook.clock.settle();

  assert.equal(daybook.job(id).state, "Done");
  assert.equal(bank.calls, 2);
  assert.equal(pay(daybook.job(id))?.attempts, 2);
  await daybook.clock.advance(7_200_000);
  assert.equal(bank.calls, 2);
  daybook.assertSound();
});

Deno.test("wake: a job that is suspended is due when it is resumed", async () => {
  const { definition, bank } = banking();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  await daybook.control(id, "suspend");
  await daybook.control(id, "wake");
  assert.equal(bank.calls, 1);
  bank.isOpen = true;
  await daybook.control(id, "resume");
  await daybook.clock.settle();
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("wake: after a crash it is due as it was", async () => {
  const { definition, bank } = banking();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  await daybook.control(id, "suspend");
  await daybook.control(id, "wake");
  const later = await daybook.crash();
  bank.isOpen = true;
  await later.control(id, "resume");
  await later.clock.advance(1);
  assert.equal(later.job(id).state, "Done");
  later.assertSound();
});

Deno.test("wake: a job of which nothing backs off is refused", async () => {
  const { definition, bank } = banking();
  bank.isOpen = true;
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  const outcome = await daybook.engine.control(id, { kind: "wake" });
  assert.equal(outcome.ok, false);
});
