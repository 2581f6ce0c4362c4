/** `wake`: a task that backs off is retried at once, which is recorded. */

import assert from "node:assert/strict";
import type { JobState } from "../../src/core/job_state.ts";
import { JournalFullError } from "../../src/engine/ports.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";

/** A job whose task fails until the bank opens; its compensation needs the bank too. */
function banking() {
  const bank = { isOpen: false, calls: 0 };
  const retry = { maxAttempts: 5, initialMs: 3_600_000, factor: 1, jitter: 0 };
  const call = () => {
    bank.calls++;
    if (!bank.isOpen) throw new Error("the bank is closed");
  };
  const definition = looseJob("demo.banking", async (ctx) => {
    await ctx.task("pay", call, { retry });
  });
  return { definition, bank };
}

function pay(job: JobState) {
  return job.tasks.find(({ taskId }) => taskId === "pay");
}

Deno.test("wake: a task that backs off is retried at once, with its remaining attempts", async () => {
  const { definition, bank } = banking();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  assert.equal(daybook.condition(id), "backingOff");
  bank.isOpen = true;

  await daybook.control(id, "wake");

  assert.equal(daybook.job(id).state, "Done");
  assert.equal(bank.calls, 2);
  assert.equal(pay(daybook.job(id))?.attempts, 2);
  await daybook.clock.advance(7_200_000);
  assert.equal(bank.calls, 2);
  daybook.assertSound();
});

Deno.test("wake: a suspended job is due when it is resumed", async () => {
  const { definition, bank } = banking();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  await daybook.control(id, "suspend");
  await daybook.control(id, "wake");
  assert.equal(bank.calls, 1);
  bank.isOpen = true;
  await daybook.control(id, "resume");
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("wake: it survives a crash", async () => {
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

const DAY = 86_400_000;

/** Reminds until it is paid, or for good after the second time. */
function reminding() {
  const reminded: string[] = [];
  const definition = looseJob("demo.reminding", async (ctx) => {
    for (const nth of ["first", "second"]) {
      const paid = await ctx.expect("paid", { withinMs: 3 * DAY });
      if (paid !== undefined) return paid[0].eventId;
      await ctx.task(nth, () => void reminded.push(nth));
    }
    return "given up";
  }, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });
  return { definition, reminded };
}

Deno.test("wake: a wait with a time ends as if its time had passed, with an entry that names the control", async () => {
  const { definition, reminded } = reminding();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.reminding");
  await daybook.clock.advance(DAY);
  await daybook.engine.control(id, { kind: "wake", reason: "they asked for it" });
  await daybook.clock.settle();
  assert.deepEqual(reminded, ["first"]);
  const entries = await daybook.entries(id);
  const woken = entries.find(({ eventType }) => eventType === "job.JobWoken");
  const passed = entries.filter(({ eventType }) => eventType === "job.DeadlinePassed");
  assert.deepEqual(
    passed.map(({ attributes, causedBy }) => ({ attributes, causedBy })),
    [{ attributes: { expectation: "paid", wait: 1 }, causedBy: woken?.logId }],
  );

  // The next wait has its time, and the event still counts.
  await daybook.clock.advance(3 * DAY - 1);
  assert.deepEqual(reminded, ["first"]);
  await daybook.event("shop.Paid", {}, { jobId: id });
  assert.equal(daybook.job(id).state, "Done");
  await daybook.clock.advance(9 * DAY);
  assert.equal((await daybook.story(id)).filter((fact) => fact === "DeadlinePassed").length, 1);
  assert.equal(daybook.clock.armed, 0);
  daybook.assertSound();
});

Deno.test("wake: a wait that was ended early stays ended after a crash, and a suspended job continues when it is resumed", async () => {
  const { definition, reminded } = reminding();
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.reminding");
  await daybook.control(id, "suspend");
  await daybook.control(id, "wake");
  const later = await daybook.crash();
  await later.clock.advance(1);
  assert.deepEqual(reminded, []);
  await later.control(id, "resume");
  await later.clock.advance(1);
  assert.deepEqual(reminded, ["first"]);
  const again = await later.crash();
  await again.clock.advance(3 * DAY);
  assert.deepEqual(reminded, ["first", "second"]);
  assert.equal(again.job(id).state, "Done");
  again.assertSound();
});

Deno.test("wake: sleeps, waits with a time and backoffs of one job end together", async () => {
  const bank = { isOpen: false };
  const definition = looseJob("demo.all", async (ctx) => {
    await Promise.all([
      ctx.sleep("long", DAY),
      ctx.expect("paid", { withinMs: DAY }),
      ctx.task("pay", () => {
        if (!bank.isOpen) throw new Error("the bank is closed");
      }, { retry: { maxAttempts: 2, initialMs: DAY, jitter: 0 } }),
    ]);
  }, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.all");
  bank.isOpen = true;
  await daybook.control(id, "wake");
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("wake: for a job that only waits for an event it is refused, with what would end the wait", async () => {
  const definition = looseJob("demo.patient", (ctx) => ctx.expect("paid"), {
    expects: () => ({ paid: { eventType: "shop.Paid", within: { ms: DAY, otherwise: "fail" } } }),
  });
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.patient");
  const outcome = await daybook.engine.control(id, { kind: "wake" });
  assert.ok(!outcome.ok && outcome.problem.kind === "rejected");
  assert.equal(
    outcome.problem.rejection.message,
    `Cannot wake job ${id}: nothing to wake (no backoff, sleep, or wait withinMs); "paid" is met ` +
      "by an event of type shop.Paid; to stop waiting, cancel the job",
  );
});

Deno.test("wake: for a job without a backoff it is refused", async () => {
  const { definition, bank } = banking();
  bank.isOpen = true;
  const daybook = await Harness.start({ definitions: [definition] });
  const id = await daybook.submit("demo.banking");
  const outcome = await daybook.engine.control(id, { kind: "wake" });
  assert.equal(outcome.ok, false);
});

/** More timers than one batch ends. */
const MANY = 600;

/** Sleeps, and waits with a time, of one job. */
function resting() {
  return looseJob("demo.resting", async (ctx) => {
    const steps = Array.from({ length: MANY / 2 }, (_, n) => [
      ctx.sleep(`s${n}`, DAY),
      ctx.expect("paid", { withinMs: DAY }),
    ]);
    await Promise.all(steps.flat());
  }, { expects: () => ({ paid: { eventType: "shop.Paid" } }) });
}

const ENDS: ReadonlySet<string> = new Set(["job.TimerElapsed", "job.DeadlinePassed"]);

Deno.test("wake: very many sleeps and waits end a few hundred a batch, each with an entry that names the control and who gave it", async () => {
  const daybook = await Harness.start({ definitions: [resting()] });
  const id = await daybook.submit("demo.resting");
  await daybook.engine.control(id, { kind: "wake", origin: { actor: "anna" } });
  const entries = await daybook.entries(id);
  const woken = entries.find(({ eventType }) => eventType === "job.JobWoken");
  const ends = entries.filter(({ eventType }) => ENDS.has(eventType));
  assert.equal(ends.length, MANY);
  for (const { causedBy, actor } of ends) {
    assert.deepEqual([causedBy, actor], [woken?.logId, "anna"]);
  }
  const { batches } = daybook.journal.content;
  const inBatch = Map.groupBy(ends, ({ logId }) => batches.findLast((first) => first <= logId));
  assert.deepEqual([...inBatch.values()].map(({ length }) => length), [249, 250, 101]);
  daybook.assertSound();
});

Deno.test("wake: when a full disk or a crash comes between batches, a repeated wake ends the rest", async () => {
  const daybook = await Harness.start({ definitions: [resting()] });
  const id = await daybook.submit("demo.resting");
  daybook.journal.failNext(new JournalFullError("no room"), 1);
  await assert.rejects(daybook.engine.control(id, { kind: "wake" }), JournalFullError);
  const later = await daybook.crash();
  const ended = (await later.entries(id)).filter(({ eventType }) => ENDS.has(eventType));
  assert.equal(ended.length, 249);
  await later.control(id, "wake");
  const all = (await later.entries(id)).filter(({ eventType }) => ENDS.has(eventType));
  assert.equal(all.length, MANY);
  later.assertSound();
});

Deno.test("wake: what an event settles between batches is not ended again", async () => {
  const daybook = await Harness.start({ definitions: [resting()] });
  const id = await daybook.submit("demo.resting");
  const woken = daybook.engine.control(id, { kind: "wake" });
  await daybook.event("shop.Paid", {}, { jobId: id });
  await woken;
  const entries = await daybook.entries(id);
  const paid = entries.find(({ eventType }) => eventType === "shop.Paid");
  const waits = entries.filter(({ eventType }) => eventType === "job.DeadlinePassed");
  assert.ok(waits.length < MANY / 2, `${waits.length} waits`);
  assert.ok(waits.every(({ logId }) => logId < (paid?.logId ?? 0)));
  // `run` takes one end a turn.
  for (let turns = 0; turns < 50; turns++) await daybook.clock.settle();
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});
