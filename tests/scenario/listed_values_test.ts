/** A job that failed on what another job had in a list of a result, as one that cleans up. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { scripted } from "./incident_kit.ts";

const MINUTE_MS = 60_000;

interface Swept {
  /** The minute of the sweep that takes what is 3 minutes old for abandoned. */
  readonly oddAt?: number;
  /** Whether sweeps cancel nothing, and list all that there are. */
  readonly areReports?: boolean;
  /** Whether the customer of the twelfth checkout cancels. */
  readonly isByCustomer?: boolean;
  readonly error?: (intent: string) => string;
  /** How many times a checkout asks for the confirmation. */
  readonly attempts?: number;
}

/** Checkouts that confirm what they made five minutes before, and sweeps of what is older. */
async function checkedOut(
  {
    oddAt = 16,
    areReports = false,
    isByCustomer = false,
    error = (intent) => `PaymentIntent ${intent} is canceled`,
    attempts = 1,
  }: Swept = {},
): Promise<Explained> {
  const made: { readonly id: string; readonly at: number; status: string }[] = [];
  let now = 0;
  const checkout = defineJob({
    ...{ type: "checkout", version: 1, input: v.record(v.string(), v.unknown()) },
    async run(ctx) {
      const { id } = await ctx.task("create-intent", () => {
        const intent = { id: `pi_3N${made.length}x`, at: now, status: "unconfirmed" };
        made.push(intent);
        return { id: intent.id };
      });
      await ctx.sleep("address", 5 * MINUTE_MS);
      await ctx.task("confirm", () => {
        const intent = made.find((one) => one.id === id);
        if (intent?.status === "canceled" || isByCustomer && ctx.jobId === "order-12") {
          throw attempts === 1 ? new NonRetryableError(error(id)) : new Error(error(id));
        }
        if (intent !== undefined) intent.status = "confirmed";
        return "confirmed";
      }, { retry: { maxAttempts: attempts, initialMs: MINUTE_MS, factor: 1, jitter: 0 } });
    },
  });
  const stale = (minutes: number) =>
    made.filter(({ at, status }) =>
      areReports || status === "unconfirmed" && now - at >= minutes * MINUTE_MS
    );
  const sweep = scripted("cart.sweep", {
    "find-stale": ({ input: { olderThanMinutes } }) => ({
      stale: stale(Number(olderThanMinutes)).map(({ id }) => ({ intent: id })),
    }),
    cancel: ({ input: { olderThanMinutes } }) => {
      const found = stale(Number(olderThanMinutes));
      if (!areReports) { for (const one of found) one.status = "canceled"; }
      return { canceled: found.length };
    },
  });
  const daybook = await Explained.start({ definitions: [checkout, sweep], maxRunning: 8 });
  for (let minute = 0; minute < 30; minute++) {
    now = minute * MINUTE_MS;
    if (minute < 20) await daybook.submit(`order-${minute}`, "checkout", { cart: `c-${minute}` });
    const olderThanMinutes = minute === oddAt ? 3 : 30;
    if (minute % 2 === 0) {
      await daybook.submit(`sweep-${minute}`, "cart.sweep", { olderThanMinutes, dryRun: false });
    }
    await daybook.clock.advance(MINUTE_MS);
  }
  return daybook;
}

async function toldOf(daybook: Explained, jobId: string): Promise<string> {
  await daybook.assertCitations(jobId);
  const { summary } = await daybook.explanation(jobId);
  assert.equal((await (await daybook.crash()).explanation(jobId)).summary, summary);
  return summary;
}

Deno.test("explain a failure: a job of another type that had listed what the error names is named, with what it did then and how its input differs", async () => {
  assert.match(
    await toldOf(await checkedOut(), "order-12"),
    / Task find-stale of job sweep-16 \(cart\.sweep\) had returned stale\[0\]\.intent = "pi_3N12x", which the error names; that job completed task cancel at 2026-01-01T00:16:00\.000Z, after task create-intent of this job and before task confirm failed\. It has .*input\.olderThanMinutes = 3, where all [^ ]+ have 30\.$/,
  );
});

Deno.test("innocent: a job that lists what others go through with, or lists it once this one had failed, and one of a value that the error does not name", async () => {
  for (
    const swept of [
      { areReports: true, isByCustomer: true },
      { oddAt: -1, isByCustomer: true },
      { oddAt: 18, isByCustomer: true, attempts: 3 },
      { error: () => "the PaymentIntent is canceled" },
    ] satisfies readonly Swept[]
  ) {
    const told = await toldOf(await checkedOut(swept), "order-12");
    assert.match(told, /^Job order-12 failed: task confirm/);
    assert.doesNotMatch(told, /sweep/);
  }
});
