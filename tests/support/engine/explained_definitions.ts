/** Job types whose conditions and failures are explained in tests. */

import * as v from "valibot";
import { defineJob, type Expectation, NonRetryableError } from "../../../src/mod.ts";

const RETRY = { maxAttempts: 4, initialMs: 1_000, factor: 2, jitter: 0 } as const;

/** Reserves, charges, and waits for a shipment of this order in its region. */
export const ORDER = defineJob({
  type: "shop.order",
  version: 3,
  input: v.object({ orderId: v.union([v.string(), v.number()]), region: v.string() }),
  expects: ({ orderId, region }) => ({
    shipped: { eventType: "shop.ParcelShipped", correlation: { equals: { orderId, region } } },
  }),
  async run(ctx) {
    await ctx.task("reserve", () => "shelf 7", { compensate: () => {} });
    await ctx.task("charge", () => "paid", { retry: RETRY });
    await ctx.expect("shipped");
    return "delivered";
  },
});

/** Does things that can and cannot be undone, and then fails as its input says. */
export const TROUBLE = defineJob({
  type: "shop.trouble",
  version: 1,
  input: v.object({ how: v.string() }),
  errors: () => [{ eventType: "shop.OrderCancelled" }],
  async run(ctx, { how }) {
    if (how === "throw") throw new Error("the order is empty");
    await ctx.task("reserve", () => "shelf 7", {
      compensate: () => {
        if (how === "stuck") throw new Error("the depot is closed");
      },
      retry: { maxAttempts: 2, initialMs: 5_000, jitter: 0 },
    });
    await ctx.task("mail", () => "sent");
    await ctx.task("charge", (task) => {
      if (how === "poison" || how === "stuck") throw new NonRetryableError("the card is stolen");
      if (how === "deadLetter") throw new Error("the bank is closed");
      task.progress(3, 10, "asking the bank");
      return new Promise<void>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason))
      );
    }, { retry: RETRY });
  },
});

/** Is compensated and then counts as Done. */
export const FORGIVING = defineJob({
  type: "shop.forgiving",
  version: 1,
  input: v.object({}),
  onCompensated: "Done",
  async run(ctx) {
    await ctx.task("reserve", () => "shelf 7", { compensate: () => {} });
    await ctx.task("charge", () => {
      throw new NonRetryableError("the card is stolen");
    });
  },
});

/** Runs until it is aborted, and keeps its worker. */
export const BUSY = defineJob({
  type: "shop.busy",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task(
      "work",
      (task) =>
        new Promise<void>((_, reject) =>
          task.signal.addEventListener("abort", () => reject(task.signal.reason))
        ),
    );
  },
});

/** Asks a bank that is down; three failures within a minute pause its type for five. */
export const BANK = defineJob({
  type: "shop.bank",
  version: 1,
  input: v.object({}),
  pauseAfter: { failures: 3, withinMs: 60_000, forMs: 300_000 },
  async run(ctx) {
    await ctx.task("charge", () => {
      throw new Error("the bank is down");
    }, { retry: RETRY });
  },
});

/** One at a time on each printer; long jobs run until they are aborted. */
export const PRINT = defineJob({
  type: "shop.print",
  version: 1,
  input: v.object({ printer: v.string(), isLong: v.boolean() }),
  limits: { key: ({ printer }) => printer, perKey: 1 },
  async run(ctx, { isLong }) {
    await ctx.task("print", async (task) => {
      if (!isLong) return;
      await new Promise<void>((_, reject) =>
        task.signal.addEventListener("abort", () => reject(task.signal.reason))
      );
    });
  },
});

/** Has a time limit. */
export const LIMITED = defineJob({
  type: "shop.limited",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task(
      "work",
      (task) =>
        new Promise<void>((_, reject) =>
          task.signal.addEventListener("abort", () => reject(task.signal.reason))
        ),
      { timeoutMs: 90_000, retry: { maxAttempts: 1 } },
    );
  },
});

/** Two parallel tasks, of which one keeps running and the other fails. */
export const PARALLEL = defineJob({
  type: "shop.parallel",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await Promise.all([
      ctx.task(
        "pack",
        (task) =>
          new Promise<void>((_, reject) =>
            task.signal.addEventListener("abort", () => reject(task.signal.reason))
          ),
      ),
      ctx.task("weigh", () => {
        const error = new Error("the \x1b[31mscale\x1b[0m is \u202edown");
        error.name = "Scale\x1b[2J\nError";
        throw error;
      }, { retry: RETRY }),
    ]);
  },
});

/** The bell that a task waits for, ignoring its signal. */
export const BELL = new EventTarget();

/** Reserves, which can be undone if the input says so, and charges until the bell rings. */
export const DEAF = defineJob({
  type: "shop.deaf",
  version: 1,
  input: v.object({ undoable: v.boolean() }),
  async run(ctx, { undoable }) {
    await ctx.task("reserve", () => "shelf 7", undoable ? { compensate: () => {} } : {});
    await ctx.task(
      "charge",
      () =>
        new Promise<string>((resolve) =>
          BELL.addEventListener("ring", () => resolve("paid"), { once: true })
        ),
      { retry: RETRY },
    );
  },
});

/** Started by an event; its code ends while its plan keeps waiting. */
export const WELCOME = defineJob({
  type: "shop.welcome",
  version: 2,
  input: v.object({ userId: v.pipe(v.string(), v.startsWith("u", "must begin with u")) }),
  startsOn: {
    eventType: "shop.UserSignedUp",
    input: ({ attributes: { userId } }) => ({ userId }),
  },
  expects: ({ userId }) => ({
    confirmed: { eventType: "shop.EmailConfirmed", correlation: { equals: { userId } } },
  }),
  async run(ctx) {
    await ctx.task("send", () => "sent");
  },
});

/** Waits for a payment for three days, and reminds once; the shipment is waived after ten. */
export const INVOICE = defineJob({
  type: "shop.invoice",
  version: 1,
  input: v.object({}),
  expects: () => ({
    paid: { eventType: "shop.Paid" },
    rated: { eventType: "shop.Rated", within: { ms: 10 * 86_400_000, otherwise: "waive" } },
  }),
  async run(ctx) {
    const paid = await ctx.expect("paid", { withinMs: 3 * 86_400_000 });
    if (paid !== undefined) return "paid";
    return await ctx.task("remind", () => "reminded");
  },
});

/** Waits for three days between two steps; with `beside`, for a payment as well. */
export const REMINDER = defineJob({
  type: "shop.reminder",
  version: 1,
  input: v.object({ beside: v.boolean() }),
  expects: ({ beside }): Readonly<Record<string, Expectation>> =>
    beside ? { paid: { eventType: "shop.Paid" } } : {},
  async run(ctx, { beside }) {
    await ctx.task("greet", () => "hello");
    const sleep = ctx.sleep("three-days", 3 * 86_400_000);
    if (beside) await ctx.expect("paid");
    await sleep;
    await ctx.task("remind", () => "reminded");
  },
});

/** A changed order definition: it bills instead of charging. */
export const CHANGED_ORDER = defineJob({
  type: "shop.order",
  version: 4,
  runs: [3],
  input: v.object({ orderId: v.union([v.string(), v.number()]), region: v.string() }),
  expects: ({ orderId, region }) => ({
    shipped: { eventType: "shop.ParcelShipped", correlation: { equals: { orderId, region } } },
  }),
  async run(ctx) {
    await ctx.task("reserve", () => "shelf 7", { compensate: () => {} });
    await ctx.task("bill", () => "billed");
    await ctx.expect("shipped");
    return "delivered";
  },
});

/** The same type with a stricter schema. */
export const STRICT_ORDER = defineJob({
  type: "shop.order",
  version: 3,
  input: v.object({ orderId: v.number(), region: v.string() }),
  async run() {},
});

/** All except the changed ones. */
export const ALL: readonly unknown[] = [
  ORDER,
  TROUBLE,
  FORGIVING,
  BUSY,
  BANK,
  PRINT,
  LIMITED,
  PARALLEL,
  DEAF,
  WELCOME,
  REMINDER,
  INVOICE,
];
