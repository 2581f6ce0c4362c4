/** Plans written as requests give them. */

import assert from "node:assert/strict";
import * as v from "valibot";
import type { JobId } from "../../src/core/ids.ts";
import {
  planDocument,
  planField,
  toPlan,
  toPlanDocument,
} from "../../src/documents/plan_schema.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";
import { startApp } from "../support/http/http_app.ts";

const JOBS = 33;

const run = await RecordedRun.of(JOBS);

Deno.test("planDocument: it reads back as the same plan, for plans of every kind", () => {
  const { jobs } = run.engine.list({ limit: 500 });
  assert.ok(jobs.length > 20);
  for (const { plan } of jobs) {
    assert.deepEqual(toPlan(v.parse(planField, planDocument(plan))), plan);
  }
});

Deno.test("toPlanDocument: only for a job with code the expectation main is left out", async () => {
  const app = await startApp();
  await app.post("/jobs", { jobId: "code", type: "test.parcel", input: { orderId: "7" } });
  const main = { id: "main", eventType: "ec.Done" };
  await app.post("/jobs", { jobId: "plan", plan: { expected: [main] } });
  const idsOf = (jobId: string) => {
    const job = app.engine.job(jobId as JobId);
    assert.ok(job);
    return toPlanDocument(job).expected.map(({ id }) => id);
  };
  assert.deepEqual(idsOf("code"), ["shipped"]);
  assert.deepEqual(idsOf("plan"), ["main"]);
});
