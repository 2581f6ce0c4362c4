/** What a job is told that waits for a place: the limit, the key, and who holds the places. */

import assert from "node:assert/strict";
import * as v from "valibot";
import { defineJob } from "../../src/mod.ts";
import { Explained } from "../support/engine/explained.ts";
import { test } from "../support/sanitized.ts";

function mail(limits: { readonly perKey?: number; readonly maxRunning?: number }) {
  return defineJob({
    type: "mail.send",
    version: 1,
    input: v.object({ tenant: v.string() }),
    limits: { key: ({ tenant }) => tenant, ...limits },
    run: (ctx) =>
      ctx.task("send", (task) =>
        new Promise<never>((_, reject) => {
          task.signal.addEventListener("abort", () => reject(task.signal.reason));
        }), { timeoutMs: 600_000 }),
  });
}

async function saidOf(daybook: Explained, jobId: string) {
  await daybook.assertCitations(jobId);
  const { summary, because, next } = await daybook.explanation(jobId);
  return {
    summary,
    because: because.map(({ statement, cites }) => [
      statement,
      ...cites.map(({ logId, eventType, segment, line }) =>
        `${logId} ${eventType} ${segment}:${line}`
      ),
    ]),
    next: next.map(({ statement, action }) =>
      action === undefined ? statement : `${statement} ${action.method} ${action.path}`
    ),
  };
}

test("explain a limit: the key, its places and the attempts that hold them are named with their lines, before and after a kill", async () => {
  const first = await Explained.start({ definitions: [mail({ perKey: 2 })], maxRunning: 4 });
  for (const jobId of ["a1", "a2", "a3", "a4"]) {
    await first.submit(jobId, "mail.send", { tenant: "acme" });
  }
  await first.submit("b1", "mail.send", { tenant: "bolt" });
  assert.equal(first.engine.job("b1" as never)?.state, "Running");

  const before = await saidOf(first, "a4");
  assert.deepEqual(before, {
    summary:
      "Job a4 is queued: 1 job of its key ahead of it, and 2 of 2 places of key acme taken " +
      "(perKey of type mail.send): a1 in task send since 2026-01-01T00:00:00.000Z, with a time " +
      "limit of 10 min; a2 in task send since 2026-01-01T00:00:00.000Z, with a time limit of " +
      "10 min.",
    because: [
      [
        "It has been queued since 2026-01-01T00:00:00.000Z: 1 job of its key ahead of it, and 2 of " +
        "2 places of key acme taken (perKey of type mail.send).",
        "13 job.JobStarted 00000000000000000001.ndjson:17",
        "5 job.TaskStarted 00000000000000000001.ndjson:6",
        "9 job.TaskStarted 00000000000000000001.ndjson:11",
      ],
      [
        "It was submitted and started at 2026-01-01T00:00:00.000Z: type mail.send, version 1.",
        "12 job.JobCreated 00000000000000000001.ndjson:16",
        "13 job.JobStarted 00000000000000000001.ndjson:17",
      ],
    ],
    next: [
      "It runs when a place is free and its turn comes.",
      "Cancel job a1, which holds a place: POST /jobs/a1/cancel",
      "Cancel job a2, which holds a place: POST /jobs/a2/cancel",
      "Cancel it: POST /jobs/a4/cancel",
    ],
  });

  await first.clock.advance(60_000);
  const second = await first.crash();
  const after = await saidOf(second, "a4");
  assert.deepEqual(after, {
    summary: before.summary.replaceAll("00:00:00.000Z", "00:01:00.000Z"),
    because: [
      [
        before.because[0]?.[0],
        "13 job.JobStarted 00000000000000000001.ndjson:17",
        "29 job.TaskStarted 00000000000000000018.ndjson:16",
        "30 job.TaskStarted 00000000000000000018.ndjson:17",
      ],
      before.because[1],
    ],
    next: before.next,
  });
});

test("explain a limit: of a type, where all its places are taken by other keys", async () => {
  const daybook = await Explained.start({ definitions: [mail({ maxRunning: 1 })] });
  await daybook.submit("a1", "mail.send", { tenant: "acme" });
  await daybook.submit("b1", "mail.send", { tenant: "bolt" });
  const { summary } = await saidOf(daybook, "b1");
  assert.equal(
    summary,
    "Job b1 is queued: 0 jobs of its key ahead of it, and 1 of 1 place of type mail.send taken " +
      "(maxRunning): a1 in task send since 2026-01-01T00:00:00.000Z, with a time limit of 10 min.",
  );
});
