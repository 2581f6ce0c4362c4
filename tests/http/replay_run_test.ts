/**
 * `replay?at=` equals the live server's answer at that point, for a recorded run of 200 mixed jobs,
 * at every logId.
 */

import assert from "node:assert/strict";
import { CONDITIONS } from "../../src/core/condition.ts";
import type { JobEventLogEntry } from "../../src/core/event.ts";
import type { JobId, LogId } from "../../src/core/ids.ts";
import { RULES } from "../../src/core/rules.ts";
import { jobView } from "../../src/documents/jobs.ts";
import { type JobBody, jsonOf } from "../support/http/http_app.ts";
import { rounds } from "../support/effort.ts";
import { RecordedRun } from "../support/http/recorded_run.ts";
import { projectAll } from "../support/engine/folding.ts";

const JOBS = rounds(200, 200, 90);

interface ReplayBody {
  readonly job: JobBody;
  readonly steps: readonly { readonly logId: LogId; readonly rule: string; readonly why: string }[];
}

const run = await RecordedRun.of(JOBS);
const recording = run.recording;

const histories = new Map<JobId, readonly JobEventLogEntry[]>();
for (const jobId of recording.keys()) {
  histories.set(jobId, await run.engine.history.of(jobId, 0, Infinity));
}

async function replayed(jobId: JobId, at: string | number): Promise<ReplayBody> {
  return await jsonOf<ReplayBody>(await run.get(`/jobs/${jobId}/replay?at=${at}`), 200);
}

/** The answer after an entry; within a batch, where no request is possible, the next one. */
function answered(jobId: JobId, entries: readonly JobEventLogEntry[], count: number): unknown {
  const observed = recording.get(jobId)?.get(entries[count - 1]?.logId ?? 0);
  return observed ?? JSON.parse(JSON.stringify(jobView(projectAll(entries.slice(0, count)))));
}

Deno.test("replay of a run: it has jobs of every kind, condition and rule", async () => {
  const bodies = [...recording.values()].flatMap((states) => [...states.values()]);
  const conditions = new Set(bodies.map(({ condition }) => condition));
  const rules = new Set<string>();
  for (const jobId of histories.keys()) {
    for (const { rule } of (await replayed(jobId, run.engine.headLogId)).steps) rules.add(rule);
  }
  assert.ok(recording.size >= JOBS, `only ${recording.size} jobs`);
  assert.deepEqual([...conditions].toSorted(), [...CONDITIONS].toSorted());
  // A journal has each entry once.
  assert.deepEqual(Object.keys(RULES).filter((rule) => !rules.has(rule)), ["any/already-applied"]);
  assert.ok(bodies.some(({ retryOf }) => retryOf !== undefined), "none retries another");
});

Deno.test("replay of a run: at every logId of a job it equals the server's answer at that point", async () => {
  let observed = 0;
  for (const [jobId, entries] of histories) {
    for (const [index, { logId }] of entries.entries()) {
      const { job, steps } = await replayed(jobId, logId);
      assert.deepEqual(job, answered(jobId, entries, index + 1), `${jobId} at ${logId}`);
      assert.deepEqual(steps.at(-1)?.logId, logId);
      assert.equal(steps.length, index + 1);
      observed += recording.get(jobId)?.has(logId) ? 1 : 0;
    }
  }
  const total = [...histories.values()].reduce((sum, entries) => sum + entries.length, 0);
  const states = [...recording.values()].reduce((sum, answers) => sum + answers.size, 0);
  assert.equal(observed, states, "an answer was of no entry of its job");
  assert.ok(observed > total / 2, `only ${observed} of ${total} states could be observed`);
});

Deno.test("replay of a run: at the logIds of other jobs it equals that at the job's previous entry", async () => {
  const head = run.engine.headLogId;
  for (const [jobId, entries] of histories) {
    for (const [index, { logId }] of entries.entries()) {
      const next = entries[index + 1]?.logId ?? head + 1;
      for (const at of new Set([logId + 1, (logId + next) >> 1, next - 1])) {
        if (at <= logId || at >= next) continue;
        const { job } = await replayed(jobId, at);
        assert.deepEqual(job, answered(jobId, entries, index + 1), `${jobId} at ${at}`);
      }
    }
  }
});

Deno.test("replay of a run: at a time or an eventId it equals that at the entry", async () => {
  for (const [jobId, entries] of histories) {
    for (const [index, { eventId, receivedAt }] of entries.entries()) {
      const byEvent = await replayed(jobId, eventId);
      assert.deepEqual(byEvent.job, answered(jobId, entries, index + 1), `${jobId} at ${eventId}`);
      if (entries[index + 1]?.receivedAt === receivedAt) continue;
      const byTime = await replayed(jobId, receivedAt);
      assert.deepEqual(byTime.job, byEvent.job, `${jobId} at ${receivedAt}`);
    }
  }
});

Deno.test("replay of a run: without a point it equals the server's current answer", async () => {
  for (const jobId of histories.keys()) {
    const now = await jsonOf(await run.get(`/jobs/${jobId}`), 200);
    const { job } = await jsonOf<ReplayBody>(await run.get(`/jobs/${jobId}/replay`), 200);
    assert.deepEqual(job, now);
  }
});
