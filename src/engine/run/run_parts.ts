/** What the run of one job consists of, across calls of `run`. */

import type { JobId } from "../../core/ids.ts";
import type { AnyJobDefinition } from "../definition.ts";
import type { PendingJob } from "../writer/job_record.ts";
import { Attempts } from "./attempts.ts";
import { Backoffs } from "./backoffs.ts";
import { Ends } from "./ends.ts";
import { Hold } from "./hold.ts";
import { MainAttempt } from "./main_attempt.ts";
import type { Worker } from "./requests_in_order.ts";
import type { RunOwner, RunServices } from "./run_services.ts";
import { RunTrace } from "./run_trace.ts";

export interface RunParts {
  readonly owner: RunOwner;
  readonly services: RunServices;
  readonly definition: AnyJobDefinition;
  readonly jobId: JobId;
  readonly job: PendingJob;
  readonly trace: RunTrace;
  readonly ends: Ends;
  readonly main: MainAttempt;
  readonly hold: Hold;
  readonly backoffs: Backoffs;
  readonly attempts: Attempts;
}

export function runParts(
  owner: RunOwner,
  services: RunServices,
  definition: AnyJobDefinition,
  jobId: JobId,
  job: PendingJob,
  worker: Worker,
): RunParts {
  const { type } = definition;
  const hold = new Hold({ services, jobId, job, type }, worker);
  const trace = new RunTrace(services, job.head);
  const ends = new Ends(services, jobId, owner);
  const attempts = new Attempts({ owner, services, jobId, job, hold, ends, trace, type });
  const main = new MainAttempt({ services, jobId, job, trace });
  const backoffs = new Backoffs(services.scheduler);
  const about = { owner, services, definition, jobId, job };
  return { ...about, trace, ends, main, hold, backoffs, attempts };
}
