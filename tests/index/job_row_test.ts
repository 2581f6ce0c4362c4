/** The narrow row of a job: its summary matches the state, or is not shown. */

import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import type { JobId } from "../../src/core/ids.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import type { JobState, TaskState } from "../../src/core/job_state.ts";
import { jobSummary } from "../../src/core/job_summary.ts";
import { type EndedJob, IndexDamagedError } from "../../src/engine/job_index.ts";
import { SqliteJobIndex } from "../../src/index/sqlite_job_index.ts";
import { codedJob, expectation, plan } from "../support/engine/entries.ts";
import { foldAll } from "../../src/core/job_fold.ts";
import { parseStored, storedText } from "../../src/index/job_row.ts";
import { stories } from "../core/arbitrary_entries.ts";
import { projectAll } from "../support/engine/folding.ts";
import { rounds } from "../support/effort.ts";
import { anyCharacter } from "../support/any_character.ts";

/** Two entries, of which the first created the job. */
const TRAIL = [10 * 4_096 + 17, 12 * 4_096];

interface Opened {
  readonly index: SqliteJobIndex;
  readonly database: DatabaseSync;
  readonly warnings: string[];
}

function open(): Opened {
  const database = new DatabaseSync(":memory:");
  const warnings: string[] = [];
  const index = new SqliteJobIndex({
    open: () => database,
    discard: () => {},
    warn: (message) => void warnings.push(message),
  });
  assert.ok(index.begin(undefined));
  return { index, database, warnings };
}

function put(index: SqliteJobIndex, job: JobState): EndedJob {
  const summary = jobSummary(job);
  const text = `${job.jobId}\n${summary.failure?.error.message ?? ""}`.toLowerCase();
  const state = { job, summary, trail: TRAIL, text };
  const ended = { ...state, awaitsOutside: true, retriedAt: 99, wasThere: false, isAwake: false };
  assert.ok(index.put([ended], []));
  return ended;
}

const anyText = fc.string({ unit: anyCharacter, maxLength: 400 });
const time = fc.oneof(
  fc.date({ min: new Date(0), max: new Date("2100-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString()),
  fc.constantFrom(
    "2026-01-01T00:00:00Z",
    "2026-01-01T00:00:00.123456Z",
    "2026-01-01T02:00:00+02:00",
    // Days that months have, and that they do not have.
    ...["01-31", "02-28", "02-29", "02-30", "04-30", "04-31", "11-30", "12-31"]
      .map((day) => `2026-${day}T10:00:00.000Z`),
  ),
);

/** Any ended job. */
const endedJob: fc.Arbitrary<JobState> = fc.record({
  state: fc.constantFrom("Done", "Failed"),
  jobId: fc.constantFrom("job-1", "a~b:c", "job_01K"),
  type: fc.option(fc.constantFrom("shop.order"), { nil: undefined }),
  definitionVersion: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
  plan: fc.constantFrom(
    MAIN_ONLY_PLAN,
    plan([expectation("paid", "ec.Paid"), expectation("sent", "ec.Sent")]),
    plan([]),
  ),
  priority: fc.integer({ min: -1_000, max: 1_000 }),
  labels: fc.dictionary(anyText, anyText, { maxKeys: 4 }),
  createdAt: time,
  startedAt: time,
  attemptedAt: time,
  endedAt: time,
  startAt: fc.option(time, { nil: undefined }),
  retryOf: fc.option(fc.constant("job-0"), { nil: undefined }),
  firstLogId: fc.constant(10),
  lastLogId: fc.integer({ min: 10, max: 2 ** 40 }),
  matched: fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 2, maxLength: 2 }),
  attempts: fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 3 }),
  failure: fc.record({
    kind: fc.constantFrom("error", "poison", "deadLetter", "cancelled"),
    taskId: fc.option(fc.constant("charge"), { nil: undefined }),
    error: fc.record({ name: anyText, message: anyText }),
    recoveryRequired: fc.boolean(),
    because: fc.integer({ min: 10, max: 2 ** 40 }),
  }),
  hasFailure: fc.boolean(),
}).map(({ matched, attempts, attemptedAt, failure, hasFailure, state, ...job }) => ({
  ...job,
  state,
  expected: matched.map((count) => ({ matched: count, by: [], surplus: 0 })),
  tasks: attempts.map((count, index) => ({
    ...{ taskId: index === 0 ? "main" : `task-${index}`, startedAt: attemptedAt },
    ...{ attempts: count, status: "failed" },
  } as TaskState)),
  ...(state === "Failed" || hasFailure ? { failure } : {}),
} as unknown as JobState));

Deno.test("job row: the summary of every job matches its state", () => {
  fc.assert(fc.property(endedJob, (job) => {
    const { index, warnings } = open();
    const { summary } = put(index, job);
    const text = JSON.stringify(summary);
    assert.equal(JSON.stringify(index.summaryAt(10)), text);
    const found = [...index.scan({}, {})].map(({ summary }) => JSON.stringify(summary));
    assert.deepEqual(found, [text]);
    assert.deepEqual(warnings, []);
    index.close();
  }));
});

const failed = {
  ...{ state: "Failed", jobId: "job-1" as JobId, type: "shop.order", definitionVersion: 1 },
  ...{ plan: MAIN_ONLY_PLAN, priority: 0, labels: { team: "shop" }, expected: [] },
  tasks: [{ taskId: "main", attempts: 1, startedAt: "2026-01-01T00:00:00.007Z" }],
  ...{ createdAt: "2026-01-01T00:00:00.000Z", startedAt: "2026-01-01T00:00:00.000Z" },
  ...{ endedAt: "2026-01-01T00:00:01.000Z", firstLogId: 10, lastLogId: 15 },
  idempotency: { key: "k", digest: "d" },
  sealed: {},
  failure: {
    ...{ kind: "error", recoveryRequired: false, because: 15 },
    error: { name: "Error", message: "refused" },
  },
} as unknown as JobState;

/** Flips one bit of a stored value; of texts the last one, so that JSON stays valid. */
function flipped(value: unknown): string | number {
  return typeof value === "string"
    ? value.replace(/[0-9a-z](?=[^0-9a-z]*$)/i, (one) => String.fromCharCode(one.charCodeAt(0) ^ 1))
    : Number(value) ^ 1;
}

Deno.test("job row: if any column was changed, no summary is shown", () => {
  const columns = Object.keys(putAndRead().row).filter((name) =>
    !["first", "awake"].includes(name)
  );
  assert.ok(columns.length > 15);
  for (const column of columns) {
    const { index, database, warnings, row } = putAndRead();
    assert.notEqual(row[column], null, column);
    database.prepare(`UPDATE jobs SET ${column} = ?`).run(flipped(row[column]));
    assert.throws(() => index.summaryAt(10), IndexDamagedError, column);
    const found = () => [...index.scan({}, {})].map(({ summary }) => summary);
    assert.throws(found, IndexDamagedError, column);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /The index is damaged: the row of the job of logId 10/);
    index.close();
  }
});

function putAndRead() {
  const opened = open();
  put(opened.index, failed);
  const row = opened.database.prepare("SELECT * FROM jobs").get() as Record<string, unknown>;
  // Few jobs have every column.
  return { ...opened, row };
}

Deno.test("job row: one with another job's state shows neither", () => {
  const { index, database } = open();
  put(index, failed);
  put(index, { ...failed, jobId: "job-2" as JobId, firstLogId: 20, lastLogId: 25 } as JobState);
  database.exec("UPDATE jobs SET last = 25 WHERE first = 10");
  assert.throws(() => index.job("job-1" as JobId), IndexDamagedError);
  assert.throws(() => index.trail("job-1" as JobId), IndexDamagedError);
});

Deno.test("job row: a changed trail is not shown", () => {
  const { index, database, warnings } = open();
  put(index, failed);
  assert.deepEqual(index.trail(failed.jobId), TRAIL);
  database.exec("UPDATE states SET trail = x'1517'");
  assert.throws(() => index.trail(failed.jobId), IndexDamagedError);
  assert.match(warnings[0] ?? "", /The index is damaged: the trail as of logId/);
});

Deno.test("job row: an index with a damaged row cannot be reset, so it is rebuilt", () => {
  const { index, database } = open();
  index.mark({ logId: 50, chain: "fifty" });
  put(index, failed);
  index.mark({ logId: 120, chain: "later" });
  database.exec("UPDATE points SET jobs = 1");
  database.exec("UPDATE states SET last = 60; UPDATE jobs SET type = 'shop.ordes'");
  assert.equal(index.begin({ logId: 50, chain: "fifty" }), false);
});

// Whole jobs as the index stores them.

function assertKept(job: JobState): void {
  assert.equal(JSON.stringify(parseStored(storedText(job))), JSON.stringify(job));
}

Deno.test("stored job: any job comes back byte for byte", () => {
  const RUNS = { numRuns: rounds(1_500, 3_000, 200) };
  fc.assert(fc.property(stories, ({ entries }) => assertKept(foldAll(entries))), RUNS);
});

Deno.test("stored job: a task with something to tell is kept whole, others are lists", () => {
  const begun = codedJob().started().mainStarted();
  const { entries } = begun.taskStarted("plain").taskCompleted("plain", 1, { result: 7 })
    .taskStarted("undoable").taskCompleted("undoable", 1, { compensable: true, result: 8 });
  const job = projectAll(entries);
  assertKept(job);
  const { tasks } = JSON.parse(storedText(job));
  assert.deepEqual(tasks.map(Array.isArray), [false, true, false]);
});
