/** Why each entry had its effect: the text of every row, and of every type of entry. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { jobId, taskId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { project } from "../../src/core/projector.ts";
import { type RuleName, RULES } from "../../src/core/rules.ts";
import { explainStep } from "../../src/explain/replay/why.ts";
import {
  codedJob,
  created,
  expectation,
  type JobStory,
  matcher,
  outsideJob,
  plan,
} from "../support/engine/entries.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { projectAll, replaySteps } from "../support/engine/folding.ts";
import { cases } from "../support/effort.ts";

const PAID = expectation("paid", "ec.Paid");
const SHIPPED = expectation("shipped", "ec.Shipped", {
  correlation: { equals: { orderId: "42" } },
});
const PARTS = expectation("parts", "ec.Part", { multiplicity: { times: 3 } });
const REFUSED = { errors: [matcher("ec.Refused", { equals: { orderId: "42" } })] };
const UNDO = {
  succeeded: matcher("ec.Undone", { equals: { orderId: "42" } }),
  failed: matcher("ec.UndoFailed"),
};
const ORDER = { orderId: "42" };

const order = outsideJob([PAID, SHIPPED, PARTS], REFUSED).started();
const run = codedJob([SHIPPED]).started().mainStarted();
const reserved = run.compensableTask("reserve");
const unwinding = reserved.cancelled();
const undoable = outsideJob([PAID], { ...REFUSED, compensation: UNDO }).started();
const undoing = undoable.fact("ec.Refused", ORDER);
const forgiving = outsideJob([PAID], { compensation: UNDO, onCompensated: "Done" }).started()
  .cancelled();
const single = outsideJob([PAID]).started();

const WAIVED = expectation("signed", "ec.Signed", { within: { ms: 1, otherwise: "waive" } });

interface Case {
  readonly name: string;
  /** Its last entry is the one to explain. */
  readonly given: JobStory;
  readonly why: string;
}

const BY_RULE: Readonly<Record<RuleName, readonly Case[]>> = {
  "none/created": [
    {
      name: "names what the plan expects",
      given: outsideJob([PAID, SHIPPED]),
      why: 'The job is created: it expects "paid" and "shipped".',
    },
    {
      name: "names three, and counts the rest",
      given: outsideJob(["a", "b", "c", "d", "e"].map((id) => expectation(id, "ec.X"))),
      why: 'The job is created: it expects "a", "b", "c" and 2 more.',
    },
    {
      name: "says when the job will start, and which it retries",
      given: created({
        startAt: "2026-01-01T00:10:00.000Z",
        retryOf: jobId("job_0"),
        plan: plan([PAID]),
      }),
      why:
        'The job is created to retry job_0, to start at 2026-01-01T00:10:00.000Z: it expects "paid".',
    },
    {
      name: "says that an empty plan expects nothing",
      given: outsideJob([]),
      why: "The job is created: it expects nothing.",
    },
  ],
  "created/started": [{
    name: "says that events count from here on",
    given: single,
    why: "The job starts: from here on, events that its plan expects count.",
  }],
  "created/started-empty": [{
    name: "says that an empty plan is done at once",
    given: outsideJob([]).started(),
    why: "The job starts, and its plan expects nothing: it is Done at once.",
  }],
  "created/record-only": [
    {
      name: "says what alone moves the job",
      given: outsideJob([PAID]).fact("ec.Paid"),
      why: "The job has not started: only job.JobStarted moves it.",
    },
  ],
  "running/waived": [{
    name: "says which expectation counts as satisfied, and why",
    given: outsideJob([WAIVED, SHIPPED]).started().deadlinePassed("signed"),
    why: 'The deadline of expectation "signed" has passed, and its plan waives it then.',
  }],
  "running/waived-satisfied": [{
    name: "says that the plan has all it needs then",
    given: outsideJob([WAIVED]).started().deadlinePassed("signed"),
    why: 'The deadline of expectation "signed" has passed, and its plan waives it then. ' +
      "The plan has all it needs.",
  }],
  "running/matched": [
    {
      name: "counts against what the expectation needs",
      given: order.fact("ec.Part"),
      why: 'It matches expectation "parts": 1 of 3.',
    },
    {
      name: "says what is surplus",
      given: order.fact("ec.Paid").correlated("ec.Paid"),
      why: 'It matches expectation "paid", which had all it needs (1 of 1): surplus.',
    },
    {
      name: "names each of several expectations",
      given: outsideJob([PAID, expectation("twice", "ec.Paid", { multiplicity: { times: 2 } })])
        .started().fact("ec.Paid"),
      why: 'It matches expectation "paid": 1 of 1. It matches expectation "twice": 1 of 2.',
    },
    {
      name: "names three, and counts the rest",
      given: outsideJob([
        ...["a", "b", "c", "d", "e"].map((id) => expectation(id, "ec.X")),
        PAID,
      ]).started().fact("ec.X"),
      why: 'It matches expectation "a": 1 of 1. It matches expectation "b": 1 of 1. ' +
        'It matches expectation "c": 1 of 1. It matches 2 more.',
    },
    {
      name: "says why an error that was waited for is none",
      given: outsideJob([PAID, expectation("broke", "job.TaskFailed")]).started()
        .taskStarted("charge").taskFailed("charge"),
      why: 'It matches expectation "broke": 1 of 1. ' +
        "An expectation waited for it, so it is not an error.",
    },
  ],
  "running/satisfied": [{
    name: "says that nothing is missing any more",
    given: single.correlated("ec.Paid"),
    why: 'It matches expectation "paid": 1 of 1. The plan has all it needs.',
  }],
  "running/error-compensating": [
    {
      name: "says that what can be undone is undone, after a cancellation",
      given: reserved.cancelled("out of stock.\nAnn"),
      why: "The job is cancelled: out of stock. " +
        "Completed tasks with a compensation are undone first: the job compensates.",
    },
    {
      name: "says what ends a compensation from outside",
      given: undoing,
      why: "The policy names ec.Refused an error. The policy has a compensation: " +
        "the job compensates, until ec.Undone or ec.UndoFailed comes.",
    },
  ],
  "running/left-in-place": [{
    name: "says of a job that is given up that nothing is undone",
    given: reserved.parked().left("reserve"),
    why: "The job is cancelled. What it did is left in place: the job fails.",
  }],
  "compensating/left-in-place": [{
    name: "says of one that compensates that the rest is left",
    given: unwinding.parked().left("reserve"),
    why: "The job is given up as it is, and fails: what was not undone is left in place.",
  }],
  "running/error-failed": [
    {
      name: "says of a cancellation that there is nothing to undo",
      given: single.cancelled(),
      why: "The job is cancelled. There is nothing to compensate: the job fails.",
    },
    {
      name: "says that attempts are used up",
      given: run.taskStarted("charge").taskBackedOff("charge").taskStarted("charge", 2)
        .taskBackedOff("charge", 2).taskStarted("charge", 3).taskFailed("charge", 3),
      why: "Task charge failed for good (attempt 3 of 3, and no more are left): Error: oops. " +
        "There is nothing to compensate: the job fails.",
    },
    {
      name: "says that trying again cannot help",
      given: run.taskStarted("charge").taskFailed("charge", 1, "poison"),
      why: "Task charge failed for good (attempt 1 of 3, and trying again cannot help): " +
        "Error: oops. There is nothing to compensate: the job fails.",
    },
    {
      name: "says that run itself threw",
      given: run.taskFailed("main", 1, "error"),
      why: "Task main failed for good (attempt 1 of 3): Error: oops. " +
        "There is nothing to compensate: the job fails.",
    },
    {
      name: "names the event that the policy calls an error",
      given: order.correlated("ec.Refused", ORDER),
      why: "The policy names ec.Refused an error. There is nothing to compensate: the job fails.",
    },
  ],
  "running/record-only": [
    {
      name: "names the clause that failed, with both types",
      given: order.fact("ec.Shipped", { orderId: 42 }),
      why: 'It matches no expectation: "shipped" fails at ' +
        'orderId: expected "42" (text), found 42 (number).',
    },
    {
      name: "names the nearest of several expectations",
      given: outsideJob([
        expectation("eu", "ec.Shipped", { correlation: { equals: { region: "EU" } } }),
        expectation("us", "ec.Shipped", { correlation: { equals: { region: "US" } } }),
      ]).started().correlated("ec.Shipped", { region: "us" }),
      why: 'It matches no expectation: the nearest, "us", fails at ' +
        'region: expected "US", found "us" (letter case).',
    },
    {
      name: "says that the plan expects no event of the type",
      given: order.fact("x.Y"),
      why: "The plan expects no event of type x.Y.",
    },
    {
      name: "names the clause by which an event is no error",
      given: order.fact("ec.Refused", { orderId: "43" }),
      why:
        "The plan expects no event of type ec.Refused, and the policy does not count it as an error: " +
        'orderId: expected "42", found "43".',
    },
    {
      name: "says that there is no compensation to end",
      given: undoable.fact("ec.Undone", ORDER),
      why: "The plan expects no event of type ec.Undone except to end a compensation, " +
        "and none is under way.",
    },
    {
      name: "says that coordination is never interpreted",
      given: order.coordination("ec.Paid"),
      why: "Events of the coordination stratum are recorded and never interpreted.",
    },
    {
      name: "names the clause that a framework event fails",
      given: codedJob([expectation("weighed", "job.TaskCompleted", { taskId: taskId("weigh") })])
        .started().mainStarted().taskStarted("charge").taskCompleted("charge"),
      why: "A fact about task charge: attempt 1 completed. It matches no expectation: " +
        '"weighed" fails at taskId: expected "weigh", found "charge".',
    },
  ],
  "compensating/done": [
    {
      name: "names the event, and what the policy says",
      given: forgiving.fact("ec.Undone", ORDER),
      why: "ec.Undone says that the compensation succeeded: the policy ends the job as Done.",
    },
    {
      name: "says that every task was undone",
      given: codedJob([], { onCompensated: "Done" }).started().compensableTask("reserve")
        .cancelled().compensationEnded(["reserve"]),
      why: "Every compensation succeeded: the policy ends the job as Done.",
    },
  ],
  "compensating/failed": [
    {
      name: "says that the policy ends a job that was undone as Failed",
      given: unwinding.compensationEnded(["reserve"]),
      why: "Every compensation succeeded: the policy ends the job as Failed.",
    },
    {
      name: "names the tasks that could not be undone",
      given: unwinding.compensationEnded([], ["reserve"]),
      why: "The compensation ended, and reserve could not be undone: " +
        "the job fails, and an operator must intervene.",
    },
    {
      name: "names the event that says so",
      given: undoing.correlated("ec.UndoFailed"),
      why: "ec.UndoFailed says that the compensation failed: " +
        "the job fails, and an operator must intervene.",
    },
    {
      name: "says so of an event after which the policy ends the job as Failed",
      given: undoing.correlated("ec.Undone", ORDER),
      why: "ec.Undone says that the compensation succeeded: the policy ends the job as Failed.",
    },
  ],
  "compensating/record-only": [
    {
      name: "names the clause by which an event does not end it",
      given: undoing.fact("ec.Undone", { orderId: 42 }),
      why: "It does not end the compensation: " +
        'orderId: expected "42" (text), found 42 (number).',
    },
    {
      name: "says that expectations do not count now",
      given: undoing.correlated("ec.Paid"),
      why: "The job compensates: only what ends the compensation moves it.",
    },
    {
      name: "says that a cancellation does not stop it",
      given: unwinding.cancelled(),
      why: "The job is already compensating, and a cancellation does not stop that.",
    },
    {
      name: "says that coordination is never interpreted",
      given: undoing.coordination("ec.Undone", ORDER),
      why: "Events of the coordination stratum are recorded and never interpreted.",
    },
  ],
  "terminal/record-only": [
    {
      name: "names the entry that ended the job",
      given: single.fact("ec.Paid").fact("ec.Paid"),
      why: "The job has been Done since entry 3: later entries are recorded and change nothing.",
    },
    {
      name: "names the job that retries it",
      given: single.cancelled().framework("job.JobRetried", { newJobId: jobId("job_2") }),
      why: "The job has been Failed since entry 3; " +
        "job_2 was made to retry it, and this one stays as it is.",
    },
  ],
  "any/already-applied": [{
    name: "says that a second delivery changes nothing",
    given: single.redelivered(1),
    why: "It was applied before: a second delivery changes nothing.",
  }],
};

const FACTS: readonly Case[] = [
  {
    name: "an attempt that began",
    given: run.taskStarted("charge", 2),
    why: "A fact about task charge: attempt 2 began.",
  },
  {
    name: "an attempt that failed and is followed by another",
    given: run.taskStarted("charge").taskBackedOff("charge"),
    why: "A fact about task charge: attempt 1 of 3 failed (Error: oops), " +
      "and the next is due at 2026-01-01T00:15:00.000Z.",
  },
  {
    name: "a task that waits for expectations",
    given: run.mainWaiting("shipped", "paid"),
    why: 'A fact about task main: it waits for "shipped", "paid".',
  },
  {
    name: "a task that waits for its steps",
    given: run.mainWaiting(),
    why: "A fact about task main: it waits for its steps.",
  },
  {
    name: "progress with a note and without",
    given: run.taskStarted("load").taskProgressed("load", { done: 3, total: 9, note: "rows" }),
    why: "A fact about task load: it has done 3 of 9 (rows).",
  },
  {
    name: "progress of which the end is not known",
    given: run.taskStarted("load").taskProgressed("load", { done: 3 }),
    why: "A fact about task load: it has done 3.",
  },
  {
    name: "an attempt that a crash cut short",
    given: run.taskStarted("charge").taskInterrupted("charge"),
    why:
      "A fact about task charge: attempt 1 was cut short: the process had ended without an orderly stop.",
  },
  {
    name: "an attempt that a takeover cut short",
    given: run.taskStarted("charge").taskInterrupted("charge", "takeover"),
    why:
      "A fact about task charge: attempt 1 was cut short: another process took over the journal.",
  },
  {
    name: "an undoing that a stop cut short",
    given: unwinding.compensationStarted("reserve")
      .taskInterrupted("reserve", "shutdown", "compensation"),
    why: "A fact about task reserve: attempt 1 to undo it was cut short: the process stopped.",
  },
  {
    name: "an attempt that a cancellation cut short",
    given: reserved.taskStarted("charge").cancelled().taskInterrupted("charge", "cancelled"),
    why: "A fact about task charge: attempt 1 was cut short: the job was over.",
  },
  {
    name: "a result that is reused",
    given: run.framework("job.TaskCompleted", { attempt: 1, reusedFrom: 7 }, {
      taskId: taskId("charge"),
    }),
    why: "A fact about task charge: its result is that of entry 7, so it need not run again.",
  },
  {
    name: "an undoing that began",
    given: unwinding.compensationStarted("reserve"),
    why: "A fact about task reserve: attempt 1 to undo it began.",
  },
  {
    name: "an undoing that completed",
    given: unwinding.compensationStarted("reserve").taskCompensated("reserve"),
    why: "A fact about task reserve: attempt 1 to undo it completed.",
  },
  {
    name: "an undoing that failed and is tried again",
    given: unwinding.compensationStarted("reserve").compensationBackedOff("reserve"),
    why: "A fact about task reserve: attempt 1 of 3 to undo it failed (Error: oops), " +
      "and the next is due at 2026-01-01T00:15:00.000Z.",
  },
  {
    name: "an attempt that failed, of those that were cut short",
    given: run.taskStarted("charge").taskInterrupted("charge").taskStarted("charge", 2)
      .taskBackedOff("charge", 2),
    why: "A fact about task charge: attempt 2 (1 of 3, not counting one cut short) failed " +
      "(Error: oops), and the next is due at 2026-01-01T00:15:00.000Z.",
  },
  {
    name: "an undoing that failed, of those that were cut short",
    given: unwinding.compensationStarted("reserve").taskInterrupted(
      "reserve",
      "crash",
      "compensation",
    )
      .compensationStarted("reserve", 2).compensationBackedOff("reserve", 2)
      .compensationStarted("reserve", 3).compensationFailed("reserve", 3),
    why: "A fact about task reserve: attempt 3 (2 of 3, not counting one cut short) to undo it " +
      "failed (Error: oops), and no other follows.",
  },
  {
    name: "an undoing that failed for good",
    given: unwinding.compensationStarted("reserve").compensationFailed("reserve"),
    why: "A fact about task reserve: attempt 1 of 3 to undo it failed (Error: oops), " +
      "and no other follows.",
  },
  {
    name: "a suspension",
    given: single.suspended(),
    why: "The job is suspended: no attempt begins until it is resumed.",
  },
  {
    name: "a suspension of a suspended job",
    given: single.suspended().suspended(),
    why: "Entry 3 had already suspended the job: this changes nothing.",
  },
  {
    name: "a resumption",
    given: single.suspended().resumed(),
    why: "The job continues: entry 3 had suspended it.",
  },
  {
    name: "a resumption of a job that was not suspended",
    given: single.resumed(),
    why: "The job was not suspended: resuming it changes nothing.",
  },
  {
    name: "a second creation",
    given: single.framework("job.JobCreated", { plan: plan([]), priority: 0, labels: {} }),
    why: "The job exists: a second creation changes nothing.",
  },
  {
    name: "a second start",
    given: single.started(),
    why: "The job has started: a second start changes nothing.",
  },
  {
    name: "a retry of a job that runs",
    given: single.framework("job.JobRetried", { newJobId: jobId("job_2") }),
    why: "job_2 was made to retry this job.",
  },
  {
    name: "the end of a compensation that was not under way",
    given: single.compensationEnded(),
    why: "No compensation is under way: its end changes nothing.",
  },
  {
    name: "what is left to recover",
    given: unwinding.framework("job.RecoveryRequired", { tasks: [taskId("reserve")] }),
    why: "An operator must intervene: reserve could not be undone.",
  },
  {
    name: "a recovery without a compensation",
    given: single.framework("job.RecoveryRequired", { tasks: [taskId("reserve")] }),
    why: "No compensation is under way, so nothing is left to recover.",
  },
  {
    name: "a fact about the journal",
    given: single.framework("journal.Sealed" as never, { reason: "quiet" } as never),
    why: "A fact about the journal, and not about jobs.",
  },
  {
    name: "the end of a task that has not begun",
    given: run.taskBackedOff("charge"),
    why: "Task charge has not begun: this changes nothing.",
  },
  {
    name: "a second completion",
    given: run.taskStarted("charge").taskCompleted("charge").taskCompleted("charge"),
    why: "Task charge has completed: this changes nothing.",
  },
  {
    name: "the undoing of what was undone",
    given: unwinding.compensationStarted("reserve").taskCompensated("reserve")
      .compensationStarted("reserve", 2),
    why: "Task reserve was undone: this changes nothing.",
  },
  {
    name: "the undoing of what has not completed",
    given: run.taskStarted("charge").compensationStarted("charge"),
    why: "Task charge has not completed, so there is nothing to undo: this changes nothing.",
  },
  {
    name: "an interruption of an undoing that had not begun",
    given: unwinding.taskInterrupted("reserve", "crash", "compensation"),
    why: "Nothing is undoing task reserve right now: this changes nothing.",
  },
];

for (const rule of Object.keys(RULES) as RuleName[]) {
  for (const { name, given, why } of BY_RULE[rule]) {
    Deno.test(`why: ${rule} ${name}`, () => {
      const step = replaySteps(given.entries).steps.at(-1);
      assert.deepEqual([step?.rule, step?.why], [rule, why]);
    });
  }
}

for (const { name, given, why } of FACTS) {
  Deno.test(`why: there is a text for ${name}`, () => {
    const step = replaySteps(given.entries).steps.at(-1);
    assert.match(step?.rule ?? "", /record-only$/);
    assert.equal(step?.why, why);
  });
}

Deno.test("why: a long error is cut, and in one line", () => {
  const message = `${"x".repeat(150)}\n${"y".repeat(150)}\nat line 3`;
  const given = run.taskStarted("charge").framework("job.TaskFailed", {
    attempt: 1,
    maxAttempts: 1,
    error: { name: "Error", message },
    final: true,
    kind: "error",
  }, { taskId: taskId("charge") });
  const { why = "" } = replaySteps(given.entries).steps.at(-1) ?? {};
  assert.ok(why.includes("x y") && why.includes("…"), why);
  assert.ok(!why.includes("line 3") && why.length < 450, why);
});

Deno.test("why: whatever comes, it is whole sentences without a gap", () => {
  fc.assert(
    fc.property(stories, (story) => {
      for (const { why, rule } of replaySteps([...story.entries, story.entry(-1)]).steps) {
        assert.match(why, /^\S.*\.$/, rule);
        assert.doesNotMatch(why, /undefined|\[object|NaN| {2}|\.\./, rule);
      }
    }),
    { numRuns: cases(1_500) },
  );
});

Deno.test("why: it is the same every time, and does not change its input", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const last = story.entry(-1);
      const before: JobState | undefined = story.entries.length > 1
        ? projectAll(story.entries.slice(0, -1))
        : undefined;
      const text = JSON.stringify([before, last]);
      const step = project(before, last);
      assert.equal(explainStep(before, last, step), explainStep(before, last, step));
      assert.equal(JSON.stringify([before, last]), text);
    }),
  );
});
