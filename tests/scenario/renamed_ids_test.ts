/** A wait for an event that came under another id, which a job had recorded beside the expected one. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { looseJob } from "../support/engine/engine_harness.ts";
import { Explained } from "../support/engine/explained.ts";
import { scripted } from "./incident_kit.ts";

const FROM_INTO = { from: "cus_17", into: "cus_90" };
const PAID = "billing.Paid";
const ANY_INPUT = v.record(v.string(), v.unknown());

const DEFINITIONS = [
  defineJob({
    ...{ type: "invoice.collect", version: 1, input: ANY_INPUT },
    expects: ({ customerId }) => ({
      paid: { eventType: PAID, correlation: { equals: { customerId: String(customerId) } } },
    }),
    run: (ctx) => ctx.expect("paid"),
  }),
  scripted("crm.merge", {
    find: ({ input: { email } }) => email === undefined ? null : { ...FROM_INTO, email },
    move: () => ({ moved: 3 }),
  }),
  scripted("crm.referral", { credit: () => "credited" }),
];

const MERGE = looseJob("crm.merge-event", (ctx) => ctx.task("move", () => ({ moved: 3 })), {
  startsOn: { eventType: "crm.Merged", input: ({ attributes }) => attributes as never },
});

interface Merged {
  readonly type?: string;
  /** What the job is given that has both ids. */
  readonly input?: object;
  /** What came before it, and after it. */
  readonly before?: (daybook: Explained) => Promise<void>;
  readonly after?: (daybook: Explained) => Promise<void>;
}

const pay = (daybook: Explained, customerId: string) =>
  daybook.event(PAID, { customerId, amount: 1999 });

/** Invoices that others pay, and one of a customer that is merged into another. */
async function collected(
  {
    type = "crm.merge",
    input = FROM_INTO,
    before = () => Promise.resolve(),
    after = (daybook) => pay(daybook, "cus_90"),
  }: Merged = {},
): Promise<Explained> {
  const daybook = await Explained.start({ definitions: [...DEFINITIONS, MERGE], maxRunning: 8 });
  for (let at = 20; at < 32; at++) {
    await daybook.submit(`invoice-${at}`, "invoice.collect", { customerId: `cus_${at}` });
    await pay(daybook, `cus_${at}`);
  }
  await daybook.submit("invoice-17", "invoice.collect", { customerId: "cus_17" });
  await daybook.clock.advance(60_000);
  await before(daybook);
  await daybook.submit("merge-4", type, input);
  await daybook.clock.advance(60_000);
  await after(daybook);
  return daybook;
}

async function toldOf(daybook: Explained): Promise<string> {
  await daybook.assertCitations("invoice-17");
  const { summary } = await daybook.explanation("invoice-17");
  assert.equal((await (await daybook.crash()).explanation("invoice-17")).summary, summary);
  return summary;
}

Deno.test("explain a wait: an event under the id that another job recorded beside the expected one is named with that job, by its input or by what a step returned", async () => {
  const came =
    '; billing.Paid came at 2026-01-01T00:02:00.000Z with customerId = "cus_90", and reached no job.';
  for (
    const [input, has] of [
      [FROM_INTO, 'job merge-4 (crm.merge) was given from = "cus_17" and into = "cus_90"'],
      [
        { email: "ada@shop.example" },
        'task find of job merge-4 (crm.merge) returned from = "cus_17" and into = "cus_90"',
      ],
      [
        { merged: ["cus_16", "cus_17"], into: "cus_90" },
        'job merge-4 (crm.merge) was given merged.1 = "cus_17" and into = "cus_90"',
      ],
    ] as const
  ) {
    const told = await toldOf(await collected({ input }));
    assert.ok(told.endsWith(`, 0 of 1: ${has}${came}`), told);
  }
});

Deno.test("explain a wait: such a job is named rather than the event with both ids that started it", async () => {
  const daybook = await collected({
    input: {},
    after: async (daybook) => {
      await daybook.event("crm.Merged", FROM_INTO);
      await pay(daybook, "cus_90");
    },
  });
  assert.match(
    await toldOf(daybook),
    /, 0 of 1: job \S+ \(crm\.merge-event\) was given from = "cus_17" and into = "cus_90"; billing\.Paid came .*, and reached no job\.$/,
  );
});

Deno.test("innocent: ids that a job has beside the expected one, under which an event reached a job or came before, or that are both in use", async () => {
  const referral = { customerId: "cus_17", referrerId: "cus_90" };
  for (
    const merged of [
      { input: { customers: ["cus_17", "cus_90"] } },
      {
        before: (daybook) =>
          daybook.submit("invoice-90", "invoice.collect", { customerId: "cus_90" }),
      },
      { before: (daybook) => pay(daybook, "cus_90"), after: (daybook) => pay(daybook, "cus_91") },
      { after: (daybook) => daybook.event("billing.Refunded", { customerId: "cus_90" }) },
      {
        type: "crm.referral",
        input: referral,
        before: async (daybook) => {
          for (const id of [41, 42]) {
            const input = { customerId: `cus_${id}`, referrerId: `cus_${id + 10}` };
            await daybook.submit(`referral-${id}`, "crm.referral", input);
            await pay(daybook, `cus_${id}`);
          }
        },
      },
      {
        type: "crm.referral",
        input: referral,
        after: async (daybook) => {
          for (const page of ["a", "b"]) {
            await daybook.event("shop.Seen", { customerId: "cus_17", page });
          }
          await pay(daybook, "cus_90");
        },
      },
    ] satisfies readonly Merged[]
  ) {
    const told = await toldOf(await collected(merged));
    assert.match(told, /^Job invoice-17 is waiting/);
    assert.doesNotMatch(told, /merge-4/);
  }
});
