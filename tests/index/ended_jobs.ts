/** Ended jobs, numbered, as the engine gives them to the index. */

import { jobId } from "../../src/core/ids.ts";
import { MAIN_ONLY_PLAN } from "../../src/core/job_plan.ts";
import type { DoneJob } from "../../src/core/job_state.ts";
import { jobSummary } from "../../src/core/job_summary.ts";
import type { EndedJob } from "../../src/engine/job_index.ts";
import { NO_TRAIL } from "../../src/engine/writer/trail.ts";

export function endedJob(number: number): EndedJob {
  const firstLogId = number * 10;
  const job: DoneJob = {
    state: "Done",
    jobId: jobId(`job-${number}`),
    plan: MAIN_ONLY_PLAN,
    input: { text: "x".repeat(1_000) },
    priority: 0,
    labels: {},
    createdAt: "2026-01-01T00:00:00.000Z",
    startedAt: "2026-01-01T00:00:00.000Z",
    endedAt: "2026-01-01T00:00:01.000Z",
    firstLogId,
    startedBy: firstLogId + 1,
    endedBy: firstLogId + 2,
    lastLogId: firstLogId + 2,
    tasks: [],
    expected: [],
  };
  return {
    job,
    summary: jobSummary(job),
    trail: NO_TRAIL,
    text: job.jobId,
    awaitsOutside: false,
    retriedAt: undefined,
    wasThere: false,
    isAwake: false,
  };
}

export function jobsFrom(number: number, count: number): readonly EndedJob[] {
  return Array.from({ length: count }, (_, at) => endedJob(number + at));
}
