/** The answers of a call of `run`, without the call. */

import assert from "node:assert/strict";
import { jobId, type TaskId, taskId } from "../../src/core/ids.ts";
import { foldAll } from "../../src/core/job_fold.ts";
import { Answers } from "../../src/engine/run/call/answers.ts";
import { RunContext, type StepRequest } from "../../src/engine/run/call/run_context.ts";
import { LoopTurns } from "../../src/engine/run/scheduler.ts";
import { startedForm } from "../../src/engine/run/recovery/rehearsal.ts";
import { FakeClock } from "../support/fake_clock.ts";
import { codedJob, JobStory } from "../support/engine/entries.ts";

/** A job that reuses the results of many tasks. */
function reusingJob(ids: readonly TaskId[]) {
  const entries = [...codedJob().started().mainStarted().entries];
  // Each from a story of one entry, because a story copies itself at each move.
  for (const id of ids) {
    const story = new JobStory(entries.slice(-1));
    const reused = { taskId: id };
    const attributes = { attempt: 1, result: id, reusedFrom: 1 };
    entries.push(story.framework("job.TaskCompleted", attributes, reused).entry(-1));
  }
  return startedForm(foldAll(entries));
}

/** How long `run` takes to ask for as many tasks together. */
function askedMs(count: number): number {
  const ids = Array.from({ length: count }, (_, n) => taskId(`t${n}`));
  const job = reusingJob(ids);
  const clock = new FakeClock();
  const answers = new Answers(
    {
      clock,
      turns: new LoopTurns(clock),
      writer: { durableLogId: job.lastLogId },
      entriesAt: () => Promise.resolve([]),
    },
    { whole: job, task: () => undefined, wait: () => undefined },
    { diverged: () => {}, advanceSoon: () => {}, isReacting: false },
  );
  answers.begin(new RunContext(jobId("job_1"), [], { seenAt: () => 0, asks: () => {} }), job);
  const beganMs = performance.now();
  for (const id of ids) answers.asked({ kind: "task", taskId: id } as StepRequest);
  const tookMs = performance.now() - beganMs;
  assert.ok(answers.waiting);
  return tookMs;
}

/** How long it takes to look as many names up, as a measure of this machine. */
function lookedUpMs(count: number): number {
  const names = new Map(Array.from({ length: count }, (_, n) => [`task t${n}`, n]));
  const beganMs = performance.now();
  for (let n = 0; n < count; n++) names.delete(`task t${n}`);
  return performance.now() - beganMs;
}

Deno.test("answers: a reused result costs the same, however many others run asks for", () => {
  const count = 40_000;
  const fastestMs = (act: (count: number) => number) =>
    Math.min(...[1, 2, 3].map(() => act(count)));
  const [control, asked] = [fastestMs(lookedUpMs), fastestMs(askedMs)];
  // It was several hundred times as long: the place of each was sought from the first on.
  assert.ok(asked / control < 60, `asking took ${asked} ms, looking up ${control} ms`);
});
