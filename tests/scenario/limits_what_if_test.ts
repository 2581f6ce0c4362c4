/** `what-if` with other limits: whether a job would begin now, or how much less it would have waited. */

import assert from "node:assert/strict";
import type { PlaceLimits } from "../../src/core/place_limits.ts";
import type { Citation } from "../../src/explain/explanation.ts";
import type { SupposedLimits } from "../../src/explain/limits_supposed.ts";
import type { LimitsWhatIf } from "../../src/explain/limits_what_if.ts";
import { Explained } from "../support/engine/explained.ts";
import { Letters, lineOf } from "../support/engine/letters.ts";
import { test } from "../support/sanitized.ts";

const ASSUMED = {
  queued: ["Nothing else comes or ends before the limits are changed; what is at work stays so."],
  begun: [
    "A worker was free whenever a place was: who had the workers is not looked at.",
    "Each job would have taken as long as it did: code is not run again.",
  ],
};

async function started(limits: PlaceLimits, maxRunning = 4) {
  const letters = new Letters();
  const daybook = await Explained.start({ definitions: [letters.definition(limits)], maxRunning });
  const submit = async (...jobIds: readonly string[]) => {
    for (const jobId of jobIds) {
      await daybook.submit(jobId, "mail.send", { tenant: jobId.replace(/\d+$/, "") });
    }
  };
  const end = async (jobId: string) => {
    letters.sent(jobId);
    await daybook.clock.settle();
  };
  return { daybook, submit, end };
}

async function whatIf(daybook: Explained, jobId: string, limits: SupposedLimits) {
  const answer = await daybook.post(`/jobs/${jobId}/what-if`, { limits }) as {
    readonly firstDifference: unknown;
    readonly limits: LimitsWhatIf<Citation>;
  };
  assert.equal(answer.firstDifference, null);
  const { because, ...told } = answer.limits;
  for (const { statement, cites } of because) assert.ok(cites.length > 0, statement);
  return { ...told, because: because.map(lineOf) };
}

test("what if other limits: a queued job would begin now, in which place and behind whom", async () => {
  const { daybook, submit } = await started({ maxRunning: 2 });
  await submit("acme1", "bolt1", "acme2", "cog1");
  const told = await whatIf(daybook, "cog1", { maxRunning: 4 });
  assert.deepEqual(told, {
    limits: { maxRunning: 4 },
    outcome: "begins",
    statement: "With maxRunning 4 instead of 2, job cog1 would begin now, behind acme2: it would " +
      "take place 4 of 4 of type mail.send, with 2 of 4 workers busy.",
    because: [],
    assumes: ASSUMED.queued,
    behind: ["acme2"],
  });
});

test("what if other limits: a queued job would still wait, and for which limit then", async () => {
  const { daybook, submit } = await started({ maxRunning: 2, perKey: 1 });
  await submit("acme1", "bolt1", "acme2", "cog1");
  const behind = await whatIf(daybook, "cog1", { maxRunning: 3, perKey: 2 });
  assert.deepEqual(behind, {});
  const other = await whatIf(daybook, "acme2", { maxRunning: 4 });
  assert.deepEqual(other, {});
});

test("what if other limits: no place helps where all workers are busy, or a pause holds it", async () => {
  const { daybook, submit } = await started({ maxRunning: 2 }, 2);
  await submit("acme1", "bolt1", "acme2");
  const busy = await whatIf(daybook, "acme2", { maxRunning: null });
  assert.deepEqual([busy.outcome, busy.statement], ["waits", ""]);
  await daybook.post("/pauses", { key: "acme", reason: "acme moves house" });
  const paused = await whatIf(daybook, "acme2", { maxRunning: 9 });
  assert.deepEqual([paused.outcome, paused.statement, paused.because.at(-1)], ["waits", "", []]);
});

test("what if other limits: a rate that would let a queued job begin", async () => {
  const { daybook, submit } = await started({ rate: { count: 1, perMs: 60_000 } });
  await submit("acme1", "acme2", "acme3");
  const second = await whatIf(daybook, "acme2", { rate: { count: 2, perMs: 60_000 } });
  const third = await whatIf(daybook, "acme3", { rate: { count: 2, perMs: 60_000 } });
  assert.deepEqual([second, third], []);
});

test("what if other limits: how much less a job would have waited, by when places were free", async () => {
  const { daybook, submit, end } = await started({ perKey: 1 });
  await submit("acme1", "acme2", "acme3");
  await daybook.clock.advance(240_000);
  await end("acme1");
  await daybook.clock.advance(60_000);
  await end("acme2");
  await daybook.clock.advance(1_000);
  await end("acme3");
  const two = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual(two, {});
  const three = await whatIf(daybook, "acme3", { perKey: 2 });
  assert.deepEqual(three, {});
  const all = await whatIf(daybook, "acme3", { perKey: 3 });
  assert.deepEqual([all.lessMs, all.statement], []);
});

test("what if other limits: a job that never waited, and fewer places than there were", async () => {
  const { daybook, submit, end } = await started({ perKey: 2 });
  await submit("acme1", "acme2");
  await daybook.clock.advance(1_000);
  await end("acme2");
  const more = await whatIf(daybook, "acme2", { perKey: 3 });
  assert.deepEqual(more, {});
  const fewer = await whatIf(daybook, "acme2", { perKey: 1 });
  assert.deepEqual(fewer, {});
});

test("what if other limits: those that were changed are in force as of their line", async () => {
  const { daybook, submit, end } = await started({ perKey: 2 });
  await daybook.engine.changeLimits("mail.send", { perKey: 1 }, "slow today");
  await submit("acme1", "acme2");
  await daybook.clock.advance(5_000);
  await end("acme1");
  await daybook.clock.advance(1_000);
  await end("acme2");
  await daybook.engine.restoreLimits("mail.send");
  const told = await whatIf(daybook, "acme2", { perKey: 2 });
  assert.deepEqual(told, {});
});

test("what if other limits: they stand alone, and are of a type with code that has such a key", async () => {
  const { daybook, submit } = await started({ perKey: 1 });
  await submit("acme1");
  await daybook.submit("later", "mail.send", { tenant: "acme" }, { start: false });
  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  await daybook.post("/jobs", { jobId: "plan", plan });
  const asked = async (jobId: string, body: object) => {
    const response = await daybook.app.request(`http://127.0.0.1:8000/jobs/${jobId}/what-if`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
    const { errors } = await response.json();
    return [response.status, errors];
  };
  const limits = { maxRunning: 2 };
  assert.deepEqual(await asked("acme1", { limits, without: [2], upTo: 3 }), [422, [
    { pointer: "/limits", detail: "stands alone: leave out without, upTo" },
  ]]);
  assert.deepEqual(await asked("acme1", { limits: {} }), [422, [
    { pointer: "/limits", detail: "must name a limit" },
  ]]);
  assert.deepEqual(await asked("plan", { limits }), [422, [
    { pointer: "/limits", detail: "is of types with code; this job is a plan without" },
  ]]);
  assert.deepEqual(await asked("later", { limits }), [422, [
    { pointer: "/limits", detail: "says nothing of a job that has not started" },
  ]]);
});
