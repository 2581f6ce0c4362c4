/** The answers of `GET /explain?about=`. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { About, Citation } from "../../src/explain/statements/explanation.ts";
import { defineJob } from "../../src/mod.ts";
import { pageOf } from "../support/http/dashboard.ts";
import { Explained } from "../support/engine/explained.ts";
import { browserOf, readable } from "../support/http/job_pages.ts";

const FULFIL = defineJob({
  type: "order.fulfil",
  version: 1,
  input: v.object({ order: v.object({ id: v.string() }) }),
  startsOn: {
    eventType: "shop.OrderPlaced",
    correlation: { equals: { channel: "web" } },
    input: ({ attributes }) => ({ order: { id: String(attributes["orderId"]) } }),
  },
  async run(ctx) {
    await ctx.task("pack", () => "packed");
  },
});

async function about(daybook: Explained, value: string): Promise<About<Citation>> {
  const url = `http://127.0.0.1:8000/explain?about=${encodeURIComponent(value)}`;
  const response = await daybook.app.request(url);
  assert.equal(response.status, 200);
  return await response.json();
}

Deno.test("about: startsOn of each definition is shown completely, so that the failed clause can be looked up", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  const response = await daybook.app.request("http://127.0.0.1:8000/definitions");
  const { definitions: [fulfil] } = await response.json();
  assert.deepEqual(fulfil.startsOn, {
    eventType: "shop.OrderPlaced",
    correlation: { equals: { channel: "web" } },
  });
  const page = await pageOf(browserOf(daybook), "/ui/system/definitions/order.fulfil");
  assert.match(readable(page), /Starts on shop\.OrderPlaced where channel = "web"/);
});

Deno.test("about: without a value it is refused, with the address that explains the queue", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  const response = await daybook.app.request("http://127.0.0.1:8000/explain");
  assert.equal(response.status, 422);
  const { errors: [error] } = await response.json();
  assert.equal(error.parameter, "about");
  assert.match(error.detail, /GET \/queue\/explain/);
});

Deno.test("about: an idempotency key leads to the job that was created with it", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  const submit = async (jobId: string, id: string) =>
    await daybook.app.request("http://127.0.0.1:8000/jobs", {
      method: "POST",
      headers: { "content-type": "application/json", "idempotency-key": "checkout-1" },
      body: JSON.stringify({ jobId, type: "order.fulfil", input: { order: { id } } }),
    });
  assert.equal((await submit("first", "O-1")).status, 202);
  assert.equal((await submit("second", "O-2")).status, 422);
  await daybook.clock.settle();
  const { summary, jobs: [job] } = await about(daybook, "checkout-1");
  assert.match(
    summary,
    /^1 job and no event have checkout-1\. Job first \(order\.fulfil\) has it as its Idempotency-Key/,
  );
  assert.equal(job?.cites[0]?.eventType, "job.JobCreated");
  const text = await daybook.app.request("http://127.0.0.1:8000/explain?about=checkout-1", {
    headers: { accept: "text/plain" },
  });
  assert.equal((await text.text()).split("has it as its").length, 2, "said once");
});

Deno.test("about: for an order without a job its event is named, and the clause that failed", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  await daybook.event("shop.OrderPlaced", { orderId: "O-1", channel: "web" });
  await daybook.event("shop.OrderPlaced", { orderId: "O-77", meta: { channel: "web" } }, {
    eventId: "placed",
  });
  const { summary, jobs, events } = await about(daybook, "o-77");
  assert.match(
    summary,
    /^No job has o-77, but an event: event placed, shop\.OrderPlaced, reached no job\./,
  );
  assert.match(summary, /no job of type order\.fulfil: channel: expected "web"/);
  assert.deepEqual([jobs, events.map(({ eventId }) => eventId)], [[], ["placed"]]);
  assert.equal(events[0]?.cites[0]?.eventId, "placed");
});

Deno.test("about: jobs are found by id, input and label, each with the place of the value and its activity", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  await daybook.submit("77", "order.fulfil", { order: { id: "x" } });
  await daybook.submit("b", "order.fulfil", { order: { id: "77" } });
  await daybook.submit("c", "order.fulfil", { order: { id: "y" } }, { labels: { ref: "77" } });
  const { summary, jobs } = await about(daybook, "77");
  assert.match(summary, /^3 jobs and no event have 77\./);
  assert.deepEqual(
    jobs.map(({ jobId, statement }) => [jobId, / has it (.*), /.exec(statement)?.[1]]),
    [
      ["77", "as its id"],
      ["c", "at labels.ref"],
      ["b", "at input.order.id"],
    ],
  );
  const next = await daybook.crash();
  assert.deepEqual((await about(next, "77")).jobs.map(({ jobId }) => jobId), ["77", "c", "b"]);
});

Deno.test("about: a value that is on no line is not found", async () => {
  const daybook = await Explained.start();
  assert.equal(
    (await about(daybook, "O-5")).summary,
    "Nothing on record has O-5: no job, and no event. What was refused is not on record; the " +
      "answer to it said why.",
  );
});

Deno.test("about: beside jobs, an event that reached none is named", async () => {
  const daybook = await Explained.start();
  const plan = {
    expected: [{ id: "it", eventType: "a.B", correlation: { equals: { to: "eva@x.org" } } }],
  };
  await daybook.post("/jobs", { jobId: "mail", plan });
  await daybook.event("a.B", { to: "eva@x.org" }, { eventId: "reached" });
  assert.doesNotMatch((await about(daybook, "eva@x.org")).summary, /Event/);
  await daybook.event("crm.Unsubscribed", { email: "eva@x.org" }, { eventId: "unsub" });
  assert.match(
    (await about(daybook, "eva@x.org")).summary,
    /^1 job and 2 events .* Event unsub, crm\.Unsubscribed, reached no job\. No job waits for events/,
  );
});

Deno.test("about: a job is found by a value that its plan waits for, under the name of the expectation", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  await daybook.submit("parent", "order.fulfil", { order: { id: "b-7" } });
  const ready = {
    id: "ready",
    eventType: "batch.Ready",
    correlation: { all: [{ in: { "batch.id": ["b-6", "b-7"] } }, { equals: { site: 3 } }] },
  };
  await daybook.post("/jobs", { jobId: "child", plan: { expected: [ready] } });
  const any = { id: "it", eventType: "batch.It", correlation: "any" };
  await daybook.post("/jobs", { jobId: "other", plan: { expected: [any] } });

  const { summary, jobs } = await about(daybook, "B-7");
  assert.match(summary, /^2 jobs and no event have B-7\./);
  assert.deepEqual(jobs.map(({ statement }) => statement), [
    'Job child (a plan) expects it in ready, at batch.id, and is waiting for "ready" ' +
    "(batch.Ready), 0 of 1: no event of this type has come, and no event on record resembles what is missing.",
    "Job parent (order.fulfil) has it at input.order.id, and has been Done since " +
    "2026-01-01T00:00:00.000Z.",
  ]);
  for (const nowhere of ["any", "batch.It", "equals"]) {
    assert.match((await about(daybook, nowhere)).summary, /^Nothing on record has/);
  }
});

Deno.test("about: what became of a job that was done before the last event for it cites its end", async () => {
  const daybook = await Explained.start({ definitions: [FULFIL] });
  await daybook.submit("parent", "order.fulfil", { order: { id: "b-7" } });
  await daybook.event("batch.Late", {}, { jobId: "parent" });

  const { jobs: [job] } = await about(daybook, "b-7");
  assert.deepEqual(job?.cites.map(({ eventType }) => eventType), [
    "job.JobCreated",
    "job.TaskCompleted",
  ]);
});
