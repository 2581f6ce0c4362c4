/**
 * Finds the jobs that wait for an event. A job is filed as soon as its creation or start has a
 * position, so that events with later positions find it. If its entry never becomes durable,
 * neither do those events.
 */

import type { Applied } from "../../core/job_fold.ts";
import { COMPENSATION_ENDS, MAIN_ONLY_PLAN } from "../../core/job_plan.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { CorrelationIndex } from "./correlation_index.ts";

export class FiledJobs {
  /** Jobs that have started but not ended. */
  readonly started = new CorrelationIndex();
  /** Jobs that have been created but not started. */
  readonly unstarted = new CorrelationIndex();

  /** Files the waiting jobs when the engine starts. */
  open(jobs: Iterable<JobState>): void {
    for (const { jobId, plan, state } of jobs) {
      if (plan === MAIN_ONLY_PLAN) continue;
      if (state === "Running") this.started.add(jobId, plan);
      if (state === "Compensating") this.started.add(jobId, plan, COMPENSATION_ENDS);
      if (state === "Created") this.unstarted.add(jobId, plan, []);
    }
  }

  /** @param next The effect of the next entry in the group, which usually starts the job. */
  appended({ before, job }: Applied, next: Applied | undefined): void {
    const { jobId, plan } = job;
    if (plan === MAIN_ONLY_PLAN) return; // It expects no events from outside.
    if (before === undefined) {
      const startsNow = next?.job.jobId === jobId && next.job.state !== "Created";
      if (!startsNow) this.unstarted.add(jobId, plan, []);
    } else if (isStart(before, job)) {
      this.unstarted.remove(jobId);
      this.started.add(jobId, plan);
    }
  }

  shown({ job, rule }: Applied): void {
    if (isTerminal(job)) this.started.remove(job.jobId);
    if (rule === "running/error-compensating") {
      this.started.refile(job.jobId, job.plan, COMPENSATION_ENDS);
    }
  }

  reverted({ before, job }: Applied): void {
    if (job.plan === MAIN_ONLY_PLAN) return; // It was never filed.
    if (before === undefined) return this.unstarted.remove(job.jobId);
    if (!isStart(before, job)) return;
    this.started.remove(job.jobId);
    this.unstarted.add(job.jobId, job.plan, []);
  }
}

function isStart(before: JobState | undefined, job: JobState): boolean {
  return before?.state === "Created" && job.state !== "Created";
}
