/**
 * Searches for the jobs that an event reaches, a few matchers at a time. It takes into account what
 * is filed or removed meanwhile, so that the result is right at any time after the end.
 */

import { runToEnd, type Work } from "../../core/work.ts";
import type { JobId } from "../../core/ids.ts";
import { type MatchableEvent, matcherAccepts } from "../../core/job_plan.ts";
import type { Bucket, Filed } from "./type_index.ts";

/** The effort between two pauses: about a tenth of a millisecond. */
const EFFORT_AT_ONCE = 1_000;

export class ReachSearch {
  readonly #buckets: readonly Bucket[];
  readonly #jobs = new Set<JobId>();

  constructor(readonly event: MatchableEvent, buckets: readonly Bucket[]) {
    this.#buckets = buckets;
  }

  /** The cost of trying all matchers that may accept the event. */
  get effort(): number {
    return this.#buckets.reduce((sum, { effort }) => sum + effort, 0);
  }

  /** An upper bound on the jobs that can be found. */
  get size(): number {
    return this.#buckets.reduce((sum, { size }) => sum + size, 0);
  }

  /** The jobs found, each once, in the order filed. */
  get jobs(): readonly JobId[] {
    return [...this.#jobs];
  }

  /** Completes the search without a pause. */
  jobsAtOnce(): readonly JobId[] {
    runToEnd(this.run());
    return this.jobs;
  }

  /** @param jobsMax Ends when there are more. */
  *run(jobsMax = Infinity): Work<void> {
    let effort = 0;
    for (const bucket of this.#buckets) {
      for (const filed of bucket) {
        this.filed(filed);
        if (this.#jobs.size > jobsMax) return;
        if ((effort += filed.effort) < EFFORT_AT_ONCE) continue;
        effort = 0;
        yield;
      }
    }
  }

  filed({ jobId, wanted }: Filed): void {
    if (this.#jobs.has(jobId) || !matcherAccepts(wanted.matcher, this.event)) return;
    this.#jobs.add(jobId);
  }

  removed(jobId: JobId): void {
    this.#jobs.delete(jobId);
  }
}
