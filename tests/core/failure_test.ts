import assert from "node:assert/strict";
import type { Failure } from "../../src/core/job_state.ts";
import { taskId } from "../../src/core/ids.ts";
import {
  codedJob,
  expectation,
  type JobStory,
  matcher,
  OOPS,
  outsideJob,
} from "../support/engine/entries.ts";
import { jobOf, projectAll } from "../support/engine/folding.ts";

const PAID = expectation("paid", "ec.Paid");
const errors = [matcher("ec.Refused")];
const compensation = { succeeded: matcher("ec.Undone"), failed: matcher("ec.UndoFailed") };
const fragile = outsideJob([PAID], { errors }).started();
const undoing = outsideJob([PAID], { errors, compensation }).started().fact("ec.Refused");
const run = codedJob([], { onCompensated: "Done" }).started().mainStarted();

function failureOf(story: JobStory): Failure | undefined {
  const job = jobOf(story);
  return "failure" in job ? job.failure : undefined;
}

Deno.test("failure: a final TaskFailed says kind, task, error and entry", () => {
  assert.deepEqual(failureOf(run.taskStarted("charge").taskFailed("charge", 1, "poison")), {
    kind: "poison",
    taskId: "charge",
    error: OOPS,
    recoveryRequired: false,
    because: 5,
  });
});

Deno.test("failure: JobCancelled keeps the operator's reason", () => {
  assert.deepEqual(failureOf(fragile.cancelled("wrong customer")), {
    kind: "cancelled",
    error: { name: "JobCancelled", message: "wrong customer" },
    recoveryRequired: false,
    because: 3,
  });
});

Deno.test("failure: JobCancelled without a reason still has a message", () => {
  assert.equal(failureOf(fragile.cancelled())?.error.message, "cancelled by an operator");
});

Deno.test("failure: an event of policy.errors gives its type and message", () => {
  assert.deepEqual(failureOf(fragile.fact("ec.Refused", { message: "no funds" })), {
    kind: "error",
    error: { name: "ec.Refused", message: "no funds" },
    recoveryRequired: false,
    because: 3,
  });
});

Deno.test("failure: a message that is not text is ignored", () => {
  const failure = failureOf(fragile.fact("ec.Refused", { message: { code: 7 } }));

  assert.equal(failure?.error.message, "the policy names ec.Refused an error");
});

Deno.test("failure: a correlated error is named after the original", () => {
  const failure = failureOf(fragile.correlated("ec.Refused", { message: "no funds" }));

  assert.deepEqual(failure?.error, { name: "ec.Refused", message: "no funds" });
});

Deno.test("failure: an event of policy.errors that names a task gives the task", () => {
  const own = fragile.fact("ec.Refused", {}, { taskId: taskId("charge") });
  const correlated = fragile.correlated("ec.Refused", {}, "charge");

  assert.equal(failureOf(own)?.taskId, "charge");
  assert.equal(failureOf(correlated)?.taskId, "charge");
});

Deno.test("failure: a later error never replaces the first", () => {
  const first = failureOf(undoing);

  assert.equal(first?.because, 3);
  assert.deepEqual(failureOf(undoing.cancelled().fact("ec.Refused").fact("ec.Undone")), first);
});

Deno.test("failure: a job that was undone does not require recovery", () => {
  assert.equal(failureOf(undoing.fact("ec.Undone"))?.recoveryRequired, false);
});

Deno.test("failure: a failed compensation from outside requires recovery", () => {
  assert.deepEqual(failureOf(undoing.fact("ec.UndoFailed", { message: "worse" })), {
    kind: "error",
    error: { name: "ec.Refused", message: "the policy names ec.Refused an error" },
    recoveryRequired: true,
    because: 3,
  });
});

Deno.test("failure: failed wins over succeeded if one event matches both", () => {
  const both = { succeeded: matcher("ec.Undone"), failed: matcher("ec.Undone") };
  const job = jobOf(
    outsideJob([PAID], { compensation: both, onCompensated: "Done" })
      .started().cancelled().fact("ec.Undone"),
  );

  assert.ok(job.state === "Failed" && job.failure.recoveryRequired);
});

Deno.test("failure: CompensationEnded with failures requires recovery and keeps the error", () => {
  const failure = failureOf(
    run.compensableTask("reserve").cancelled("enough").compensationFailed("reserve")
      .compensationEnded([], ["reserve"]),
  );

  assert.equal(failure?.kind, "cancelled");
  assert.equal(failure?.error.message, "enough");
  assert.equal(failure?.recoveryRequired, true);
});

Deno.test("failure: a job that its policy lets end as Done keeps the reason for the compensation", () => {
  const job = jobOf(
    run.compensableTask("reserve").cancelled().taskCompensated("reserve")
      .compensationEnded(["reserve"]),
  );

  assert.ok(job.state === "Done");
  assert.equal(job.failure?.kind, "cancelled");
  assert.equal(job.failure?.recoveryRequired, false);
});

Deno.test("failure: a job that succeeds has none", () => {
  assert.equal(failureOf(fragile.fact("ec.Paid")), undefined);
});

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
