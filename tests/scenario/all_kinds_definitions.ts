/**
 * Jobs of every kind, whose outcome follows from their number. Their tasks wait with real timers,
 * so that code of many jobs takes turns in one event loop. Each attempt of some tasks writes a line
 * `<job> <task> <execution>` to a file outside the journal before it does anything.
 */

import * as v from "valibot";
import { defineJob, NonRetryableError, RetryLater, type TaskContext } from "../../src/mod.ts";

const ledger = Deno.env.get("DAYBOOK_TEST_LEDGER") ?? "";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const input = v.object({ n: v.number() });
const isolated = { isolation: "thread", module: import.meta.url } as const;
const soon = { retry: { maxAttempts: 10, initialMs: 10, maxMs: 50 } };

function note({ jobId, taskId, executionId }: TaskContext): void {
  Deno.writeTextFileSync(ledger, `${jobId} ${taskId} ${executionId}\n`, { append: true });
}

/** One step after another. */
export const steps = defineJob({
  type: "all.steps",
  version: 1,
  input,
  async run(ctx, { n }) {
    let sum = 0;
    for (const step of numbers(3 + n % 4)) {
      sum += await ctx.task(`step-${step}`, async (task) => {
        note(task);
        if (step % 2 === 1) await pause(n % 7);
        task.progress(1, 2);
        return step;
      });
    }
    return sum;
  },
});

/** Steps beside each other, which report progress. */
export const parallel = defineJob({
  type: "all.parallel",
  version: 1,
  input,
  async run(ctx, { n }) {
    const all = await Promise.all(
      numbers(2 + n % 9).map((part) =>
        ctx.task(`part-${part}`, async (task) => {
          for (const done of numbers(3)) {
            await pause(1 + (n + done) % 5);
            task.progress(done, 3);
          }
          return part;
        })
      ),
    );
    return await ctx.task("join", () => all.length);
  },
});

/** A step that fails up to twice. */
export const retried = defineJob({
  type: "all.retried",
  version: 1,
  input,
  run: (ctx, { n }) =>
    ctx.task("try", async ({ attempt }) => {
      await pause(n % 3);
      if (attempt <= n % 3) throw n % 2 === 0 ? new RetryLater(20) : new Error("not yet");
      return "done";
    }, soon),
});

/** Ignores its time limit once. */
export const overdue = defineJob({
  type: "all.overdue",
  version: 1,
  input,
  run: (ctx, { n }) =>
    ctx.task("late", async (task) => {
      note(task);
      if (task.attempt === 1) await pause(200 + n % 200);
      return task.attempt > 1;
    }, { ...soon, timeoutMs: 100 }),
});

/** Fails, and is undone. */
export const undone = defineJob({
  type: "all.undone",
  version: 1,
  input,
  async run(ctx, { n }) {
    for (const step of numbers(3)) {
      await ctx.task(`step-${step}`, () => pause(n % 2), { compensate: () => pause(1) });
    }
    await ctx.task("fail", () => {
      throw new NonRetryableError("no");
    });
  },
});

/** Waits for an event, gives up on another, sleeps, and emits an event. */
export const waiting = defineJob({
  type: "all.waiting",
  version: 1,
  input,
  expects: ({ n }) => ({
    paid: { eventType: "all.Paid", correlation: { equals: { n } } },
    praised: { eventType: "all.Praised", within: { ms: 300, otherwise: "waive" } },
  }),
  async run(ctx, { n }) {
    const before = await ctx.task("before", () => n);
    const [paid] = await ctx.expect("paid");
    await ctx.sleep("rest", 30 + n % 50);
    return await ctx.task("after", async (task) => {
      await pause(1);
      task.emit("all.Shipped", { n });
      return before + Number(paid.attributes["n"]);
    });
  },
});

/** Emits several events at once. */
export const telling = defineJob({
  type: "all.telling",
  version: 1,
  input,
  run: (ctx, { n }) =>
    ctx.task("tell", (task) => {
      for (const part of numbers(3)) task.emit("all.Shipped", { n: 10 * n + part });
      return 3;
    }),
});

/** Begins when code of another job emits an event. */
export const begun = defineJob({
  type: "all.begun",
  version: 1,
  input,
  startsOn: { eventType: "all.Shipped", input: ({ attributes }) => ({ n: attributes["n"] }) },
  async run(ctx, { n }) {
    const one = await ctx.task("one", () => n);
    return await ctx.task("two", async () => {
      await pause(2);
      return one;
    });
  },
});

/** Waits for its turn. */
export const limited = defineJob({
  type: "all.limited",
  version: 1,
  input,
  limits: { maxRunning: 3, key: ({ n }) => `key-${n % 5}`, perKey: 1 },
  async run(ctx, { n }) {
    await ctx.task("one", () => pause(n % 6));
    await ctx.sleep("rest", 5);
    return await ctx.task("two", () => n);
  },
});

/** Has a secret in its input. */
export const secret = defineJob({
  type: "all.secret",
  version: 1,
  input: v.object({ n: v.number(), pin: v.string() }),
  secrets: ["pin"],
  async run(ctx, { n, pin }) {
    const first = await ctx.task("one", () => pin.length);
    await ctx.sleep("rest", 10 + n % 20);
    return await ctx.task("two", () => first + pin.length);
  },
});

/** Runs in a thread. */
export const threaded = defineJob({
  type: "all.threaded",
  version: 1,
  input,
  ...isolated,
  async run(ctx, { n }) {
    const one = await ctx.task("one", async (task) => {
      note(task);
      await pause(n % 4);
      task.progress(1, 2);
      return n;
    });
    return await ctx.task("two", () => one + 1);
  },
});

/** Often ends its thread at its first attempt, or loops until its time limit. */
export const hostile = defineJob({
  ...isolated,
  type: "all.hostile",
  version: 1,
  input,
  async run(ctx, { n }) {
    const one = await ctx.task("one", (task) => (note(task), n));
    return await ctx.task("two", (task) => {
      note(task);
      if (task.attempt === 1 && n % 5 === 0) Deno.exit(n % 3);
      while (task.attempt === 1 && n % 25 === 1);
      return one;
    }, { ...soon, timeoutMs: 250 });
  },
});

/** Fails, and is undone, in a thread. */
export const threadUndone = defineJob({
  ...isolated,
  type: "all.threadUndone",
  version: 1,
  input,
  async run(ctx, { n }) {
    for (const step of numbers(3)) {
      await ctx.task(`step-${step}`, async (task) => {
        note(task);
        await pause(n % 5);
      }, { compensate: () => pause(n % 5) });
    }
    await ctx.task("fail", () => {
      throw new NonRetryableError("no");
    });
  },
});
