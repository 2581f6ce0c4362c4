/** Pauses and limits in a program that embeds Daybook, and in the test kit. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { limitedTypeAnswer, pauseAnswer } from "../../src/documents/answers/system.ts";
import { defineJob, openDaybook, type Pause, type TypeLimits } from "../../src/mod.ts";
import { minutes, testDaybook } from "../../src/testing/mod.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { refusalOf } from "./refusal_of.ts";

const mail = defineJob({
  type: "mail.send",
  version: 1,
  input: v.object({ tenant: v.string() }),
  limits: { maxRunning: 1, key: ({ tenant }) => tenant },
  run: async (ctx) => {
    await ctx.task("write", () => "written");
    await ctx.sleep("a-while", minutes(1));
    return await ctx.task("send", () => "sent");
  },
});

/** Fails to compile if one type lacks a member of the other. */
type Same<One, Other> = [keyof One, keyof Other] extends [keyof Other, keyof One] ? true : never;
type Limits = v.InferOutput<typeof limitedTypeAnswer>;
const AS_ANSWERED: readonly true[] = [
  true satisfies Same<Pause, v.InferOutput<typeof pauseAnswer>>,
  true satisfies Same<TypeLimits, Limits>,
  true satisfies Same<NonNullable<TypeLimits["change"]>, NonNullable<Limits["change"]>>,
  true satisfies Same<TypeLimits["rates"][number], Limits["rates"][number]>,
  true satisfies Same<TypeLimits["keys"][number], Limits["keys"][number]>,
];

async function answered(daybook: {
  readonly fetch: (request: Request) => Response | Promise<Response>;
}, path: string) {
  return await (await daybook.fetch(new Request(`http://localhost${path}`))).json();
}

Deno.test("daybook.pause: it holds matching jobs, as GET /pauses shows, until endPause", async () => {
  assert.equal(AS_ANSWERED.length, 5);
  await using daybook = await testDaybook([mail]);
  const asked = { type: "mail.send", key: "acme", reason: "unpaid" };
  const pause = await daybook.pause(asked);
  assert.equal((await daybook.pause(asked)).pauseId, pause.pauseId);
  const held = await daybook.submit(mail, { tenant: "acme" });
  await daybook.untilIdle();
  assert.equal(daybook.job(held.jobId)?.condition, "queued");
  const [told, ...others] = daybook.pauses();
  assert.deepEqual([told?.jobs, told?.firstJobs, others], [1, [held.jobId], []]);
  assert.deepEqual(await answered(daybook, "/pauses"), { pauses: [told] });

  assert.equal((await daybook.endPause(pause.pauseId)).jobs, 1);
  assert.deepEqual(daybook.pauses(), []);
  assert.equal((await daybook.wait(held, { timeoutMs: minutes(2) })).output, "sent");
  assert.equal((await refusalOf(daybook.endPause(pause.pauseId))).kind, "unknown-pause");
});

Deno.test("daybook.pause: with `until` it ends automatically; an invalid pause is refused", async () => {
  await using daybook = await testDaybook([mail]);
  const until = new Date(daybook.now() + minutes(5)).toISOString();
  await daybook.pause({ reason: "stocktaking", until });
  const job = await daybook.submit(mail, { tenant: "acme" });
  await daybook.advance(minutes(4));
  assert.equal(daybook.job(job.jobId)?.condition, "queued");
  await daybook.advance(minutes(3));
  assert.equal(daybook.job(job.jobId)?.condition, "succeeded");

  const past = daybook.pause({ reason: "x", until });
  assert.deepEqual((await refusalOf(past)).issues, [
    { pointer: "/until", detail: "must be in the future" },
  ]);
  const unknown = daybook.pause({ reason: "x", type: "mail.sent" });
  assert.match((await refusalOf(unknown)).message, /did you mean mail\.send/);
});

Deno.test("daybook.changeLimits: it is in force at once, as GET /limits shows, until restoreLimits", async () => {
  await using daybook = await testDaybook([mail]);
  const change = { maxRunning: 2, perKey: 1, rate: { count: 9, perMs: 60_000 }, reason: "slow" };
  const changed = await daybook.changeLimits("mail.send", change);
  const { reason, ...limits } = change;
  assert.deepEqual([changed.limits, changed.code, changed.change?.reason], [
    ...[limits, { maxRunning: 1 }, reason],
  ]);
  await daybook.submit(mail, { tenant: "acme" });
  await daybook.untilIdle();
  assert.deepEqual(await answered(daybook, "/limits"), { limits: daybook.limits() });
  assert.deepEqual(daybook.limits()[0]?.rates, [{ key: null, began: 1, waiting: 0 }]);
  assert.deepEqual((await daybook.restoreLimits("mail.send")).limits, { maxRunning: 1 });

  assert.equal((await refusalOf(daybook.restoreLimits("mail.send"))).kind, "unknown-limits");
  const none = daybook.changeLimits("mail.send", { maxRunning: 0, reason: "x" });
  assert.deepEqual((await refusalOf(none)).issues, [
    { pointer: "/maxRunning", detail: "must be at least 1" },
  ]);
  const unknown = daybook.changeLimits("no.such", { reason: "x" });
  assert.equal((await refusalOf(unknown)).kind, "unknown-limits");
});

Deno.test("daybook.pause, daybook.changeLimits: both survive a restart", async () => {
  await inFolder(async (folder) => {
    const options = { journal: `${folder}/journal`, definitions: [mail] };
    const first = await openDaybook(options);
    const { pauseId } = await first.pause({ label: "shop:berlin", reason: "stocktaking" });
    const { change } = await first.changeLimits("mail.send", { reason: "no limit today" });
    await first.close();
    await using second = await openDaybook(options);
    assert.deepEqual(second.pauses().map((pause) => pause.pauseId), [pauseId]);
    assert.deepEqual(second.limits()[0]?.change, change);
    assert.deepEqual(second.limits()[0]?.limits, {});
  });
});
