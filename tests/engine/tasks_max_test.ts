import assert from "node:assert/strict";

import { jobId } from "../../src/core/ids.ts";
import { TASKS_MAX, WAITS_MAX } from "../../src/core/job_state.ts";
import { RunContext } from "../../src/engine/run/run_context.ts";

Deno.test("run: the number of tasks is limited, and the call for one more says so", () => {
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
    message: /^Cannot ask for task one-more: this job has asked for 10000 tasks, the most allowed/,
  });
  assert.equal(asked.tasks.size, TASKS_MAX);
});

Deno.test("run: the number of waits with a time is limited, and the call for one more says so", () => {
  const expectables = ["paid", "rated"].map((id) => ({ id }));
  const asked = new RunContext(jobId("order-7"), expectables, {
    seenAt: () => 0,
    onTask: () => {},
    onSleep: () => {},
    onWait: ({ name, wait }) => asked.answerDeadline(name, wait),
    onExpectation: () => {},
  });
  for (let wait = 0; wait < WAITS_MAX; wait++) {
    void asked.expect(wait % 2 === 0 ? "paid" : "rated", { withinMs: 0 });
  }

  assert.throws(() => asked.expect("paid", { withinMs: 0 }), {
    name: "TypeError",
    message: /^Cannot wait for "paid" again: this job has had 10000 timed waits, the most allowed/,
  });
});
