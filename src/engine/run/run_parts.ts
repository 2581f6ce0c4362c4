/** What the run of one job consists of, across calls of `run`. */

import { Attempts } from "./attempts.ts";
import { Backoffs } from "./backoffs.ts";
import { Ends } from "./ends.ts";
import { Hold } from "./hold.ts";
import { MainAttempt } from "./main_attempt.ts";
import type { Worker } from "./requests_in_order.ts";
import type { RunSubject } from "./run_services.ts";
import { RunTrace } from "./run_trace.ts";

export interface RunParts extends RunSubject {
  readonly trace: RunTrace;
  readonly ends: Ends;
  readonly main: MainAttempt;
  readonly hold: Hold;
  readonly backoffs: Backoffs;
  readonly attempts: Attempts;
}

export function runParts(run: RunSubject, worker: Worker): RunParts {
  const hold = new Hold(run, worker);
  const trace = new RunTrace(run.services, run.job.head);
  const parts = { ...run, hold, trace, ends: new Ends(run) };
  return {
    ...parts,
    attempts: new Attempts(parts),
    main: new MainAttempt(parts),
    backoffs: new Backoffs(run.services.scheduler),
  };
}
