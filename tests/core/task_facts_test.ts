import assert from "node:assert/strict";
import type { JobEntry } from "../../src/core/event.ts";
import { taskId } from "../../src/core/ids.ts";
import { cutShort, leftInPlace } from "../../src/core/left_in_place.ts";
import { findTask, type TaskState } from "../../src/core/job_state.ts";
import { hasSomethingToCompensate, noteTask } from "../../src/core/task_facts.ts";
import { codedJob, expectation, type JobStory, OOPS, timeOf } from "../support/engine/entries.ts";
import { jobOf } from "../support/engine/folding.ts";

const SHIPPED = expectation("shipped", "ec.Shipped");

/** Entry 3 starts main; what a test adds begins at entry 4. */
const run = codedJob([SHIPPED]).started().mainStarted();
const charging = run.taskStarted("charge");
const charged = charging.taskCompleted("charge", 1, { result: { tx: "t1" } });
const reserved = run.compensableTask("reserve");
/** Entry 6 cancels; what a test adds begins at entry 7. */
const undoing = reserved.cancelled();

function taskOf(story: JobStory, task = "charge"): TaskState {
  const found = findTask(jobOf(story), taskId(task));
  assert.ok(found !== undefined, `there is no task ${task}`);
  return found;
}

function compensationOf(story: JobStory) {
  const task = taskOf(story, "reserve");
  assert.ok(task.status === "completed");
  return task.compensation;
}

Deno.test("task: TaskStarted makes a running task", () => {
  assert.deepEqual(taskOf(charging), {
    taskId: "charge",
    status: "running",
    attempts: 1,
    failures: 0,
    interruptions: 0,
    startedAt: timeOf(4),
    firstLogId: 4,
    lastLogId: 4,
    compensable: false,
  });
});

Deno.test("task: TimerSet makes a sleep, which TimerElapsed completes", () => {
  const sleeping = run.timerSet("overnight");
  const facts = {
    taskId: "overnight",
    attempts: 0,
    failures: 0,
    interruptions: 0,
    startedAt: timeOf(4),
    firstLogId: 4,
    compensable: false,
  };
  assert.deepEqual(taskOf(sleeping, "overnight"), {
    ...facts,
    status: "sleeping",
    dueAt: timeOf(900),
    lastLogId: 4,
  });
  assert.deepEqual(taskOf(sleeping.timerElapsed("overnight"), "overnight"), {
    ...facts,
    status: "completed",
    endedAt: timeOf(5),
    completedBy: 5,
    lastLogId: 5,
  });
});

Deno.test("task: a second TimerElapsed, and one of no sleep, change nothing", () => {
  const slept = run.timerSet("overnight").timerElapsed("overnight");
  assert.deepEqual(jobOf(slept.timerElapsed("overnight")).tasks, jobOf(slept).tasks);
  assert.deepEqual(jobOf(run.timerElapsed("overnight")).tasks, jobOf(run).tasks);
  assert.deepEqual(jobOf(charged.timerElapsed("charge")).tasks, jobOf(charged).tasks);
});

Deno.test("task: a sleep is not work, so it is never left in place or cut short", () => {
  const slept = run.timerSet("early").timerElapsed("early").timerSet("late").mainWaiting();
  const job = jobOf(slept.cancelled());
  assert.deepEqual([leftInPlace(job), cutShort(job)], [[], []]);
});

Deno.test("task: tasks are kept in the order in which they first started", () => {
  const job = jobOf(charging.taskStarted("ship").taskBackedOff("charge").taskStarted("charge", 2));

  assert.deepEqual(job.tasks.map((task) => task.taskId), ["main", "charge", "ship"]);
});

Deno.test("task: TaskCompleted ends it with its result", () => {
  assert.deepEqual(taskOf(charged), {
    taskId: "charge",
    status: "completed",
    attempts: 1,
    failures: 0,
    interruptions: 0,
    startedAt: timeOf(4),
    firstLogId: 4,
    lastLogId: 5,
    compensable: false,
    endedAt: timeOf(5),
    completedBy: 5,
    result: { tx: "t1" },
  });
});

for (const result of [null, false, 0, "", [], {}]) {
  Deno.test(`task: the result ${JSON.stringify(result)} is kept`, () => {
    const task = taskOf(charging.taskCompleted("charge", 1, { result }));

    assert.ok(task.status === "completed" && "result" in task);
    assert.deepEqual(task.result, result);
  });
}

Deno.test("task: no result is distinguished from a null result", () => {
  assert.ok(!("result" in taskOf(charging.taskCompleted("charge"))));
});

Deno.test("task: a result reused from a retried job needs no TaskStarted", () => {
  const story = run.framework(
    "job.TaskCompleted",
    { attempt: 2, result: 7, compensable: true, reusedFrom: 90 },
    { taskId: taskId("charge") },
  );
  const task = taskOf(story);

  assert.ok(task.status === "completed");
  assert.deepEqual([task.result, task.attempts, task.compensable], [7, 2, true]);
  assert.deepEqual([task.firstLogId, task.startedAt, task.endedAt], [4, timeOf(4), timeOf(4)]);
});

Deno.test("task: a failed attempt backs off until its retryAt", () => {
  assert.deepEqual(taskOf(charging.taskBackedOff("charge")), {
    taskId: "charge",
    status: "backingOff",
    attempts: 1,
    failures: 1,
    interruptions: 0,
    startedAt: timeOf(4),
    firstLogId: 4,
    lastLogId: 5,
    compensable: false,
    retryAt: timeOf(900),
    error: OOPS,
  });
});

Deno.test("task: the next attempt runs, and remembers the failures but not the error", () => {
  const task = taskOf(charging.taskBackedOff("charge").taskStarted("charge", 2));

  assert.equal(task.status, "running");
  assert.deepEqual([task.attempts, task.failures], [2, 1]);
  assert.deepEqual([task.firstLogId, task.lastLogId, task.startedAt], [4, 6, timeOf(4)]);
  assert.ok(!("error" in task) && !("retryAt" in task));
});

Deno.test("task: failures add up over attempts and outlive success", () => {
  const twice = charging.taskBackedOff("charge").taskStarted("charge", 2)
    .taskBackedOff("charge", 2).taskStarted("charge", 3);

  assert.equal(taskOf(twice).failures, 2);
  assert.equal(taskOf(twice.taskCompleted("charge", 3)).failures, 2);
  assert.equal(taskOf(twice.taskCompleted("charge", 3)).attempts, 3);
});

Deno.test("task: a final failure ends it", () => {
  const task = taskOf(charging.taskFailed("charge"));

  assert.ok(task.status === "failed");
  assert.deepEqual([task.failures, task.endedAt, task.error], [1, timeOf(5), OOPS]);
});

Deno.test("task: an interrupted attempt is not a failure", () => {
  const task = taskOf(charging.taskInterrupted("charge"));

  assert.equal(task.status, "interrupted");
  assert.deepEqual([task.failures, task.interruptions, task.lastLogId], [0, 1, 5]);
});

for (
  const [reason, interruptions] of [
    ["crash", 1],
    ["takeover", 1],
    ["shutdown", 0],
    ["cancelled", 0],
  ] as const
) {
  Deno.test(`task: an interruption by ${reason} adds ${interruptions} to its crashes`, () => {
    const task = taskOf(charging.taskInterrupted("charge", reason));

    assert.equal(task.status, "interrupted");
    assert.equal(task.interruptions, interruptions);
  });
}

const crashedTwice = charging.taskInterrupted("charge").taskStarted("charge")
  .taskInterrupted("charge").taskStarted("charge");

Deno.test("task: crashes in a row add up over attempts", () => {
  assert.equal(taskOf(crashedTwice).interruptions, 2);
});

Deno.test("task: a clean stop ends a row of crashes", () => {
  const story = crashedTwice.taskInterrupted("charge", "shutdown").taskStarted("charge");

  assert.equal(taskOf(story).interruptions, 0);
});

Deno.test("task: an attempt that ends by itself ends a row of crashes", () => {
  assert.equal(taskOf(crashedTwice.taskBackedOff("charge")).interruptions, 0);
  assert.equal(taskOf(crashedTwice.taskFailed("charge")).interruptions, 0);
  assert.equal(taskOf(crashedTwice.taskCompleted("charge")).interruptions, 0);
});

Deno.test("task: progress is the latest, whole", () => {
  const story = charging.taskProgressed("charge", { done: 1, total: 3, note: "first" })
    .taskProgressed("charge", { done: 2, total: 3 });
  const task = taskOf(story);

  assert.deepEqual(task.progress, { done: 2, total: 3 });
  assert.deepEqual([task.status, task.lastLogId], ["running", 6]);
});

Deno.test("task: progress outlives the attempt that made it", () => {
  const story = charging.taskProgressed("charge", { done: 1 });

  for (
    const next of [
      story.taskBackedOff("charge"),
      story.taskInterrupted("charge"),
      story.taskCompleted("charge"),
      story.taskFailed("charge"),
    ]
  ) assert.deepEqual(taskOf(next).progress, { done: 1 }, taskOf(next).status);
});

Deno.test("task: TaskWaiting names what main waits for, until it runs again", () => {
  const waiting = run.mainWaiting("shipped");
  const task = taskOf(waiting, "main");

  assert.ok(task.status === "waiting");
  assert.deepEqual([task.expectations, task.lastLogId], [["shipped"], 4]);
  assert.ok(!("expectations" in taskOf(waiting.mainStarted(), "main")));
});

Deno.test("task: facts about a task that never started make none", () => {
  for (
    const story of [
      run.taskFailed("charge"),
      run.taskBackedOff("charge"),
      run.taskInterrupted("charge"),
      run.taskProgressed("charge", { done: 1 }),
      run.compensationStarted("charge"),
      run.taskCompensated("charge"),
      run.compensationFailed("charge"),
    ]
  ) assert.equal(findTask(jobOf(story), taskId("charge")), undefined);
});

Deno.test("task: an entry of one task leaves the others as they were", () => {
  const both = charging.taskStarted("ship");

  assert.deepEqual(taskOf(both.taskBackedOff("ship")), taskOf(both));
  assert.notDeepEqual(taskOf(both.taskBackedOff("ship"), "ship"), taskOf(both, "ship"));
});

Deno.test("task: a completed task is not changed by another attempt's facts", () => {
  for (
    const story of [
      charged.taskStarted("charge", 2),
      charged.taskCompleted("charge", 2, { result: "other" }),
      charged.taskBackedOff("charge", 2),
      charged.taskInterrupted("charge"),
    ]
  ) assert.deepEqual(taskOf(story), taskOf(charged));
});

Deno.test("task: a completed main does not go back to waiting", () => {
  const story = run.mainCompleted("ok");

  assert.deepEqual(taskOf(story.mainWaiting("shipped"), "main"), taskOf(story, "main"));
});

Deno.test("task: compensable is what the latest attempt declared", () => {
  assert.equal(taskOf(run.taskStarted("a", 1, { compensable: true }), "a").compensable, true);
  assert.equal(taskOf(run.taskStarted("a"), "a").compensable, false);
  assert.equal(taskOf(reserved, "reserve").compensable, true);
});

Deno.test("compensation: there is none before it starts", () => {
  assert.equal(compensationOf(undoing), undefined);
});

Deno.test("compensation: CompensationStarted makes it running", () => {
  const story = undoing.compensationStarted("reserve");

  assert.deepEqual(compensationOf(story), { status: "running", attempts: 1, failures: 0 });
  assert.equal(taskOf(story, "reserve").lastLogId, 7);
});

Deno.test("compensation: TaskCompensated ends it, and the result stays", () => {
  const story = undoing.compensationStarted("reserve").taskCompensated("reserve");

  assert.deepEqual(compensationOf(story), { status: "compensated", attempts: 1, failures: 0 });
  assert.equal(taskOf(story, "reserve").status, "completed");
});

Deno.test("compensation: an attempt that failed backs off, and failures add up", () => {
  const once = undoing.compensationStarted("reserve").compensationBackedOff("reserve");
  const again = once.compensationStarted("reserve", 2);

  assert.deepEqual(compensationOf(once), {
    status: "backingOff",
    attempts: 1,
    failures: 1,
    retryAt: timeOf(900),
    error: OOPS,
  });
  assert.deepEqual(compensationOf(again), { status: "running", attempts: 2, failures: 1 });
  assert.deepEqual(compensationOf(again.compensationFailed("reserve", 2)), {
    status: "failed",
    attempts: 2,
    failures: 2,
    error: OOPS,
  });
});

Deno.test("compensation: an interruption is not a failure, and counts if it was a crash", () => {
  const running = undoing.compensationStarted("reserve");
  const crashed = running.taskInterrupted("reserve", "crash", "compensation");
  const stopped = running.taskInterrupted("reserve", "shutdown", "compensation");

  for (const story of [crashed, stopped]) {
    assert.deepEqual(compensationOf(story), { status: "interrupted", attempts: 1, failures: 0 });
  }
  assert.equal(taskOf(crashed, "reserve").interruptions, 1);
  assert.equal(taskOf(stopped, "reserve").interruptions, 0);
});

Deno.test("compensation: an interruption of a run does not touch it", () => {
  const running = undoing.compensationStarted("reserve");

  assert.deepEqual(
    taskOf(running.taskInterrupted("reserve"), "reserve"),
    taskOf(running, "reserve"),
  );
});

Deno.test("compensation: an interruption before it started makes none", () => {
  const story = undoing.taskInterrupted("reserve", "crash", "compensation");

  assert.deepEqual(taskOf(story, "reserve"), taskOf(undoing, "reserve"));
});

Deno.test("compensation: crashes of the run do not count for it", () => {
  const story = run.taskStarted("reserve", 1, { compensable: true }).taskInterrupted("reserve")
    .compensableTask("reserve").cancelled().compensationStarted("reserve")
    .taskInterrupted("reserve", "crash", "compensation");

  assert.equal(taskOf(story, "reserve").interruptions, 1);
});

Deno.test("compensation: an attempt that ends by itself ends a row of crashes", () => {
  const crashed = undoing.compensationStarted("reserve")
    .taskInterrupted("reserve", "crash", "compensation").compensationStarted("reserve");

  assert.equal(taskOf(crashed, "reserve").interruptions, 1);
  assert.equal(taskOf(crashed.compensationBackedOff("reserve"), "reserve").interruptions, 0);
  assert.equal(taskOf(crashed.taskCompensated("reserve"), "reserve").interruptions, 0);
});

Deno.test("compensation: once undone, a task stays undone", () => {
  const undone = undoing.compensationStarted("reserve").taskCompensated("reserve");

  for (
    const story of [
      undone.taskInterrupted("reserve", "crash", "compensation"),
      undone.compensationStarted("reserve", 2),
      undone.compensationBackedOff("reserve", 2),
    ]
  ) assert.equal(compensationOf(story)?.status, "compensated");
});

Deno.test("compensation: a task that has not completed has none", () => {
  const open = run.taskStarted("reserve", 1, { compensable: true }).cancelled();

  for (
    const story of [
      open.compensationStarted("reserve"),
      open.taskCompensated("reserve"),
      open.compensationFailed("reserve"),
      open.taskInterrupted("reserve", "crash", "compensation"),
    ]
  ) assert.deepEqual(taskOf(story, "reserve"), taskOf(open, "reserve"));
});

Deno.test("compensation: a task that completes while others are undone can be undone too", () => {
  const story = reserved.taskStarted("book", 1, { compensable: true }).cancelled()
    .taskCompleted("book", 1, { compensable: true }).compensationStarted("book");
  const task = taskOf(story, "book");

  assert.ok(task.status === "completed");
  assert.equal(task.compensation?.status, "running");
});

Deno.test("hasSomethingToCompensate: completed or running, and compensable", () => {
  const tells = (story: JobStory) => hasSomethingToCompensate(jobOf(story).tasks);

  assert.equal(tells(run), false);
  assert.equal(tells(charged), false);
  assert.equal(tells(reserved), true);
  const booking = run.taskStarted("book", 1, { compensable: true });
  assert.equal(tells(booking), true);
  assert.equal(tells(booking.taskBackedOff("book")), false);
  assert.equal(tells(undoing.taskCompensated("reserve")), false);
  assert.equal(tells(undoing.compensationBackedOff("reserve")), true);
});

Deno.test("end: tasks that were open when the job ended are abandoned", () => {
  const open = charging.taskStarted("ship").taskBackedOff("ship").taskInterrupted("main");
  const ended = jobOf(open.cancelled());

  assert.equal(ended.state, "Failed");
  for (const { taskId, status, lastLogId } of ended.tasks) {
    assert.deepEqual([status, lastLogId], ["abandoned", ended.lastLogId], taskId);
  }
});

Deno.test("end: an abandoned task keeps its counts and loses what it was doing", () => {
  const story = charging.taskProgressed("charge", { done: 1 }).taskBackedOff("charge");

  assert.deepEqual(taskOf(story.cancelled()), {
    taskId: "charge",
    status: "abandoned",
    endedAt: timeOf(7),
    attempts: 1,
    failures: 1,
    interruptions: 0,
    startedAt: timeOf(4),
    firstLogId: 4,
    lastLogId: 7,
    compensable: false,
    progress: { done: 1 },
  });
});

Deno.test("end: tasks that ended before their job stay as they were", () => {
  const failed = charged.taskStarted("ship").taskFailed("ship");

  assert.deepEqual(taskOf(failed), taskOf(charged));
  assert.equal(taskOf(failed, "ship").status, "failed");
  assert.equal(taskOf(failed, "main").status, "abandoned");
});

Deno.test("end: Done abandons open tasks as well", () => {
  const story = codedJob().started().mainStarted().taskStarted("charge").mainCompleted();

  assert.equal(jobOf(story).state, "Done");
  assert.equal(taskOf(story).status, "abandoned");
  assert.equal(taskOf(story, "main").status, "completed");
});

Deno.test("end: entries about tasks change nothing afterwards", () => {
  const ended = charging.cancelled();

  assert.deepEqual(taskOf(ended.taskCompleted("charge")), taskOf(ended));
});

Deno.test("noteTask: entries that are not about a task return the same array", () => {
  const { tasks } = jobOf(reserved);
  const story = undoing.suspended().resumed().started().correlated("ec.Shipped")
    .compensationEnded(["reserve"]).framework("job.RecoveryRequired", { tasks: [] });

  for (const entry of story.entries.slice(5)) {
    assert.equal(noteTask(tasks, entry as JobEntry), tasks, entry.eventType);
  }
});

Deno.test("noteTask: an entry of an unknown type is refused", () => {
  const { tasks } = jobOf(reserved);
  const unknown = { ...reserved.started().entry(-1), eventType: "job.JobVanished" };

  assert.throws(() => noteTask(tasks, unknown as unknown as JobEntry), TypeError);
});
