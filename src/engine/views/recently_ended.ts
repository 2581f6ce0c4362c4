/**
 * The jobs that ended last, by the events that they wanted, so that the sender of an event that
 * comes too late, or again under another id, learns which job it was for.
 */

import { planEffort } from "../../core/effort.ts";
import type { JobId } from "../../core/ids.ts";
import {
  awaitsOutside,
  expectationAccepts,
  type MatchableEvent,
  matcherAccepts,
  policyEvents,
} from "../../core/job_plan.ts";
import { type Applied, endedJob } from "../../core/job_fold.ts";
import { type DoneJob, type FailedJob, isTerminal } from "../../core/job_state.ts";
import { CorrelationIndex } from "../matching/correlation_index.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { View } from "./view.ts";
import type { Missed } from "../matching/nearest_expectation.ts";
import type { Wanted } from "../matching/type_index.ts";

type TerminalJob = DoneJob | FailedJob;

const JOBS_MAX = 1_000;
/**
 * The effort of all their plans together, since an event may have to be compared with every one.
 */
const EFFORT_MAX = 50_000;

export class RecentlyEnded implements View {
  readonly #index = new CorrelationIndex();
  /** In the order of their ends. */
  readonly #jobs = new Map<JobId, TerminalJob>();
  #effort = 0;

  get size(): number {
    return this.#jobs.size;
  }

  /** Files the newest of the jobs that ended before this process started. */
  restore({ table }: { readonly table: Pick<JobTable, "jobs" | "index"> }): void {
    let newest: TerminalJob[] = [];
    for (const job of [...table.index?.latestAwaiting(JOBS_MAX) ?? [], ...table.jobs()]) {
      if (isTerminal(job) && awaitsOutside(job.plan)) newest.push(job);
      if (newest.length >= 2 * JOBS_MAX) newest = lastEnded(newest);
    }
    for (const job of lastEnded(newest)) this.#file(job);
  }

  /** Files a job that an entry ended, and drops the oldest ones beyond the limits. */
  see(applied: Applied): void {
    const ended = endedJob(applied);
    if (ended !== undefined) this.#file(ended);
  }

  /** Of the jobs that would have accepted the event, the one that ended last. */
  latestFor(event: MatchableEvent): Missed | undefined {
    const jobs = this.#index.jobsFor(event).flatMap((jobId) => this.#jobs.get(jobId) ?? []);
    for (const job of jobs.toSorted((left, right) => right.endedBy - left.endedBy)) {
      const wanted = wantedBy(job, event);
      if (wanted !== undefined) return { job, wanted, distance: 0 };
    }
    return undefined;
  }

  #file(job: TerminalJob): void {
    if (!awaitsOutside(job.plan) || this.#jobs.has(job.jobId)) return;
    this.#jobs.set(job.jobId, job);
    this.#index.add(job.jobId, job.plan);
    this.#effort += planEffort(job.plan);
    while (this.#jobs.size > JOBS_MAX || this.#effort > EFFORT_MAX) this.#forgetOldest();
  }

  #forgetOldest(): void {
    const oldest = this.#jobs.values().next().value;
    if (oldest === undefined) return;
    const { jobId, plan } = oldest;
    this.#jobs.delete(jobId);
    this.#index.remove(jobId);
    this.#effort -= planEffort(plan);
  }
}

function lastEnded(jobs: readonly TerminalJob[]): TerminalJob[] {
  return jobs.toSorted((left, right) => left.endedBy - right.endedBy).slice(-JOBS_MAX);
}

/** The end of a compensation counts only for a job that had one. */
function wantedBy({ plan, failure }: TerminalJob, event: MatchableEvent): Wanted | undefined {
  return plan.expected.find((expected) => expectationAccepts(expected, event)) ??
    policyEvents(plan.policy).find(({ role, matcher }) =>
      (role === "errors" || failure !== undefined) && matcherAccepts(matcher, event)
    );
}
