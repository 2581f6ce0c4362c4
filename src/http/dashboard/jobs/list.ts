/** What one page of the list holds, and what has come since it was shown. */

import type { JobFilter, ListPage, Reach } from "../../../engine/requests.ts";
import type { LogId } from "../../../core/ids.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { EnginePort } from "../../engine_port.ts";
import { wholeNumberOf } from "../../whole_number.ts";
import type { ScreenQuery } from "./address.ts";

export const PAGE_JOBS = 50;

/** What is not on the page, and would be now. */
export interface News {
  readonly jobs: number;
  /** Whether all of it was created after what is on the page. */
  readonly isNewer: boolean;
}

export interface JobsPage {
  readonly jobs: readonly JobState[];
  /** Those that the filter does not apply to any more. */
  readonly gone: ReadonlySet<JobState>;
  /** Where the next page begins; absent on the last one. */
  readonly older: LogId | undefined;
  /** Where the page before ends; absent on the first one. */
  readonly newer: LogId | undefined;
  readonly searched: Reach | undefined;
  readonly news: News;
}

const NO_NEWS: News = { jobs: 0, isNewer: true };

/** The jobs of a page: those that it shows already, where it says so, else those that match. */
export function jobsPage(engine: EnginePort, query: ScreenQuery, filter: JobFilter): JobsPage {
  return query.shown === undefined
    ? freshPage(engine, query, filter)
    : shownPage(engine, query, filter, query.shown);
}

function freshPage(engine: EnginePort, query: ScreenQuery, filter: JobFilter): JobsPage {
  const above = query.newer === undefined ? undefined : pageAbove(engine, filter, query.newer);
  const range = query.cursor === undefined || query.newer !== undefined
    ? {}
    : { before: query.cursor };
  const page = above ?? engine.list({ ...filter, ...range, limit: PAGE_JOBS });
  const isFirst = above === undefined && range.before === undefined;
  return {
    jobs: page.jobs,
    gone: new Set(),
    older: page.next,
    newer: isFirst ? undefined : page.jobs[0]?.firstLogId ?? range.before,
    searched: page.searched,
    news: NO_NEWS,
  };
}

/** The page that ends just above a position; `undefined` where the first page is all there is. */
function pageAbove(engine: EnginePort, filter: JobFilter, after: LogId): ListPage | undefined {
  const page = engine.list({ ...filter, after, limit: PAGE_JOBS, oldestFirst: true });
  const oldest = page.jobs[0];
  if (page.next === undefined || page.jobs.length < PAGE_JOBS || oldest === undefined) {
    return undefined;
  }
  return { jobs: page.jobs.toReversed(), next: oldest.firstLogId };
}

/** The same rows again, whatever has become of them: they neither move nor vanish. */
function shownPage(
  engine: EnginePort,
  query: ScreenQuery,
  filter: JobFilter,
  shown: string,
): JobsPage {
  const jobs = positionsIn(shown).slice(0, PAGE_JOBS)
    .map((logId) => engine.jobCreatedAt(logId))
    .filter((job) => job !== undefined);
  const gone = new Set(jobs.filter(({ jobId }) => !engine.isAmong(filter, jobId)));
  const isFirst = query.cursor === undefined && query.newer === undefined;
  const news = newsOf(engine, filter, { jobs, isFirst, matching: jobs.length - gone.size });
  return { jobs, gone, older: undefined, newer: undefined, searched: undefined, news };
}

function positionsIn(text: string): readonly LogId[] {
  return text.split(",").map(wholeNumberOf).filter((logId) => logId !== undefined);
}

interface Shown {
  readonly jobs: readonly JobState[];
  readonly isFirst: boolean;
  /** How many of them the filter applies to. */
  readonly matching: number;
}

function newsOf(
  engine: EnginePort,
  filter: JobFilter,
  { jobs, isFirst, matching }: Shown,
): News {
  const [newest, oldest] = [jobs[0]?.firstLogId, jobs.at(-1)?.firstLogId];
  // A page that is not full has room for whatever matches.
  const after = jobs.length < PAGE_JOBS ? 0 : (oldest ?? 1) - 1;
  const range = isFirst || newest === undefined ? { after } : { after, before: newest + 1 };
  const missing = Math.max(0, engine.count(filter, range).jobs - matching);
  const newer = isFirst ? engine.count(filter, { after: newest ?? 0 }).jobs : 0;
  return { jobs: missing, isNewer: newer === missing };
}
