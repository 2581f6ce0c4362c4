/** Searches entries backwards and forwards, compared with all entries of a run of mixed jobs. */

import assert from "node:assert/strict";
import fc from "fast-check";
import { type JobEventLogEntry, STRATA } from "../../src/core/event.ts";
import type { JobId } from "../../src/core/ids.ts";
import { Lane } from "../../src/engine/turns.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import { type EntrySearch, searchAhead, searchBack } from "../../src/dashboard/stream/filter.tsx";
import { passes } from "../../src/http/stream/feed.ts";
import { startApp } from "../support/http/http_app.ts";
import { jobIdOf } from "../support/http/mixed_jobs.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";
import { cases } from "../support/effort.ts";

const JOBS = 33;

const run = await RecordedRun.of(JOBS);
const { engine } = run;
const all = await engine.entries(0, Infinity);
const head = engine.headLogId;

type Search = EntrySearch<JobEventLogEntry>;

/** Keeps whole entries. */
const WHOLE: Pick<Search, "reading" | "show"> = {
  reading: new Lane(),
  show: (entry) => Promise.resolve(entry),
};

const arbitraryPosition = fc.integer({ min: 1, max: head + 2 });

const arbitrarySearch = fc.record({
  filter: fc.record({
    eventTypes: fc.option(
      fc.subarray(["job.JobCreated", "job.TaskFailed", "mixed.Part", "no.Such"])
        .map((types): ReadonlySet<string> => new Set(types)),
      { nil: undefined },
    ),
    stratum: fc.option(fc.constantFrom(...STRATA), { nil: undefined }),
    jobId: fc.option(
      fc.constantFrom(...Array.from({ length: JOBS }, (_, n) => jobIdOf(n) as JobId)),
      { nil: undefined },
    ),
    onlyTransitions: fc.boolean(),
  }),
  limit: fc.integer({ min: 1, max: 30 }),
  examineMax: fc.constantFrom(1, 7, 60, 100_000),
}).map((search): Search => ({ engine, ...WHOLE, ...search }));

/** The matches of a filter, the oldest first, computed one by one. */
function wantedOf(search: Search): readonly JobEventLogEntry[] {
  return all.filter((entry) => passes(entry, search.filter, engine));
}

function between(entries: readonly JobEventLogEntry[], from: number, to: number) {
  return entries.filter(({ logId }) => logId >= from && logId <= to).toReversed();
}

Deno.test("searchBack: it returns exactly the matches in the range that it reports", async () => {
  const property = fc.asyncProperty(arbitrarySearch, arbitraryPosition, async (search, before) => {
    const found = await searchBack(search, before);
    assert.equal(found.to, Math.min(before - 1, head));
    assert.deepEqual(found.entries, between(wantedOf(search), found.from, found.to));
    assert.ok(found.examined <= search.examineMax);
    const isOver = found.entries.length === search.limit || found.examined === search.examineMax;
    assert.ok(isOver || found.from === 1);
  });
  await fc.assert(property, { numRuns: cases(300) });
});

Deno.test("searchAhead: it returns exactly the matches in the range that it reports", async () => {
  const property = fc.asyncProperty(arbitrarySearch, arbitraryPosition, async (search, after) => {
    const found = await searchAhead(search, after);
    assert.equal(found.from, after + 1);
    assert.deepEqual(found.entries, between(wantedOf(search), found.from, found.to));
    assert.ok(found.examined <= search.examineMax);
    const isOver = found.entries.length === search.limit || found.examined === search.examineMax;
    assert.ok(isOver || found.to >= head);
  });
  await fc.assert(property, { numRuns: cases(300) });
});

Deno.test("searchBack: pages back to the beginning give every entry once", async () => {
  const search = {
    ...WHOLE,
    engine,
    filter: {},
    limit: 90,
    examineMax: 50,
  };
  const entries: JobEventLogEntry[] = [];
  for (let before = head + 1; before > 1;) {
    const found = await searchBack(search, before);
    entries.push(...found.entries);
    before = found.from;
  }
  assert.deepEqual(entries, all.toReversed());
});

Deno.test("searchBack: for one job only its own entries are read", async () => {
  const app = await startApp();
  await app.post("/jobs", { jobId: "own", type: "test.greet", input: { name: "Ann" } });
  await app.clock.settle();
  const other = { eventType: "shop.Other", attributes: {} };
  await app.post("/events", Array(900).fill(other));
  const read: number[] = [];
  const counting = new Proxy<JobEngine>(app.engine, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (name === "entries") return () => assert.fail("the whole journal is read");
      if (name !== "history") return typeof member === "function" ? member.bind(target) : member;
      const back: typeof target.history.back = async (...call) => {
        const entries = await target.history.back(...call);
        read.push(entries.length);
        return entries;
      };
      return { back };
    },
  });
  const filter = { jobId: "own" as JobId };
  const search = {
    ...WHOLE,
    engine: counting,
    filter,
    limit: 3,
    examineMax: 10_000,
  };
  const found = await searchBack(search, app.engine.headLogId + 1);
  assert.equal(found.entries.length, 3);
  const own = await app.engine.history.of("own" as JobId, 0, 1_000);
  assert.deepEqual(found.entries, own.slice(-3).toReversed());
  assert.ok(read.reduce((sum, count) => sum + count, 0) <= own.length, read.join());
});

Deno.test("searchBack: only a few large entries are in memory at a time", async () => {
  const app = await startApp();
  const attributes = { text: "x".repeat(300_000) };
  for (let n = 0; n < 40; n++) await app.post("/events", { eventType: "shop.Large", attributes });
  const sizes: number[] = [];
  const counting = {
    async entries(after: number, limit: number) {
      const entries = await app.engine.entries(after, limit);
      sizes.push(JSON.stringify(entries).length);
      return entries;
    },
  } as Partial<JobEngine> as JobEngine;
  const search = { ...WHOLE, engine: counting, limit: 30, examineMax: 100 };
  Object.defineProperty(counting, "headLogId", { value: app.engine.headLogId });
  const found = await searchBack({ ...search, filter: {} }, app.engine.headLogId + 1);
  assert.equal(found.entries.length, 30);
  assert.ok(Math.max(...sizes) < 1_000_000, sizes.join());
});
