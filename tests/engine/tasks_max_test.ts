import assert from "node:assert/strict";

import { jobId } from "../../src/core/ids.ts";
import { TASKS_MAX } from "../../src/core/job_state.ts";
import { RunContext } from "../../src/engine/run/run_context.ts";

Deno.test("run: a job may have so many tasks, and the call for one more says so", () => {
  const asked = new RunContext(jobId("order-7"), [], {
    seenAt: () => 0,
    onTask: () => {},
    onSleep: () => {},
    onWait: () => {},
    onExpectation: () => {},
  });
  for (let task = 0; task < TASKS_MAX; task++) asked.task(`task-${task}`, () => task);

  assert.throws(() => asked.task("one-more", () => 1), {
    name: "TypeError",
    message:
      /^Cannot ask for task one-more: this job has asked for 10000 tasks, and a job may have no/,
  });
  assert.equal(asked.tasks.size, TASKS_MAX);
});
