/**
 * One action on all jobs that match a filter as of a position. Each job is checked again when its
 * turn comes. A repeated request does nothing twice, since the jobs already handled no longer need
 * the action.
 */

import { present } from "../../core/json.ts";
import type { Condition } from "../../core/condition.ts";
import { type BulkControl, CONTROLS } from "../../core/controls.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Origin } from "../../core/trace_ids.ts";
import type { EngineProblem, Outcome } from "../../engine/requests.ts";
import type { JobCount, JobFilter } from "../../engine/job_pages.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { draining, refusalOfFailure, toRefusal } from "../../documents/engine_refusal.ts";
import type { Problem } from "../responses/problem.ts";
import { type AdmissionGate, type Size, sizeFor } from "../capacity/admission_gate.ts";

/** Jobs that one request acts on; the rest are left for the next request. */
export const BULK_MAX = 1_000;
/** Jobs at a time: enough to share batches, and few enough to let other requests through. */
const CONCURRENT_MAX = 32;

export interface BulkRequest {
  readonly action: BulkControl;
  readonly filter: JobFilter;
  /** Jobs created later are skipped. */
  readonly upTo: LogId;
  /** Only jobs created before this position: continues an earlier request. */
  readonly before?: LogId;
  /** Also retries jobs that were retried before. */
  readonly again: boolean;
  /** At most `BULK_MAX`, the default. */
  readonly limit?: number;
  readonly reason?: string;
  readonly origin?: Origin | undefined;
}

export interface BulkDone {
  readonly jobId: JobId;
  readonly newJobId?: JobId;
}

export interface BulkReport {
  readonly done: readonly BulkDone[];
  /** By reason, which is a clause that completes a sentence. */
  readonly skipped: ReadonlyMap<string, readonly JobId[]>;
  /** Why it stopped early; nothing was lost. */
  readonly stopped?: Problem;
  /** Where to continue, as `before`; absent if nothing is left. */
  readonly next?: LogId;
  /** How many jobs still need the action. */
  readonly left: JobCount;
}

/** The filter, limited to jobs that the action applies to. */
export function filterOfAction({ action, filter, again }: BulkRequest): JobFilter {
  const named = filter.conditions;
  const meant: readonly Condition[] = CONTROLS[action].conditions;
  const possible = action === "retry" && named?.includes("cancelled")
    ? [...meant, "cancelled" as const]
    : meant;
  const conditions = possible.filter((condition) => named?.includes(condition) ?? true);
  return action === "retry" && !again
    ? { ...filter, conditions, retried: false }
    : { ...filter, conditions };
}

/** A filter for retried jobs contradicts a retry that skips them. */
function isContradictory({ action, filter, again }: BulkRequest): boolean {
  return action === "retry" && !again && filter.retried === true;
}

export interface BulkPreview {
  /** The jobs that the action applies to. */
  readonly count: JobCount;
  /** The newest of them. */
  readonly sample: readonly JobSummary[];
  readonly retried: number;
  /**
   * Failed jobs skipped because effects that could not be undone have to be fixed by hand first.
   */
  readonly byHand: number;
}

const SAMPLE_MAX = 10;

/** What an action would do. */
export function previewBulk(engine: JobEngine, request: BulkRequest): BulkPreview {
  const { before } = scanRange(request);
  const { action, again } = request;
  const sample: JobSummary[] = [];
  const conditions = new Map<Condition, number>();
  let [jobs, retried, byHand] = [0, 0, 0];
  const reach = engine.lists.visit(
    filterOfAction({ ...request, again: true }),
    (found) => {
      const { condition } = found;
      if (action === "retry") {
        const { jobId, failure } = found.summary;
        if (!again && engine.lists.listed.retryOf(jobId) !== undefined) return void retried++;
        if (failure?.recoveryRequired === true) return void byHand++;
      }
      jobs++;
      conditions.set(condition, (conditions.get(condition) ?? 0) + 1);
      if (sample.length < SAMPLE_MAX) sample.push(found.summary);
    },
    { before },
  );
  const count = { jobs, conditions, ...(reach === undefined ? {} : { searched: reach }) };
  return { count, sample, retried, byHand };
}

const NONE: JobCount = { jobs: 0, conditions: new Map() };

function countJobs(engine: JobEngine, request: BulkRequest): JobCount {
  return isContradictory(request)
    ? NONE
    : engine.lists.count(filterOfAction(request), scanRange(request));
}

function scanRange({ upTo, before = Infinity }: BulkRequest): { readonly before: LogId } {
  return { before: Math.min(before, upTo + 1) };
}

/** Acts on as many jobs as one request may, the newest first. */
export async function runBulk(
  engine: JobEngine,
  request: BulkRequest,
  admission: Pick<AdmissionGate, "enter">,
): Promise<BulkReport> {
  if (isContradictory(request)) return { done: [], skipped: new Map(), left: NONE };
  const query = {
    ...filterOfAction(request),
    ...scanRange(request),
    limit: request.limit ?? BULK_MAX,
  };
  const { jobs, next } = engine.lists.summaries(query);
  const run = new BulkRun(engine, request, admission);
  await run.all(jobs);
  const { done, skipped, stopped } = run;
  // After an early stop only some jobs were handled, so the next request covers the whole range.
  const again = stopped === undefined ? next : scanRange(request).before;
  const left = again === undefined ? NONE : countJobs(engine, { ...request, before: again });
  return { done, skipped, left, ...present({ stopped, next: again }) };
}

class BulkRun {
  readonly done: BulkDone[] = [];
  readonly skipped = new Map<string, JobId[]>();
  stopped: Problem | undefined;
  /** Of the job read last: the next is likely to have the same. */
  #size: Size = "small";
  /** After a large job, one is read and handled at a time: together they may be very large. */
  #large: Promise<void> = Promise.resolve();

  constructor(
    private readonly engine: JobEngine,
    private readonly request: BulkRequest,
    private readonly admission: Pick<AdmissionGate, "enter">,
  ) {}

  /** Acts on several jobs at a time; resolves when none is in progress. */
  async all(jobs: readonly JobSummary[]): Promise<void> {
    const queue = jobs.values();
    const workers = Array.from({ length: CONCURRENT_MAX }, () => this.#work(queue));
    await Promise.all(workers);
  }

  async #work(queue: Iterable<JobSummary>): Promise<void> {
    for (const job of queue) {
      const turn = this.admission.enter();
      if (turn !== undefined) await turn;
      const act = () => this.#act(job);
      await (this.#size === "large" ? this.#large = this.#large.then(act) : act());
      if (this.stopped !== undefined) return;
    }
  }

  async #act(job: JobSummary): Promise<void> {
    if (this.engine.draining) this.stopped ??= draining();
    if (this.stopped !== undefined) return;
    try {
      if (this.#size === "large") await this.admission.enter("large");
      const whole = this.engine.job(job.jobId);
      this.#size = whole === undefined ? "small" : sizeFor(whole);
      await this.#one(job);
    } catch (error) {
      const problem = error instanceof Error ? refusalOfFailure(error) : undefined;
      if (problem === undefined) throw error;
      this.stopped ??= problem;
    }
  }

  async #one({ jobId, failure }: JobSummary): Promise<void> {
    // Effects of such a job remain, and a retry would repeat them.
    if (this.request.action === "retry" && failure?.recoveryRequired === true) {
      return this.#skip(jobId, "effects that could not be undone have to be fixed by hand first");
    }
    const outcome = await this.#ask(jobId);
    if (outcome.ok) this.done.push(bulkDone(jobId, outcome.value));
    else this.#skip(jobId, refusalReason(jobId, outcome.problem));
  }

  #ask(jobId: JobId): Promise<Outcome<JobState>> {
    const { action, upTo, again, reason, origin } = this.request;
    const why = reason === undefined ? { origin } : { reason, origin };
    return action === "retry"
      ? this.engine.retry(jobId, { unlessRetriedAfter: again ? upTo : 0, ...why })
      : this.engine.control(jobId, { kind: action, ...why });
  }

  #skip(jobId: JobId, reason: string): void {
    this.skipped.getOrInsertComputed(reason, () => []).push(jobId);
  }
}

function bulkDone(jobId: JobId, job: JobState): BulkDone {
  return job.jobId === jobId ? { jobId } : { jobId, newJobId: job.jobId };
}

/** The reason without the id of the job, so that equal reasons are grouped. */
function refusalReason(jobId: JobId, problem: EngineProblem): string {
  const { message } = problem.kind === "rejected" ? problem.rejection : toRefusal(problem);
  return message.replaceAll(` ${jobId}`, "").replace(/^Cannot [^:]*: /, "");
}
