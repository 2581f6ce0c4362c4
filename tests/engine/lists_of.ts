/** Lists of a table whose jobs wait for no worker, and requests of jobs without limits. */

import assert from "node:assert/strict";
import { type QueueShares, WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { PromptTypes } from "../../src/engine/run/queue/slots.ts";
import type { JobTable } from "../../src/engine/writer/job_table.ts";

export const NO_SHARES: QueueShares = {
  epoch: 0,
  forget: () => {},
  isOpen: () => true,
  take: () => {},
  subscribe: () => {},
};

/** A request of a job that needs no place. */
export const WANTED = {
  ...{ priority: 0, rank: 0, order: 0, type: "slow", labels: {}, begins: false, isAlone: false },
  needs: () => undefined,
} as const;

export function listsOf(table: JobTable): JobLists {
  const workers = new WorkerQueue(0, new PromptTypes(), assert.ifError, NO_SHARES);
  return new JobLists({
    table,
    workers,
    threadWorkers: workers,
    writer: { durableLogId: Infinity },
  });
}
