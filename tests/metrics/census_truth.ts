/** The engine's totals over all jobs, compared with the jobs themselves, one by one. */

import assert from "node:assert/strict";
import { deriveCondition } from "../../src/core/condition.ts";
import type { JobState } from "../../src/core/job_state.ts";
import type { JobEngine } from "../../src/engine/job_engine.ts";
import { ATTENTION_MAX } from "../../src/engine/views/attention.ts";

/** Counts the jobs again, reads from the journal since when they wait, and compares. */
export async function assertCensus(engine: JobEngine, nowMs: number): Promise<void> {
  const { jobs } = engine.list({ limit: 10_000 });
  const census = engine.survey.census();
  assert.equal(census.jobs, jobs.length);
  assert.deepEqual(present(census.states), tally(jobs.map(({ state }) => state)));
  assert.deepEqual(present(census.conditions), tally(jobs.map((job) => deriveCondition(job))));

  const queued = await sinceOf(engine, jobs.filter((job) => deriveCondition(job) === "queued"));
  const oldest = queued[0];
  assert.deepEqual(
    census.oldestQueued,
    oldest && { jobId: oldest.job.jobId, queuedMs: nowMs - Date.parse(oldest.since) },
  );
  await assertAttention(engine, jobs);
}

async function assertAttention(engine: JobEngine, jobs: readonly JobState[]): Promise<void> {
  const retried = new Set(jobs.map(({ retryOf }) => retryOf));
  const failed = jobs.filter((job) => job.state === "Failed")
    .filter((job) => deriveCondition(job) === "failed" && !retried.has(job.jobId))
    .toSorted((left, right) => right.endedBy - left.endedBy);
  const waiting = await sinceOf(engine, jobs.filter((job) => deriveCondition(job) === "waiting"));
  const parked = jobs.flatMap(({ type, parked }) => parked ? [`${parked.reason} ${type}`] : []);
  const attention = await engine.survey.needingAttention();
  const told = attention.parked.map(({ reason, type, jobs }) =>
    [`${reason} ${type}`, jobs] as const
  );
  assert.deepEqual(Object.fromEntries(told), tally(parked));
  assert.deepEqual(attention.failed, failed.slice(0, ATTENTION_MAX));
  assert.deepEqual(attention.waiting, waiting.slice(0, ATTENTION_MAX));
}

/** With the time since which each is in its condition, the oldest first. */
async function sinceOf(engine: JobEngine, jobs: readonly JobState[]) {
  const found = await Promise.all(jobs.map(async (job) => {
    const entries = await engine.history.of(job.jobId, 0, 10_000);
    const last = entries.findLast((entry) => engine.transitionAt(entry) !== undefined);
    assert.ok(last);
    return { job, since: last.receivedAt, logId: last.logId };
  }));
  return found.toSorted((left, right) => left.logId - right.logId)
    .map(({ job, since }) => ({ job, since }));
}

function tally<Kind extends string>(kinds: readonly Kind[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of kinds) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function present(counts: ReadonlyMap<string, number>): Record<string, number> {
  return Object.fromEntries([...counts].filter(([, count]) => count !== 0));
}
