/** Searches, counts and groups of failures: what they find, and how far they search. */

import assert from "node:assert/strict";
import fc from "fast-check";
import * as v from "valibot";
import { jobFingerprint } from "../../src/core/error_fingerprint.ts";
import { type JobId, jobId } from "../../src/core/ids.ts";
import { recordedFailure } from "../../src/core/job_resource.ts";
import type { JobState } from "../../src/core/job_state.ts";
import { defineJob } from "../../src/engine/definition.ts";
import { NonRetryableError } from "../../src/engine/job_errors.ts";
import { SCAN_COST_MAX } from "../../src/engine/writer/job_scan.ts";
import { JobTable } from "../../src/engine/writer/job_table.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";
import type { EndedJob } from "../../src/engine/job_index.ts";
import type { JobFilter } from "../../src/engine/job_pages.ts";
import { inQueueOrder } from "../../src/engine/run/queue/request_lines.ts";
import { PromptTypes } from "../../src/engine/run/queue/slots.ts";
import { WorkerQueue } from "../../src/engine/run/queue/worker_queue.ts";
import { expectation, plan } from "../support/engine/entries.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { Harness } from "../support/engine/engine_harness.ts";
import { endedJob } from "../index/ended_jobs.ts";
import { wholeJobs } from "./whole_jobs.ts";
import { listsOf, NO_SHARES, WANTED } from "./lists_of.ts";

const REFUSED = defineJob({
  type: "shop.refused",
  version: 1,
  input: v.object({ message: v.string() }),
  async run(ctx, { message }) {
    await ctx.task("charge", () => {
      throw new NonRetryableError(message);
    });
  },
});

const FLAKY = defineJob({
  type: "shop.flaky",
  version: 1,
  input: v.object({ message: v.string() }),
  async run(ctx, { message }) {
    await ctx.task("call", () => Promise.reject(new Error(message)), {
      retry: { maxAttempts: 3, initialMs: 60_000, jitter: 0 },
    });
  },
});

async function start(): Promise<Harness> {
  return await Harness.start({ definitions: [REFUSED, FLAKY] });
}

async function refused(daybook: Harness, message: string): Promise<JobId> {
  return await daybook.submit("shop.refused", { message });
}

function found(daybook: Harness, filter: JobFilter): readonly string[] {
  return daybook.engine.lists.page({ limit: 500, ...filter }).jobs.map(({ jobId }) => jobId);
}

Deno.test("list: the jobs of an hour are found below more newer ones than one scan passes", () => {
  const index = MemoryIndex.empty();
  assert.ok(index.begin(undefined));
  const hour = Date.UTC(2026, 0, 1);
  const ended = endedJob(1);
  const created = (number: number, ms: number): EndedJob => {
    const own = {
      ...{ jobId: jobId(`job-${number}`), createdAt: new Date(ms).toISOString() },
      ...{ firstLogId: number * 10, lastLogId: number * 10 + 2, type: "shop.order" },
    };
    const job = { ...ended.job, ...own, input: {} } as JobState;
    return { ...ended, job, summary: { ...ended.summary, ...own } };
  };
  assert.ok(index.put([created(1, hour)], []));
  for (let at = 2; at < 110_000; at += 1_000) {
    const some = Array.from({ length: 1_000 }, (_, next) => at + next);
    assert.ok(index.put(some.map((number) => created(number, hour + 7_200_000)), []));
  }
  const lists = listsOf(new JobTable(index));
  const times = {
    createdAfter: new Date(hour - 3_600_000).toISOString(),
    createdBefore: new Date(hour + 3_600_000).toISOString(),
  };
  const inHour = { types: ["shop.order"], ...times, limit: 5 };
  assert.deepEqual(lists.found(inHour).jobs, []);
  const found = lists.found(lists.inTimes(inHour));
  assert.deepEqual(found.jobs.map(({ firstLogId }) => firstLogId), [10]);
  assert.equal(found.searched, undefined);
  const later = { createdAfter: new Date(hour + 9_000_000).toISOString(), limit: 5 };
  assert.equal(lists.found(lists.inTimes(later)).searched, undefined);
});

Deno.test("list: a search finds ids, types, labels and errors, in upper or lower case", async () => {
  const daybook = await start();
  const plan = { expected: [], policy: { errors: [], onCompensated: "Failed" } } as const;
  await daybook.create({ plan, jobId: "Order-17" as JobId, labels: { team: "Shop" } });
  const bank = await refused(daybook, "the Bank refused order 4711");
  const flaky = await daybook.submit("shop.flaky", { message: "no route to the depot" });

  assert.deepEqual(found(daybook, { search: "order-17" }), ["Order-17"]);
  assert.deepEqual(found(daybook, { search: "TEAM:shop" }), ["Order-17"]);
  assert.deepEqual(found(daybook, { search: "bank 4711" }), [bank]);
  assert.deepEqual(found(daybook, { search: "shop.REFUSED nonretryable" }), [bank]);
  assert.deepEqual(found(daybook, { search: "the" }), [flaky, bank]);
  assert.deepEqual(found(daybook, { search: "depot" }), [flaky]);
  assert.deepEqual(found(daybook, { search: "depot bank" }), []);
  assert.deepEqual(found(daybook, { search: ".*" }), []);
  assert.deepEqual(found(daybook, { search: "  " }).length, 3);
  await refused(daybook, `as ${bank} did`);
  assert.deepEqual(found(daybook, { search: bank.toLowerCase() }), [bank], "not who mentions it");
});

Deno.test("list: a word is searched within each field, not across two", async () => {
  const daybook = await start();
  await refused(daybook, "17");
  assert.deepEqual(found(daybook, { search: "NonRetryableError17" }), []);
});

Deno.test("list: a fingerprint selects the failures of that kind", async () => {
  const daybook = await start();
  const one = await refused(daybook, "the bank refused order 1");
  const other = await refused(daybook, "the bank refused order 2");
  await refused(daybook, "the bank is shut");
  const fingerprint = fingerprintOfJob(daybook.job(one));
  assert.deepEqual(found(daybook, { fingerprint }), [other, one]);
});

function fingerprintOfJob(job: JobState) {
  const failure = recordedFailure(job);
  const fingerprint = failure && jobFingerprint(job, failure);
  assert.ok(fingerprint);
  return fingerprint;
}

Deno.test("failures: each kind has its jobs, and those that were retried", async () => {
  const daybook = await start();
  const first = await refused(daybook, "the bank refused order 1");
  await refused(daybook, "the bank is shut");
  await refused(daybook, "the bank refused order 2");
  const retry = await daybook.engine.retry(first, {});
  await daybook.clock.settle();
  assert.ok(retry.ok);

  const { groups, searched } = daybook.engine.lists.failures({});
  assert.equal(searched, undefined);
  assert.deepEqual(
    groups.map(({ jobs, open, retried, error }) => [jobs, open, retried, error.message]),
    [[3, 2, 1, "the bank refused order 1"], [1, 1, 0, "the bank is shut"]],
  );
  const [group] = groups;
  assert.deepEqual(
    [group?.type, group?.taskId, group?.newest.jobId, group?.oldest.jobId],
    ["shop.refused", "charge", retry.value.jobId, first],
  );
});

Deno.test("failures: a cancellation is not one", async () => {
  const daybook = await start();
  const flaky = await daybook.submit("shop.flaky", { message: "no route" });
  await daybook.control(flaky, "cancel");
  assert.deepEqual(daybook.engine.lists.failures({}).groups, []);
});

Deno.test("retry: unlessRetriedAfter refuses a job that has a retry, and a snapshot keeps that", async () => {
  const daybook = await start();
  const failed = await refused(daybook, "the bank is shut");
  const retry = await daybook.engine.retry(failed, { unlessRetriedAfter: 0 });
  assert.ok(retry.ok);
  const restarted = await daybook.crash();
  assert.equal(restarted.engine.lists.listed.retryOf(failed), retry.value.jobId);
  const again = await restarted.engine.retry(failed, { unlessRetriedAfter: 0 });
  assert.deepEqual(again, {
    ok: false,
    problem: {
      kind: "rejected",
      rejection: {
        message: `Cannot retry job ${failed}: it was already retried`,
        allowedIn: [],
        retriedAs: retry.value.jobId,
      },
    },
  });
  const since = retry.value.firstLogId;
  assert.ok((await restarted.engine.retry(failed, { unlessRetriedAfter: since })).ok);
  assert.ok(!(await restarted.engine.retry(failed, { unlessRetriedAfter: since })).ok);
});

Deno.test("retry: of two simultaneous retries of one job, only the first makes a job", async () => {
  const daybook = await start();
  const failed = await refused(daybook, "the bank is shut");
  const outcomes = await Promise.all(
    [1, 2, 3].map(() => daybook.engine.retry(failed, { unlessRetriedAfter: 0 })),
  );
  assert.deepEqual(outcomes.map(({ ok }) => ok), [true, false, false]);
});

Deno.test("list: retried filters by whether a job has a retry", async () => {
  const daybook = await start();
  const [one, other] = [await refused(daybook, "a"), await refused(daybook, "b")];
  const retry = await daybook.engine.retry(one, {});
  await daybook.clock.settle();
  assert.ok(retry.ok);
  // A full replay may drop the job between its retry and the creation that this causes.
  const replayed = await daybook.crashWithoutSnapshot();
  for (const each of [daybook, replayed, await replayed.crash()]) {
    assert.deepEqual(found(each, { retried: true }), [one]);
    assert.deepEqual(found(each, { retried: false }), [retry.value.jobId, other]);
    const { failed } = await each.engine.attention.read();
    assert.ok(failed.every(({ jobId }) => jobId !== one));
  }
});

Deno.test("list: of two retries of a job the newest is named, after a start from a snapshot too", async () => {
  const daybook = await start();
  const retried = await daybook.submit("shop.flaky", { message: "a" });
  await daybook.control(retried, "cancel");
  const retries: JobId[] = [];
  for (let nth = 0; nth < 2; nth++) {
    const retry = await daybook.engine.retry(retried, {});
    assert.ok(retry.ok);
    retries.push(retry.value.jobId);
    await daybook.clock.settle();
  }
  const [, newest] = retries as [JobId, JobId];
  await daybook.control(newest, "cancel");
  const retriedBy = ({ engine }: Harness) =>
    engine.lists.summaries({ limit: 10 }).jobs.find(({ jobId }) => jobId === retried)?.retriedBy;
  assert.equal(retriedBy(daybook), newest);
  await daybook.engine.stop(0);
  await daybook.journal.close();
  // The snapshot has the older retry, which has not ended.
  assert.equal(retriedBy(await daybook.crash()), newest);
});

Deno.test("count: it counts by condition, only jobs created before a position", async () => {
  const daybook = await start();
  const first = await refused(daybook, "a");
  await daybook.submit("shop.flaky", { message: "b" });
  const last = daybook.job(await refused(daybook, "c"));
  const { jobs, conditions } = daybook.engine.lists.count({});
  assert.deepEqual([jobs, Object.fromEntries(conditions)], [3, { failed: 2, backingOff: 1 }]);
  assert.equal(daybook.engine.lists.count({}, { before: last.firstLogId }).jobs, 2);
  assert.equal(daybook.engine.lists.count({}, { after: daybook.job(first).firstLogId }).jobs, 2);
});

Deno.test("needingAttention: a job waits since the entry that made it wait, also after a restart", async () => {
  const daybook = await start();
  const { jobId, lastLogId: startedBy } = await daybook.create({
    plan: plan([expectation("shipped", "shop.Shipped")]),
  });
  const [entry] = await daybook.engine.history.at([startedBy]);
  await daybook.clock.advance(60_000);
  await daybook.event("shop.Other", {}, { jobId });
  for (const each of [daybook, await daybook.crash()]) {
    const [waiting] = (await each.engine.attention.read()).waiting;
    assert.equal(waiting?.since, entry?.receivedAt);
  }
});

/** Many copies of one job; none of them is recorded. */
async function tableOf(count: number): Promise<JobTable> {
  const daybook = await start();
  const model = daybook.job(await refused(daybook, "the bank refused order 1"));
  const table = new JobTable();
  for (let index = 1; index <= count; index++) {
    const job = { ...model, jobId: `job-${index}` as JobId, firstLogId: index };
    table.restore({ job, trail: NO_TRAIL });
  }
  return table;
}

Deno.test("list: a search that costs too much ends, and says how far it looked", async () => {
  const count = SCAN_COST_MAX / 10 + 2_000;
  const table = await tableOf(count);
  const first = listsOf(table).page({ limit: 50, search: "job-7 " });
  assert.deepEqual(first.jobs.length, 50);
  const none = listsOf(table).page({ limit: 50, search: "nothing-like-it" });
  const looked = none.searched?.jobs ?? 0;
  assert.deepEqual(none.jobs, []);
  assert.ok(looked > 10_000 && looked < count, `${looked} were examined`);
  assert.equal(none.searched?.backTo, table.listed.summaryAt(count - looked + 1)?.createdAt);
  assert.equal(none.next, count - looked + 1);
  assert.equal(listsOf(table).count({ search: "nothing-like-it" }).searched?.jobs, looked);
});

Deno.test("failures: known failures are kept, so the next search gets further", async () => {
  const table = await tableOf(30_000);
  const looks = Array.from(
    { length: 40 },
    () => listsOf(table).failures({}).searched?.jobs ?? 30_000,
  );
  assert.deepEqual(looks, looks.toSorted((a, b) => a - b));
  assert.ok((looks[0] ?? 0) < 20_000);
  assert.equal(looks.at(-1), 30_000);
});

Deno.test("list: pages that end early still lead to all jobs", async () => {
  const count = SCAN_COST_MAX / 10 + 2_000;
  const table = await tableOf(count);
  const ids: string[] = [];
  const reaches: boolean[] = [];
  for (let before: number | undefined = Infinity; before !== undefined;) {
    const page = listsOf(table).page({ limit: 500, search: "job-777", before });
    ids.push(...page.jobs.map(({ jobId }) => jobId));
    reaches.push(page.searched !== undefined);
    before = page.next;
  }
  const expected = Array.from({ length: count }, (_, index) => `job-${count - index}`)
    .filter((id) => id.includes("job-777"));
  assert.deepEqual(ids, expected);
  assert.ok(reaches.includes(true));
  assert.equal(reaches.at(-1), false);
});

Deno.test("list: long texts count for more, so that a search stays short", async () => {
  const daybook = await start();
  const model = daybook.job(await refused(daybook, "long ".repeat(700)));
  const table = new JobTable();
  for (let index = 1; index <= 30_000; index++) {
    const job = { ...model, jobId: `job-${index}` as JobId, firstLogId: index };
    table.restore({ job, trail: NO_TRAIL });
  }
  const { searched } = listsOf(table).page({ limit: 50, search: "nothing-like-it" });
  assert.ok(searched !== undefined && searched.jobs < 20_000);
});

Deno.test("list: from the oldest on it gives the same jobs in reverse", async () => {
  const table = await tableOf(20);
  const oldest = listsOf(table).page({ limit: 3, after: 7, oldestFirst: true });
  assert.deepEqual(oldest.jobs.map(({ firstLogId }) => firstLogId), [8, 9, 10]);
  assert.equal(oldest.next, 10);
  const newest = listsOf(table).page({ limit: 50, after: 17, before: 20 });
  assert.deepEqual(newest.jobs.map(({ firstLogId }) => firstLogId), [19, 18]);
});

Deno.test("summaryAt: it takes the position of a job's first entry, and no other", async () => {
  const daybook = await start();
  const job = daybook.job(await refused(daybook, "a"));
  assert.equal(daybook.engine.lists.listed.summaryAt(job.firstLogId)?.jobId, job.jobId);
  assert.equal(daybook.engine.lists.listed.summaryAt(job.firstLogId + 1), undefined);
  assert.equal(daybook.engine.lists.listed.summaryAt(0), undefined);
});

Deno.test("aheadOfEach: each number is that of the requests that are granted before", () => {
  const order = fc.integer({ min: 1, max: 12 });
  const request = fc.record({ priority: fc.nat(3), rank: fc.nat(3), order });
  const requests = fc.uniqueArray(request, { selector: ({ order }) => order });
  fc.assert(fc.property(requests, fc.array(order), fc.nat(12), (waiting, asked, upTo) => {
    const queue = new WorkerQueue(0, new PromptTypes(), assert.ifError, NO_SHARES);
    for (const one of waiting) {
      queue.request({ ...WANTED, ...one, jobId: "j" as JobId }, () => {});
    }
    const counted = waiting.filter(({ order }) => order <= upTo);
    const expected = asked.map((order) => {
      const its = counted.find((one) => one.order === order);
      return its && counted.filter((one) => inQueueOrder(one, its) < 0).length;
    });
    assert.deepEqual(queue.aheadOfEach(asked, upTo), expected);
  }));
});

Deno.test("list: only found jobs are read whole, however many are examined", async () => {
  const daybook = await start();
  for (let job = 0; job < 20; job++) await daybook.submit("shop.flaky", { message: "busy" });
  const type = "shop.flaky";
  const labels = { team: "depot" };
  const { jobId } = await daybook.create({ type, input: { message: "no route" }, labels });
  const filters: readonly JobFilter[] = [
    { labels: [["team", "depot"]] },
    { states: ["Running"], conditions: ["backingOff"], labels: [["team", "depot"]] },
    { types: [type], createdAfter: "2000-01-01T00:00:00.000Z", search: "depot", retried: false },
  ];
  for (const filter of filters) {
    const isSearch = filter.search !== undefined;
    const whole = await wholeJobs(() => assert.deepEqual(found(daybook, filter), [jobId]));
    // Only a search reads the errors of tasks.
    assert.ok(whole <= (isSearch ? 21 : 1), `${JSON.stringify(filter)}: ${whole}`);
  }
});
