import assert from "node:assert/strict";
import { taskId } from "../../src/core/ids.ts";
import { type Multiplicity, requiredMatches } from "../../src/core/job_plan.ts";
import type { ExpectationState } from "../../src/core/job_state.ts";
import { toMatchable } from "../../src/core/projector.ts";
import {
  codedJob,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
} from "../support/engine/entries.ts";
import { jobOf, lastStep } from "../support/engine/folding.ts";

/** Keeps a job running, whatever the expectation under test does. */
const OPEN = expectation("open", "ec.NeverComes");

const CHARGE = { taskId: taskId("charge") };

function matchedBy(story: JobStory): readonly string[] {
  return lastStep(story.entries).matched;
}

function progressOf(story: JobStory, index = 0): ExpectationState | undefined {
  return jobOf(story).expected[index];
}

const typed = outsideJob([expectation("x", "ec.order.Paid"), OPEN]).started();

Deno.test("match: the same eventType matches", () => {
  assert.deepEqual(matchedBy(typed.fact("ec.order.Paid")), ["x"]);
});

for (const other of ["ec.order.Paid2", "ec.order.paid", "ec.order", "ec.order.Paid.again"]) {
  Deno.test(`match: eventType is compared whole and exactly, so ${other} does not match`, () => {
    assert.deepEqual(matchedBy(typed.fact(other)), []);
  });
}

const ordered = outsideJob([
  expectation("x", "ec.Paid", { correlation: { equals: { order: "42" } } }),
  OPEN,
]).started();

Deno.test("match: a correlation that holds matches", () => {
  assert.deepEqual(matchedBy(ordered.fact("ec.Paid", { order: "42" })), ["x"]);
});

Deno.test("match: a correlation that does not hold does not match", () => {
  assert.deepEqual(matchedBy(ordered.fact("ec.Paid", { order: 42 })), []);
  assert.deepEqual(matchedBy(ordered.fact("ec.Paid")), []);
});

Deno.test("match: the right attributes under another eventType do not match", () => {
  assert.deepEqual(matchedBy(ordered.fact("ec.Refunded", { order: "42" })), []);
});

const ofTask = outsideJob([expectation("x", "ec.Paid", CHARGE), OPEN]).started();

Deno.test("match: an expectation of a task accepts an event of that task", () => {
  assert.deepEqual(matchedBy(ofTask.fact("ec.Paid", {}, CHARGE)), ["x"]);
});

Deno.test("match: an expectation of a task refuses another task's event, and one of none", () => {
  assert.deepEqual(matchedBy(ofTask.fact("ec.Paid", {}, { taskId: taskId("ship") })), []);
  assert.deepEqual(matchedBy(ofTask.fact("ec.Paid")), []);
});

Deno.test("match: an expectation without a task accepts an event of any task", () => {
  const any = outsideJob([expectation("x", "ec.Paid"), OPEN]).started();

  assert.deepEqual(matchedBy(any.fact("ec.Paid", {}, CHARGE)), ["x"]);
  assert.deepEqual(matchedBy(any.fact("ec.Paid")), ["x"]);
});

Deno.test("match: the main expectation accepts the completion of main and of no other task", () => {
  const run = codedJob([OPEN]).started().mainStarted();

  assert.deepEqual(matchedBy(run.mainCompleted()), ["main"]);
  assert.deepEqual(matchedBy(run.taskCompleted("maintain")), []);
});

Deno.test("match: kind does not influence matching", () => {
  const kinds = (["TaskCompletion", "DomainFact", "ExternalSignal"] as const)
    .map((kind) => expectation(kind, "ec.Paid", { kind }));

  assert.deepEqual(matchedBy(outsideJob([...kinds, OPEN]).started().fact("ec.Paid")), [
    "TaskCompletion",
    "DomainFact",
    "ExternalSignal",
  ]);
});

Deno.test("match: a framework fact matches like any other", () => {
  const job = outsideJob([expectation("paused", "job.JobSuspended"), OPEN]).started();

  assert.deepEqual(matchedBy(job.suspended()), ["paused"]);
  assert.deepEqual(matchedBy(job.resumed()), []);
});

Deno.test("match: EventCorrelated counts as its original: type and attributes", () => {
  assert.deepEqual(matchedBy(ordered.correlated("ec.Paid", { order: "42" })), ["x"]);
  assert.deepEqual(matchedBy(ordered.correlated("ec.Paid", { order: "43" })), []);
  assert.deepEqual(matchedBy(ordered.correlated("ec.Refunded", { order: "42" })), []);
});

Deno.test("match: EventCorrelated counts as its original: task", () => {
  assert.deepEqual(matchedBy(ofTask.correlated("ec.Paid", {}, "charge")), ["x"]);
  assert.deepEqual(matchedBy(ofTask.correlated("ec.Paid", {}, "ship")), []);
  assert.deepEqual(matchedBy(ofTask.correlated("ec.Paid")), []);
});

Deno.test("match: EventCorrelated is not matched by its own name", () => {
  const job = outsideJob([expectation("x", "job.EventCorrelated"), OPEN]).started();

  assert.deepEqual(matchedBy(job.correlated("ec.Paid")), []);
});

Deno.test("match: EventCorrelated counts under its own logId", () => {
  const story = ordered.skip(5).correlated("ec.Paid", { order: "42" });

  assert.deepEqual(progressOf(story)?.by, [8]);
});

Deno.test("toMatchable: an entry is matched as itself, and a correlation as its original", () => {
  const own = typed.fact("ec.order.Paid", { a: 1 }, CHARGE).entry(-1);
  const correlated = typed.correlated("ec.order.Paid", { a: 1 }, "charge").entry(-1);

  for (const entry of [own, correlated]) {
    const { eventType, taskId, attributes } = toMatchable(entry);
    assert.deepEqual([eventType, taskId, attributes], ["ec.order.Paid", "charge", { a: 1 }]);
  }
});

Deno.test("match: coordination events satisfy no expectation", () => {
  assert.deepEqual(matchedBy(typed.coordination("ec.order.Paid")), []);
  assert.equal(progressOf(typed.coordination("ec.order.Paid"))?.matched, 0);
});

Deno.test("match: coordination events are not errors, even if the policy names them", () => {
  const job = outsideJob([OPEN], { errors: [matcher("ec.Refused")] }).started();

  assert.equal(jobOf(job.coordination("ec.Refused")).state, "Running");
});

Deno.test("match: coordination events end no compensation", () => {
  const compensation = { succeeded: matcher("ec.Undone"), failed: matcher("ec.UndoFailed") };
  const job = outsideJob([OPEN], { compensation }).started().cancelled();

  assert.equal(jobOf(job.coordination("ec.Undone")).state, "Compensating");
});

Deno.test("multiplicity: required matches by kind", () => {
  assert.equal(requiredMatches("ExactlyOnce"), 1);
  assert.equal(requiredMatches("AtLeastOnce"), 1);
  assert.equal(requiredMatches({ times: 3 }), 3);
});

/** The story of a job that got `count` matches of one expectation. */
function after(count: number, multiplicity?: Multiplicity): JobStory {
  const options = multiplicity === undefined ? {} : { multiplicity };
  let story = outsideJob([expectation("x", "ec.Paid", options), OPEN]).started();
  for (let n = 0; n < count; n++) story = story.fact("ec.Paid");
  return story;
}

for (const multiplicity of ["ExactlyOnce", "AtLeastOnce"] as const) {
  Deno.test(`multiplicity: ${multiplicity} is satisfied by one match, the rest is surplus`, () => {
    assert.deepEqual(progressOf(after(0, multiplicity)), { matched: 0, by: [], surplus: 0 });
    assert.deepEqual(progressOf(after(1, multiplicity)), { matched: 1, by: [3], surplus: 0 });
    assert.deepEqual(progressOf(after(3, multiplicity)), { matched: 1, by: [3], surplus: 2 });
  });
}

Deno.test("multiplicity: times n is satisfied by n matches, the rest is surplus", () => {
  const multiplicity = { times: 2 };

  assert.deepEqual(progressOf(after(1, multiplicity)), { matched: 1, by: [3], surplus: 0 });
  assert.deepEqual(progressOf(after(2, multiplicity)), { matched: 2, by: [3, 4], surplus: 0 });
  assert.deepEqual(progressOf(after(3, multiplicity)), { matched: 2, by: [3, 4], surplus: 1 });
});

Deno.test("multiplicity: times n ends the job at the nth match and not before", () => {
  const thrice = expectation("x", "ec.Paid", { multiplicity: { times: 3 } });
  const two = outsideJob([thrice]).started().fact("ec.Paid").fact("ec.Paid");

  assert.equal(jobOf(two).state, "Running");
  assert.equal(jobOf(two.fact("ec.Paid")).state, "Done");
});

Deno.test("multiplicity: satisfaction is kept through facts that do not match", () => {
  const story = after(1).fact("ec.Refunded").fact("ec.NotPaid").suspended().resumed();

  assert.deepEqual(progressOf(story), { matched: 1, by: [3], surplus: 0 });
});

Deno.test("multiplicity: satisfaction is kept when the job fails, and no longer counted", () => {
  const story = after(1, { times: 3 }).cancelled().fact("ec.Paid");

  assert.deepEqual(progressOf(story), { matched: 1, by: [3], surplus: 0 });
});

Deno.test("multiplicity: one entry counts once for each expectation that it matches", () => {
  const story = outsideJob([
    expectation("once", "ec.Paid"),
    expectation("twice", "ec.Paid", { multiplicity: { times: 2 } }),
    OPEN,
  ]).started().fact("ec.Paid").fact("ec.Paid");

  assert.deepEqual(progressOf(story, 0), { matched: 1, by: [3], surplus: 1 });
  assert.deepEqual(progressOf(story, 1), { matched: 2, by: [3, 4], surplus: 0 });
  assert.deepEqual(progressOf(story, 2), { matched: 0, by: [], surplus: 0 });
});
