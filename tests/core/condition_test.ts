import assert from "node:assert/strict";
import {
  changeText,
  type Condition,
  CONDITIONS,
  deriveCondition,
  stateText,
} from "../../src/core/condition.ts";
import {
  codedJob,
  created,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
} from "../support/engine/entries.ts";
import { jobOf } from "../support/engine/folding.ts";

interface Case {
  readonly name: string;
  readonly story: JobStory;
  readonly condition: Condition;
}

const PAID = expectation("paid", "ec.Paid");
const SHIPPED = expectation("shipped", "ec.Shipped");
const TWICE = expectation("twice", "ec.Shipped", { multiplicity: { times: 2 } });

const outside = outsideJob([PAID]).started();
const undoable = outsideJob([PAID], {
  compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.UndoFailed") },
  onCompensated: "Done",
}).started();
const code = codedJob([SHIPPED, PAID]).started();
const run = code.mainStarted();

const CASES: readonly Case[] = [
  { name: "a job that the engine holds is parked", story: run.parked(), condition: "parked" },
  {
    name: "a job that is suspended as well is parked",
    story: run.parked().suspended(),
    condition: "parked",
  },
  {
    name: "a parked job that is no longer suspended is still parked",
    story: run.suspended().parked().resumed(),
    condition: "parked",
  },
  {
    name: "a suspended job that is no longer parked is still suspended",
    story: run.suspended().parked().unparked(),
    condition: "suspended",
  },
  {
    name: "a resumed job is in the condition that it had before it was parked",
    story: run.parked().unparked(),
    condition: "executing",
  },
  {
    name: "a job that compensates may be parked as well",
    story: run.compensableTask("reserve").parked().cancelled(),
    condition: "parked",
  },
  {
    name: "a parked job that fails is no longer parked",
    story: run.parked().cancelled(),
    condition: "cancelled",
  },
  {
    name: "a job that was only created is created",
    story: outsideJob([PAID]),
    condition: "created",
  },
  {
    name: "a job with a startAt is scheduled until it starts",
    story: created({ startAt: "2026-01-01T00:10:00.000Z" }),
    condition: "scheduled",
  },
  {
    name: "a job with a startAt that has started is no longer scheduled",
    story: created({
      startAt: "2026-01-01T00:10:00.000Z",
      plan: { expected: [PAID], policy: { errors: [], onCompensated: "Failed" } },
    }).started(),
    condition: "waiting",
  },
  { name: "a plan driven from outside waits", story: outside, condition: "waiting" },
  { name: "code whose main has not begun is queued", story: code, condition: "queued" },
  { name: "code whose main runs is executing", story: run, condition: "executing" },
  {
    name: "code whose main was interrupted is queued",
    story: run.taskInterrupted("main"),
    condition: "queued",
  },
  {
    name: "code whose main begins again is executing",
    story: run.taskInterrupted("main").mainStarted(),
    condition: "executing",
  },
  {
    name: "a running task is executing",
    story: run.taskStarted("charge"),
    condition: "executing",
  },
  {
    name: "a running task is executing while main waits",
    story: run.taskStarted("charge").mainWaiting("shipped"),
    condition: "executing",
  },
  {
    name: "a task that waits for its next attempt is backingOff",
    story: run.taskStarted("charge").taskBackedOff("charge"),
    condition: "backingOff",
  },
  {
    name: "a next attempt that runs is executing",
    story: run.taskStarted("charge").taskBackedOff("charge").taskStarted("charge", 2),
    condition: "executing",
  },
  {
    name: "a running task beats one that backs off, started before it",
    story: run.taskStarted("a").taskStarted("b").taskBackedOff("b"),
    condition: "executing",
  },
  {
    name: "a running task beats one that backs off, started after it",
    story: run.taskStarted("a").taskBackedOff("a").taskStarted("b"),
    condition: "executing",
  },
  {
    name: "a completed task leaves main executing",
    story: run.taskStarted("charge").taskCompleted("charge"),
    condition: "executing",
  },
  {
    name: "code that rests in a sleep is sleeping",
    story: run.timerSet("overnight").mainWaiting(),
    condition: "sleeping",
  },
  {
    name: "a sleep that main has only just asked for is executing",
    story: run.timerSet("overnight"),
    condition: "executing",
  },
  {
    name: "code whose sleep is over is queued",
    story: run.timerSet("overnight").mainWaiting().timerElapsed("overnight"),
    condition: "queued",
  },
  {
    name: "code that waits for an event beside its sleep is waiting",
    story: run.timerSet("overnight").mainWaiting("shipped"),
    condition: "waiting",
  },
  {
    name: "code whose wait for an event is over is queued",
    story: run.waitSet("shipped").mainWaiting("shipped").deadlinePassed("shipped", 1),
    condition: "queued",
  },
  {
    name: "code that waits again after that is waiting",
    story: run.waitSet("shipped").mainWaiting("shipped").deadlinePassed("shipped", 1)
      .waitSet("shipped", 2).mainWaiting("shipped"),
    condition: "waiting",
  },
  {
    name: "a suspended job is suspended while it sleeps",
    story: run.timerSet("overnight").mainWaiting().suspended(),
    condition: "suspended",
  },
  {
    name: "a task that backs off is backingOff while main waits",
    story: run.taskStarted("charge").taskBackedOff("charge").mainWaiting("shipped"),
    condition: "backingOff",
  },
  {
    name: "main that waits for its own next attempt is backingOff",
    story: run.taskBackedOff("main"),
    condition: "backingOff",
  },
  {
    name: "main that waits for an expectation is waiting",
    story: run.mainWaiting("shipped"),
    condition: "waiting",
  },
  {
    name: "main is queued when the expectation that it awaits is satisfied",
    story: run.mainWaiting("shipped").fact("ec.Shipped"),
    condition: "queued",
  },
  {
    name: "main is queued when the expectation was satisfied before it waited",
    story: run.fact("ec.Shipped").mainWaiting("shipped"),
    condition: "queued",
  },
  {
    name: "main keeps waiting when another expectation is satisfied",
    story: run.mainWaiting("shipped").fact("ec.Paid"),
    condition: "waiting",
  },
  {
    name: "main keeps waiting when the awaited expectation needs more matches",
    story: codedJob([TWICE]).started().mainStarted().mainWaiting("twice").fact("ec.Shipped"),
    condition: "waiting",
  },
  {
    name: "main is queued at the last match that the awaited expectation needs",
    story: codedJob([TWICE]).started().mainStarted().mainWaiting("twice").fact("ec.Shipped")
      .fact("ec.Shipped"),
    condition: "queued",
  },
  {
    name: "main that awaits two expectations is queued when one is satisfied",
    story: run.mainWaiting("shipped", "paid").fact("ec.Paid"),
    condition: "queued",
  },
  {
    name: "main that was woken is executing",
    story: run.mainWaiting("shipped").fact("ec.Shipped").mainStarted(),
    condition: "executing",
  },
  {
    name: "a job whose main has completed waits for the rest of its plan",
    story: run.mainCompleted(),
    condition: "waiting",
  },
  { name: "a suspended plan is suspended", story: outside.suspended(), condition: "suspended" },
  {
    name: "a suspended job is suspended although a task still runs",
    story: run.taskStarted("charge").suspended(),
    condition: "suspended",
  },
  {
    name: "a job suspended twice continues after one resume",
    story: outside.suspended().suspended().resumed(),
    condition: "waiting",
  },
  {
    name: "a suspension before the start is not in force",
    story: outsideJob([PAID]).suspended().started(),
    condition: "waiting",
  },
  {
    name: "a job that undoes its work is compensating",
    story: undoable.cancelled(),
    condition: "compensating",
  },
  {
    name: "a compensation attempt that backs off is still compensating",
    story: run.compensableTask("a").cancelled().compensationStarted("a").compensationBackedOff("a"),
    condition: "compensating",
  },
  {
    name: "a suspended compensation is suspended",
    story: undoable.cancelled().suspended(),
    condition: "suspended",
  },
  {
    name: "a job whose plan is satisfied has succeeded",
    story: outside.fact("ec.Paid"),
    condition: "succeeded",
  },
  {
    name: "a job that ended while suspended has succeeded",
    story: outside.suspended().fact("ec.Paid"),
    condition: "succeeded",
  },
  {
    name: "a cancelled job that its policy lets end as Done has succeeded",
    story: undoable.cancelled().fact("ec.Undone"),
    condition: "succeeded",
  },
  {
    name: "a job with a failed task has failed",
    story: run.taskStarted("charge").taskFailed("charge"),
    condition: "failed",
  },
  {
    name: "a job with an error of its policy has failed",
    story: outsideJob([PAID], { errors: [matcher("ec.Refused")] }).started().fact("ec.Refused"),
    condition: "failed",
  },
  { name: "a cancelled job is cancelled", story: outside.cancelled(), condition: "cancelled" },
  {
    name: "a cancelled job stays cancelled when its compensation fails",
    story: undoable.cancelled().fact("ec.UndoFailed"),
    condition: "cancelled",
  },
];

for (const { name, story, condition } of CASES) {
  Deno.test(`deriveCondition: ${name}`, () => {
    assert.equal(deriveCondition(jobOf(story)), condition);
  });
}

Deno.test("CONDITIONS: the cases reach each of them", () => {
  const reached = new Set(CASES.map(({ story }) => deriveCondition(jobOf(story))));

  assert.equal(CONDITIONS.length, 13);
  assert.deepEqual([...reached].toSorted(), [...CONDITIONS].toSorted());
});

Deno.test("stateText: a condition is shown if it says more than the state", () => {
  assert.equal(stateText({ state: "Running", condition: "waiting" }), "Running (waiting)");
  assert.equal(stateText({ state: "Failed", condition: "cancelled" }), "Failed (cancelled)");
  assert.equal(stateText({ state: "Failed", condition: "failed" }), "Failed");
  assert.equal(stateText({ state: "Done", condition: "succeeded" }), "Done");
});

Deno.test("changeText: both states are named if they differ, otherwise only the new one", () => {
  const waiting = { to: "Running", condition: "waiting" };
  assert.equal(changeText({ from: "Created", ...waiting }), "Created → Running (waiting)");
  assert.equal(changeText({ from: "Running", ...waiting }), "Running (waiting)");
  assert.equal(changeText({ from: null, to: "Created", condition: "created" }), "Created");
});
