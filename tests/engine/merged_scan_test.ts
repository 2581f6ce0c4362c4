/** Jobs in memory and in the index as one list: as if all of them were in memory. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobId, LogId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";
import type { JobFilter, ListQuery } from "../../src/engine/requests.ts";
import { Harness } from "../support/engine_harness.ts";
import { expectation, plan } from "../support/entries.ts";
import { MemoryIndex } from "../support/memory_index.ts";

/** One that lives, and one that has ended. */
async function models(): Promise<readonly [JobState, JobState]> {
  const daybook = await Harness.start();
  const living = await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  return [living, await daybook.create({ plan: plan([]) })];
}

/** Some have ended and are in the index, some live; those that end last are in memory still. */
function tableOf(jobs: readonly JobState[], index: MemoryIndex | undefined): JobTable {
  index?.begin(undefined);
  const table = new JobTable(index);
  for (const job of jobs.slice(0, -2)) table.restore({ job, trail: NO_TRAIL });
  table.letGo();
  for (const job of jobs.slice(-2)) table.restore({ job, trail: NO_TRAIL });
  return table;
}

function pages(table: JobTable, filter: JobFilter, query: Omit<ListQuery, "limit">): LogId[] {
  return [...table.scan(filter, query)].map(({ firstLogId }) => firstLogId);
}

Deno.test("merged scan: whatever is asked, the answer is that of a table without an index", async () => {
  const [living, ended] = await models();
  const kinds = fc.array(fc.boolean(), { maxLength: 20 });
  const range = fc.record({
    before: fc.option(fc.integer({ min: 1, max: 220 }), { nil: undefined }),
    after: fc.option(fc.integer({ min: 0, max: 220 }), { nil: undefined }),
    oldestFirst: fc.boolean(),
  });
  const filter = fc.constantFrom<JobFilter>(
    {},
    { states: ["Done"] },
    { conditions: ["waiting"] },
    { search: "job-1" },
  );
  fc.assert(fc.property(kinds, range, filter, (kinds, { before, after, oldestFirst }, filter) => {
    const jobs = kinds.map((hasEnded, at) => {
      const firstLogId = 10 * (at + 1);
      const jobId = `job-${at + 1}` as JobId;
      return { ...(hasEnded ? ended : living), jobId, firstLogId, lastLogId: firstLogId + 3 };
    });
    const query = {
      ...(before === undefined ? {} : { before }),
      ...(after === undefined ? {} : { after }),
      oldestFirst,
    };
    const [merged, plain] = [tableOf(jobs, MemoryIndex.empty()), tableOf(jobs, undefined)];
    assert.deepEqual(pages(merged, filter, query), pages(plain, filter, query));
    assert.equal(merged.size, plain.size);
    for (const { jobId, firstLogId } of jobs) {
      assert.deepEqual(merged.job(jobId), plain.job(jobId));
      assert.deepEqual(merged.createdAt(firstLogId), plain.createdAt(firstLogId));
      assert.equal(merged.isAmong(filter, jobId), plain.isAmong(filter, jobId));
    }
  }));
});

Deno.test("job table: while the index takes nothing, jobs that ended stay in memory, and it is not asked at each of them", async () => {
  const [, ended] = await models();
  const index = MemoryIndex.empty();
  index.begin(undefined);
  const table = new JobTable(index);
  let asked = 0;
  index.put = () => (asked++, false);
  for (let number = 1; number <= 100; number++) {
    const jobId = `job-${number}` as JobId;
    const job = { ...ended, jobId, firstLogId: number, lastLogId: number };
    table.restore({ job, trail: NO_TRAIL });
    if (table.isLettingGo) table.letGo();
  }
  assert.deepEqual([table.size, table.leaving, table.indexed], [100, 100, 0]);
  assert.ok(asked > 1 && asked < 10, `${asked} times`);
});
