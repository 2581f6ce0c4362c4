import assert from "node:assert/strict";
import type { EventDraft } from "../../src/core/event.ts";
import type { JobId, TaskId } from "../../src/core/ids.ts";
import { cutShortWarnings } from "../../src/server/banner.ts";

function draft(jobId: string, taskId: string): EventDraft {
  return {
    stratum: "framework",
    eventType: "job.TaskInterrupted",
    jobId: jobId as JobId,
    taskId: taskId as TaskId,
    attributes: {},
  } as unknown as EventDraft;
}

Deno.test("cutShortWarnings: jobs are named with the tasks that ran; without any there is no warning", () => {
  assert.deepEqual(cutShortWarnings([]), []);
  assert.deepEqual(
    cutShortWarnings([draft("a", "main"), draft("a", "page-2"), draft("b", "main")]),
    [
      "2 jobs were cut short by the stop: a (page-2), b; see deno task daybook explain a",
    ],
  );
});

Deno.test("cutShortWarnings: of many jobs the first are named, and the rest are counted", () => {
  const drafts = Array.from({ length: 9 }, (_, index) => draft(`j${index}`, "work"));
  assert.deepEqual(cutShortWarnings(drafts), [
    "9 jobs were cut short by the stop: j0 (work), j1 (work), j2 (work), j3 (work), j4 (work), " +
    "and 4 more; see deno task daybook explain j0",
  ]);
});
