/** The progress of a job shown by `submit --wait`. */

import assert from "node:assert/strict";
import { JobProgress } from "../../src/cli/waiting.ts";
import { Times } from "../../src/cli/times.ts";
import { entryAnswer } from "../support/process/cli_resources.ts";
import { FakeTerminal } from "../support/process/fake_terminal.ts";

function shown(entries: readonly ReturnType<typeof entryAnswer>[], columns = 120): FakeTerminal {
  const terminal = new FakeTerminal({ columns });
  const progress = new JobProgress(terminal, new Times("UTC"), true, columns);
  for (const entry of entries) progress.note(entry);
  return terminal;
}

const FAILED = {
  attempt: 1,
  maxAttempts: 3,
  error: { name: "Error", message: "upstream said 503 and would say no more for a good while" },
  retryAt: "2026-01-01T00:00:09.000Z",
};

function at(second: number) {
  return { taskId: "call", receivedAt: `2026-01-01T00:00:0${second}.000Z` };
}

Deno.test("JobProgress: a label uses the width of the screen, and the note is separated", () => {
  const note = "500 accepted, 0 rejected of airports.csv";
  const entry = entryAnswer("job.TaskProgressed", { done: 500, total: 500, note }, {
    taskId: "chunk-0001",
  });
  assert.deepEqual(shown([entry]).bars, [`chunk-0001 500 of 500 (${note}) 500/500`]);
  assert.deepEqual(shown([entry], 80).bars, ["chunk-0001 500 of 500 (500 accepted, 0 … 500/500"]);
});

Deno.test("JobProgress: a task that backs off shows the time of its next attempt first, and each attempt its duration", () => {
  const { output } = shown([
    entryAnswer("job.TaskStarted", { attempt: 1 }, at(0)),
    entryAnswer("job.TaskFailed", FAILED, at(1)),
    entryAnswer("job.TaskStarted", { attempt: 2 }, at(4)),
    entryAnswer("job.TaskFailed", { ...FAILED, attempt: 2 }, at(6)),
  ], 80);
  assert.deepEqual(output, [
    "  call            backingOff          1 s     again at 00:00:09 (attempt 1 of 3…",
    "  call            backingOff          2 s     again at 00:00:09 (attempt 2 of 3…",
  ]);
});

Deno.test("JobProgress: a failed compensation is distinguished from the task that it undoes", () => {
  const { output } = shown([
    entryAnswer("job.CompensationStarted", { attempt: 1 }, at(0)),
    entryAnswer("job.TaskCompensationFailed", FAILED, at(1)),
  ]);
  assert.match(output[0] ?? "", /^ {2}call +backingOff +1 s +undoing it: again at 00:00:09 \(/);
});
