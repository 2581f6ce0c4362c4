import assert from "node:assert/strict";
import type { Command } from "../../src/core/command.ts";
import { decide } from "../../src/core/decide.ts";
import { executionId, jobId, taskId } from "../../src/core/ids.ts";
import type { JobState, StateName } from "../../src/core/job_state.ts";
import { DEFAULT_RETRY, judgeFailure } from "../../src/core/retry_policy.ts";
import {
  codedJob,
  expectation,
  type JobStory,
  OOPS,
  outsideJob,
  plan,
} from "../support/engine/entries.ts";
import { projectAll } from "../support/engine/folding.ts";
import { deriveCondition } from "../../src/core/condition.ts";
import { CONTROL_NAMES, CONTROLS, isLegal } from "../../src/core/controls.ts";
import { startMixedJobs } from "../support/http/mixed_conditions.ts";

const started = codedJob().started();
const reserved = started
  .taskStarted("reserve", 1, { compensable: true })
  .taskCompleted("reserve", 1, { compensable: true, result: "r-1" });
const suspended = started.suspended();

const JOBS: Readonly<Record<string, JobState>> = Object.fromEntries(
  Object.entries<JobStory>({
    created: codedJob(),
    running: started,
    suspended,
    compensating: reserved.cancelled(),
    compensatingSuspended: reserved.cancelled().suspended(),
    diverged: reserved.parked(),
    crashed: reserved.parked("crashed"),
    parkedSuspended: reserved.parked().suspended(),
    compensatingParked: reserved.parked().cancelled(),
    done: started.taskStarted("main").taskCompleted("main"),
    failed: started.cancelled(),
  }).map(([name, story]) => [name, projectAll(story.entries)]),
);

const attempt = {
  taskId: taskId("reserve"),
  executionId: executionId("exe_1"),
  compensable: true,
};
const newJob = { plan: plan([]), priority: 0, labels: {} };

const GIVEN_UP = ["job.JobCancelled"];
/** With the result of `reserve`, which is still valid. */
const RETRIED = ["job.JobRetried", "job.JobCreated", "job.JobStarted", "job.TaskCompleted"];

/** The event types of each command in each situation, or `undefined` if it is refused. */
const TABLE: readonly {
  readonly command: Command;
  readonly accepted: Readonly<Record<string, readonly string[]>>;
  readonly allowedIn: readonly StateName[];
}[] = [
  {
    command: { kind: "start" },
    accepted: { created: ["job.JobStarted"] },
    allowedIn: ["Created"],
  },
  {
    command: { kind: "cancel", reason: "no need" },
    accepted: {
      created: ["job.JobStarted", "job.JobCancelled"],
      running: ["job.JobCancelled"],
      suspended: ["job.JobCancelled"],
      diverged: ["job.JobCancelled"],
      crashed: ["job.JobResumed", "job.JobCancelled"],
      parkedSuspended: ["job.JobCancelled"],
    },
    allowedIn: ["Created", "Running"],
  },
  {
    command: { kind: "cancel", leave: true },
    accepted: {
      diverged: ["job.JobCancelled"],
      crashed: ["job.JobCancelled"],
      parkedSuspended: ["job.JobCancelled"],
      compensating: ["job.JobCancelled"],
      compensatingSuspended: ["job.JobCancelled"],
      compensatingParked: ["job.JobCancelled"],
    },
    allowedIn: ["Compensating"],
  },
  {
    command: { kind: "suspend" },
    accepted: {
      running: ["job.JobSuspended"],
      compensating: ["job.JobSuspended"],
      diverged: ["job.JobSuspended"],
      crashed: ["job.JobSuspended"],
      compensatingParked: ["job.JobSuspended"],
    },
    allowedIn: ["Running", "Compensating"],
  },
  {
    command: { kind: "resume" },
    accepted: {
      suspended: ["job.JobResumed"],
      compensatingSuspended: ["job.JobResumed"],
      diverged: ["job.JobResumed"],
      crashed: ["job.JobResumed"],
      parkedSuspended: ["job.JobResumed", "job.JobResumed"],
      compensatingParked: ["job.JobResumed"],
    },
    allowedIn: ["Running", "Compensating"],
  },
  {
    command: { kind: "retry", newJobId: jobId("job_2"), attributes: newJob },
    accepted: {
      failed: ["job.JobRetried", "job.JobCreated", "job.JobStarted"],
      diverged: [...GIVEN_UP, ...RETRIED],
      crashed: [...GIVEN_UP, ...RETRIED],
      parkedSuspended: [...GIVEN_UP, ...RETRIED],
      compensatingParked: [...GIVEN_UP, ...RETRIED],
    },
    allowedIn: ["Failed"],
  },
  {
    command: { kind: "startAttempts", attempts: [attempt] },
    accepted: { running: ["job.TaskStarted"] },
    allowedIn: ["Running"],
  },
  {
    command: { kind: "startCompensation", ...attempt },
    accepted: { compensating: ["job.CompensationStarted"] },
    allowedIn: ["Compensating"],
  },
];

for (const { command, accepted, allowedIn } of TABLE) {
  for (const [situation, job] of Object.entries(JOBS)) {
    const events = accepted[situation];
    const outcome = events === undefined ? "is refused" : `gives ${events.join(", ")}`;
    Deno.test(`decide: ${command.kind} of a job that is ${situation} ${outcome}`, () => {
      const decision = decide(job, command);
      if (events === undefined) {
        assert.ok(!decision.accepted);
        // Its own state would tell a client that nothing is wrong.
        const others = allowedIn.some((state) => state === job?.state) ? [] : allowedIn;
        assert.deepEqual(decision.rejection.allowedIn, others);
        assert.match(decision.rejection.message, /^Cannot .+ job job_1.*: /);
      } else {
        assert.ok(decision.accepted);
        assert.deepEqual(decision.events.map(({ eventType }) => eventType), events);
      }
    });
  }
}

Deno.test("decide: giving up a parked job names what is left in place", () => {
  const decision = decide(JOBS["diverged"], { kind: "cancel", leave: true, reason: "by hand" });

  assert.ok(decision.accepted);
  assert.deepEqual(decision.events.map(({ attributes }) => attributes), [
    { reason: "by hand", leftInPlace: ["reserve"] },
  ]);
});

Deno.test("decide: a command on a job that was never created is refused", () => {
  const decision = decide(undefined, { kind: "cancel" });

  assert.ok(!decision.accepted);
  assert.equal(decision.rejection.message, "Cannot cancel job: it was not created");
});

Deno.test("decide: create returns the job, and its start if it starts at once", () => {
  const command = { kind: "create", jobId: jobId("job_2"), attributes: newJob } as const;
  const types = (start: boolean) => {
    const decision = decide(undefined, { ...command, start });
    return decision.accepted && decision.events.map(({ eventType }) => eventType);
  };

  assert.deepEqual(types(true), ["job.JobCreated", "job.JobStarted"]);
  assert.deepEqual(types(false), ["job.JobCreated"]);
  assert.ok(!decide(JOBS["running"], { ...command, start: true }).accepted);
});

Deno.test("decide: cancel of a job that has not started and whose plan is empty is refused", () => {
  const decision = decide(projectAll(outsideJob([]).entries), { kind: "cancel" });

  assert.ok(!decision.accepted);
  assert.match(decision.rejection.message, /its plan is empty/);
});

Deno.test("decide: an attempt is numbered after the attempts on record", () => {
  const job = projectAll(started.taskStarted("charge").entries);
  const decision = decide(job, {
    kind: "startAttempts",
    attempts: [{ ...attempt, taskId: taskId("charge"), compensable: false }, attempt],
  });

  assert.ok(decision.accepted);
  assert.deepEqual(decision.events.map(({ attributes }) => attributes), [
    { attempt: 2 },
    { attempt: 1, compensable: true },
  ]);
});

Deno.test("decide: retry reuses results that are still valid, up to the chosen task", () => {
  const failed = projectAll(
    started.taskStarted("a").taskCompleted("a", 1, { result: "A" })
      .taskStarted("b").taskCompleted("b", 1, { result: "B" })
      .taskStarted("c").cancelled().entries,
  );
  const command = {
    kind: "retry",
    newJobId: jobId("job_2"),
    attributes: newJob,
  } as const;
  const reused = (from?: string) => {
    const decision = decide(
      failed,
      from === undefined ? command : { ...command, from: taskId(from) },
    );
    return decision.accepted && decision.events.slice(3).map(({ taskId }) => taskId);
  };

  assert.deepEqual(reused(), ["a", "b"]);
  assert.deepEqual(reused("b"), ["a"]);
  assert.deepEqual(reused("a"), []);
  assert.equal(reused("nowhere"), false);
});

Deno.test("decide: a retry's creation and start are caused by the control", () => {
  const failed = projectAll(started.cancelled("enough").entries);
  const command = {
    kind: "retry",
    newJobId: jobId("job_2"),
    attributes: newJob,
  } as const;
  const decision = decide(failed, command);
  const causes = decision.accepted && decision.events.map(({ causedBy }) => causedBy);
  assert.deepEqual(causes, [undefined, { draft: 0 }, { draft: 0 }]);
});

Deno.test("decide: retry calls run again, even if run had ended before its job failed", () => {
  const failed = started.taskStarted("main").taskStarted("a")
    .taskCompleted("a", 1, { result: "A" });
  const waiting = codedJob([expectation("paid", "ec.Paid")]).started()
    .taskStarted("main").taskStarted("a").taskCompleted("a").taskCompleted("main").cancelled();
  const command = {
    kind: "retry",
    newJobId: jobId("job_2"),
    attributes: newJob,
  } as const;
  const reused = (story: JobStory) => {
    const decision = decide(projectAll(story.entries), command);
    return decision.accepted && decision.events.slice(3).map(({ taskId }) => taskId);
  };

  assert.deepEqual(reused(failed.cancelled()), ["a"]);
  assert.deepEqual(reused(waiting), ["a"]);
});

Deno.test("decide: retry does not reuse a result that was undone", () => {
  const undone = reserved.cancelled()
    .framework("job.CompensationStarted", { attempt: 1 }, { taskId: taskId("reserve") })
    .framework("job.TaskCompensated", { attempt: 1 }, { taskId: taskId("reserve") })
    .framework("job.CompensationEnded", { compensated: [taskId("reserve")], failed: [] });
  const decision = decide(projectAll(undone.entries), {
    kind: "retry",
    newJobId: jobId("job_2"),
    attributes: newJob,
  });

  assert.ok(decision.accepted);
  assert.equal(decision.events.length, 3);
});

Deno.test("judgeFailure: the last attempt makes a dead letter, and no earlier one", () => {
  const judge = (failures: number) =>
    judgeFailure({ kind: "failed", error: OOPS }, DEFAULT_RETRY, failures, 0.5);

  assert.deepEqual(judge(2), { final: false, delayMs: 2_000 });
  assert.deepEqual(judge(3), { final: true, kind: "deadLetter" });
});

Deno.test("judgeFailure: NonRetryableError is poison at once, and RetryLater sets the delay", () => {
  const later = { kind: "retryLater", error: OOPS, delayMs: 123_456 } as const;

  assert.deepEqual(judgeFailure({ kind: "nonRetryable", error: OOPS }, DEFAULT_RETRY, 1, 0.5), {
    final: true,
    kind: "poison",
  });
  assert.deepEqual(judgeFailure(later, DEFAULT_RETRY, 1, 0.5), { final: false, delayMs: 123_456 });
  assert.deepEqual(judgeFailure(later, DEFAULT_RETRY, 3, 0.5), {
    final: true,
    kind: "deadLetter",
  });
});

// The table of controls agrees with the rules of `decide`.

Deno.test("controls: each is legal only for jobs in the conditions that it lists", async () => {
  const { engine } = await startMixedJobs();
  const { jobs } = engine.lists.page({ limit: 100 });
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
  for (const job of engine.lists.page({ limit: 100 }).jobs) {
    assert.equal(isLegal(job, "cancel", true), job.parked !== undefined);
  }
});
