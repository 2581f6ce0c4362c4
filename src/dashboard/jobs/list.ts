/** One page of the list of jobs, and the changes since it was shown. */

import type { LogId } from "../../core/ids.ts";
import type { JobCount, JobFilter, ListPage, Searched } from "../../engine/job_pages.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { JobEngine } from "../../engine/job_engine.ts";
import { parseWholeNumber } from "../../documents/fields.ts";
import type { HttpDeps } from "../../http/routing/http_deps.ts";
import type { ScreenQuery } from "./address.ts";
import { present } from "../../core/json.ts";

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
  readonly searched: Searched | undefined;
  readonly news: NewJobs;
  /** Counts of the jobs that match the filter, in any condition. */
  readonly count: JobCount;
}

/**
 * The jobs of a page: those already shown, if the query names them; otherwise those that match. They
 * are counted in a turn of their own, since each search takes long when there are many jobs.
 */
export async function jobsPage(
  { engine, admission }: Pick<HttpDeps, "engine" | "admission">,
  query: ScreenQuery,
  filter: JobFilter,
): Promise<JobsPage> {
  const { shown } = query;
  const listed = shown === undefined
    ? foundPage(engine, query, filter)
    : shownPage(engine, query, filter, positionsIn(shown));
  await admission.enterAgain();
  return { ...listed, count: countJobs(engine, filter) };
}

type ListedJobs = Omit<JobsPage, "count">;

function foundPage(
  engine: JobEngine,
  { cursor, newer }: ScreenQuery,
  filter: JobFilter,
): ListedJobs {
  const above = newer === undefined ? undefined : pageAbove(engine, filter, newer);
  const before = newer === undefined ? cursor : undefined;
  const page = above ??
    engine.lists.summaries({ ...filter, ...present({ before }), limit: PAGE_JOBS });
  const isFirst = above === undefined && before === undefined;
  return {
    jobs: page.jobs,
    gone: new Set(),
    older: page.next,
    // A page without jobs begins where it was to begin.
    newer: isFirst ? undefined : page.jobs[0]?.firstLogId ?? before,
    searched: page.searched,
    news: { jobs: 0, isNewer: true },
  };
}

/** Counts all matching jobs, in any condition. */
function countJobs(engine: JobEngine, { conditions: _, ...filter }: JobFilter): JobCount {
  return engine.lists.count(filter);
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
  { cursor, newer }: ScreenQuery,
  filter: JobFilter,
  shown: readonly LogId[],
): ListedJobs {
  const { lists } = engine;
  const jobs = shown.slice(0, PAGE_JOBS)
    .map((logId) => lists.listed.summaryAt(logId))
    .filter((job) => job !== undefined);
  const isFirst = cursor === undefined && newer === undefined;
  return {
    jobs,
    gone: new Set(jobs.filter(({ firstLogId }) => !lists.listed.isAmong(filter, firstLogId))),
    older: undefined,
    newer: undefined,
    searched: undefined,
    news: countNews(engine, filter, jobs.map(({ firstLogId }) => firstLogId), isFirst),
  };
}

function positionsIn(text: string): readonly LogId[] {
  return text.split(",").map(parseWholeNumber).filter((logId) => logId !== undefined);
}

/** Counts the jobs that the page would show if it were reloaded. */
function countNews(
  { lists }: JobEngine,
  filter: JobFilter,
  positions: readonly LogId[],
  isFirst: boolean,
): NewJobs {
  const shown = new Set(positions);
  const newest = positions[0] ?? 0;
  let [jobs, newer] = [0, 0];
  lists.visit(filter, ({ firstLogId }) => {
    if (shown.has(firstLogId)) return;
    jobs++;
    if (firstLogId > newest) newer++;
  }, {
    // A page that is not full has room for any matching job.
    after: positions.length < PAGE_JOBS ? 0 : positions.at(-1) ?? 0,
    before: isFirst ? Infinity : newest,
  });
  return { jobs, isNewer: newer === jobs };
}
