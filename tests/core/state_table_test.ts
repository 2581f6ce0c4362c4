/**
 * The state table of the design, row by row: for each, an entry that takes the
 * transition and a near neighbour that does not.
 */

import assert from "node:assert/strict";
import { type Condition, deriveCondition } from "../../src/core/condition.ts";
import type { FactEntry } from "../../src/core/event.ts";
import { jobId } from "../../src/core/ids.ts";
import { isTerminal, type JobState, type StateName } from "../../src/core/job_state.ts";
import { project } from "../../src/core/projector.ts";
import { type RuleName, RULES } from "../../src/core/rules.ts";
import {
  codedJob,
  created,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
} from "../support/engine/entries.ts";
import { jobOf, lastStep, projectAll, stepsOf } from "../support/engine/folding.ts";

interface Case {
  readonly name: string;
  readonly given: JobStory;
  readonly rule: RuleName;
  readonly state: StateName;
  readonly condition: Condition;
  readonly matched?: readonly string[];
}

const PAID = expectation("paid", "ec.Paid");
const SHIPPED = expectation("shipped", "ec.Shipped", { correlation: { equals: { order: "7" } } });

const order = outsideJob([PAID, SHIPPED]).started();
const single = outsideJob([PAID]).started();
const fragile = outsideJob([PAID], { errors: [matcher("ec.Refused")] }).started();

const undo = { succeeded: matcher("ec.Undone"), failed: matcher("ec.UndoFailed") };
const undoable = outsideJob([PAID], { errors: [matcher("ec.Refused")], compensation: undo })
  .started();
const undoing = undoable.fact("ec.Refused");
const forgiving = outsideJob([PAID], { compensation: undo, onCompensated: "Done" })
  .started().cancelled();

const run = codedJob([SHIPPED]).started().mainStarted();
const reserved = run.compensableTask("reserve");
const unwinding = reserved.taskStarted("charge").taskFailed("charge");
const forgivenRun = codedJob([], { onCompensated: "Done" }).started().mainStarted()
  .compensableTask("reserve").cancelled();

const SIGNED = expectation("signed", "ec.Signed", { within: { ms: 1, otherwise: "waive" } });
const STRICT = expectation("signed", "ec.Signed", { within: { ms: 1, otherwise: "fail" } });

const DEADLINES: readonly Case[] = [
  {
    name: "the deadline of an expectation waives it",
    given: outsideJob([SIGNED, PAID]).started().deadlinePassed("signed"),
    rule: "running/waived",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "the deadline of the last open expectation waives it, and the job is Done",
    given: outsideJob([SIGNED, PAID]).started().fact("ec.Paid").deadlinePassed("signed"),
    rule: "running/waived-satisfied",
    state: "Done",
    condition: "succeeded",
  },
  {
    name: "an event that comes after the deadline is surplus",
    given: outsideJob([SIGNED, PAID]).started().deadlinePassed("signed").fact("ec.Signed"),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["signed"],
  },
  {
    name: "a deadline after the event changes nothing",
    given: outsideJob([STRICT, PAID]).started().fact("ec.Signed").deadlinePassed("signed"),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "the deadline of an expectation fails the job",
    given: outsideJob([STRICT, PAID]).started().deadlinePassed("signed"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "a deadline that fails the job compensates what can be undone",
    given: codedJob([STRICT]).started().mainStarted().compensableTask("reserve")
      .deadlinePassed("signed"),
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "the end of run waives expectations whose waits timed out",
    given: codedJob([SHIPPED]).started().mainStarted().waitSet("shipped")
      .deadlinePassed("shipped", 1).mainCompleted(),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["main"],
  },
  {
    name: "the end of run waives nothing else",
    given: codedJob([SHIPPED, PAID]).started().mainStarted().waitSet("shipped")
      .deadlinePassed("shipped", 1).mainCompleted(),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["main"],
  },
];

const CREATION: readonly Case[] = [
  {
    name: "JobCreated makes a job that has not started",
    given: outsideJob([PAID]),
    rule: "none/created",
    state: "Created",
    condition: "created",
  },
  {
    name: "JobCreated with a startAt makes a scheduled job",
    given: created({ startAt: "2026-01-01T00:10:00.000Z" }),
    rule: "none/created",
    state: "Created",
    condition: "scheduled",
  },
];

const CREATED: readonly Case[] = [
  {
    name: "Created runs on JobStarted when the plan expects something",
    given: single,
    rule: "created/started",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Created with an empty plan is Done on JobStarted",
    given: outsideJob([]).started(),
    rule: "created/started-empty",
    state: "Done",
    condition: "succeeded",
  },
  ...([
    ["a fact that the plan expects", outsideJob([PAID]).fact("ec.Paid")],
    ["JobCancelled", outsideJob([PAID]).cancelled()],
    ["JobSuspended", outsideJob([PAID]).suspended()],
    [
      "an error that the policy names",
      outsideJob([PAID], {
        errors: [matcher("ec.Refused")],
      }).fact("ec.Refused"),
    ],
    ["a final TaskFailed", codedJob().taskFailed("main")],
    ["TaskStarted", codedJob().taskStarted("main")],
    [
      "a second JobCreated",
      outsideJob([PAID]).framework("job.JobCreated", {
        plan: { expected: [], policy: { errors: [], onCompensated: "Done" } },
        priority: 9,
        labels: {},
      }),
    ],
  ] as const).map(([what, given]): Case => ({
    name: `Created ignores everything but JobStarted: ${what}`,
    given,
    rule: "created/record-only",
    state: "Created",
    condition: "created",
  })),
];

const MATCHING: readonly Case[] = [
  {
    name: "Running stays when an entry matches and not all is satisfied",
    given: order.fact("ec.Paid"),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["paid"],
  },
  {
    name: "Running is Done when an entry satisfies the last expectation",
    given: order.fact("ec.Paid").fact("ec.Shipped", { order: "7" }),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["shipped"],
  },
  {
    name: "Running is Done whatever the order of the matches",
    given: order.fact("ec.Shipped", { order: "7" }).fact("ec.Paid"),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["paid"],
  },
  {
    name: "Running ignores a fact of the right type with the wrong correlation",
    given: order.fact("ec.Paid").fact("ec.Shipped", { order: "8" }),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running ignores a fact that nothing names",
    given: order.fact("ec.Weighed"),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running does not count a fact from before JobStarted",
    given: outsideJob([PAID]).fact("ec.Paid").started(),
    rule: "created/started",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running stays on surplus while another expectation is open",
    given: order.fact("ec.Paid").fact("ec.Paid"),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["paid"],
  },
  {
    name: "Running is Done by one entry that matches several expectations at once",
    given: outsideJob([PAID, expectation("settled", "ec.Paid"), SHIPPED]).started()
      .fact("ec.Shipped", { order: "7" }).fact("ec.Paid"),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["paid", "settled"],
  },
  {
    name: "Running stays when an entry matches several expectations and one needs more",
    given: outsideJob([PAID, expectation("twice", "ec.Paid", { multiplicity: { times: 2 } })])
      .started().fact("ec.Paid"),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["paid", "twice"],
  },
  {
    name: "Running with code is Done when main completes and nothing else is expected",
    given: codedJob().started().mainStarted().mainCompleted(),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["main"],
  },
  {
    name: "Running with code stays when main completes and a fact is still expected",
    given: run.mainCompleted(),
    rule: "running/matched",
    state: "Running",
    condition: "waiting",
    matched: ["main"],
  },
  {
    name: "Running with code stays when a task other than main completes",
    given: codedJob().started().mainStarted().taskStarted("reserve").taskCompleted("reserve"),
    rule: "running/record-only",
    state: "Running",
    condition: "executing",
  },
];

const ERRORS: readonly Case[] = [
  {
    name: "Running fails on a final TaskFailed when there is nothing to compensate",
    given: run.taskStarted("charge").taskFailed("charge"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Running continues after a TaskFailed with a retry",
    given: run.taskStarted("charge").taskBackedOff("charge"),
    rule: "running/record-only",
    state: "Running",
    condition: "backingOff",
  },
  {
    name: "Running continues after a TaskInterrupted",
    given: run.taskStarted("charge").taskInterrupted("charge"),
    rule: "running/record-only",
    state: "Running",
    condition: "queued",
  },
  {
    name: "Running fails on JobCancelled when there is nothing to compensate",
    given: single.cancelled(),
    rule: "running/error-failed",
    state: "Failed",
    condition: "cancelled",
  },
  {
    name: "Running fails on an event that policy.errors names",
    given: fragile.fact("ec.Refused"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Running fails on a correlated event that policy.errors names",
    given: fragile.correlated("ec.Refused"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Running ignores an error of the right type with the wrong correlation",
    given: outsideJob([PAID], { errors: [matcher("ec.Refused", { equals: { order: "7" } })] })
      .started().fact("ec.Refused", { order: "8" }),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running ignores an error event that its policy does not name",
    given: single.fact("ec.Refused"),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running is satisfied by JobCancelled when an expectation names it",
    given: outsideJob([expectation("end", "job.JobCancelled")]).started().cancelled(),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["end"],
  },
  {
    name: "Running is satisfied by a final TaskFailed when an expectation names it",
    given: codedJob([expectation("broke", "job.TaskFailed")]).started().mainStarted()
      .taskStarted("charge").taskFailed("charge"),
    rule: "running/matched",
    state: "Running",
    condition: "executing",
    matched: ["broke"],
  },
  {
    name: "Running is satisfied by an error of its policy when an expectation names it",
    given: outsideJob([expectation("refused", "ec.Refused")], { errors: [matcher("ec.Refused")] })
      .started().fact("ec.Refused"),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["refused"],
  },
  {
    name: "Running fails when an expectation names the error event with another correlation",
    given: outsideJob(
      [expectation("refused", "ec.Refused", { correlation: { equals: { order: "7" } } })],
      { errors: [matcher("ec.Refused")] },
    ).started().fact("ec.Refused", { order: "8" }),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Running does not treat a failed compensation attempt as an error event",
    given: reserved.compensationFailed("reserve"),
    rule: "running/record-only",
    state: "Running",
    condition: "executing",
  },
];

const PARKED: readonly Case[] = [
  {
    name: "Running stays when it is parked, and what it expects still counts",
    given: outsideJob([PAID, SHIPPED]).started().parked().fact("ec.Paid"),
    rule: "running/matched",
    state: "Running",
    condition: "parked",
    matched: ["paid"],
  },
  {
    name: "Running that is parked compensates on JobCancelled, and is still parked",
    given: reserved.parked().cancelled(),
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "parked",
  },
  {
    name: "Running fails on a JobCancelled that leaves in place what could be undone",
    given: reserved.parked().left("reserve"),
    rule: "running/left-in-place",
    state: "Failed",
    condition: "cancelled",
  },
  {
    name: "Compensating fails on a JobCancelled that leaves in place what could be undone",
    given: unwinding.parked().left("reserve"),
    rule: "compensating/left-in-place",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Compensating does not end with a JobCancelled that says nothing of that",
    given: unwinding.cancelled(),
    rule: "compensating/record-only",
    state: "Compensating",
    condition: "compensating",
  },
];

const COMPENSATION_BEGINS: readonly Case[] = [
  {
    name: "Running compensates on an error when the policy has compensation",
    given: undoing,
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "Running compensates on JobCancelled when the policy has compensation",
    given: undoable.cancelled(),
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "Running compensates when a completed task can be undone",
    given: unwinding,
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "Running compensates when a running task could still complete and be undone",
    given: run.taskStarted("reserve", 1, { compensable: true }).cancelled(),
    rule: "running/error-compensating",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "Running fails at once when the completed tasks cannot be undone",
    given: run.taskStarted("reserve").taskCompleted("reserve").cancelled(),
    rule: "running/error-failed",
    state: "Failed",
    condition: "cancelled",
  },
  {
    name: "Running fails at once when the only task that can be undone is the one that failed",
    given: run.taskStarted("reserve", 1, { compensable: true }).taskFailed("reserve"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Running ignores the end of a compensation that has not begun",
    given: undoable.fact("ec.Undone"),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running ignores CompensationEnded",
    given: reserved.compensationEnded(["reserve"]),
    rule: "running/record-only",
    state: "Running",
    condition: "executing",
  },
];

const COMPENSATING: readonly Case[] = [
  {
    name: "Compensating is Done when the policy's event says so and accepts it",
    given: forgiving.fact("ec.Undone"),
    rule: "compensating/done",
    state: "Done",
    condition: "succeeded",
  },
  {
    name: "Compensating is Done by a correlated event as well",
    given: forgiving.correlated("ec.Undone"),
    rule: "compensating/done",
    state: "Done",
    condition: "succeeded",
  },
  {
    name: "Compensating is Failed when it succeeded and the policy keeps to Failed",
    given: undoing.fact("ec.Undone"),
    rule: "compensating/failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Compensating is Failed when the policy's event says that it failed",
    given: forgiving.fact("ec.UndoFailed"),
    rule: "compensating/failed",
    state: "Failed",
    condition: "cancelled",
  },
  {
    name: "Compensating ignores an event of the policy's type with another correlation",
    given: outsideJob([PAID], {
      compensation: { ...undo, succeeded: matcher("ec.Undone", { equals: { order: "7" } }) },
    }).started().cancelled().fact("ec.Undone", { order: "8" }),
    rule: "compensating/record-only",
    state: "Compensating",
    condition: "compensating",
  },
  {
    name: "Compensating by code is Failed when every task was undone",
    given: unwinding.compensationStarted("reserve").taskCompensated("reserve")
      .compensationEnded(["reserve"]),
    rule: "compensating/failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Compensating by code is Done when every task was undone and the policy accepts it",
    given: forgivenRun.taskCompensated("reserve").compensationEnded(["reserve"]),
    rule: "compensating/done",
    state: "Done",
    condition: "succeeded",
  },
  {
    name: "Compensating by code is Failed when a task could not be undone",
    given: forgivenRun.compensationFailed("reserve").compensationEnded([], ["reserve"]),
    rule: "compensating/failed",
    state: "Failed",
    condition: "cancelled",
  },
  ...([
    ["a task undone, before CompensationEnded", unwinding.taskCompensated("reserve")],
    ["a final TaskCompensationFailed", unwinding.compensationFailed("reserve")],
    ["a fact that the plan expects", undoing.fact("ec.Paid")],
    ["a second error", undoing.fact("ec.Refused")],
    ["JobCancelled", undoing.cancelled()],
    ["JobStarted", undoing.started()],
    ["the completion of main", unwinding.mainCompleted()],
    ["policy events of a plan that has none", unwinding.fact("ec.Undone")],
  ] as const).map(([what, given]): Case => ({
    name: `Compensating ignores everything but the end: ${what}`,
    given,
    rule: "compensating/record-only",
    state: "Compensating",
    condition: "compensating",
  })),
];

const SUSPENSION: readonly Case[] = [
  {
    name: "Running is suspended by JobSuspended without a transition",
    given: single.suspended(),
    rule: "running/record-only",
    state: "Running",
    condition: "suspended",
  },
  {
    name: "Running continues after JobResumed",
    given: single.suspended().resumed(),
    rule: "running/record-only",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "Running still counts facts while it is suspended",
    given: single.suspended().fact("ec.Paid"),
    rule: "running/satisfied",
    state: "Done",
    condition: "succeeded",
    matched: ["paid"],
  },
  {
    name: "Running still fails on an error while it is suspended",
    given: fragile.suspended().fact("ec.Refused"),
    rule: "running/error-failed",
    state: "Failed",
    condition: "failed",
  },
  {
    name: "Compensating is suspended by JobSuspended without a transition",
    given: undoing.suspended(),
    rule: "compensating/record-only",
    state: "Compensating",
    condition: "suspended",
  },
  {
    name: "Compensating continues after JobResumed",
    given: undoing.suspended().resumed(),
    rule: "compensating/record-only",
    state: "Compensating",
    condition: "compensating",
  },
];

const TERMINAL: readonly Case[] = [
  ...([
    ["a fact that it expected", single.fact("ec.Paid").fact("ec.Paid")],
    ["JobCancelled", single.fact("ec.Paid").cancelled()],
    ["JobStarted", single.fact("ec.Paid").started()],
    ["JobSuspended", single.fact("ec.Paid").suspended()],
    ["a final TaskFailed", codedJob().started().mainStarted().mainCompleted().taskFailed("main")],
  ] as const).map(([what, given]): Case => ({
    name: `Done records ${what} and stays`,
    given,
    rule: "terminal/record-only",
    state: "Done",
    condition: "succeeded",
  })),
  ...([
    ["the fact that was missing", single.cancelled().fact("ec.Paid")],
    ["JobRetried", single.cancelled().framework("job.JobRetried", { newJobId: jobId("job_2") })],
    ["the late end of a compensation", forgiving.fact("ec.UndoFailed").fact("ec.Undone")],
    ["the late completion of a task", run.taskStarted("a").cancelled().taskCompleted("a")],
  ] as const).map(([what, given]): Case => ({
    name: `Failed records ${what} and stays`,
    given,
    rule: "terminal/record-only",
    state: "Failed",
    condition: "cancelled",
  })),
];

const half = order.fact("ec.Paid");

const ALREADY_APPLIED: readonly Case[] = [
  {
    name: "a second delivery of the last entry changes nothing",
    given: half.redelivered(-1),
    rule: "any/already-applied",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "a second delivery of an older entry changes nothing",
    given: half.redelivered(1),
    rule: "any/already-applied",
    state: "Running",
    condition: "waiting",
  },
  {
    name: "a second delivery of JobCreated changes nothing",
    given: outsideJob([PAID]).redelivered(0),
    rule: "any/already-applied",
    state: "Created",
    condition: "created",
  },
  {
    name: "a second delivery to a job that has ended changes nothing",
    given: single.cancelled().redelivered(1),
    rule: "any/already-applied",
    state: "Failed",
    condition: "cancelled",
  },
];

const CASES: readonly Case[] = [
  ...DEADLINES,
  ...CREATION,
  ...CREATED,
  ...MATCHING,
  ...ERRORS,
  ...PARKED,
  ...COMPENSATION_BEGINS,
  ...COMPENSATING,
  ...SUSPENSION,
  ...TERMINAL,
  ...ALREADY_APPLIED,
];

for (const { name, given, rule, state, condition, matched = [] } of CASES) {
  Deno.test(`projector: ${name}`, () => {
    const step = lastStep(given.entries);

    assert.deepEqual(
      {
        rule: step.rule,
        state: step.job.state,
        condition: deriveCondition(step.job),
        matched: step.matched,
      },
      { rule, state, condition, matched },
    );
  });
}

Deno.test("RULES: the cases exercise every row", () => {
  const exercised = new Set(CASES.map(({ given }) => lastStep(given.entries).rule));

  assert.deepEqual([...exercised].toSorted(), Object.keys(RULES).toSorted());
});

Deno.test("RULES: each row names the state that an entry found and the one it left", () => {
  for (const { name, given } of CASES) {
    let before: JobState | undefined;
    for (const { job, rule } of stepsOf(given.entries)) {
      const row = RULES[rule];
      if (row.state !== "any") assert.equal(row.state, before?.state ?? "none", name);
      assert.equal(job.state, row.next === "unchanged" ? before?.state : row.next, name);
      before = job;
    }
  }
});

Deno.test("projector: record-only rows change nothing of the job but its lastLogId", () => {
  const cases = CASES.filter(({ rule }) =>
    rule === "created/record-only" || rule === "terminal/record-only"
  );
  assert.ok(cases.length > 10);
  for (const { name, given } of cases) {
    const [before, after] = stepsOf(given.entries).slice(-2).map(({ job }) => job);
    assert.ok(before !== undefined && after !== undefined && after.lastLogId > before.lastLogId);
    assert.deepEqual({ ...after, lastLogId: before.lastLogId }, before, name);
  }
});

Deno.test("projector: an entry already applied returns the identical job", () => {
  const job = jobOf(half);

  for (const entry of half.entries) assert.equal(project(job, entry).job, job);
});

Deno.test("projector: the first entry must be JobCreated", () => {
  const [, startedEntry] = single.entries;
  assert.ok(startedEntry !== undefined);

  assert.throws(
    () => project(undefined, startedEntry),
    new TypeError("Cannot project entry 2 (job.JobStarted): job job_1 was not created"),
  );
});

Deno.test("projector: a domain event with the name of JobCreated creates nothing", () => {
  const real = single.entry(0);
  const forged = { ...real, stratum: "domain" } as FactEntry;

  assert.equal(project(undefined, real).rule, "none/created");
  assert.throws(() => project(undefined, forged), /job job_1 was not created/);
});

Deno.test("projector: a tail continues from the given state", () => {
  const tail = order.fact("ec.Paid").fact("ec.Shipped", { order: "7" });

  assert.deepEqual(projectAll(tail.entries.slice(2), jobOf(order)), jobOf(tail));
});

Deno.test("projector: the creating entry's facts are the job's", () => {
  const job = jobOf(created({ priority: 3, labels: { tenant: "a" }, input: { orderId: "7" } }));

  assert.equal(job.state, "Created");
  assert.equal(job.priority, 3);
  assert.deepEqual(job.labels, { tenant: "a" });
  assert.deepEqual(job.input, { orderId: "7" });
  assert.equal(job.createdAt, "2026-01-01T00:00:01.000Z");
  assert.equal(job.firstLogId, 1);
  assert.equal(job.lastLogId, 1);
});

Deno.test("projector: jobs share what most of them have, since very many may wait", () => {
  const [one, other] = [jobOf(codedJob()), jobOf(codedJob())];

  assert.equal(one.plan, other.plan);
  assert.equal(one.labels, other.labels);
  assert.equal(one.tasks, other.tasks);
  assert.equal(one.expected, other.expected);
});

Deno.test("projector: start and end name their entries and the time of receipt", () => {
  const job = jobOf(outsideJob([PAID]).skip(3).started().skip(4).fact("ec.Paid"));

  assert.ok(job.state === "Done");
  assert.equal(job.startedBy, 5);
  assert.equal(job.startedAt, "2026-01-01T00:00:05.000Z");
  assert.equal(job.endedBy, 10);
  assert.equal(job.endedAt, "2026-01-01T00:00:10.000Z");
  assert.ok(isTerminal(job));
});
