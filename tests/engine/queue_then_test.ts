/** Which jobs had the workers at a past time, among more jobs than are examined. */

import assert from "node:assert/strict";
import { queueThenText } from "../../src/explain/queue/queue_holders.ts";
import { Pacer } from "../../src/engine/pacer.ts";
import { workersThen } from "../../src/engine/queries/holders.ts";
import type { ListQuery } from "../../src/engine/job_pages.ts";
import { FakeClock } from "../support/fake_clock.ts";

type Parts = Parameters<typeof workersThen>[0]["parts"];

const POOL = { isThreaded: false, max: 4 };

/**
 * This many jobs, of which these were executing; each started its task in the entry after its
 * first.
 */
function partsOf(count: number, executing: readonly number[]): Parts {
  const began = (jobId: string) => ({
    stratum: "framework",
    eventType: "job.TaskStarted",
    logId: Number(jobId) + 1,
    receivedAt: "2026-01-01T00:00:00.000Z",
    taskId: "crawl",
    attributes: {},
  });
  const parts = {
    lists: {
      inTimes: (range: unknown) => range,
      summaries({ before = count + 1, after = 0, oldestFirst, limit }: ListQuery) {
        const [first, last] = [after + 1, Math.min(count, before - 1)];
        const length = Math.min(limit, Math.max(0, last - first + 1));
        const jobs = Array.from({ length }, (_, at) => {
          const firstLogId = oldestFirst ? first + at : last - at;
          return { jobId: String(firstLogId), firstLogId, type: "web.crawl", definitionVersion: 1 };
        });
        const next = last - first + 1 > length ? { next: jobs.at(-1)?.firstLogId } : {};
        return { jobs, ...next };
      },
    },
    table: {
      trails: {
        conditionAt: ({ jobId }: { jobId: string }) =>
          executing.includes(Number(jobId)) ? "executing" : "queued",
      },
    },
    history: { back: (jobId: string) => Promise.resolve([began(jobId)]) },
    registry: { isInThread: () => false },
    pacer: new Pacer(new FakeClock()),
  };
  return parts as unknown as Parts;
}

async function found(count: number, executing: readonly number[]) {
  const query = { parts: partsOf(count, executing), share: { spentMs: 0 } };
  const then = await workersThen(query, POOL, count);
  const { holders, lookedAt } = then;
  return { jobs: holders.map(({ jobId }) => Number(jobId)), lookedAt, text: queueThenText(then) };
}

Deno.test("workersThen: if all jobs can be examined it leaves none out", async () => {
  const { jobs, lookedAt } = await found(1_500, [1, 700, 1_499]);
  assert.deepEqual([jobs, lookedAt], [[1, 700, 1_499], undefined]);
});

Deno.test("workersThen: once all workers are accounted for, it stops searching", async () => {
  const { jobs, lookedAt } = await found(100_000, [100_000, 99_999, 3, 1]);
  assert.deepEqual([jobs, lookedAt], [[1, 3, 99_999, 100_000], undefined]);
});

Deno.test("workersThen: if it did not examine all jobs it says how many it did", async () => {
  const { jobs, lookedAt, text } = await found(100_000, [2, 50_000]);
  assert.deepEqual([jobs, lookedAt], [[2], 4_000]);
  assert.match(
    text,
    /2 in task crawl .*; only 4000 jobs of that time were considered, and others may have had workers$/,
  );
});
