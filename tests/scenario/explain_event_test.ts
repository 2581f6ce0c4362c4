/** The answers of `GET /events/:id/explain`. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { Citation, EventExplanation } from "../../src/explain/statements/explanation.ts";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { looseJob } from "../support/engine/engine_harness.ts";

const PAID = "shop.OrderPaid";
const equals = { order: "X-1" };
const paid = [{ id: "paid", eventType: PAID, correlation: { equals } }];

async function explained(daybook: Explained, eventId: string): Promise<EventExplanation<Citation>> {
  const response = await daybook.app.request(`http://127.0.0.1:8000/events/${eventId}/explain`);
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test("explain event: the jobs that it reached are named, each with the effect and the line", async () => {
  const daybook = await Explained.start();
  for (const jobId of ["a", "b"]) await daybook.post("/jobs", { jobId, plan: { expected: paid } });
  await daybook.event(PAID, equals, { eventId: "e" });

  const { summary, reached, nearly, asOf } = await explained(daybook, "e");

  assert.equal(
    summary,
    `Event e, ${PAID}, reached 2 jobs: a, b. Each: It matches expectation "paid": 1 of 1. ` +
      "The plan has all it needs.",
  );
  assert.deepEqual(reached.map(({ jobId, rule }) => [jobId, rule]), [
    ["a", "running/satisfied"],
    ["b", "running/satisfied"],
  ]);
  assert.ok(reached.every(({ cites }) => cites[0]?.eventType === "job.EventCorrelated"));
  assert.deepEqual(nearly, []);
  assert.equal(asOf, daybook.engine.headLogId);
});

Deno.test("explain event: for one that reached no job, jobs that wait for a similar one are named, with the failed clause", async () => {
  const daybook = await Explained.start();
  await daybook.post("/jobs", { jobId: "waits", plan: { expected: paid } });
  await daybook.event(PAID, { order: "x-1" }, { eventId: "e" });
  const { summary, nearly } = await explained(daybook, "e");
  assert.match(
    summary,
    /^Event e, shop\.OrderPaid, reached no job\. .*waits.*order: expected "X-1"/,
  );
  assert.deepEqual([nearly[0]?.jobId, nearly[0]?.expectation], ["waits", "paid"]);
  assert.deepEqual(nearly[0]?.clauses.map(({ found }) => found), ['"x-1"']);
});

Deno.test("explain event: a job that waits for just this, but was created later, is named", async () => {
  const daybook = await Explained.start();
  await daybook.event(PAID, equals, { eventId: "e" });
  await daybook.post("/jobs", { jobId: "later", plan: { expected: paid } });
  const { summary, nearly } = await explained(daybook, "e");
  assert.match(
    summary,
    /reached no job\. Expectation paid of job later would match, but the job was created after it\.$/,
  );
  assert.equal(nearly[0]?.jobId, "later");
});

Deno.test("explain event: of a job that had ended it says how, and of the id that it was used twice", async () => {
  const daybook = await Explained.start();
  await daybook.post("/jobs", { jobId: "closed", plan: { expected: paid } });
  await daybook.post("/jobs/closed/cancel", { reason: "sold out" });
  await daybook.event(PAID, equals, { eventId: "e" });
  const ended =
    /the job has been Failed since entry \d+\. It was cancelled at 2026-\S+Z \(reason: sold out\)\./;
  assert.match((await explained(daybook, "e")).summary, ended);
  await daybook.event(PAID, equals, { eventId: "f", jobId: "closed" });
  const { summary, reached } = await explained(daybook, "f");
  assert.match(summary, /It was cancelled at 2026-\S+Z \(reason: sold out\)\./);
  assert.ok(reached[0]?.cites.some(({ eventType }) => eventType === "job.JobCancelled"));
  const again = { eventId: "e", eventType: PAID, attributes: { order: "X-2" } };
  const response = await daybook.app.request("http://127.0.0.1:8000/events", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(again),
  });
  assert.equal(response.status, 409);
  await daybook.clock.settle();
  assert.match((await explained(daybook, "e")).summary, /its sender has used one id twice\.$/);
});

Deno.test("explain event: a job created after the event is not a near miss", async () => {
  const daybook = await Explained.start();
  await daybook.post("/jobs", { jobId: "earlier", plan: { expected: paid } });
  await daybook.event(PAID, { order: "x-1" }, { eventId: "e" });
  const later = [{ id: "paid", eventType: PAID, correlation: { equals: { order: "x-2" } } }];
  await daybook.post("/jobs", { jobId: "later", plan: { expected: later } });
  assert.equal((await explained(daybook, "e")).nearly[0]?.jobId, "earlier");

  await daybook.event(PAID, equals);
  const { summary, nearly } = await explained(daybook, "e");
  assert.match(
    summary,
    /Each job that waits for events of type shop\.OrderPaid was created after it/,
  );
  assert.equal(nearly[0]?.jobId, undefined);
});

Deno.test("explain event: a definition that starts on its type is named, with the failed clause", async () => {
  const welcome = looseJob("user.welcome", () => Promise.resolve("hello"), {
    startsOn: {
      eventType: "users.SignedUp",
      correlation: { equals: { plan: "pro" } },
      input: () => ({}),
    },
  });
  const daybook = await Explained.start({ definitions: [welcome] });
  await daybook.event("users.SignedUp", { plan: "Pro" }, { eventId: "no" });
  await daybook.event("users.SignedUp", { plan: "pro" }, { eventId: "yes" });

  const none = await explained(daybook, "no");
  assert.deepEqual(none.nearly.map(({ type, statement }) => [type, statement]), [[
    "user.welcome",
    "No job waits for events of type users.SignedUp, and it starts no job of type user.welcome: " +
    'plan: expected "pro", found "Pro" (letter case).',
  ]]);
  const started = await explained(daybook, "yes");
  assert.match(
    started.summary,
    /^Event yes, users\.SignedUp, started job job~\w+, which has been Done since 2026-[^ ]*Z\.$/,
  );
});

Deno.test("explain event: that it starts no job is part of the reason, and not said of one that is never interpreted", async () => {
  const welcome = looseJob("user.welcome", () => Promise.resolve("hello"), {
    startsOn: { eventType: PAID, correlation: { equals: { plan: "pro" } }, input: () => ({}) },
  });
  const daybook = await Explained.start({ definitions: [welcome] });
  await daybook.event(PAID, equals, { eventId: "recorded", stratum: "coordination" });
  await daybook.event(PAID, equals, { eventId: "early" });
  await daybook.post("/jobs", {
    jobId: "later",
    plan: { expected: [{ id: "p", eventType: PAID }] },
  });

  const recorded = await explained(daybook, "recorded");
  assert.deepEqual(recorded.nearly.map(({ statement }) => statement), [
    "Recorded only: events of the coordination stratum are never interpreted.",
  ]);
  const early = await explained(daybook, "early");
  assert.deepEqual(early.nearly.map(({ type, statement }) => [type, statement]), [[
    "user.welcome",
    `Each job that waits for events of type ${PAID} was created after it, and it starts no job of ` +
    'type user.welcome: plan: expected "pro", found nothing.',
  ]]);
});

Deno.test("explain event: what became of the job that it started is named, such as an input that does not fit", async () => {
  const greet = defineJob({
    type: "user.greet",
    version: 1,
    input: v.object({ name: v.string() }),
    startsOn: { eventType: "users.SignedUp", input: ({ attributes }) => attributes as never },
    run: () => Promise.resolve("hello"),
  });
  const daybook = await Explained.start({ definitions: [greet] });
  await daybook.event("users.SignedUp", { name: 7 }, { eventId: "e" });
  const { summary, reached } = await explained(daybook, "e");
  assert.match(
    summary,
    /^Event e, users\.SignedUp, started job job~\w+, which failed at 2026-[^ ]*Z \(InvalidInput: .*name/,
  );
  assert.deepEqual(reached[0]?.cites.map(({ eventType }) => eventType), [
    "job.JobCreated",
    "users.SignedUp",
    "job.TaskFailed",
  ]);
});

Deno.test("explain event: refused events with the same id and other content are cited", async () => {
  const daybook = await Explained.start();
  await daybook.event(PAID, { order: "X-1" }, { eventId: "e" });
  const other = { eventId: "e", eventType: PAID, attributes: { order: "X-2" } };
  const refusal = await daybook.app.request("http://127.0.0.1:8000/events", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(other),
  });
  assert.equal(refusal.status, 409);
  const { refused } = await explained(daybook, "e");
  assert.match(refused[0]?.statement ?? "", /same id and other content .* one id twice\.$/);
  assert.deepEqual(refused[0]?.cites.map(({ eventType }) => eventType), [
    "journal.EventRefused",
    PAID,
  ]);
});

Deno.test("explain event: many jobs are counted, and an event that names a job is explained for that job", async () => {
  const daybook = await Explained.start();
  for (let job = 0; job < 30; job++) {
    await daybook.post("/jobs", { jobId: `j${job}`, plan: { expected: paid } });
  }
  await daybook.event(PAID, equals, { eventId: "many" });
  const many = await explained(daybook, "many");
  assert.deepEqual([many.reached.length, many.more], [20, 10]);
  assert.match(many.summary, /reached 30 jobs: j0, j1, j2 and 27 more\.$/);

  await daybook.event(PAID, equals, { eventId: "late", jobId: "j3" });
  const { summary } = await explained(daybook, "late");
  assert.match(
    summary,
    /reached job j3\. The job has been Done since entry \d+: [^.]*\. It ended at 2026-[^ ]*Z\.$/,
  );
});

Deno.test("explain event: one that names the wrong job names the job that expects exactly this", async () => {
  const daybook = await Explained.start();
  const other = [{ id: "paid", eventType: PAID, correlation: { equals: { order: "X-2" } } }];
  await daybook.post("/jobs", { jobId: "wrong", plan: { expected: other } });
  await daybook.post("/jobs", { jobId: "right", plan: { expected: paid } });
  await daybook.event(PAID, equals, { eventId: "e", jobId: "wrong" });
  const said = "Expectation paid of job right would match, but the event names job wrong.";

  const { summary, reached, nearly } = await explained(daybook, "e");

  assert.ok(summary.endsWith(` ${said}`), summary);
  assert.deepEqual(reached.map(({ jobId }) => jobId), ["wrong"]);
  assert.deepEqual(
    nearly.map(({ statement, jobId, expectation, clauses, cites }) => ({
      ...{ statement, jobId, expectation, clauses },
      cites: cites.map(({ eventType }) => eventType),
    })),
    [{
      ...{ statement: said, jobId: "right", expectation: "paid", clauses: [] },
      cites: [PAID, "job.JobCreated"],
    }],
  );
  const again = await explained(await daybook.crash(), "e");
  assert.deepEqual([again.summary, again.nearly], [summary, nearly]);
});

Deno.test("explain event: one that names a job that was retried names the newest retry, which expects it", async () => {
  const daybook = await Explained.start();
  const plan = { expected: paid, policy: { errors: [{ eventType: "shop.Refused" }] } };
  await daybook.post("/jobs", { jobId: "old", plan });
  await daybook.event("shop.Refused", {}, { jobId: "old" });
  const { jobId } = await daybook.post("/jobs/old/retry");
  await daybook.event(PAID, equals, { eventId: "e", jobId: "old" });
  const { summary, nearly } = await explained(daybook, "e");
  assert.equal(nearly[0]?.jobId, jobId);
  assert.match(
    summary,
    /^Event e, shop\.OrderPaid, reached job old\. The job has been Failed .* Expectation paid of job job_\S+, the newest retry of job old, would match, but the event names job old\.$/,
  );
});

Deno.test("explain event: an id that no entry has is 404", async () => {
  const daybook = await Explained.start();
  const response = await daybook.app.request("http://127.0.0.1:8000/events/none/explain");
  assert.deepEqual([response.status, (await response.json()).type], [
    404,
    "/problems/unknown-event",
  ]);
});

Deno.test("explain event: if code that was loaded later starts jobs on it, it says so first, and that sending it again helps", async () => {
  const first = await Explained.start();
  await first.event("user.SignedUp", { userId: "8" }, { eventId: "early" });
  const welcome = defineJob({
    type: "user.welcome",
    version: 2,
    input: v.object({ userId: v.string() }),
    startsOn: {
      eventType: "user.SignedUp",
      correlation: { equals: { userId: "8" } },
      input: ({ attributes }) => ({ userId: String(attributes["userId"]) }),
    },
    run: () => Promise.resolve(),
  });
  const daybook = await first.crash({ definitions: [welcome] });
  const { summary, nearly } = await explained(daybook, "early");
  const why = "It started no job of type user.welcome: no code that was loaded when it came " +
    "started one on it; version 2, loaded now, does so if it is sent again under a new id.";
  assert.equal(summary, `Event early, user.SignedUp, reached no job. ${why}`);
  assert.equal(nearly[0]?.type, "user.welcome");
  await daybook.event("user.SignedUp", { userId: "8" }, { eventId: "again" });
  assert.match((await explained(daybook, "again")).summary, /started job/);
});

Deno.test("explain event: a job that waits for just this event under a type that is easily confused with its own is named", async () => {
  const daybook = await Explained.start();
  await daybook.post("/jobs", { jobId: "waits", plan: { expected: paid } });
  await daybook.event(`staging.${PAID}`, equals, { eventId: "staging" });
  await daybook.event(`staging.${PAID}`, { order: "X-2" }, { eventId: "another" });
  await daybook.event("crm.CallEnded", equals, { eventId: "unlike" });
  const { summary, nearly } = await explained(daybook, "staging");
  assert.equal(
    summary,
    `Event staging, staging.${PAID}, reached no job. Expectation paid of job waits would match, ` +
      `but the event's type is not ${PAID} (a part more).`,
  );
  assert.deepEqual([nearly[0]?.jobId, nearly[0]?.expectation], ["waits", "paid"]);
  for (const eventId of ["another", "unlike"]) {
    const other = await explained(daybook, eventId);
    assert.match(other.summary, /reached no job\. No job waits for events of type/);
  }
});
