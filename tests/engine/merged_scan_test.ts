/** Jobs in memory and in the index are one list, as if all were in memory. */

import assert from "node:assert/strict";
import fc from "fast-check";
import type { JobId, LogId } from "../../src/core/ids.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { type JobSummary, jobSummary } from "../../src/core/job_summary.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";
import type { JobFilter, ListQuery } from "../../src/engine/job_pages.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { listsOf } from "./lists_of.ts";

/** An unfinished job and an ended one. */
async function models(): Promise<readonly [JobState, JobState]> {
  const daybook = await Harness.start();
  const living = await daybook.create({ plan: plan([expectation("paid", "ec.Paid")]) });
  return [living, await daybook.create({ plan: plan([]) })];
}

/**
 * Some have ended and are in the index, some are unfinished; the last to end are still in memory.
 */
function tableOf(jobs: readonly JobState[], index: MemoryIndex | undefined): JobTable {
  index?.begin(undefined);
  const table = new JobTable(index);
  for (const job of jobs.slice(0, -2)) table.restore({ job, trail: NO_TRAIL });
  while (table.isLettingGo) table.letGo();
  for (const job of jobs.slice(-2)) table.restore({ job, trail: NO_TRAIL });
  return table;
}

function pages(table: JobTable, filter: JobFilter, query: Omit<ListQuery, "limit">): LogId[] {
  return [...table.listed.scan(filter, query)].map(({ firstLogId }) => firstLogId);
}

Deno.test("merged scan: every query gives the answer of a table without an index", async () => {
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
      assert.deepEqual(merged.listed.summaryAt(firstLogId), plain.listed.summaryAt(firstLogId));
      assert.equal(
        merged.listed.isAmong(filter, firstLogId),
        plain.listed.isAmong(filter, firstLogId),
      );
    }
  }));
});

interface Kind {
  readonly ends: "lives" | "succeeds" | "fails" | "cancelled";
  readonly labels: Readonly<Record<string, string>>;
  /** The earlier job that this one retries, if it failed. */
  readonly retries: number | undefined;
}

/** Each kind of job, as the engine creates it. */
async function modelsByEnd(): Promise<Readonly<Record<Kind["ends"], JobState>>> {
  const daybook = await Harness.start();
  const policy = { errors: [matcher("ec.Lost")] };
  const waiting = () => daybook.create({ plan: plan([expectation("paid", "ec.Paid")], policy) });
  const [fails, cancelled, lives] = [await waiting(), await waiting(), await waiting()];
  await daybook.control(cancelled.jobId, "cancel");
  await daybook.event("ec.Lost", { message: "the parcel fell off" }, { jobId: fails.jobId });
  return {
    lives,
    succeeds: await daybook.create({ plan: plan([]) }),
    fails: daybook.job(fails.jobId),
    cancelled: daybook.job(cancelled.jobId),
  };
}

/** All pages of summaries, one after the other. */
function summaries(table: JobTable, filter: JobFilter, limit: number): readonly JobSummary[] {
  const all: JobSummary[] = [];
  for (let before: LogId | undefined = Infinity; before !== undefined;) {
    const page = listsOf(table).summaries({ ...filter, limit, before });
    all.push(...page.jobs);
    before = page.next;
  }
  return all;
}

Deno.test("merged scan: summaries of jobs in memory and in the index match their states, each once", async () => {
  const models = await modelsByEnd();
  const kind = fc.record<Kind>({
    ends: fc.constantFrom("lives", "succeeds", "fails", "cancelled"),
    labels: fc.dictionary(fc.constantFrom("team", "shop"), fc.string(), {
      maxKeys: 2,
      noNullPrototype: true,
    }),
    retries: fc.option(fc.nat({ max: 20 }), { nil: undefined }),
  });
  const filter = fc.constantFrom<JobFilter>(
    {},
    { states: ["Failed"] },
    { states: ["Running", "Done"] },
    { conditions: ["failed", "waiting"] },
    { conditions: ["cancelled"] },
    { retried: true },
    { retried: false, states: ["Failed"] },
    { search: "parcel" },
  );
  const limit = fc.integer({ min: 1, max: 7 });
  fc.assert(
    fc.property(fc.array(kind, { maxLength: 20 }), filter, limit, (kinds, filter, limit) => {
      const jobs = kinds.map(({ ends, labels, retries }, at): JobState => {
        const retried = kinds[retries ?? -1];
        const isRetry = retried !== undefined && (retries ?? 0) < at &&
          ["fails", "cancelled"].includes(retried.ends);
        const firstLogId = 10 * (at + 1);
        return {
          ...models[ends],
          jobId: `job-${at}` as JobId,
          labels,
          firstLogId,
          lastLogId: firstLogId + 3,
          ...(isRetry ? { retryOf: `job-${retries}` as JobId } : {}),
        };
      });
      const [merged, plain] = [tableOf(jobs, MemoryIndex.empty()), tableOf(jobs, undefined)];
      const all = summaries(plain, filter, 500);
      assert.deepEqual(summaries(merged, filter, limit), all);
      assert.equal(listsOf(merged).count(filter).jobs, all.length);
      for (const summary of all) {
        const { retriedBy, ...own } = summary;
        const job = jobs.find(({ jobId }) => jobId === summary.jobId) as JobState;
        assert.deepEqual(own, jobSummary(job));
        const retry = jobs.findLast(({ retryOf }) => retryOf === summary.jobId);
        assert.equal(retriedBy, retry?.jobId);
      }
      assert.deepEqual(listsOf(merged).failures(filter), listsOf(plain).failures(filter));
    }),
  );
});

for (const where of ["memory", "the index"] as const) {
  Deno.test(`merged scan: pages that end early, since a search of ${where} is long, have every job once, and counts say how far they got`, async () => {
    const { lives: living, fails: ended } = await modelsByEnd();
    const labels = { note: "x".repeat(60_000) };
    const jobs = Array.from({ length: 800 }, (_, at): JobState => {
      const isLong = (at % 2 === 0) === (where === "memory");
      const firstLogId = at + 1;
      return {
        ...(at % 2 === 0 ? living : ended),
        ...(isLong ? { labels } : {}),
        jobId: `job-${firstLogId}` as JobId,
        firstLogId,
        lastLogId: firstLogId,
      };
    });
    const table = tableOf(jobs, MemoryIndex.empty());
    const filter = { search: "job" };
    const { jobs: first, searched } = listsOf(table).summaries({ ...filter, limit: 1_000 });
    assert.ok(searched !== undefined && first.length > 0 && first.length < jobs.length);
    assert.deepEqual(
      summaries(table, filter, 1_000).map(({ jobId }) => jobId),
      jobs.map(({ jobId }) => jobId).reverse(),
    );
    const [count, failures] = [listsOf(table).count(filter), listsOf(table).failures(filter)];
    assert.ok(count.searched !== undefined && failures.searched !== undefined);
  });
}

Deno.test("job table: while the index accepts nothing, ended jobs stay in memory, and it is not asked for each", async () => {
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
