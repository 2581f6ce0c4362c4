/**
 * Ended jobs in the index: found as if they were in memory by every query, and as of the position
 * of a snapshot, whatever happened to the file.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type JobId, jobId, type LogId } from "../../src/core/ids.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import type { FailedJob } from "../../src/core/job_state.ts";
import { jobSummary } from "../../src/core/job_summary.ts";
import type { EndedJob } from "../../src/engine/job_index.ts";
import type { JobFilter } from "../../src/engine/job_pages.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";
import { MemoryIndex } from "../support/engine/memory_index.ts";
import { endedJob } from "./ended_jobs.ts";

function begun(): MemoryIndex {
  const index = MemoryIndex.empty();
  assert.ok(index.begin(undefined));
  return index;
}

function failedJob(number: number, more: Partial<FailedJob> = {}): FailedJob {
  const firstLogId = number * 10;
  const error = { name: "Error", message: `the bank refused order ${number}` };
  return {
    state: "Failed",
    jobId: jobId(`job-${number}`),
    type: number % 2 === 0 ? "shop.even" : "shop.odd",
    definitionVersion: 1,
    plan: MAIN_ONLY_PLAN,
    input: { number },
    priority: 0,
    labels: number % 3 === 0 ? { tenant: "nordwind" } : {},
    createdAt: new Date(Date.UTC(2026, 0, 1) + number * 1_000).toISOString(),
    firstLogId,
    lastLogId: firstLogId + 5,
    tasks: [],
    expected: [{ matched: 0, by: [], surplus: 0 }],
    startedAt: "2026-01-01T00:00:00.000Z",
    startedBy: firstLogId + 1,
    endedAt: "2026-01-01T00:00:01.000Z",
    endedBy: firstLogId + 5,
    failure: { kind: "error", error, recoveryRequired: false, because: firstLogId + 5 },
    ...more,
  } as FailedJob;
}

function ended(job: FailedJob, more: Partial<EndedJob> = {}): EndedJob {
  const summary = jobSummary(job);
  return {
    job,
    summary,
    trail: NO_TRAIL,
    text: `${job.jobId}\n${job.type}\n${summary.failure?.error.message ?? ""}`.toLowerCase(),
    awaitsOutside: false,
    retriedAt: undefined,
    wasThere: false,
    isAwake: false,
    ...more,
  };
}

function of(count: number): MemoryIndex {
  const index = begun();
  const jobs = Array.from({ length: count }, (_, at) => ended(failedJob(at + 1)));
  assert.ok(index.put(jobs, []));
  return index;
}

function found(index: MemoryIndex, filter: JobFilter): readonly number[] {
  return [...index.scan(filter, {})].map(({ firstLogId }) => firstLogId / 10);
}

Deno.test("index: a job comes back as it was put, by id, by place and by key", () => {
  const index = begun();
  const idempotency = { key: "key-1", digest: "d" };
  const job = failedJob(1, { idempotency });
  assert.ok(index.put([ended(job)], []));
  assert.deepEqual(index.job(job.jobId), job);
  assert.equal(index.summaryAt(job.firstLogId)?.jobId, job.jobId);
  assert.equal(index.jobOfKey("key-1"), job.jobId);
  assert.equal(index.job("job-2" as JobId), undefined);
  assert.equal(index.summaryAt(11), undefined);
  assert.equal(index.jobOfKey("key-2"), undefined);
});

Deno.test("index: many jobs and ids written at once are all there, unchanged", () => {
  for (const count of [1, 15, 16, 17, 31, 32, 33]) {
    const index = begun();
    const jobs = Array.from({ length: count }, (_, at) => failedJob(at + 1));
    const ids = jobs.map(({ firstLogId }) => [7 * firstLogId, firstLogId] as const);
    assert.ok(index.put(jobs.map((job) => ended(job, { trail: [job.firstLogId * 4_096] })), ids));
    for (const job of jobs) {
      assert.deepEqual(index.job(job.jobId), job);
      assert.deepEqual(index.trail(job.jobId), [job.firstLogId * 4_096]);
      assert.deepEqual(index.summaryAt(job.firstLogId), jobSummary(job));
      assert.deepEqual(index.idsOf(7 * job.firstLogId), [job.firstLogId]);
    }
    assert.equal(index.conditions.get("failed"), count);
  }
});

Deno.test("index: of jobs with other plans each has its own, and those with `main` alone share one", () => {
  const index = begun();
  const common = failedJob(1);
  const expected = [{ ...MAIN_ONLY_PLAN.expected[0], id: "paid" }];
  const other = failedJob(2, { plan: { ...MAIN_ONLY_PLAN, expected } as FailedJob["plan"] });
  assert.ok(index.put([ended(common), ended(other)], []));
  assert.equal(index.job(common.jobId)?.plan, MAIN_ONLY_PLAN);
  assert.deepEqual(index.job(other.jobId), other);
  assert.deepEqual(Object.keys(index.job(common.jobId) ?? {}), Object.keys(common), "in its order");
});

Deno.test("index: a job's trail comes back as it was put, as does that of an earlier point", () => {
  const index = begun();
  const [first, more] = [[11 * 4_096 + 273, 15 * 4_096], [
    11 * 4_096 + 273,
    15 * 4_096,
    29 * 4_096,
  ]];
  const job = failedJob(1);
  assert.ok(index.put([ended(job, { trail: first })], []));
  index.mark({ logId: 20, chain: "twenty" });
  assert.deepEqual(index.trail(job.jobId), first);
  assert.equal(index.trail("job-2" as JobId), undefined);
  index.wake(job.firstLogId);
  assert.equal(index.trail(job.jobId), undefined, "it is in memory");
  assert.ok(index.put([ended({ ...job, lastLogId: 29 }, { trail: more, wasThere: true })], []));
  assert.deepEqual(index.trail(job.jobId), more);
  const restarted = index.asAfterKill();
  assert.ok(restarted.begin({ logId: 20, chain: "twenty" }));
  assert.deepEqual(restarted.trail(job.jobId), first);
});

Deno.test("index: filters find their matches, newest first, and counts agree", () => {
  const index = of(30);
  const numbers = Array.from({ length: 30 }, (_, at) => 30 - at);
  const cases: [JobFilter, (number: number) => boolean][] = [
    [{}, () => true],
    [{ types: ["shop.odd"] }, (number) => number % 2 === 1],
    [{ labels: [["tenant", "nordwind"]] }, (number) => number % 3 === 0],
    [{ labels: [["tenant", "nord"]] }, () => false],
    [{ search: "ORDER job-1" }, (number) => `job-${number}`.includes("job-1")],
    [{ search: "100%" }, () => false],
    [{ conditions: ["failed", "cancelled"], states: ["Failed"] }, () => true],
    [{ conditions: ["succeeded"] }, () => false],
    [{ createdAfter: "2026-01-01T00:00:20.000Z" }, (number) => number > 20],
    [{ createdBefore: "2026-01-01T00:00:20.000Z" }, (number) => number < 20],
    [{ retried: true }, () => false],
    [{ continuesAfter: 145 }, (number) => number > 14],
  ];
  for (const [filter, applies] of cases) {
    const expected = numbers.filter(applies);
    assert.deepEqual(found(index, filter), expected, JSON.stringify(filter));
    assert.equal(index.count(filter, {}).jobs, expected.length, JSON.stringify(filter));
  }
  const oldest = [...index.scan({}, { after: 100, before: 140, oldestFirst: true })];
  assert.deepEqual(oldest.map(({ firstLogId }) => firstLogId), [110, 120, 130]);
  const [odd, even] = index.failures({}).groups.map(({ jobs, open }) => [jobs, open]);
  assert.deepEqual([odd, even], [[15, 15], [15, 15]]);
});

Deno.test("index: a whole id is found at once, however much text there is to search", () => {
  const index = begun();
  const one = failedJob(1, { jobId: jobId("job_01M8RYC4RZGF6JGWGFHKTRT8RG") });
  const text = `about ${one.jobId}`.toLowerCase() + "x".repeat(100_000);
  const others = Array.from({ length: 120 }, (_, at) => ended(failedJob(at + 2), { text }));
  assert.ok(index.put([ended(one), ...others], []));
  for (const search of [one.jobId, `refused ${one.jobId.toLowerCase()}`]) {
    const scan = index.scan({ search }, {});
    assert.deepEqual([...scan].map(({ firstLogId }) => firstLogId), [one.firstLogId]);
    assert.equal(scan.reach, undefined);
    assert.equal(index.count({ search }, {}).jobs, 1);
  }
  assert.deepEqual(found(index, { search: `other ${one.jobId}` }), []);
});

/** Rare jobs are found with an SQL index: the same ones as by a full scan. */
Deno.test("index: a rare job among many is found, from both ends, with any other filter", () => {
  const index = begun();
  const jobs = Array.from({ length: 400 }, (_, at) => {
    const job = failedJob(at + 1);
    const { failure, ...own } = job;
    if (job.firstLogId % 700 === 0) return ended(job, { retriedAt: 9_999 });
    if (job.firstLogId % 330 === 0) return ended(job);
    if (job.firstLogId % 770 === 0) {
      return ended({ ...job, failure: { ...failure, kind: "cancelled" } });
    }
    return ended({ ...own, state: "Done" } as unknown as FailedJob);
  });
  assert.ok(index.put(jobs, []));
  const fingerprint = jobs.find(({ summary }) => summary.condition === "failed")
    ?.summary.failure?.fingerprint;
  assert.ok(fingerprint);
  const filters: readonly JobFilter[] = [
    ...[{ states: ["Failed"] }, { states: ["Done"] }, { states: ["Running"] }] as const,
    ...[{ conditions: ["failed"] }, { conditions: ["cancelled"] }] as const,
    ...[{ conditions: ["cancelled", "succeeded"] }, { fingerprint }, { retried: true }] as const,
    { conditions: ["failed"], retried: false },
    { states: ["Failed"], search: "bank" },
    { states: ["Failed"], types: ["shop.even"] },
    { fingerprint, labels: [["tenant", "nordwind"]] },
    { retried: true, conditions: ["cancelled"] },
    { retried: true, conditions: ["waiting"] },
    { fingerprint, states: ["Running"] },
    { types: [] },
  ];
  for (const filter of filters) {
    const of = ({ summary, text, retriedAt }: EndedJob) =>
      (filter.states?.includes(summary.state) ?? true) &&
      (filter.conditions?.includes(summary.condition) ?? true) &&
      (filter.fingerprint === undefined || summary.failure?.fingerprint === filter.fingerprint) &&
      (filter.retried === undefined || filter.retried === (retriedAt !== undefined)) &&
      (filter.types?.includes(summary.type ?? "") ?? true) &&
      (filter.labels === undefined || summary.labels["tenant"] === "nordwind") &&
      text.includes(filter.search ?? "");
    const some = jobs.filter(of).map(({ summary }) => summary.firstLogId);
    const what = JSON.stringify(filter);
    const scanned = (range: Parameters<MemoryIndex["scan"]>[1]) =>
      [...index.scan(filter, range)].map(({ firstLogId }) => firstLogId);
    assert.deepEqual(scanned({}), some.toReversed(), what);
    assert.deepEqual(scanned({ oldestFirst: true }), some, what);
    const [after, before] = [700, 3_300];
    const between = some.filter((at) => at > after && at < before);
    assert.deepEqual(scanned({ after, before }), between.toReversed(), what);
    assert.equal(index.count(filter, {}).jobs, some.length, what);
    assert.equal(index.count(filter, { after, before }).jobs, between.length, what);
    const kinds = jobs.filter(of).filter(({ summary }) => summary.failure?.fingerprint);
    const { groups } = index.failures(filter);
    assert.equal(groups.reduce((sum, { jobs }) => sum + jobs, 0), kinds.length, what);
  }
});

/** The label and the word make a full scan stop at its limit, before it has looked at all jobs. */
Deno.test("index: jobs of a type that few have are found without a look at all the others", () => {
  const index = begun();
  const isRare = (number: number) => number % 9_000 === 0;
  const ofType = (number: number, type: string): EndedJob => {
    const job = endedJob(number);
    const summary = { ...job.summary, type, labels: { tenant: "nordwind" } };
    return { ...job, job: { ...job.job, input: {} }, summary };
  };
  const jobs = Array.from(
    { length: 36_000 },
    (_, at) => ofType(at + 1, isRare(at + 1) ? "shop.rare" : "shop.common"),
  );
  for (let at = 0; at < jobs.length; at += 1_000) {
    assert.ok(index.put(jobs.slice(at, at + 1_000), []));
  }
  const labels = [["tenant", "nordwind"]] as const;
  const rare = { types: ["shop.rare"], labels, search: "job" };
  const page = index.scan(rare, {});
  assert.deepEqual([...page].map(({ firstLogId }) => firstLogId), [
    360_000,
    270_000,
    180_000,
    90_000,
  ]);
  assert.equal(page.reach, undefined);
  const oldest = [...index.scan(rare, { after: 90_000, oldestFirst: true })];
  assert.deepEqual(oldest.map(({ firstLogId }) => firstLogId), [180_000, 270_000, 360_000]);
  assert.deepEqual(
    index.count({ types: ["shop.rare", "shop.none"], labels, search: "job" }, {}).jobs,
    4,
  );
  const both = index.scan({ types: ["shop.common", "shop.rare"] }, { before: 90_020 });
  const [first, second, third] = both;
  assert.deepEqual(
    [first, second, third].map((found) => found?.firstLogId),
    [90_010, 90_000, 89_990],
  );
  const common = index.count({ types: ["shop.common"], labels, search: "job" }, {});
  assert.ok(common.jobs < 35_996 && common.searched !== undefined);
});

Deno.test("index: where the jobs of a time begin is found, whatever the times between them", () => {
  fc.assert(fc.property(
    fc.array(fc.nat(3), { maxLength: 40 }),
    fc.integer({ min: -1, max: 130 }),
    (steps, ms) => {
      const index = begun();
      let at = 0;
      const times = steps.map((step) => at += step);
      index.put(
        times.map((created, number) =>
          ended(failedJob(number + 1, { createdAt: new Date(created).toISOString() }))
        ),
        [],
      );
      const first = times.findIndex((created) => created >= ms);
      const { logId, isThere } = index.createdFrom(ms);
      assert.equal(isThere, first !== -1);
      const before = times.filter((created) => created < ms).length;
      assert.ok(logId > before * 10 && logId <= (before + 1) * 10);
    },
  ));
});

Deno.test("index: a job that returned to memory is not in it until it is put again", () => {
  const index = of(3);
  const job = failedJob(2);
  index.wake(job.firstLogId);
  assert.equal(index.job(job.jobId), undefined);
  assert.deepEqual(found(index, {}), [3, 1]);
  assert.deepEqual([index.count({}, {}).jobs, index.conditions.get("failed")], [2, 2]);

  assert.ok(index.put([ended({ ...job, lastLogId: 29 }, { wasThere: true })], []));
  assert.equal(index.job(job.jobId)?.lastLogId, 29);
  assert.deepEqual([index.count({}, {}).jobs, index.conditions.get("failed")], [3, 3]);
});

Deno.test("index: a job that stays in memory is not in it until it is put again", () => {
  const index = of(3);
  const job = failedJob(4);
  assert.ok(index.put([ended(job, { isAwake: true })], []));
  assert.deepEqual(found(index, {}), [3, 2, 1]);
  assert.deepEqual([index.count({}, {}).jobs, index.conditions.get("failed")], [3, 3]);
  index.mark({ logId: 50, chain: "fifty" });
  assert.ok(index.asAfterKill().begin({ logId: 50, chain: "fifty" }));

  assert.ok(index.put([ended({ ...job, lastLogId: 49 }, { wasThere: true })], []));
  assert.deepEqual(found(index, {}), [4, 3, 2, 1]);
  assert.deepEqual([index.count({}, {}).jobs, index.conditions.get("failed")], [4, 4]);
});

Deno.test("index: it can be reset to a point, and then has nothing that came after it", () => {
  const index = begun();
  assert.ok(index.put([ended(failedJob(1)), ended(failedJob(2))], []));
  index.mark({ logId: 30, chain: "thirty" });
  // One more ends, and one that had ended gets another entry, and is retried.
  index.wake(10);
  const later = ended({ ...failedJob(1), lastLogId: 40 }, { retriedAt: 41, wasThere: true });
  assert.ok(index.put([ended(failedJob(3)), later], []));
  index.mark({ logId: 50, chain: "fifty" });
  assert.equal(index.retriedAt("job-1" as JobId), 41);

  const restarted = index.asAfterKill();
  assert.ok(restarted.begin({ logId: 30, chain: "thirty" }));
  assert.deepEqual(found(restarted, {}), [2, 1]);
  assert.equal(restarted.job("job-1" as JobId)?.lastLogId, 15);
  assert.equal(restarted.retriedAt("job-1" as JobId), undefined);
  assert.equal(restarted.conditions.get("failed"), 2);
  assert.equal(restarted.asAfterKill().begin({ logId: 50, chain: "fifty" }), false);
});

Deno.test("index: one that is not reset, and trusts what is ahead of the journal, is caught", () => {
  const index = begun();
  assert.ok(index.put([ended(failedJob(1))], []));
  index.mark({ logId: 20, chain: "twenty" });
  assert.ok(index.put([ended(failedJob(2))], []));
  const trusting = index.asAfterKill();
  assert.deepEqual(found(trusting, {}), [2, 1], "job 2 is on no record at 20");
  assert.ok(trusting.begin({ logId: 20, chain: "twenty" }));
  assert.deepEqual(found(trusting, {}), [1]);
});

Deno.test("index: a point of another history, or one it never had, is unknown", () => {
  const index = begun();
  index.mark({ logId: 30, chain: "thirty" });
  for (const point of [{ logId: 30, chain: "other" }, { logId: 31, chain: "thirty" }]) {
    assert.equal(index.asAfterKill().begin(point), false);
  }
});

interface Step {
  readonly kind: "put" | "wake" | "mark";
  readonly job: number;
}

Deno.test("index: whatever happened after a point, a reset restores it", () => {
  const step = fc.record({
    kind: fc.constantFrom<Step["kind"]>("put", "wake", "mark"),
    job: fc.integer({ min: 1, max: 5 }),
  });
  fc.assert(fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
    const index = begun();
    const inMemory = new Set([1, 2, 3, 4, 5]);
    const points: { logId: LogId; jobs: Map<number, LogId> }[] = [];
    const indexed = new Map<number, LogId>();
    let head = 100;
    for (const { kind, job } of steps) {
      head++;
      if (kind === "put" && inMemory.delete(job)) {
        const wasThere = indexed.has(job);
        assert.ok(index.put([ended({ ...failedJob(job), lastLogId: head }, { wasThere })], []));
        indexed.set(job, head);
      } else if (kind === "wake" && indexed.has(job) && !inMemory.has(job)) {
        index.wake(job * 10);
        inMemory.add(job);
      } else if (kind === "mark") {
        // As for a snapshot: all ended jobs are in it.
        for (const one of inMemory) {
          if (!indexed.has(one)) continue;
          const awake = { ...failedJob(one), lastLogId: ++head };
          assert.ok(index.put([ended(awake, { wasThere: true })], []));
          indexed.set(one, head);
          inMemory.delete(one);
        }
        index.mark({ logId: ++head, chain: `${head}` });
        points.push({ logId: head, jobs: new Map(indexed) });
      }
    }
    for (const { logId, jobs } of points.slice(-8)) {
      const back = index.asAfterKill();
      assert.ok(back.begin({ logId, chain: `${logId}` }));
      const states = new Map([...back.scan({}, {})]
        .map(({ job, firstLogId }) => [firstLogId / 10, job.lastLogId]));
      assert.deepEqual(new Map([...states].sort()), new Map([...jobs].sort()));
    }
  }));
});
