/** What differs between two states of a job, under the names of the job resource. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type Change, reversed } from "../../src/explain/replay/changes.ts";
import { jobResource } from "../../src/core/job_resource.ts";
import { taskId } from "../../src/core/ids.ts";
import {
  codedJob,
  created,
  expectation,
  type JobStory,
  OOPS,
  outsideJob,
  plan,
  timeOf,
} from "../support/engine/entries.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { changesBetween, jobOf, projectAll, replaySteps } from "../support/engine/folding.ts";
import { cases } from "../support/effort.ts";

const PAID = expectation("paid", "ec.Paid");
const PARTS = expectation("parts", "ec.Part", { multiplicity: { times: 2 } });
const run = codedJob().started().mainStarted();
const charging = run.taskStarted("charge");

/** What the last entry of a story changed, as lines. */
function lastChanges(story: JobStory): readonly string[] {
  return linesOf(replaySteps(story.entries).steps.at(-1)?.changed ?? []);
}

function linesOf(changes: readonly Change[]): readonly string[] {
  return changes.map(({ path, from, to }) =>
    `${path}: ${JSON.stringify(from)} -> ${JSON.stringify(to)}`
  );
}

Deno.test("changes: a creation sets the state, the condition and the expectations", () => {
  assert.deepEqual(lastChanges(created({ startAt: timeOf(60), plan: plan([PAID]) })), [
    'state: null -> "Created"',
    'condition: null -> "scheduled"',
    `startAt: null -> "${timeOf(60)}"`,
    "expected[paid].matched: null -> 0",
    "expected[paid].satisfied: null -> false",
  ]);
});

Deno.test("changes: a match is counted, with its entry", () => {
  const story = outsideJob([PAID, PARTS]).started().fact("ec.Part");
  assert.deepEqual(lastChanges(story), [
    "expected[parts].matched: 0 -> 1",
    "expected[parts].by[0]: null -> 3",
  ]);
  assert.deepEqual(lastChanges(story.fact("ec.Part")), [
    "expected[parts].matched: 1 -> 2",
    "expected[parts].satisfied: false -> true",
    "expected[parts].by[1]: null -> 4",
  ]);
});

Deno.test("changes: a surplus match changes nothing visible", () => {
  assert.deepEqual(lastChanges(outsideJob([PAID, PARTS]).started().fact("ec.Paid")), [
    "expected[paid].matched: 0 -> 1",
    "expected[paid].satisfied: false -> true",
    "expected[paid].by[0]: null -> 3",
  ]);
  const again = outsideJob([PAID, PARTS]).started().fact("ec.Paid").fact("ec.Paid");
  assert.deepEqual(lastChanges(again), []);
});

Deno.test("changes: a task that starts has its present fields only", () => {
  assert.deepEqual(lastChanges(charging), [
    'tasks[charge].status: null -> "running"',
    "tasks[charge].attempts: null -> 1",
    `tasks[charge].startedAt: null -> "${timeOf(4)}"`,
  ]);
});

Deno.test("changes: fields that a new status does not have become null", () => {
  const error = JSON.stringify(OOPS);
  assert.deepEqual(lastChanges(charging.taskBackedOff("charge")), [
    'condition: "executing" -> "backingOff"',
    'tasks[charge].status: "running" -> "backingOff"',
    `tasks[charge].retryAt: null -> "${timeOf(900)}"`,
    `tasks[charge].error: null -> ${error}`,
  ]);
  assert.deepEqual(lastChanges(charging.taskBackedOff("charge").taskStarted("charge", 2)), [
    'condition: "backingOff" -> "executing"',
    'tasks[charge].status: "backingOff" -> "running"',
    "tasks[charge].attempts: 1 -> 2",
    `tasks[charge].retryAt: "${timeOf(900)}" -> null`,
    `tasks[charge].error: ${error} -> null`,
  ]);
});

Deno.test("changes: the same error again is not a change", () => {
  const story = charging.taskBackedOff("charge").taskBackedOff("charge");
  assert.deepEqual(lastChanges(story), []);
});

Deno.test("changes: a failure is listed with all its fields", () => {
  assert.deepEqual(lastChanges(run.taskStarted("mail").taskCompleted("mail").cancelled("enough")), [
    'state: "Running" -> "Failed"',
    'condition: "executing" -> "cancelled"',
    `endedAt: null -> "${timeOf(6)}"`,
    'tasks[main].status: "running" -> "abandoned"',
    `tasks[main].endedAt: null -> "${timeOf(6)}"`,
    'failure.kind: null -> "cancelled"',
    'failure.error: null -> {"name":"JobCancelled","message":"enough"}',
    "failure.recoveryRequired: null -> false",
    "failure.because: null -> 6",
    'failure.leftInPlace: null -> ["mail"]',
    "failure.cutShort: null -> []",
  ]);
});

Deno.test("changes: a task that completes while the job compensates is left in place too", () => {
  const story = run.compensableTask("reserve").taskStarted("mail").cancelled()
    .taskCompleted("mail");
  assert.ok(lastChanges(story).includes('failure.leftInPlace: [] -> ["mail"]'));
});

Deno.test("changes: the end of main is the output of the job", () => {
  assert.ok(lastChanges(run.mainCompleted({ n: 1 })).includes('output: null -> {"n":1}'));
});

Deno.test("changes: a fact without effect changes nothing", () => {
  assert.deepEqual(lastChanges(outsideJob([PAID]).started().fact("x.Y")), []);
});

/** Two moments of a random story, in order. */
const moments = fc.tuple(stories, fc.nat(), fc.nat()).map(([story, one, other]) => {
  const counts = [one, other].map((at) => 1 + at % story.entries.length);
  return { story, earlier: Math.min(...counts), later: Math.max(...counts) };
});

/** A resource with a value at every path that `changesBetween` can name. */
function pathsOf(story: JobStory, count: number): ReadonlyMap<string, string> {
  const { expected, tasks, failure, ...head } = jobResource(
    projectAll(story.entries.slice(0, count)),
  );
  const paths = new Map<string, string>();
  const note = (prefix: string, fields: object) => {
    for (const [name, value] of Object.entries(fields)) {
      if (value !== null && value !== undefined) paths.set(prefix + name, JSON.stringify(value));
    }
  };
  const { state, condition, parked, startAt, startedAt, endedAt, output } = head;
  note("", { state, condition, parked, startAt, startedAt, endedAt, output });
  for (const { id, matched, satisfied, waived, by } of expected) {
    note(`expected[${id}].`, { matched, satisfied, waived });
    by.forEach((logId, index) => paths.set(`expected[${id}].by[${index}]`, `${logId}`));
  }
  for (const { taskId, ...fields } of tasks) note(`tasks[${taskId}].`, fields);
  note("failure.", failure ?? {});
  return paths;
}

Deno.test("changes: applied to one state they give the other", () => {
  fc.assert(
    fc.property(moments, ({ story, earlier, later }) => {
      const [before, after] = [earlier, later].map((count) =>
        projectAll(story.entries.slice(0, count))
      );
      const applied = new Map(pathsOf(story, earlier));
      for (const { path, from, to } of changesBetween(before, after)) {
        assert.equal(applied.get(path) ?? "null", JSON.stringify(from), path);
        if (to === null) applied.delete(path);
        else applied.set(path, JSON.stringify(to));
      }
      assert.deepEqual(sorted(applied), sorted(pathsOf(story, later)));
    }),
    { numRuns: cases(1_500) },
  );
});

function sorted(paths: ReadonlyMap<string, string>): readonly (readonly [string, string])[] {
  return [...paths].toSorted(([left], [right]) => left < right ? -1 : 1);
}

Deno.test("changes: there are none from a state to itself", () => {
  fc.assert(
    fc.property(stories, (story) => {
      assert.deepEqual(changesBetween(jobOf(story), jobOf(story)), []);
    }),
  );
});

Deno.test("changes: backwards they are the same, reversed", () => {
  const byPath = (changes: readonly Change[]) =>
    changes.toSorted((left, right) => left.path < right.path ? -1 : 1);
  fc.assert(
    fc.property(moments, ({ story, earlier, later }) => {
      const before = projectAll(story.entries.slice(0, earlier));
      const after = projectAll(story.entries.slice(0, later));
      assert.deepEqual(
        byPath(changesBetween(after, before)),
        byPath(reversed(changesBetween(before, after))),
      );
    }),
  );
});

Deno.test("changes: the steps between two states name every path that differs", () => {
  fc.assert(
    fc.property(moments, ({ story, earlier, later }) => {
      const before = projectAll(story.entries.slice(0, earlier));
      const after = projectAll(story.entries.slice(0, later));
      const steps = replaySteps(story.entries.slice(0, later)).steps.slice(earlier);
      const named = new Set(steps.flatMap(({ changed }) => changed.map(({ path }) => path)));
      for (const { path } of changesBetween(before, after)) assert.ok(named.has(path), path);
    }),
    { numRuns: cases(1_500) },
  );
});

Deno.test("replay: the job equals the projector's, and there is a step for each entry", () => {
  fc.assert(
    fc.property(stories, (story) => {
      const { job, steps } = replaySteps(story.entries);
      assert.deepEqual(job, jobOf(story));
      assert.deepEqual(
        steps.map(({ logId, eventType }) => [logId, eventType]),
        story.entries.map(({ logId, eventType }) => [logId, eventType]),
      );
    }),
  );
});

Deno.test("replay: an empty list of entries is refused, because there is no job", () => {
  assert.throws(() => replaySteps([]), /Cannot replay a job/);
});

Deno.test("replay: with thousands of matches and tasks each step lists only what it changed", () => {
  const many = expectation("parts", "ec.Part", { multiplicity: { times: 9_999 } });
  const [first, second] = outsideJob([many, PAID]).started().entries;
  const part = outsideJob([many]).started().fact("ec.Part").entry(-1);
  const parts = Array.from({ length: 3_000 }, (_, index) => ({ ...part, logId: index + 3 }));
  for (const { changed } of replaySteps([first, second, ...parts] as typeof parts).steps) {
    assert.ok(changed.length <= 6, linesOf(changed).join());
  }
  const begin = charging.entry(-1);
  const tasks = Array.from({ length: 3_000 }, (_, index) => ({
    ...begin,
    logId: index + 4,
    taskId: taskId(`task-${index}`),
  }));
  const story = [...run.entries, ...tasks, { ...run.cancelled().entry(-1), logId: 4_000 }];
  const { steps } = replaySteps(story as typeof tasks);
  assert.ok(steps.slice(0, -1).every(({ changed }) => changed.length <= 6));
  // All were open, and are now abandoned.
  assert.ok((steps.at(-1)?.changed.length ?? 0) >= 6_000);
});
