/** Definitions whose tasks call others over HTTP, for a process whose traces are collected. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";

const RETRY = { maxAttempts: 2, initialMs: 1, maxMs: 1 };

async function call(url: string, task: { readonly signal: AbortSignal }): Promise<string> {
  const response = await fetch(url, { signal: task.signal });
  const text = await response.text();
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return text;
}

/** Calls, waits for an event, calls again, which fails once, and emits an event. */
export const relay = defineJob({
  type: "test.relay",
  version: 1,
  input: v.object({ url: v.string() }),
  expects: ({ url }) => ({
    going: { eventType: "test.Going", correlation: { equals: { url } } },
  }),
  async run(ctx, { url }) {
    await ctx.task("before", (task) => call(`${url}/before`, task));
    await ctx.expect("going");
    await ctx.task("after", async (task) => {
      const traceparent = task.traceparent ?? "none";
      await call(`${url}/after-${task.attempt}`, task);
      task.emit("test.Relayed", { url });
      return traceparent;
    }, { retry: RETRY });
  },
});

/** Started by the event of the other one. */
export const follow = defineJob({
  type: "test.follow",
  version: 1,
  input: v.object({ url: v.string() }),
  startsOn: {
    eventType: "test.Relayed",
    input: ({ attributes: { url } }) => ({ url }),
  },
  run: (ctx, { url }) => ctx.task("follow", (task) => call(`${url}/follow`, task)),
});

/** Fails with a secret in its message, and undoes what it did. */
export const leak = defineJob({
  type: "test.leak",
  version: 1,
  input: v.object({ url: v.string(), password: v.string() }),
  secrets: ["password"],
  async run(ctx, { url, password }) {
    await ctx.task("reserve", () => "seat 7", {
      compensate: (_seat, task) => call(`${url}/release`, task),
    });
    await ctx.task("charge", () => {
      throw new NonRetryableError(`the password ${password} was refused`);
    });
  },
});
