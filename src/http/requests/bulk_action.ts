/**
 * One action on many jobs: those that a filter applies to, as of a position. Each is judged
 * again when its turn comes. The same request may be sent again without doing anything twice:
 * what was done is no longer what the action is for.
 */

import type { Condition } from "../../core/condition.ts";
import { type BulkControl, CONTROLS } from "../../core/controls.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Origin } from "../../core/origin.ts";
import type { EngineProblem, JobCount, JobFilter, Outcome } from "../../engine/requests.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { draining, problemOf, problemOfFailure } from "../problems/engine_problem.ts";
import type { Problem } from "../problems/problem.ts";
import { sizeFor, type Turnstile } from "../guard/turnstile.ts";

/** Jobs that one request acts on: what is left is for the next. */
export const BULK_MAX = 1_000;
/** At once: enough that they share their batches, and few enough that others get through. */
const CONCURRENT_MAX = 32;

export interface BulkRequest {
  readonly action: BulkControl;
  readonly filter: JobFilter;
  /** Jobs that were created later are left alone. */
  readonly upTo: LogId;
  /** Only jobs that were created before this position, to go on with what was left. */
  readonly before?: LogId;
  /** Also retries what was retried by then. */
  readonly again: boolean;
  /** At most `BULK_MAX`, which is the default. */
  readonly limit?: number;
  readonly reason?: string;
  readonly origin?: Origin | undefined;
}

export interface BulkDone {
  readonly jobId: JobId;
  /** Of a retry. */
  readonly newJobId?: JobId;
}

export interface BulkReport {
  readonly done: readonly BulkDone[];
  /** By reason, which completes a sentence. */
  readonly skipped: ReadonlyMap<string, readonly JobId[]>;
  /** Why it ended before it had come to the end; nothing was lost. */
  readonly stopped?: Problem;
  /** Where to go on, as `before`; absent when nothing is left. */
  readonly next?: LogId;
  /** How many the action is still for. */
  readonly left: JobCount;
}

/** Of the jobs that a filter applies to, those that an action is for. */
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

/** A filter that asks for what was retried contradicts an action that leaves that alone. */
function isContradictory({ action, filter, again }: BulkRequest): boolean {
  return action === "retry" && !again && filter.retried === true;
}

export interface BulkPreview {
  /** Those that the action is for. */
  readonly count: JobCount;
  /** The newest of them. */
  readonly sample: readonly JobSummary[];
  /** Failed, and left alone since there is a retry of them. */
  readonly retried: number;
  /** Failed, and left alone since somebody has to put right what could not be undone. */
  readonly byHand: number;
}

const SAMPLE_MAX = 10;

/** What an action would do. */
export function previewBulk(engine: JobEngine, request: BulkRequest): BulkPreview {
  const { before } = rangeOf(request);
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
        if (!again && engine.lists.retryOf(jobId) !== undefined) return void retried++;
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

/** What such a job did is there still: another one would do it a second time. */
function needsSomebody(job: JobState): boolean {
  return "failure" in job && job.failure?.recoveryRequired === true;
}

const NONE: JobCount = { jobs: 0, conditions: new Map() };

function countOf(engine: JobEngine, request: BulkRequest): JobCount {
  return isContradictory(request)
    ? NONE
    : engine.lists.count(filterOfAction(request), rangeOf(request));
}

function rangeOf({ upTo, before = Infinity }: BulkRequest): { readonly before: LogId } {
  return { before: Math.min(before, upTo + 1) };
}

/** Does it to as many as one request may, the newest first. */
export async function runBulk(
  engine: JobEngine,
  request: BulkRequest,
  turnstile?: Turnstile,
): Promise<BulkReport> {
  if (isContradictory(request)) return { done: [], skipped: new Map(), left: NONE };
  const query = {
    ...filterOfAction(request),
    ...rangeOf(request),
    limit: request.limit ?? BULK_MAX,
  };
  const { jobs, next } = engine.list(query);
  const run = new BulkRun(engine, request, turnstile);
  await run.all(jobs);
  const { done, skipped, stopped } = run;
  // After a stop some were done and some were not: the whole is asked for again.
  const again = stopped === undefined ? next : rangeOf(request).before;
  const left = again === undefined ? NONE : countOf(engine, { ...request, before: again });
  return {
    done,
    skipped,
    left,
    ...(stopped === undefined ? {} : { stopped }),
    ...(again === undefined ? {} : { next: again }),
  };
}

class BulkRun {
  readonly done: BulkDone[] = [];
  readonly skipped = new Map<string, JobId[]>();
  stopped: Problem | undefined;
  readonly #engine: JobEngine;
  readonly #request: BulkRequest;

  constructor(
    engine: JobEngine,
    request: BulkRequest,
    private readonly turnstile: Turnstile | undefined,
  ) {
    this.#engine = engine;
    this.#request = request;
  }

  /** Some side by side; resolves when nothing is under way any more. */
  async all(jobs: readonly JobState[]): Promise<void> {
    const queue = jobs.values();
    const workers = Array.from({ length: CONCURRENT_MAX }, () => this.#work(queue));
    await Promise.all(workers);
  }

  async #work(queue: Iterable<JobState>): Promise<void> {
    for (const job of queue) {
      if (this.#engine.draining) this.stopped ??= draining();
      if (this.stopped !== undefined) return;
      try {
        await this.turnstile?.enter(sizeFor(job));
        await this.#one(job);
      } catch (error) {
        const problem = error instanceof Error ? problemOfFailure(error) : undefined;
        if (problem === undefined) throw error;
        this.stopped ??= problem;
      }
    }
  }

  async #one(job: JobState): Promise<void> {
    const { jobId } = job;
    if (this.#request.action === "retry" && needsSomebody(job)) {
      return this.#skip(jobId, "what could not be undone has to be put right by hand first");
    }
    const outcome = await this.#ask(jobId);
    if (outcome.ok) this.done.push(doneOf(jobId, outcome.value));
    else this.#skip(jobId, reasonOf(jobId, outcome.problem));
  }

  #ask(jobId: JobId): Promise<Outcome<JobState>> {
    const { action, upTo, again, reason, origin } = this.#request;
    const why = reason === undefined ? { origin } : { reason, origin };
    return action === "retry"
      ? this.#engine.retry(jobId, { unlessRetriedAfter: again ? upTo : 0, ...why })
      : this.#engine.control(jobId, { kind: action, ...why });
  }

  #skip(jobId: JobId, reason: string): void {
    const others = this.skipped.get(reason);
    if (others === undefined) this.skipped.set(reason, [jobId]);
    else others.push(jobId);
  }
}

function doneOf(jobId: JobId, job: JobState): BulkDone {
  return job.jobId === jobId ? { jobId } : { jobId, newJobId: job.jobId };
}

/** Without what tells which job it is, so that the same is said of many. */
function reasonOf(jobId: JobId, problem: EngineProblem): string {
  const { message } = problem.kind === "rejected" ? problem.rejection : problemOf(problem);
  return message.replaceAll(` ${jobId}`, "").replace(/^Cannot [^:]*: /, "");
}
