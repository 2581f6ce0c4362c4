/** The parts of one job's run, shared by all calls of `run`. */

import { Attempts } from "./attempts.ts";
import { Backoffs } from "./backoffs.ts";
import { PendingOutcomes } from "./pending_outcomes.ts";
import { WorkerLease } from "./worker_lease.ts";
import { MainAttempt } from "./main_attempt.ts";
import type { Worker } from "./requests_in_order.ts";
import type { RunSubject } from "./run_services.ts";
import { RunTrace } from "./run_trace.ts";

export interface RunParts extends RunSubject {
  readonly trace: RunTrace;
  readonly ends: PendingOutcomes;
  readonly main: MainAttempt;
  readonly lease: WorkerLease;
  readonly backoffs: Backoffs;
  readonly attempts: Attempts;
}

export function runParts(run: RunSubject, worker: Worker): RunParts {
  const lease = new WorkerLease(run, worker);
  const trace = new RunTrace(run.services, run.job.head);
  const parts = { ...run, lease, trace, ends: new PendingOutcomes(run) };
  return {
    ...parts,
    attempts: new Attempts(parts),
    main: new MainAttempt(parts),
    backoffs: new Backoffs(run.services.scheduler),
  };
}
