/** Events for ended jobs: which jobs are remembered, for how long, and at what cost. */

import assert from "node:assert/strict";
import { eventType, type JobId, jobId, taskId } from "../../src/core/ids.ts";
import { type JobPlan, MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import type { DoneJob, JobState } from "../../src/core/job_state.ts";
import { RecentlyEnded } from "../../src/engine/views/recently_ended.ts";
import type { Applied } from "../../src/core/job_fold.ts";
import type { CreateRequest } from "../../src/engine/requests.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import type { EndedJob, JobIndex } from "../../src/engine/job_index.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";

const APPROVED = "ec.Approved";

const approvalOf = (orderId: string, more: Partial<JobPlan["policy"]> = {}): JobPlan =>
  plan([expectation("approved", APPROVED, { correlation: { equals: { orderId } } })], more);

async function create(daybook: Harness, name: string, plan: JobPlan): Promise<void> {
  await daybook.create({ plan, jobId: jobId(name) } as CreateRequest);
}

Deno.test("receipt: a second event names the job that the first one ended", async () => {
  const daybook = await Harness.start();
  await create(daybook, "q4", approvalOf("4"));
  await create(daybook, "q5", approvalOf("5"));
  await daybook.event(APPROVED, { orderId: "4" });
  const endedBy = daybook.engine.headLogId;

  for (const restarts of [false, true]) {
    const running = restarts ? await daybook.crash() : daybook;
    const { disposition, jobs, reason, nearest } = await running.event(APPROVED, { orderId: "4" });
    const why = `the job has been Done since entry ${endedBy}`;
    assert.deepEqual({ disposition, jobs, reason, nearest }, {
      disposition: "recorded",
      jobs: [],
      reason: `matched nothing: expectation approved of job q4 would match, but ${why}`,
      nearest: {
        jobId: "q4",
        state: "Done",
        expectation: "approved",
        reason: why,
        clauses: [],
      },
    });
  }
});

Deno.test("receipt: a job that still waits for the event is named before one that did", async () => {
  const daybook = await Harness.start();
  await create(daybook, "ended", approvalOf("4"));
  await daybook.event(APPROVED, { orderId: "4" });
  await daybook.create(
    { plan: approvalOf("4"), jobId: jobId("later"), start: false } as CreateRequest,
  );

  const { reason } = await daybook.event(APPROVED, { orderId: "4" });
  assert.equal(
    reason,
    "matched nothing: expectation approved of job later would match, but the job has not started",
  );
});

Deno.test("receipt: near misses of ended jobs are not named", async () => {
  const daybook = await Harness.start();
  await create(daybook, "q4", approvalOf("4"));
  await daybook.event(APPROVED, { orderId: "4" });

  const { reason } = await daybook.event(APPROVED, { orderId: 4 });
  assert.equal(reason, `no job waits for events of type ${APPROVED}`);
});

Deno.test("receipt: a late error names the ended job, and a late end of compensation only one that compensated", async () => {
  const daybook = await Harness.start();
  const policy = {
    errors: [matcher("ec.Lost")],
    compensation: { succeeded: matcher("ec.Undone"), failed: matcher("ec.Stuck") },
  };
  await create(daybook, "fine", approvalOf("1", policy));
  await daybook.event(APPROVED, { orderId: "1" });
  const doneBy = daybook.engine.headLogId;
  assert.equal(
    (await daybook.event("ec.Lost")).reason,
    "matched nothing: the error event of the policy of job fine would match, " +
      `but the job has been Done since entry ${doneBy}`,
  );
  assert.equal(
    (await daybook.event("ec.Undone")).reason,
    "no job waits for events of type ec.Undone",
  );

  await create(daybook, "undone", approvalOf("2", policy));
  await daybook.event("ec.Lost");
  await daybook.event("ec.Undone");
  const endedBy = daybook.engine.headLogId;
  const { reason, nearest } = await daybook.event("ec.Undone");
  assert.equal(
    reason,
    "matched nothing: the end of the compensation of job undone would match, " +
      `but the job has been Failed since entry ${endedBy}`,
  );
  assert.deepEqual([nearest?.policy, nearest?.expectation], ["succeeded", undefined]);
});

const ended = (number: number, plan: JobPlan): JobState => ({
  state: "Done",
  jobId: jobId(`q${number}`),
  plan,
  priority: 0,
  labels: {},
  createdAt: "",
  firstLogId: number * 2 + 1,
  lastLogId: number * 2 + 2,
  tasks: [],
  expected: [],
  startedAt: "",
  startedBy: number * 2 + 1,
  endedAt: "",
  endedBy: number * 2 + 2,
});

/** The effect of an entry that ends the job. */
function ending(job: JobState): Applied {
  return { job, entry: { logId: (job as DoneJob).endedBy } } as Applied;
}

const approved = (orderId: string) => ({
  eventType: eventType(APPROVED),
  attributes: { orderId },
});

function jobFor(jobs: RecentlyEnded, orderId: string): string | undefined {
  return jobs.latestFor(approved(orderId))?.job.jobId;
}

const ENDED = 10_000;

Deno.test("ended jobs: of 10,000 that end one after the other, the last 1,000 are remembered", () => {
  const jobs = new RecentlyEnded();
  for (let job = 0; job < ENDED; job++) jobs.see(ending(ended(job, approvalOf(`${job}`))));

  assert.equal(jobs.size, 1_000);
  assert.equal(jobFor(jobs, `${ENDED - 1_001}`), undefined);
  assert.equal(jobFor(jobs, `${ENDED - 1_000}`), `q${ENDED - 1_000}`);
  assert.equal(jobFor(jobs, `${ENDED - 1}`), `q${ENDED - 1}`);
});

Deno.test("ended jobs: a start remembers the last of 10,000 to end, in whatever order they were created", () => {
  const all = Array.from({ length: ENDED }, (_, job) => ended(job, approvalOf(`${job}`)));
  const unordered = all.map((_, index) => all[(index * 7_919) % ENDED] as JobState);
  const jobs = new RecentlyEnded();
  jobs.restore(tableOf(unordered));

  assert.equal(jobs.size, 1_000);
  assert.equal(jobFor(jobs, `${ENDED - 1_001}`), undefined);
  for (let job = ENDED - 1_000; job < ENDED; job++) assert.equal(jobFor(jobs, `${job}`), `q${job}`);

  jobs.see(ending(ended(ENDED, approvalOf("new"))));
  assert.deepEqual([jobFor(jobs, `${ENDED - 1_000}`), jobFor(jobs, "new")], [
    undefined,
    `q${ENDED}`,
  ]);
});

Deno.test("ended jobs: fewer are remembered if their plans are large", () => {
  const large = (job: number) =>
    plan(
      Array.from({ length: 1_000 }, (_, at) =>
        expectation(`e${at}`, APPROVED, { correlation: { equals: { orderId: `${job}` } } })),
    );
  const jobs = new RecentlyEnded();
  for (let job = 0; job < 40; job++) jobs.see(ending(ended(job, large(job))));

  assert.equal(jobs.size, 25);
  assert.deepEqual([jobFor(jobs, "14"), jobFor(jobs, "15")], [undefined, "q15"]);
});

Deno.test("ended jobs: the work for one event is bounded, however long their clauses are", () => {
  const none = (job: number) =>
    Array.from({ length: 300 }, (_, n) => ({ not: { equals: { [`p${n}`]: job } } }));
  const jobs = new RecentlyEnded();
  for (let job = 0; job < 300; job++) {
    const correlation = { all: none(job) };
    jobs.see(ending(ended(job, plan([expectation("e", APPROVED, { correlation })]))));
  }
  assert.ok(jobs.size > 10 && jobs.size < 100, `${jobs.size} are remembered`);
  assert.equal(jobFor(jobs, "any"), "q299");
});

Deno.test("ended jobs: a job that waited for nothing from outside takes no room, nor does one that ended before", () => {
  const jobs = new RecentlyEnded();
  jobs.see(ending(ended(1, MAIN_ONLY_PLAN)));
  jobs.restore(tableOf([
    ended(2, MAIN_ONLY_PLAN),
    { ...ended(3, approvalOf("3")), state: "Running" } as JobState,
  ]));
  const late = ended(4, approvalOf("4"));
  jobs.see({ job: late, entry: { logId: 11 } } as Applied);

  assert.equal(jobs.size, 0);
});

Deno.test("ended jobs: of several that waited for the event, the last one to end is named", () => {
  const jobs = new RecentlyEnded();
  jobs.restore(tableOf([ended(2, approvalOf("1")), ended(1, approvalOf("1"))]));
  jobs.see(ending(ended(3, plan([expectation("all", APPROVED)]))));
  const ofTask = expectation("packed", APPROVED, { taskId: taskId("pack") });
  jobs.see(ending(ended(4, plan([ofTask]))));

  assert.equal(jobFor(jobs, "1"), "q3");
  assert.equal(jobFor(jobs, "2"), "q3");
  const packed = jobs.latestFor({ ...approved("1"), taskId: taskId("pack") });
  assert.equal(packed?.job.jobId, "q4");
});

function tableOf(jobs: readonly JobState[]) {
  return { table: { jobs: () => jobs, index: undefined } };
}

// Ended jobs leave memory a few at a time, however many or large they are.

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

async function endedJob() {
  return await (await Harness.start()).create({ plan: plan([]) });
}

Deno.test("ended job buffer: large jobs are written a megabyte at a time, and soon", async () => {
  const { index, given } = takingIndex();
  const table = new JobTable(index);
  const job = { ...await endedJob(), input: { text: "x".repeat(INPUT_CHARACTERS) } };
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
  const job = await endedJob();
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
  const job = await endedJob();
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
  const { failed } = await engine.attention.read();
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
