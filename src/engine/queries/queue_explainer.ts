/** Explains the work as a whole. */

import type { Condition } from "../../core/condition.ts";
import { explainQueue, type LongestJob, type QueueFacts } from "../../explain/explain_queue.ts";
import type { Citation } from "../../explain/explanation.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { QueueExplanation } from "../../explain/queue_explanation.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { Clock } from "../ports.ts";
import type { Suspects } from "../run/suspects.ts";
import type { WorkerQueue } from "../run/worker_queue.ts";
import type { Attention } from "../views/attention.ts";
import type { JobCensus } from "../views/job_census.ts";
import type { EventEngine } from "../writer/event_engine.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { PauseControls } from "../run/pause_controls.ts";
import { cited } from "./citations.ts";
import type { JobEntryReader } from "./job_entry_reader.ts";
import type { JobLists } from "./job_lists.ts";
import { workerHolders } from "./queue_survey.ts";

export interface QueueExplainerParts {
  readonly attention: Attention;
  readonly census: JobCensus;
  readonly clock: Clock;
  readonly events: EventEngine;
  readonly history: JobEntryReader;
  readonly lists: JobLists;
  readonly pauseControls: PauseControls;
  readonly registry: DefinitionRegistry;
  readonly suspects: Suspects;
  readonly table: JobTable;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
  readonly draining: () => boolean;
  readonly failed: () => boolean;
  readonly full: () => boolean;
}

/**
 * For each of these conditions the job that has been in it longest is named; of suspended jobs, the
 * oldest.
 */
const HELD = ["queued", "suspended", "waiting"] as const;
type Held = typeof HELD[number];

/** How many queued jobs to look at, since pauses may hold very many. */
const LOOKED_AT_MAX = 10_000;

export class QueueExplainer {
  readonly #parts: QueueExplainerParts;

  constructor(parts: QueueExplainerParts) {
    this.#parts = parts;
  }

  async explain(): Promise<QueueExplanation<Citation>> {
    const { history, events } = this.#parts;
    const told = explainQueue(await this.#facts());
    const citing = { pages: history.pages, journal: events.journal };
    return {
      ...told,
      because: await cited(citing, told.because),
      next: await cited(citing, told.next),
    };
  }

  async #facts(): Promise<QueueFacts> {
    const { attention, census, events, pauseControls, suspects, workers, threadWorkers } =
      this.#parts;
    const asOf = events.journal.head.logId;
    const pauses = pauseControls.all();
    const [alone] = suspects.all.keys();
    const conditions = new Map(census.conditions);
    const parked = attention.parked;
    const pools = [await this.#pool(workers, false), await this.#pool(threadWorkers, true)];
    const longest: Partial<Record<Condition, LongestJob>> = {};
    for (const condition of HELD) {
      const isThere = (conditions.get(condition) ?? 0) > 0;
      const job = isThere ? await this.#longest(condition, asOf) : undefined;
      if (job !== undefined) longest[condition] = job;
    }
    return {
      asOf,
      failed: this.#parts.failed(),
      circumstances: { full: this.#parts.full(), draining: this.#parts.draining() },
      pauses,
      paused: pauseControls.figures.jobs,
      pools,
      alone,
      conditions,
      parked,
      longest,
    };
  }

  async #pool(workers: WorkerQueue, isThreaded: boolean) {
    const { busy, max, waiting } = workers;
    // Who holds the workers matters only when jobs wait for one.
    const holders = busy === 0 || waiting === 0 ? [] : await workerHolders(this.#parts, isThreaded);
    return { isThreaded, busy, max, waiting, holders };
  }

  async #longest(condition: Held, asOf: LogId): Promise<LongestJob | undefined> {
    const found = this.#found(condition);
    if (found === undefined || found.by > asOf) return undefined;
    const [entry] = await this.#parts.history.at([found.by]);
    return entry && { ...found, since: entry.receivedAt };
  }

  #found(condition: Held): Omit<LongestJob, "since"> | undefined {
    const { attention, lists, table } = this.#parts;
    if (condition === "waiting") return attention.longestWaiting;
    const [jobId] = condition === "queued"
      ? [this.#oldestQueued()]
      : lists.page({ conditions: [condition], oldestFirst: true, limit: 1 }).jobs
        .map((job) => job.jobId);
    const job = jobId === undefined ? undefined : table.job(jobId);
    return job && { jobId: job.jobId, by: lists.lastTransition(job) };
  }

  /** The job that has been queued longest and that no pause of some jobs holds. */
  #oldestQueued(): JobId | undefined {
    const { census, pauseControls, table } = this.#parts;
    return census.queued.take(LOOKED_AT_MAX).find((jobId) => {
      const job = table.head(jobId);
      return job !== undefined && !pauseControls.holdsApart(job);
    });
  }
}
