import assert from "node:assert/strict";
import { valueAt } from "../../src/core/json.ts";
import { codedJob, expectation, OOPS, outsideJob } from "../support/engine/entries.ts";
import { projectAll } from "../support/engine/folding.ts";

const expectsCancel = [
  expectation("stop", "job.JobCancelled"),
  expectation("paid", "ec.Paid"),
];

Deno.test("projector: a cancellation that an expectation waits for counts and fails nothing", () => {
  const job = projectAll(outsideJob(expectsCancel).started().cancelled().entries);

  assert.equal(job.state, "Running");
  assert.equal(job.expected[0]?.matched, 1);
});

Deno.test("projector: a second cancellation, which no expectation waits for, fails the job", () => {
  const job = projectAll(outsideJob(expectsCancel).started().cancelled().cancelled().entries);

  assert.equal(job.state, "Failed");
  assert.equal(job.expected[0]?.surplus, 0);
});

Deno.test("projector: a final compensation failure requires recovery before compensating ends", () => {
  const story = codedJob().started()
    .taskStarted("reserve", 1, { compensable: true })
    .taskCompleted("reserve", 1, { compensable: true })
    .cancelled();
  const failure = { attempt: 1, maxAttempts: 1, error: OOPS };
  const references = { taskId: story.entry(-2).taskId ?? assert.fail() };
  const started = story.framework("job.CompensationStarted", { attempt: 1 }, references);

  const retried = projectAll(
    started.framework(
      "job.TaskCompensationFailed",
      { ...failure, retryAt: "2026-01-01T00:00:09Z" },
      references,
    ).entries,
  );
  const given = projectAll(
    started.framework(
      "job.TaskCompensationFailed",
      { ...failure, final: true, kind: "deadLetter" },
      references,
    ).entries,
  );

  assert.ok(retried.state === "Compensating" && !retried.failure.recoveryRequired);
  assert.ok(given.state === "Compensating" && given.failure.recoveryRequired);
});

Deno.test("valueAt: an element of an array has a path, its length has none", () => {
  assert.equal(valueAt({ items: ["a", "b"] }, "items.1"), "b");
  assert.equal(valueAt({ items: ["a", "b"] }, "items.length"), undefined);
  assert.equal(valueAt({ items: { length: 3 } }, "items.length"), 3);
});
