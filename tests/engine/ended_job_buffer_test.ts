/** Ended jobs leave memory a few at a time, however many or large they are. */

import assert from "node:assert/strict";
import type { JobId } from "../../src/core/ids.ts";
import type { EndedJob, JobIndex } from "../../src/engine/job_index.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";

const BATCH = 128;
const INPUT_CHARACTERS = 300_000;

/** An index that accepts everything, and notes the number of jobs per write. */
function takingIndex(): { readonly index: JobIndex; readonly given: number[] } {
  const given: number[] = [];
  const index: Partial<JobIndex> = {
    batch: BATCH,
    put(jobs: readonly EndedJob[]) {
      given.push(jobs.length);
      return true;
    },
    retriedAt: () => undefined,
  };
  return { index: index as JobIndex, given };
}

async function ended() {
  return await (await Harness.start()).create({ plan: plan([]) });
}

Deno.test("ended job buffer: large jobs are written a megabyte at a time, and soon", async () => {
  const { index, given } = takingIndex();
  const table = new JobTable(index);
  const job = { ...await ended(), input: { text: "x".repeat(INPUT_CHARACTERS) } };
  for (let n = 1; n <= 22; n++) {
    table.restore({ job: { ...job, jobId: `job-${n}` as JobId, firstLogId: n }, trail: NO_TRAIL });
  }
  while (table.isLettingGo) table.letGo();
  assert.deepEqual(given, [4, 4, 4, 4, 4]);
  assert.equal(table.leaving, 2);
});

Deno.test("ended job buffer: small jobs wait until there is a batch", async () => {
  const { index, given } = takingIndex();
  const table = new JobTable(index);
  const job = await ended();
  for (let n = 1; n <= 3 * BATCH + 7; n++) {
    table.restore({ job: { ...job, jobId: `job-${n}` as JobId, firstLogId: n }, trail: NO_TRAIL });
  }
  while (table.isLettingGo) table.letGo();
  assert.deepEqual(given, [BATCH, BATCH, BATCH]);
  assert.equal(table.leaving, 7);
});

Deno.test("ended job buffer: that a job is still used is part of the write", async () => {
  const put: EndedJob[] = [];
  const index: Partial<JobIndex> = {
    batch: BATCH,
    put: (jobs: readonly EndedJob[]) => put.push(...jobs) > 0,
    wake: () => assert.fail("a full disk could refuse it, when the job has been written"),
    retriedAt: () => undefined,
    mark: () => {},
  };
  const table = new JobTable(index as JobIndex);
  const job = await ended();
  for (const id of ["used", "unused"]) {
    table.restore({ job: { ...job, jobId: id as JobId }, trail: NO_TRAIL });
  }
  table.hold("used" as JobId);
  table.capture({ logId: 9, chain: "nine" });
  assert.deepEqual(put.map(({ job, isAwake }) => [job.jobId, isAwake]), [
    ["used", true],
    ["unused", false],
  ]);
});

Deno.test("ended job buffer: if many end at once, it yields between batches", async () => {
  const daybook = await Harness.start();
  const { index, clock } = daybook;
  const put = index.put.bind(index);
  const byTurn = new Map<number, number>();
  index.put = (jobs, ids) => {
    byTurn.set(clock.turns, (byTurn.get(clock.turns) ?? 0) + jobs.length);
    return put(jobs, ids);
  };
  await Promise.all(Array.from({ length: 50 }, () => daybook.create({ plan: plan([]) })));
  await clock.settle(100);
  assert.equal(byTurn.values().reduce((sum, jobs) => sum + jobs, 0), 50);
  assert.deepEqual([...new Set(byTurn.values())], [index.batch]);
});

Deno.test("ended job buffer: one operation on a job in the index reads it once", async () => {
  const daybook = await Harness.start();
  const { jobId } = await daybook.create({ plan: plan([]) });
  const { index, engine } = daybook;
  const read = index.job.bind(index);
  let reads = 0;
  index.job = (id) => (reads++, read(id));
  const all = Array.from({ length: 5 }, () => engine.job(jobId));
  assert.deepEqual([...new Set(all.map((job) => job?.state))], ["Done"]);
  assert.equal(reads, 1);
});

Deno.test("ended job buffer: the overview yields between large jobs that it reads", async () => {
  const daybook = await Harness.start();
  const { clock, engine, index } = daybook;
  for (let n = 0; n < 5; n++) {
    const errors = [matcher("ec.Refused")];
    const expected = [expectation("paid", "ec.Paid")];
    const { jobId } = await daybook.create({ plan: plan(expected, { errors }) });
    await daybook.event("ec.Refused", {}, { jobId });
  }
  await clock.settle();
  let now = 0;
  clock.monotonic = () => now;
  const read = index.job.bind(index);
  const turns: number[] = [];
  index.job = (id) => {
    turns.push(clock.turns);
    now += 20;
    return read(id);
  };
  const { failed } = await engine.survey.needingAttention();
  assert.equal(failed.length, 5);
  assert.equal(new Set(turns).size, turns.length, turns.join());
});

Deno.test("ended job buffer: a retry of a job that was retried before reads it from the index, and no other", async () => {
  const daybook = await Harness.start();
  const { engine, index } = daybook;
  const refused = plan([expectation("paid", "ec.Paid")], { errors: [matcher("ec.Refused")] });
  const { jobId } = await daybook.create({ plan: refused });
  await daybook.event("ec.Refused", {}, { jobId });
  const retry = await engine.retry(jobId, {});
  assert.ok(retry.ok);
  await daybook.clock.settle();
  await daybook.event("ec.Refused", {}, { jobId: retry.value.jobId });
  const read = index.job.bind(index);
  const reads: string[] = [];
  index.job = (id) => (reads.push(id), read(id));
  const again = await engine.retry(jobId, {});
  assert.ok(again.ok);
  assert.deepEqual(reads.filter((id) => id === retry.value.jobId), []);
});
