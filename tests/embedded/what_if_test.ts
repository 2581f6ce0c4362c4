/** What-if in a program that embeds Daybook, and in the test kit. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { supposition } from "../../src/documents/supposition.ts";
import type { whatIfAnswer } from "../../src/documents/answers/explanation.ts";
import {
  defineJob,
  type JobStanding,
  type SupposedEvent,
  type SupposedJob,
  type SupposedLimits,
  type Suppositions,
} from "../../src/mod.ts";
import { testDaybook } from "../../src/testing/mod.ts";
import { refusalOf } from "./refusal_of.ts";

const parcel = defineJob({
  type: "parcel.send",
  version: 1,
  input: v.object({ orderId: v.string() }),
  limits: { maxRunning: 1 },
  expects: ({ orderId }) => ({
    shipped: {
      kind: "DomainFact",
      eventType: "shop.ParcelShipped",
      correlation: { equals: { orderId } },
    },
  }),
  run: async (ctx) => {
    await ctx.task("pack", () => "packed");
    await ctx.expect("shipped");
    return "sent";
  },
});

/** Fails to compile if one type lacks a member of the other. */
type Same<One, Other> = [keyof One, keyof Other] extends [keyof Other, keyof One] ? true : never;
type Answer = v.InferOutput<typeof whatIfAnswer>;
type Asked = v.InferInput<typeof supposition>;
const AS_ANSWERED: readonly true[] = [
  true satisfies Same<Suppositions, Asked>,
  true satisfies keyof SupposedEvent extends keyof NonNullable<Asked["with"]>[number] ? true
    : never,
  true satisfies Same<SupposedJob, Answer>,
  true satisfies Same<SupposedJob["steps"][number], Answer["steps"][number]>,
  true satisfies Same<
    NonNullable<SupposedJob["firstDifference"]>,
    NonNullable<Answer["firstDifference"]>
  >,
  true satisfies Same<JobStanding, NonNullable<NonNullable<Answer["firstDifference"]>["actual"]>>,
  true satisfies Same<SupposedLimits, NonNullable<Answer["limits"]>>,
];

Deno.test("daybook.whatIf: a supposed event ends the wait, as POST what-if answers, and nothing is recorded", async () => {
  assert.equal(AS_ANSWERED.length, 7);
  await using daybook = await testDaybook([parcel]);
  const { jobId } = await daybook.submit(parcel, { orderId: "42" });
  await daybook.untilIdle();
  const before = daybook.job(jobId);
  const supposed = {
    with: [{ eventType: "shop.ParcelShipped", attributes: { orderId: "42" } }],
  };
  const answer = await daybook.whatIf(jobId, supposed);
  assert.equal(answer.job.expected.find(({ id }) => id === "shipped")?.matched, 1);
  assert.match(answer.firstDifference?.why ?? "", /shipped/);
  assert.deepEqual(daybook.job(jobId), before);

  const response = await daybook.fetch(
    new Request(`http://localhost/jobs/${jobId}/what-if`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(supposed),
    }),
  );
  assert.deepEqual(await response.json(), JSON.parse(JSON.stringify(answer)));
});

Deno.test("daybook.whatIf: steps come in pages, which together are complete", async () => {
  await using daybook = await testDaybook([parcel]);
  const { jobId } = await daybook.submit(parcel, { orderId: "42" });
  await daybook.untilIdle();
  const whole = await daybook.whatIf(jobId, { without: [] });
  assert.equal(whole.firstDifference, null);
  const { steps, nextCursor } = await daybook.whatIf(jobId, { without: [] }, { limit: 2 });
  const rest = await daybook.whatIf(jobId, { without: [] }, { cursor: nextCursor ?? "" });
  assert.equal(steps.length, 2);
  assert.deepEqual([...steps, ...rest.steps], whole.steps);
  assert.equal(rest.nextCursor, null);
});

Deno.test("daybook.whatIf: an option that is undefined counts as left out, as in every other call", async () => {
  await using daybook = await testDaybook([parcel]);
  const { jobId } = await daybook.submit(parcel, { orderId: "7" });
  const none = { limit: undefined, cursor: undefined } as object;
  assert.ok((await daybook.whatIf(jobId, { without: [] }, none)).steps.length > 0);
});

Deno.test("daybook.whatIf: it says whether a queued job would start with other limits", async () => {
  const gate = Promise.withResolvers<void>();
  const slow = defineJob({
    type: "slow.work",
    version: 1,
    input: v.object({}),
    limits: { maxRunning: 1 },
    run: (ctx) => ctx.task("work", () => gate.promise),
  });
  await using daybook = await testDaybook([slow]);
  await daybook.submit(slow, {}, { jobId: "first" });
  await daybook.submit(slow, {}, { jobId: "second" });
  const more = await daybook.whatIf("second", { limits: { maxRunning: 2 } });
  assert.deepEqual([more.limits?.outcome, more.limits?.limits], ["begins", { maxRunning: 2 }]);
  assert.equal(
    (await daybook.whatIf("second", { limits: { maxRunning: 1 } })).limits?.outcome,
    "waits",
  );
  gate.resolve();
  await daybook.untilIdle();
});

Deno.test("daybook.whatIf: an impossible supposition is refused, with its pointer", async () => {
  await using daybook = await testDaybook([parcel]);
  const { jobId } = await daybook.submit(parcel, { orderId: "42" });
  assert.equal((await refusalOf(daybook.whatIf("no-such", {}))).kind, "unknown-job");
  const both = await refusalOf(daybook.whatIf(jobId, { without: [1], limits: { maxRunning: 1 } }));
  assert.deepEqual([both.kind, both.issues[0]?.pointer], ["invalid-request", "/limits"]);
  const far = await refusalOf(daybook.whatIf(jobId, { without: [9_999] }));
  assert.equal(far.kind, "invalid-request");
  const steps = await refusalOf(daybook.whatIf(jobId, {}, { limit: 0 }));
  assert.deepEqual([steps.kind, steps.issues[0]?.pointer], ["invalid-request", "/limit"]);
});
