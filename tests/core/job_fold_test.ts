/** The fold of many entries: repeated `project`, at a cost proportional to their number. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import { foldAll, JobFold } from "../../src/core/job_fold.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { project } from "../../src/core/projector.ts";
import { replayStep } from "../../src/explain/replay/replay_steps.ts";
import { explainStep } from "../../src/explain/replay/why.ts";
import { codedJob, expectation, JobStory } from "../support/engine/entries.ts";
import { stories, tails } from "./arbitrary_entries.ts";
import { changesBetween, projectAll } from "../support/engine/folding.ts";
import { rounds } from "../support/effort.ts";

const RUNS = { numRuns: rounds(1_500, 3_000, 200) };

/** A fold and the projector on the same entries. */
function assertAlike(entries: readonly JobEventLogEntry[], from?: JobState): void {
  const fold = new JobFold(from);
  let job = from;
  for (const entry of entries) {
    const step = project(job, entry);
    const folded = fold.apply(entry);
    assert.deepEqual([folded.rule, folded.matched], [step.rule, step.matched]);
    assert.equal(JSON.stringify(fold.job), JSON.stringify(step.job));
    assert.deepEqual(
      [folded.conditionBefore, folded.condition],
      [job && deriveCondition(job), deriveCondition(step.job)],
    );
    assert.deepEqual(replayStep(entry, folded), {
      logId: entry.logId,
      eventType: entry.eventType,
      rule: step.rule,
      changed: changesBetween(job, step.job),
      why: explainStep(job, entry, step),
    });
    job = step.job;
  }
}

Deno.test("fold: each step equals the projector's, byte for byte, including the rules", () => {
  fc.assert(fc.property(stories, ({ entries }) => assertAlike(entries)), RUNS);
});

Deno.test("fold: entries during a compensation see all tasks of the job", () => {
  const compensating = codedJob().started().mainStarted()
    .taskStarted("reserve").taskCompleted("reserve", 1, { compensable: true })
    .taskStarted("charge").taskStarted("notify").taskCompleted("notify").cancelled();
  assertAlike(compensating.entries);
  fc.assert(fc.property(tails, (tail) => assertAlike(tail(compensating).entries)), RUNS);
});

Deno.test("fold: it resumes from any state, as a snapshot restores it", () => {
  fc.assert(
    fc.property(stories, fc.nat(), ({ entries }, nat) => {
      const at = 1 + nat % entries.length;
      const from: JobState = JSON.parse(JSON.stringify(projectAll(entries.slice(0, at))));
      assertAlike(entries.slice(at), from);
      const whole = foldAll(entries.slice(at), from);
      assert.equal(JSON.stringify(whole), JSON.stringify(projectAll(entries)));
    }),
    RUNS,
  );
});

Deno.test("fold: entries that were applied before change nothing", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const fold = new JobFold();
      for (const entry of entries) fold.apply(entry);
      const job = fold.job;
      const bytes = JSON.stringify(job);
      for (const entry of entries) {
        const step = project(job, entry);
        assert.equal(step.job, job);
        const folded = fold.apply(entry);
        assert.deepEqual([folded.rule, folded.matched], [step.rule, step.matched]);
        assert.equal(JSON.stringify(fold.job), bytes);
        const { changed, why } = replayStep(entry, folded);
        assert.deepEqual([changed, why], [[], explainStep(job, entry, step)]);
      }
    }),
    RUNS,
  );
});

Deno.test("fold: it does not change a state that it has returned", () => {
  fc.assert(
    fc.property(stories, ({ entries }) => {
      const fold = new JobFold();
      const given = entries.map((entry) => {
        fold.apply(entry);
        return { job: fold.job, bytes: JSON.stringify(fold.job) };
      });
      for (const { job, bytes } of given) assert.equal(JSON.stringify(job), bytes);
    }),
    RUNS,
  );
});

Deno.test("fold: a reverted entry leaves the job as it was before it, byte for byte", () => {
  fc.assert(
    fc.property(stories, fc.nat(), ({ entries }, nat) => {
      const kept = 1 + nat % entries.length;
      const fold = new JobFold();
      for (const entry of entries.slice(0, kept)) fold.apply(entry);
      const before = [JSON.stringify(fold.job), fold.condition, fold.isAtWork];

      const steps = entries.slice(kept).map((entry) => fold.apply(entry));
      assert.equal(JSON.stringify(fold.jobBefore(steps)), before[0]);
      for (const step of steps.toReversed()) fold.revert(step);
      assert.deepEqual([JSON.stringify(fold.job), fold.condition, fold.isAtWork], before);

      for (const entry of entries.slice(kept)) fold.apply(entry);
      assert.equal(JSON.stringify(fold.job), JSON.stringify(projectAll(entries)));
    }),
    RUNS,
  );
});

Deno.test("fold: without entries there is no job", () => {
  assert.equal(new JobFold().job, undefined);
  assert.throws(() => foldAll([]), { name: "TypeError", message: /it has no entries/ });
});

/** All tasks start before any ends. */
function manyTasks(count: number): readonly JobEventLogEntry[] {
  const ids = Array.from({ length: count }, (_, index) => `t${index}`);
  return told(codedJob().started().mainStarted(), [
    ...ids.map((id) => (story: JobStory) => story.taskStarted(id, 1, { compensable: true })),
    ...ids.map((id) => (story: JobStory) => story.taskCompleted(id, 1, { compensable: true })),
    (story: JobStory) => story.cancelled(),
    ...ids.map((id) => (story: JobStory) => story.compensationStarted(id, 1)),
    ...ids.map((id) => (story: JobStory) => story.taskCompensated(id, 1)),
    (story: JobStory) => story.compensationEnded(ids),
  ]);
}

/** All waits begin before any ends. */
function manyWaits(count: number): readonly JobEventLogEntry[] {
  const waits = Array.from({ length: count }, (_, index) => index + 1);
  return told(codedJob([expectation("paid", "ec.Paid")]).started().mainStarted(), [
    ...waits.map((wait) => (story: JobStory) => story.waitSet("paid", wait)),
    (story: JobStory) => story.mainWaiting("paid"),
    ...waits.map((wait) => (story: JobStory) => story.deadlinePassed("paid", wait)),
    (story: JobStory) => story.mainCompleted(),
  ]);
}

function told(
  begun: JobStory,
  moves: readonly ((story: JobStory) => JobStory)[],
): readonly JobEventLogEntry[] {
  const entries = [...begun.entries];
  // Each from a story of one entry, because a story copies itself at each move.
  for (const move of moves) entries.push(move(new JobStory(entries.slice(-1))).entry(-1));
  return entries;
}

Deno.test("fold: for a job of many tasks the projector reads one task per entry", () => {
  const count = 500;
  const entries = manyTasks(count);
  const fold = new JobFold();
  let looked = 0;
  for (const entry of entries) looked += fold.apply(entry).before?.tasks.length ?? 0;

  assert.equal(fold.job?.state, "Failed");
  assert.equal(fold.job.tasks.length, count + 1);
  const ends = 2;
  assert.ok(looked <= entries.length + ends * fold.job.tasks.length, `${looked} tasks`);
});

Deno.test("fold: for a job of many timed waits the projector reads one wait per entry", () => {
  const count = 500;
  const entries = manyWaits(count);
  const fold = new JobFold();
  let looked = 0;
  for (const entry of entries) {
    const { before, job } = fold.apply(entry);
    if (before?.waits !== job.waits) looked += job.waits?.length ?? 0;
  }

  assert.equal(fold.job?.waits?.length, count);
  assert.ok(looked <= entries.length, `${looked} waits`);
});
