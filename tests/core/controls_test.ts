/** The table of controls agrees with the rules of `decide`. */

import assert from "node:assert/strict";
import { deriveCondition } from "../../src/core/condition.ts";
import { CONTROL_NAMES, CONTROLS, isLegal } from "../../src/core/controls.ts";
import { startMixedJobs } from "../support/http/mixed_conditions.ts";

Deno.test("controls: each is legal only for jobs in the conditions that it lists", async () => {
  const { engine } = await startMixedJobs();
  const { jobs } = engine.list({ limit: 100 });
  const meant = new Set<string>();
  for (const job of jobs) {
    for (const name of CONTROL_NAMES) {
      const isMeant = CONTROLS[name].conditions.includes(deriveCondition(job));
      if (isMeant) meant.add(name);
      // A job in any of its conditions may be cancelled; what can be retried may be cancelled too.
      if (isMeant && name !== "cancel") assert.ok(isLegal(job, name), `${name} ${job.state}`);
      if (name === "start" || name === "resume") assert.equal(isLegal(job, name), isMeant);
    }
  }
  assert.ok(meant.size >= 5, [...meant].join());
});

Deno.test("controls: only a parked job can be given up as it is", async () => {
  const { engine } = await startMixedJobs();
  for (const job of engine.list({ limit: 100 }).jobs) {
    assert.equal(isLegal(job, "cancel", true), job.parked !== undefined);
  }
});
