/** Nondeterministic behaviour of `run`, and how it is reported. */

import assert from "node:assert/strict";
import * as v from "valibot";
import fc from "fast-check";
import {
  defineJob,
  type JobContext,
  type JobControl,
  JournalFailedError,
  NonRetryableError,
  RefusedError,
  type SubmittedInput,
} from "../../src/mod.ts";
import {
  minutes,
  NotDeterministicError,
  type TestDaybook,
  testDaybook,
} from "../../src/testing/mod.ts";
import { rounds } from "../support/effort.ts";
import { type Action, action } from "../support/engine/random_jobs.ts";

type Run = (ctx: JobContext<"paid">, count: number) => Promise<unknown>;

/** Runs a job whose `run` gets the number of its calls, and returns the report. */
async function told(run: Run): Promise<string | undefined> {
  let count = 0;
  const job = defineJob({
    type: "order.pay",
    version: 1,
    input: v.object({}),
    expects: () => ({ paid: { eventType: "bank.Paid" } }),
    run: (ctx) => run(ctx, ++count),
  });
  await using daybook = await testDaybook([job]);
  await daybook.submit(job, {}, { jobId: "pay-1" });
  try {
    await daybook.untilIdle();
    await daybook.deliver({ eventType: "bank.Paid" });
    await daybook.untilIdle();
    assert.ok(count >= 2, `run was called ${count} times`);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof NotDeterministicError, String(error));
    assert.equal(error.jobId, "pay-1");
    return error.message.replace("Cannot call run of order.pay again: for job pay-1, ", "")
      .replace(/\. Between calls of ctx.*$/, "");
  }
}

Deno.test("second call: a deterministic run is called twice, and accepted", async () => {
  assert.equal(
    await told(async (ctx) => {
      const [one, two] = await Promise.all([
        ctx.task("one", () => Math.random()),
        ctx.task("two", async () => {
          await new Promise((resolve) => setTimeout(resolve, 2));
          return Math.random();
        }, { retry: { maxAttempts: 2 }, compensate: () => {} }),
      ]);
      await ctx.expect("paid");
      return { one, two, at: ctx.now(), at2: new Date(ctx.now()) };
    }),
    undefined,
  );
});

Deno.test("second call: a different step is named, with the step before it", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("reserve", () => 1);
      await ctx.task(`charge-${count}`, () => 1);
    }),
    'after ctx.task("reserve"), it asked for ctx.task("charge-1") the first time, and asked for ' +
      'ctx.task("charge-2") the second',
  );
});

Deno.test("second call: a different output is reported", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("charge", () => 1);
      await ctx.expect("paid");
      return { receipts: [{ at: 1_000 + count }] };
    }),
    'after ctx.expect("paid"), it returned output.receipts[0].at 1001 the first time, and 1003 ' +
      "the second",
  );
});

Deno.test("second call: other options, another order, a missing step and an error are reported", async () => {
  assert.equal(
    await told((ctx, count) => ctx.task("charge", () => 1, { retry: { maxAttempts: 3 + count } })),
    'at its beginning, it asked for ctx.task("charge") with options.retry.maxAttempts 4 the ' +
      "first time, and 5 the second",
  );
  assert.equal(
    await told((ctx, count) =>
      Promise.all((count === 1 ? ["a", "b"] : ["b", "a"]).map((name) => ctx.task(name, () => 1)))
    ),
    'at its beginning, it asked for ctx.task("a") the first time, and asked for ctx.task("b") ' +
      "the second",
  );
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count === 1) await ctx.task("b", () => 1);
      await ctx.expect("paid");
    }),
    'after ctx.task("a"), it asked for ctx.task("b") the first time, and asked for ' +
      'ctx.expect("paid") the second',
  );
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count > 1) throw new Error("twice");
      await ctx.expect("paid");
    }),
    'after ctx.task("a"), it asked for ctx.expect("paid") the first time, and threw Error: twice ' +
      "the second",
  );
});

Deno.test("second call: a run that awaits something other than ctx is reported as not getting as far", async () => {
  assert.equal(
    await told(async (ctx, count) => {
      await ctx.task("a", () => 1);
      if (count > 1) await new Promise(() => {});
      await ctx.task("b", () => 1);
    }),
    'after ctx.task("a"), it asked for ctx.task("b") the first time, and asked for nothing more ' +
      "the second",
  );
});

// Random jobs with a deterministic `run`, whatever happens to them in the test kit.

const branches = v.array(v.array(v.union([
  v.object({
    kind: v.literal("task"),
    failures: v.number(),
    poison: v.boolean(),
    undoFailures: v.nullable(v.number()),
  }),
  v.object({ kind: v.literal("expect"), event: v.number() }),
  v.object({ kind: v.literal("sleep"), ms: v.number() }),
])));

const EVENTS = ["0", "1", "2"] as const;
type Event = typeof EVENTS[number];

const random = defineJob({
  type: "random.job",
  version: 1,
  input: v.object({ branches }),
  expects: () =>
    Object.fromEntries(
      EVENTS.map((event) => [event, { eventType: `ec.Event${event}` }]),
    ) as Record<Event, { readonly eventType: string }>,
  run: (ctx, { branches }) =>
    Promise.all(branches.map(async (steps, branch) => {
      let sum = 0;
      for (const [index, step] of steps.entries()) {
        if (step.kind === "expect") {
          sum += (await ctx.expect(String(step.event) as Event)).length;
          continue;
        }
        if (step.kind === "sleep") {
          await ctx.sleep(`step-${branch}-${index}`, step.ms);
          continue;
        }
        const { failures, poison, undoFailures } = step;
        let undone = 0;
        const undo = () => {
          if (undone++ < (undoFailures ?? 0)) throw new Error("not yet");
        };
        sum += await ctx.task(`step-${branch}-${index}`, ({ attempt }) => {
          if (attempt <= failures) throw new Error("not yet");
          if (poison) throw new NonRetryableError("never");
          return index;
        }, undoFailures === null ? {} : { compensate: undo });
      }
      return sum;
    })),
});

type Input = SubmittedInput<typeof random["input"]>;

class Play {
  readonly #ids: string[] = [];

  constructor(private readonly daybook: TestDaybook) {}

  async act(action: Action): Promise<void> {
    const daybook = this.daybook;
    switch (action.kind) {
      case "create":
        this.#ids.push((await daybook.submit(random, action as unknown as Input)).jobId);
        break;
      case "control":
        await this.#control(this.#ids.at(-1 - action.job), action.control);
        break;
      case "event":
        await this.#event(this.#ids.at(-1 - action.job), String(action.event));
        break;
      case "advance":
        await daybook.advance(action.ms);
        break;
      case "stop":
        daybook.crashAfter(`step-0-${action.drainMs % 3}`);
        break;
      case "crash":
        await daybook.crash();
    }
  }

  /** Lets all of them end. */
  async end(): Promise<void> {
    for (const jobId of this.#ids) await this.#control(jobId, "resume");
    for (const jobId of this.#ids) {
      for (const event of EVENTS) await this.#event(jobId, event);
    }
    for (const jobId of this.#ids) {
      const job = await this.daybook.wait(jobId, { timeoutMs: minutes(10) });
      assert.ok(job.endedAt, await this.daybook.explain(jobId));
    }
  }

  async #control(jobId: string | undefined, control: JobControl) {
    if (jobId === undefined) return;
    try {
      const { jobId: id } = await this.daybook.control(jobId, control);
      if (id !== jobId) this.#ids.push(id);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
    }
  }

  async #event(jobId: string | undefined, event: string): Promise<void> {
    if (jobId !== undefined) await this.daybook.deliver({ eventType: `ec.Event${event}`, jobId });
  }
}

Deno.test("second call: a deterministic run is never refused, whatever happens to its jobs", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { minLength: 2, maxLength: 14 }), async (actions) => {
      const daybook = await testDaybook([random]);
      const play = new Play(daybook);
      const untold = /^Cannot crash after /;
      try {
        for (const action of actions) await play.act(action);
        await play.end();
        await daybook.close();
      } catch (error) {
        // A retry reuses the results of steps: the process may end after one of these.
        if (error instanceof JournalFailedError) return;
        // Not every job has such a step.
        if (!(error instanceof Error) || !untold.test(error.message)) throw error;
      }
    }),
    { numRuns: rounds(100, 20_000, 20) },
  );
});
