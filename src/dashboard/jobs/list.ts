/** One page of the list of jobs, and the changes since it was shown. */

import type { LogId } from "../../core/ids.ts";
import type { FoundJob } from "../../engine/job_index.ts";
import type { JobCount, JobFilter, JobRange, ListPage, Reach } from "../../engine/job_pages.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { parseWholeNumber } from "../../documents/fields.ts";
import type { ScreenQuery } from "./address.ts";

export const PAGE_JOBS = 50;

/** Jobs that would now be on the page but are not shown. */
interface NewJobs {
  readonly jobs: number;
  /** Whether all of them were created after those on the page. */
  readonly isNewer: boolean;
}

export interface JobsPage {
  readonly jobs: readonly JobSummary[];
  /** Jobs that no longer match the filter. */
  readonly gone: ReadonlySet<JobSummary>;
  /** The cursor of the next page; absent on the last one. */
  readonly older: LogId | undefined;
  /** The cursor of the previous page; absent on the first one. */
  readonly newer: LogId | undefined;
  readonly searched: Reach | undefined;
  readonly news: NewJobs;
  /** Counts of the jobs that match the filter, in any condition. */
  readonly count: JobCount;
}

const NO_NEWS: NewJobs = { jobs: 0, isNewer: true };

/** The jobs of a page: those already shown, if the query names them; otherwise those that match. */
export function jobsPage(engine: JobEngine, query: ScreenQuery, filter: JobFilter): JobsPage {
  if (query.shown !== undefined) return shownPage(engine, query, filter, query.shown);
  const above = query.newer === undefined ? undefined : pageAbove(engine, filter, query.newer);
  if (above !== undefined) return laterPage(engine, filter, above, undefined);
  return query.cursor === undefined || query.newer !== undefined
    ? firstPage(engine, filter)
    : laterPage(engine, filter, pageBelow(engine, filter, query.cursor), query.cursor);
}

/** Counts all matching jobs, in any condition. */
function countJobs(engine: JobEngine, { conditions: _, ...filter }: JobFilter): JobCount {
  return engine.lists.count(filter);
}

function firstPage(engine: JobEngine, filter: JobFilter): JobsPage {
  const page = engine.lists.summaries({ ...filter, limit: PAGE_JOBS });
  return { ...laterPage(engine, filter, page, undefined), newer: undefined };
}

/**
 * @param before Where the page begins, for a page without jobs.
 */
function laterPage(
  engine: JobEngine,
  filter: JobFilter,
  { jobs, next, searched }: ListPage<JobSummary>,
  before: LogId | undefined,
): JobsPage {
  return {
    jobs,
    gone: new Set(),
    older: next,
    newer: jobs[0]?.firstLogId ?? before,
    searched,
    news: NO_NEWS,
    count: countJobs(engine, filter),
  };
}

function pageBelow(engine: JobEngine, filter: JobFilter, before: LogId): ListPage<JobSummary> {
  return engine.lists.summaries({ ...filter, before, limit: PAGE_JOBS });
}

/** The page that ends just above a position; `undefined` if that is the first one. */
function pageAbove(
  engine: JobEngine,
  filter: JobFilter,
  after: LogId,
): ListPage<JobSummary> | undefined {
  const page = engine.lists.summaries({ ...filter, after, limit: PAGE_JOBS, oldestFirst: true });
  const oldest = page.jobs[0];
  if (page.next === undefined || page.jobs.length < PAGE_JOBS || oldest === undefined) {
    return undefined;
  }
  return { jobs: page.jobs.toReversed(), next: oldest.firstLogId };
}

/** The current state of the shown rows, which neither move nor disappear. */
function shownPage(
  engine: JobEngine,
  query: ScreenQuery,
  filter: JobFilter,
  shown: string,
): JobsPage {
  const jobs = positionsIn(shown).slice(0, PAGE_JOBS)
    .map((logId) => engine.lists.listed.summaryAt(logId))
    .filter((job) => job !== undefined);
  const news = new NewsCounter(jobs, query.cursor === undefined && query.newer === undefined);
  engine.lists.visit(filter, (found) => news.see(found), news.range);
  const gone = new Set(
    jobs.filter(({ firstLogId }) => !engine.lists.listed.isAmong(filter, firstLogId)),
  );
  const nowhere = { older: undefined, newer: undefined, searched: undefined };
  return { jobs, gone, ...nowhere, news: news.result, count: countJobs(engine, filter) };
}

function positionsIn(text: string): readonly LogId[] {
  return text.split(",").map(parseWholeNumber).filter((logId) => logId !== undefined);
}

/** Counts the jobs that the page would show if it were reloaded. */
class NewsCounter {
  readonly #shown: ReadonlySet<LogId>;
  readonly #newest: LogId;
  readonly #after: LogId;
  readonly #before: LogId;
  #missing = 0;
  #newer = 0;

  constructor(jobs: readonly JobSummary[], isFirst: boolean) {
    const positions = jobs.map(({ firstLogId }) => firstLogId);
    this.#shown = new Set(positions);
    this.#newest = positions[0] ?? 0;
    // A page that is not full has room for any matching job.
    this.#after = jobs.length < PAGE_JOBS ? 0 : positions.at(-1) ?? 0;
    this.#before = isFirst ? Infinity : this.#newest;
  }

  /** The positions that may have jobs to count. */
  get range(): JobRange {
    return { after: this.#after, before: this.#before };
  }

  see({ firstLogId }: FoundJob): void {
    if (this.#shown.has(firstLogId)) return;
    this.#missing++;
    if (firstLogId > this.#newest) this.#newer++;
  }

  get result(): NewJobs {
    return { jobs: this.#missing, isNewer: this.#newer === this.#missing };
  }
}
