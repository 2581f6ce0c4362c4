/**
 * What an explanation says about other jobs: what distinguishes a job, which jobs share its cause,
 * and which are before it.
 */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import { Explained } from "../support/engine/explained.ts";
import { hang, scripted } from "./incident_kit.ts";
import { NonRetryableError } from "../../src/mod.ts";

const PRINT = scripted("label.print", {
  print: ({ input }) => {
    if (input["bad"] === true) throw new NonRetryableError("unknown command");
    return "printed";
  },
});

async function printed(bad: readonly object[], good: readonly object[]): Promise<Explained> {
  const daybook = await Explained.start({ definitions: [PRINT], maxRunning: 8 });
  for (const [at, input] of good.entries()) {
    await daybook.submit(`good-${at}`, "label.print", input);
  }
  for (const [at, input] of bad.entries()) {
    await daybook.submit(`bad-${at}`, "label.print", { ...input, bad: true });
  }
  return daybook;
}

const many = (count: number, input: object) => Array.from({ length: count }, () => input);

Deno.test("contrast: a value is named that all jobs with the same failure have, and none that succeeded", async () => {
  const daybook = await printed(
    many(3, { printer: "z9", size: 4 }),
    many(10, { printer: "z1", size: 4 }),
  );
  const { contrast, summary, siblings } = await daybook.explanation("bad-1");
  assert.deepEqual(contrast?.traits[0], { name: "input.printer", value: "z9" });
  assert.deepEqual([contrast?.alike, contrast?.others], [3, 10]);
  assert.match(
    summary,
    /All 3 jobs that failed like this have input\.printer = "z9" .*; none of the 10 that went through has\.$/,
  );
  assert.equal(siblings?.others, 2);
  assert.match(
    siblings?.statement ?? "",
    /^2 other jobs failed with the same error: bad-2, bad-0\.$/,
  );
  await daybook.assertCitations("bad-1");
});

Deno.test("contrast: with too few jobs of either kind, or a counterexample, nothing is named", async () => {
  const good = many(9, { printer: "z1" });
  for (
    const daybook of [
      await printed(many(3, { printer: "z9" }), good),
      await printed(many(2, { printer: "z9" }), [...good, { printer: "z1" }]),
    ]
  ) {
    assert.equal((await daybook.explanation("bad-0")).contrast, undefined);
  }
  const mixed = await printed(many(3, { printer: "z9" }), [...good, { printer: "z9" }]);
  const { contrast } = await mixed.explanation("bad-0");
  assert.deepEqual(contrast?.traits.map(({ name }) => name), ["input.bad"]);
});

Deno.test("contrast: jobs of another hour are not compared", async () => {
  const daybook = await printed([], many(10, { printer: "z1" }));
  await daybook.clock.advance(3_600_001);
  for (const jobId of ["a", "b", "c"]) {
    await daybook.submit(jobId, "label.print", { printer: "z9", bad: true });
  }
  assert.equal((await daybook.explanation("a")).contrast, undefined);
});

Deno.test("siblings: jobs cancelled for the same reason, or cut short by the same crash, are named", async () => {
  const work = scripted("long.work", {
    work: (about) => about.attempt === 1 ? hang(about) : "done",
  });
  const daybook = await Explained.start({ definitions: [work], maxRunning: 4 });
  for (const jobId of ["a", "b", "c"]) await daybook.submit(jobId, "long.work");
  const next = await daybook.crash();
  await next.clock.advance(60_000);
  const crashed = (await next.explanation("b")).siblings;
  assert.match(crashed?.statement ?? "", /^2 other jobs were cut short by the same crash: a, c\.$/);

  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  for (const jobId of ["d", "e"]) {
    await next.post("/jobs", { jobId, plan });
    await next.post(`/jobs/${jobId}/cancel`, { reason: "wrong price list" });
  }
  const cancelled = (await next.explanation("e")).siblings;
  assert.match(
    cancelled?.statement ?? "",
    /^1 other job was cancelled for the same reason .*: d\.$/,
  );
});

Deno.test("siblings: jobs cut short by different crashes, or cancelled without a reason, are none", async () => {
  const work = scripted("long.work", {
    work: (about) => about.attempt === 1 ? hang(about) : "done",
  });
  const first = await Explained.start({ definitions: [work], maxRunning: 4 });
  await first.submit("a", "long.work");
  const second = await first.crash();
  await second.clock.advance(60_000);
  await second.submit("b", "long.work");
  const third = await second.crash();
  await third.clock.advance(60_000);
  for (const jobId of ["a", "b"]) {
    const { condition, siblings } = await third.explanation(jobId);
    assert.deepEqual([condition, siblings], ["succeeded", undefined]);
  }

  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  for (const jobId of ["d", "e"]) {
    await third.post("/jobs", { jobId, plan });
    await third.post(`/jobs/${jobId}/cancel`);
  }
  assert.equal((await third.explanation("e")).siblings, undefined);
});

Deno.test("siblings: if more may have been cancelled than were examined, it says at least how many", async () => {
  const daybook = await Explained.start();
  const plan = { expected: [{ id: "it", eventType: "x.Y", correlation: "any" }] };
  const ids = Array.from({ length: 450 }, (_, at) => `job-${at}` as JobId);
  await Promise.all(ids.map((jobId) => daybook.post("/jobs", { jobId, plan })));
  const request = { kind: "cancel", reason: "recall" } as const;
  await Promise.all(ids.map((jobId) => daybook.engine.control(jobId, request)));
  await daybook.clock.settle();
  const { siblings } = await daybook.explanation("job-225");
  assert.match(
    siblings?.statement ?? "",
    /^At least \d{3} other jobs were cancelled for the same reason within a minute: /,
  );
});

Deno.test("near miss: an event that was refused because of its id is named, with the line that has the id", async () => {
  const daybook = await Explained.start();
  await daybook.event("meter.Read", { meter: "M-1" }, { eventId: "gw-1" });
  const plan = {
    expected: [{ id: "it", eventType: "meter.Read", correlation: { equals: { meter: "M-2" } } }],
  };
  await daybook.post("/jobs", { jobId: "job", plan });
  const second = { eventId: "gw-1", eventType: "meter.Read", attributes: { meter: "M-2" } };
  const response = await daybook.app.request("http://127.0.0.1:8000/events", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(second),
  });
  assert.equal(response.status, 409);
  const { summary, waitingFor } = await daybook.explanation("job");
  assert.match(summary, /it was refused: its id gw-1 was on record already/);
  const cited = waitingFor[0]?.nearMisses[0]?.cites.map(({ eventId }) => eventId);
  assert.equal(cited?.includes("gw-1"), true);
  await daybook.assertCitations("job");
});
