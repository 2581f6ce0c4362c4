/** The lists of a table whose jobs wait for no worker. */

import assert from "node:assert/strict";
import { JobLists } from "../../src/engine/queries/job_lists.ts";
import { PromptTypes } from "../../src/engine/run/slots.ts";
import { WorkerQueue } from "../../src/engine/run/worker_queue.ts";
import type { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_SHARES } from "../support/engine/no_shares.ts";

export function listsOf(table: JobTable): JobLists {
  const workers = new WorkerQueue(0, new PromptTypes(), assert.ifError, NO_SHARES);
  return new JobLists({
    table,
    workers,
    threadWorkers: workers,
    writer: { durableLogId: Infinity },
  });
}
