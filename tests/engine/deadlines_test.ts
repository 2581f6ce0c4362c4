/** Waits of `run` with a time, and deadlines of plans. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import type { ExpectedEvent, JobPlan } from "../../src/core/job_plan.ts";
import type { Expectation } from "../../src/engine/definition.ts";
import type { JobContext } from "../../src/engine/job_context.ts";
import { planFor } from "../../src/engine/definition_plan.ts";
import type { AnyJobDefinition } from "../../src/engine/definition.ts";
import { Harness, looseJob } from "../support/engine/engine_harness.ts";
import { expectation, plan } from "../support/engine/entries.ts";

const DAY = 86_400_000;

type Paid = JobContext<"paid">;

function withPaid(run: (ctx: Paid) => Promise<unknown>, paid: Partial<Expectation> = {}) {
  return looseJob("shop.invoice", run, {
    expects: () => ({ paid: { eventType: "shop.Paid", ...paid } }),
  });
}

/** Waits three times, and returns the result of each wait. */
const PATIENT = withPaid(async (ctx) => {
  const told: string[] = [];
  for (let reminder = 1; reminder <= 3; reminder++) {
    const paid = await ctx.expect("paid", { withinMs: 3 * DAY });
    if (paid !== undefined) return [...told, paid[0].eventId];
    told.push(await ctx.task(`remind-${reminder}`, () => `reminded ${reminder}`));
  }
  return told;
});

async function started(definition: AnyJobDefinition) {
  const daybook = await Harness.start({ definitions: [definition] });
  return { daybook, id: await daybook.submit(definition.type) };
}

function paidIn(daybook: Harness, id: JobId) {
  const job = daybook.job(id);
  const index = job.plan.expected.findIndex((expected) => expected.id === "paid");
  return job.expected[index];
}

Deno.test("expect within: an event in time is returned, and the deadline never passes", async () => {
  const { daybook, id } = await started(PATIENT);
  await daybook.clock.advance(DAY);
  await daybook.event("shop.Paid", {}, { jobId: id, eventId: "payment" });
  assert.deepEqual(daybook.output(id), ["payment"]);
  assert.equal(daybook.job(id).state, "Done");
  await daybook.clock.advance(9 * DAY);
  assert.ok(!(await daybook.story(id)).includes("DeadlinePassed"));
  assert.equal(daybook.clock.armed, 0);
  daybook.assertSound();
});

Deno.test("expect within: a wait that timed out returns undefined, and the event counts for the next one", async () => {
  const { daybook, id } = await started(PATIENT);
  assert.equal(daybook.condition(id), "waiting");
  await daybook.clock.advance(4 * DAY);
  await daybook.event("shop.Paid", {}, { jobId: id, eventId: "payment" });
  assert.deepEqual(daybook.output(id), ["reminded 1", "payment"]);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("expect within: what run gave up on is waived when it returns", async () => {
  const { daybook, id } = await started(PATIENT);
  await daybook.clock.advance(10 * DAY);
  const passed = (await daybook.entries(id)).filter(({ eventType }) =>
    eventType === "job.DeadlinePassed"
  );
  assert.deepEqual(passed.map(({ attributes }) => attributes), [
    { expectation: "paid", wait: 1 },
    { expectation: "paid", wait: 2 },
    { expectation: "paid", wait: 3 },
  ]);
  assert.equal(paidIn(daybook, id)?.waived, passed[2]?.logId);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("expect within: a crash at any entry does not change the outcome", async () => {
  for (let crashes = 0; crashes < 12; crashes++) {
    const { daybook: first, id } = await started(PATIENT);
    let daybook = first;
    for (let day = 0; day < 10; day++) {
      if (day === 7) await daybook.event("shop.Paid", {}, { jobId: id, eventId: "payment" });
      await daybook.clock.advance(DAY - 1);
      if (day === crashes) daybook = await daybook.crash();
      await daybook.clock.advance(1);
    }
    daybook = await daybook.crash();
    await daybook.clock.advance(1);
    assert.deepEqual(daybook.output(id), ["reminded 1", "reminded 2", "payment"]);
    daybook.assertSound();
  }
});

Deno.test("expect within: it ends while no process runs, and while the job is suspended", async () => {
  const { daybook, id } = await started(PATIENT);
  daybook.clock.jump(4 * DAY);
  const later = await daybook.crash();
  await later.clock.advance(1);
  assert.deepEqual(later.job(id).waits?.map(({ passedBy }) => passedBy !== undefined), [
    true,
    false,
  ]);
  await later.control(id, "suspend");
  await later.clock.advance(3 * DAY);
  assert.deepEqual(later.job(id).waits?.map(({ passedBy }) => passedBy !== undefined), [
    true,
    true,
  ]);
  assert.equal(later.condition(id), "suspended");
  await later.control(id, "resume");
  await later.clock.advance(4 * DAY);
  assert.equal(later.job(id).state, "Done");
  later.assertSound();
});

Deno.test("expect within: a parallel wait without a time still waits for the event", async () => {
  const definition = withPaid(async (ctx) => {
    const [soon, atLast] = await Promise.all([
      ctx.expect("paid", { withinMs: DAY }),
      ctx.expect("paid"),
    ]);
    return [soon === undefined, atLast[0].eventId];
  });
  const { daybook, id } = await started(definition);
  await daybook.clock.advance(DAY);
  assert.equal(daybook.condition(id), "waiting");
  const later = await daybook.crash();
  await later.event("shop.Paid", {}, { jobId: id, eventId: "payment" });
  assert.deepEqual(later.output(id), [true, "payment"]);
  later.assertSound();
});

Deno.test("expect within: the cost of a wait that times out does not depend on how many others do", async () => {
  const count = 1_500;
  const waits = (ctx: Paid) =>
    Promise.all(Array.from({ length: count }, () => ctx.expect("paid", { withinMs: DAY })));
  const { daybook, id } = await started(withPaid(waits));
  while (daybook.job(id).waits?.length !== count) await daybook.clock.settle();
  const beganMs = performance.now();
  await daybook.clock.advance(DAY);
  while (daybook.job(id).state === "Running") await daybook.clock.settle();
  const tookMs = performance.now() - beganMs;
  // It took more than a minute, and blocked the event loop for most of it.
  assert.ok(tookMs < 20_000, `${tookMs} ms`);
  assert.deepEqual(daybook.output(id), Array.from({ length: count }, () => null));
  daybook.assertSound();
});

Deno.test("expect within: an event on record is returned at once, whatever the time", async () => {
  const definition = withPaid(async (ctx) => {
    await ctx.sleep("first", DAY);
    const paid = await ctx.expect("paid", { withinMs: 0 });
    return paid?.[0].eventId;
  });
  const { daybook, id } = await started(definition);
  await daybook.event("shop.Paid", {}, { jobId: id, eventId: "payment" });
  await daybook.clock.advance(DAY);
  assert.equal(daybook.output(id), "payment");
  daybook.assertSound();
});

Deno.test("expect within: a retry does not repeat a wait that timed out", async () => {
  const bank = { isOpen: false };
  const definition = withPaid(async (ctx) => {
    const paid = await ctx.expect("paid", { withinMs: DAY });
    await ctx.task("settle", () => {
      if (!bank.isOpen) throw new Error("the bank is closed");
    }, { retry: { maxAttempts: 1 } });
    return paid === undefined;
  });
  const { daybook, id } = await started(definition);
  await daybook.clock.advance(DAY);
  assert.equal(daybook.job(id).state, "Failed");
  bank.isOpen = true;
  const retried = await daybook.engine.retry(id, {});
  assert.ok(retried.ok);
  await daybook.clock.settle();
  const { jobId } = retried.value;
  assert.equal(daybook.output(jobId), true);
  assert.equal(daybook.job(jobId).state, "Done");
  assert.equal(daybook.job(jobId).waits?.[0]?.reusedFrom, daybook.job(id).waits?.[0]?.passedBy);
  daybook.assertSound();
});

Deno.test("expect within: a retry whose code does not wait any more gives nothing up, and waits for the event", async () => {
  const failing = withPaid(async (ctx) => {
    await ctx.expect("paid", { withinMs: DAY });
    throw new Error("unpaid");
  });
  const { daybook, id } = await started(failing);
  await daybook.clock.advance(DAY);
  const next = await daybook.crash([withPaid((ctx) => ctx.task("settle", () => 1))]);
  const retried = await next.engine.retry(id, {});
  assert.ok(retried.ok);
  await next.clock.settle();
  const { jobId } = retried.value;
  assert.deepEqual([next.job(jobId).state, paidIn(next, jobId)?.waived], ["Running", undefined]);
  await next.event("shop.Paid", {}, { jobId });
  assert.equal(next.job(jobId).state, "Done");
  next.assertSound();
});

/** Loads other code after a crash, and returns what parks the job, if anything does. */
async function parkedBy(before: AnyJobDefinition, after: AnyJobDefinition, ms = DAY) {
  const { daybook, id } = await started(before);
  await daybook.clock.advance(ms);
  const later = await daybook.crash([after]);
  await later.clock.advance(2_000);
  later.assertSound();
  return { message: later.job(id).parked?.message, condition: later.condition(id), later, id };
}

const noLonger = (step: string, at: number, instead: string) =>
  `shop.invoice version 1 no longer asks for ${step}, which entry ${at} recorded when version 1 ` +
  `ran; it ${instead}`;

/** Waits twice in parallel, each for this many days, and returns which ended without the event. */
function sideBySide(first: number, second: number) {
  return withPaid(async (ctx) => {
    const wait = async (days: number) => {
      const paid = await ctx.expect("paid", { withinMs: days * DAY });
      await ctx.task(`after-${days}`, () => paid === undefined);
    };
    await Promise.all([wait(first), wait(second)]);
  });
}

Deno.test("expect within: a job whose two parallel waits are swapped is parked, and neither wait gets the other's result", async () => {
  for (const days of [0.5, 2]) {
    const { message, later, id } = await parkedBy(sideBySide(1, 3), sideBySide(3, 1), days * DAY);
    assert.equal(
      message,
      noLonger(
        'wait 1 of 1 d for "paid"',
        5,
        "asks for one of 3 d instead: the order of its waits has changed",
      ),
    );
    assert.ok(!(await later.story(id)).includes("TaskStarted:after-3"));
  }
  const { condition } = await parkedBy(sideBySide(1, 3), sideBySide(1, 3));
  assert.equal(condition, "waiting");
});

Deno.test("expect within: a changed time does not affect a recorded wait", async () => {
  const { condition, later, id } = await parkedBy(sideBySide(1, 3), sideBySide(1, 9));
  assert.equal(condition, "waiting");
  await later.clock.advance(2 * DAY);
  assert.equal(later.job(id).state, "Done");
});

Deno.test("expect within: a recorded wait that the code no longer asks for parks the job, timed out or not", async () => {
  const untimed = withPaid((ctx) => ctx.expect("paid"));
  const removed = withPaid((ctx) => ctx.task("remind-1", () => "at once"));
  const renamed = withPaid((ctx) => (ctx as JobContext<string>).expect("payed", { withinMs: DAY }));
  for (const days of [1, 4]) {
    const step = 'wait 1 of 3 d for "paid"';
    const all = [
      [untimed, "waits for paid instead"],
      [removed, "asks for remind-1 instead"],
      [
        renamed,
        'throws TypeError: Cannot expect "payed": expects did not declare it for this job; it declared paid instead',
      ],
    ] as const;
    for (const [code, instead] of all) {
      const { message, condition } = await parkedBy(PATIENT, code, days * DAY);
      assert.deepEqual([condition, message], ["parked", noLonger(step, 5, instead)]);
    }
  }
});

Deno.test("expect within: with code that fits again a parked wait resumes, with the same outcome", async () => {
  const removed = withPaid((ctx) => ctx.task("remind-1", () => "at once"));
  const { later, id } = await parkedBy(PATIENT, removed);
  const again = await later.crash([PATIENT]);
  await again.clock.advance(9 * DAY);
  assert.deepEqual(again.output(id), ["reminded 1", "reminded 2", "reminded 3"]);
  again.assertSound();
});

Deno.test("expect within: two parallel sleeps may be swapped, because each has an id", async () => {
  const sleeps = (...ids: string[]) =>
    withPaid((ctx) =>
      Promise.all(ids.map((id, index) => ctx.sleep(id, id === "long" ? 3 * DAY : (index + 1))))
    );
  const { later, id } = await parkedBy(sleeps("short", "long"), sleeps("long", "short"));
  assert.equal(later.job(id).parked, undefined);
  await later.clock.advance(DAY);
  const passed = later.job(id).tasks.filter(({ status }) => status === "completed");
  assert.deepEqual(passed.map(({ taskId }) => taskId), ["short"]);
});

Deno.test("expect within: a retry gives each of two parallel waits its own result", async () => {
  const bank = { isOpen: false };
  const ended: string[] = [];
  const definition = withPaid(async (ctx) => {
    const branch = async (name: string, ms: number, days: number) => {
      await ctx.task(name, () => 1);
      await ctx.sleep(`${name}-first`, ms);
      const paid = await ctx.expect("paid", { withinMs: days * DAY });
      await ctx.task(`${name}-after`, () => {
        ended.push(`${name} ${paid === undefined}`);
      });
    };
    await Promise.all([branch("remind", 1, 1), branch("escalate", 2, 9)]);
    await ctx.task("settle", () => 1);
  });
  const failing = withPaid(async (ctx) => {
    const broken = ctx.task("bank", () => {
      if (!bank.isOpen) throw new Error("the bank is closed");
    }, { retry: { maxAttempts: 2, initialMs: 2 * DAY, maxMs: 2 * DAY, jitter: 0 } });
    await Promise.all([broken, definition.run(ctx as never, {} as never)]);
  });
  const { daybook, id } = await started(failing);
  await daybook.clock.advance(3 * DAY);
  assert.equal(daybook.job(id).state, "Failed");
  assert.deepEqual(ended.splice(0), ["remind true"]);
  bank.isOpen = true;
  const retried = await daybook.engine.retry(id, {});
  assert.ok(retried.ok);
  await daybook.clock.advance(8 * DAY);
  assert.deepEqual(ended.splice(0), []);
  await daybook.clock.advance(DAY);
  assert.deepEqual(ended, ["escalate true"]);
  assert.equal(daybook.job(retried.value.jobId).state, "Done");
  daybook.assertSound();
});

Deno.test("expect within: misuse is reported at once", async () => {
  const cases: [(ctx: Paid) => Promise<unknown>, Partial<Expectation>, string][] = [
    [
      (ctx) => ctx.expect("paid", { withinMs: -1 }),
      {},
      "Cannot ask for expectation paid within -1 ms: give milliseconds, from 0 to 100 years",
    ],
    [
      (ctx) => Promise.resolve(void ctx.expect("paid", { withinMs: DAY })),
      {},
      "run returned before expectation paid had ended: await everything that ctx returns; to wait " +
      "for an event only for a time, give ctx.expect withinMs",
    ],
    [
      (ctx) => ctx.expect("paid"),
      { within: { ms: DAY, otherwise: "waive" } },
      'Cannot expect "paid" without withinMs: its deadline may waive it, and then there would be ' +
      "no event to return",
    ],
  ];
  for (const [run, paid, message] of cases) {
    const { daybook, id } = await started(withPaid(run, paid));
    await daybook.clock.settle();
    const job = daybook.job(id);
    assert.equal("failure" in job && job.failure?.error.message, message);
  }
});

function payable(otherwise: "fail" | "waive", ...others: readonly ExpectedEvent[]): JobPlan {
  const within = { ms: 3 * DAY, otherwise };
  return plan([expectation("Paid", "shop.Paid", { within }), ...others]);
}

async function planned(plan: JobPlan) {
  const daybook = await Harness.start();
  const { jobId: id } = await daybook.create({ plan });
  return { daybook, id };
}

Deno.test("within: a plan fails at its deadline, by its time on record, through a crash", async () => {
  const { daybook, id } = await planned(payable("fail"));
  await daybook.clock.advance(DAY);
  const later = await daybook.crash();
  await later.clock.advance(2 * DAY - 1);
  assert.equal(later.job(id).state, "Running");
  await later.clock.advance(1);
  const job = later.job(id);
  assert.ok(job.state === "Failed");
  assert.deepEqual(
    [job.failure.kind, job.failure.error.name, job.failure.error.message],
    ["error", "DeadlinePassed", '"Paid" was not met within 3 d of the start'],
  );
  later.assertSound();
});

Deno.test("within: an event in time makes the deadline irrelevant, and one after it changes nothing", async () => {
  const { daybook, id } = await planned(payable("fail"));
  await daybook.event("shop.Paid", {}, { jobId: id });
  assert.equal(daybook.job(id).state, "Done");
  await daybook.clock.advance(5 * DAY);
  assert.ok(!(await daybook.story(id)).includes("DeadlinePassed"));

  const { daybook: other, id: late } = await planned(payable("fail"));
  await other.clock.advance(3 * DAY);
  await other.event("shop.Paid", {}, { jobId: late });
  assert.equal(other.job(late).state, "Failed");
});

Deno.test("within: an expectation that is waived counts as satisfied", async () => {
  const { daybook, id } = await planned(payable("waive"));
  await daybook.clock.advance(3 * DAY);
  assert.equal(daybook.job(id).state, "Done");

  const { daybook: other, id: both } = await planned(
    payable("waive", expectation("Shipped", "shop.Shipped")),
  );
  await other.clock.advance(3 * DAY);
  assert.equal(other.job(both).state, "Running");
  await other.event("shop.Paid", {}, { jobId: both });
  assert.deepEqual(other.job(both).expected[0]?.surplus, 1);
  await other.event("shop.Shipped", {}, { jobId: both });
  assert.equal(other.job(both).state, "Done");
});

Deno.test("within: an expectation may wait for a deadline, whether that fails or waives", async () => {
  for (const otherwise of ["fail", "waive"] as const) {
    const late = expectation("late", "job.DeadlinePassed");
    const { daybook, id } = await planned(payable(otherwise, late));
    await daybook.clock.advance(3 * DAY);
    const { expected, state } = daybook.job(id);
    assert.deepEqual([expected[1]?.matched, state], [1, otherwise === "fail" ? "Running" : "Done"]);
    daybook.assertSound();
  }
});

Deno.test("within: run gets both the end of its wait and the deadline that it expects", async () => {
  const definition = looseJob("shop.invoice", async (ctx) => {
    const paid = await ctx.expect("paid", { withinMs: DAY });
    const [late] = await ctx.expect("late");
    return [paid === undefined, late.eventType];
  }, {
    expects: () => ({
      paid: { eventType: "shop.Paid" },
      late: { eventType: "job.DeadlinePassed" },
    }),
  });
  const { daybook, id } = await started(definition);
  await daybook.clock.advance(DAY);
  assert.deepEqual(daybook.output(id), [true, "job.DeadlinePassed"]);
  daybook.assertSound();
});

Deno.test("within: a deadline fails and compensates a job that sleeps, is suspended, or is parked", async () => {
  const undone: string[] = [];
  const definition = withPaid(async (ctx) => {
    await ctx.task("reserve", () => 1, { compensate: () => void undone.push("reserve") });
    await ctx.sleep("long", 30 * DAY);
  }, { within: { ms: 3 * DAY, otherwise: "fail" } });
  const { daybook, id } = await started(definition);
  await daybook.clock.advance(3 * DAY);
  assert.deepEqual([daybook.job(id).state, undone], ["Failed", ["reserve"]]);
  daybook.assertSound();
});

Deno.test("within: code continues when its expectation is waived, and so does each later wait", async () => {
  const definition = withPaid(async (ctx) => {
    const first = await ctx.expect("paid", { withinMs: 30 * DAY });
    const second = await ctx.expect("paid", { withinMs: 30 * DAY });
    return [first === undefined, second === undefined];
  }, { within: { ms: 3 * DAY, otherwise: "waive" } });
  const { daybook, id } = await started(definition);
  await daybook.clock.advance(3 * DAY);
  assert.deepEqual(daybook.output(id), [true, true]);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("within: if the code does not wait for an expectation, the job ends at its deadline", async () => {
  const definition = withPaid(() => Promise.resolve(1), {
    within: { ms: DAY, otherwise: "waive" },
  });
  const { daybook, id } = await started(definition);
  assert.equal(daybook.condition(id), "waiting");
  await daybook.clock.advance(DAY);
  assert.equal(daybook.job(id).state, "Done");
  daybook.assertSound();
});

Deno.test("within: an absurd deadline makes the plan invalid", () => {
  for (const ms of [0, -1, NaN, Infinity, 1e15]) {
    const definition = withPaid(() => Promise.resolve(), { within: { ms, otherwise: "fail" } });
    assert.throws(() => planFor(definition as unknown as AnyJobDefinition, {}), {
      message: "Cannot expect paid: within must be {ms, otherwise} with milliseconds up to 100 " +
        'years and "fail" or "waive"',
    });
  }
});
