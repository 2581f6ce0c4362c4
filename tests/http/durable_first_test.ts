/** Invariant 7: nothing is visible before it is durable. */

import assert from "node:assert/strict";
import { jsonOf, problemOf, startApp, type TestApp } from "../support/http/http_app.ts";

const PLAN = { expected: [{ id: "paid", eventType: "shop.Paid" }] };
const PAID = { eventType: "shop.Paid", eventId: "evt-1", jobId: "old", attributes: { sum: 1 } };

/** All reads of jobs, entries and the journal. */
const READS = [
  "/jobs",
  "/jobs?state=Running&view=full",
  "/jobs?label=shop:a",
  "/jobs/old",
  "/jobs/old/events",
  "/jobs/old/explain",
  "/jobs/old/replay",
  "/jobs/new",
  "/jobs/new/events",
  "/events",
  "/events/evt-1/explain",
  "/overview",
  "/queue/explain",
  "/pauses",
  "/journal",
  "/ui/jobs",
  "/ui/jobs/old",
  "/ui/stream",
];

/** Each form of the dashboard has another value. */
const ONCE = /(?<=name="once" value=")[^"]+/g;

async function readAll({ get }: TestApp): Promise<Readonly<Record<string, string>>> {
  const answers: Record<string, string> = {};
  for (const path of READS) {
    const response = await get(path);
    const text = (await response.text()).replace(ONCE, "");
    answers[path] = `${response.status} ${text}`;
  }
  return answers;
}

Deno.test("durable first: no read shows an entry before its batch is on disk, and no answer rests on one", async () => {
  const app = await startApp();
  const { clock, journal, post } = app;
  await jsonOf(await post("/jobs", { jobId: "old", plan: PLAN, labels: { shop: "a" } }), 202);
  await clock.settle();
  const before = await readAll(app);

  journal.hold();
  const answered: string[] = [];
  const send = async (what: string, path: string, body: unknown) => {
    const response = await post(path, body);
    answered.push(what);
    return response;
  };
  const writes = [
    send("a job", "/jobs", { jobId: "new", plan: PLAN, labels: { shop: "b" } }),
    send("the same job, which is refused", "/jobs", { jobId: "new", plan: PLAN }),
    send("an event", "/events", PAID),
    send("its duplicate", "/events", PAID),
    send("its id with other content", "/events", { ...PAID, attributes: { sum: 2 } }),
    send("a control", "/jobs/old/suspend", {}),
    send("a pause", "/pauses", { label: "shop:c", reason: "closed" }),
  ];
  await clock.settle();
  assert.deepEqual(answered, []);
  assert.deepEqual(await readAll(app), before);

  journal.release();
  await clock.settle();
  const [job, again, event, duplicate, other, control, pause] = await Promise.all(writes);
  assert.ok(job && again && event && duplicate && other && control && pause);
  await jsonOf(job, 202);
  await problemOf(again, 409, "job-exists");
  await jsonOf(event, 200);
  assert.match(await duplicate.text(), /"disposition":"duplicate"/);
  await problemOf(other, 409, "event-id-reused");
  await jsonOf(control, 200);
  await jsonOf(pause, 201);
  const after = await readAll(app);
  for (const path of READS) assert.notEqual(after[path], before[path], path);
});
