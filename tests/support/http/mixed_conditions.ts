/** An app with jobs in most conditions, of which some may need a person. */

import { DEFINITIONS, Gate, gatedJobs } from "./http_definitions.ts";
import { createAndRun, createPlan, startApp, type TestApp } from "./http_app.ts";

/** A busy worker, and jobs in most conditions. */
export async function startMixedJobs(): Promise<TestApp> {
  const definitions = [...DEFINITIONS, ...gatedJobs(new Gate())];
  const app = await startApp({ definitions, maxRunning: 1 });
  await createAndRun(app, "test.greet", { name: "x" });
  await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.doomed");
  await createAndRun(app, "test.parcel", { orderId: "1" });
  await createPlan(app);
  await createPlan(app, { start: false });
  await createPlan(app, { startAt: "2026-01-01T00:10:00Z" });
  const held = await createPlan(app);
  await app.post(`/jobs/${held.jobId}/suspend`);
  const ended = await createPlan(app);
  await app.post(`/jobs/${ended.jobId}/cancel`);
  await createAndRun(app, "test.gated");
  await createAndRun(app, "test.greet", { name: "late", times: 1 });
  await app.clock.advance(5_000);
  return app;
}
