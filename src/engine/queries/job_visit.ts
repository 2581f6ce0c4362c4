/** Visits the jobs of a range, a page at a time and with pauses, newest first by default. */

import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { ListPage, ListQuery } from "../job_pages.ts";
import type { Query } from "./query_parts.ts";

/** How many jobs are read without a pause, and how many characters of whole ones. */
const PAGE = 20;
const PAGE_CHARACTERS_MAX = 64 * 1024;

/** How many jobs to look at for each one that is wanted. */
const LOOKED_AT_EACH = 4;

/** Summaries, or jobs as a whole. */
type Read<Job> = (query: ListQuery) => ListPage<Job>;

interface JobVisit<Job> {
  readonly range: Omit<ListQuery, "limit">;
  readonly max: number;
  see(job: Job): void;
  /** Whether the visit may end. */
  isEnough?(): boolean;
  /** How many to read first, before it is known whether more are needed. */
  readonly first?: number;
}

/** How many jobs were seen, and whether these were all. */
export interface Visited {
  readonly seen: number;
  readonly isAll: boolean;
}

/** Visits summaries. */
export function visitJobs(query: Query, visit: JobVisit<JobSummary>): Promise<Visited> {
  const { lists } = query.parts;
  return visitPages(query, (page) => lists.summaries(page), visit);
}

/**
 * Visits the newest summaries of a range and, unless these are all, its oldest ones too: a job that
 * has held something for long is older than those that wait for it. `max` holds for each end.
 *
 * @param newest The range at the newer end, if it is another.
 */
export async function visitBothEnds(
  query: Query,
  { range, newest = range, ...visit }: JobVisit<JobSummary> & {
    readonly newest?: JobVisit<JobSummary>["range"];
  },
): Promise<Visited> {
  const back = await visitJobs(query, { ...visit, range: newest });
  if (back.isAll || visit.isEnough?.() === true) return back;
  const { seen, isAll } = await visitJobs(query, {
    ...visit,
    range: { ...range, oldestFirst: true },
  });
  return { seen: back.seen + seen, isAll };
}

async function visitPages<Job>(
  { parts: { lists, pacer }, share }: Query,
  read: Read<Job>,
  { range: wanted, max, see, isEnough = () => false, first = PAGE }: JobVisit<Job>,
): Promise<Visited> {
  const range = lists.inTimes(wanted);
  let [seen, limit] = [0, first];
  let next: LogId | undefined;
  for (; seen < max && !isEnough(); limit = PAGE) {
    const from = next === undefined
      ? {}
      : range.oldestFirst === true
      ? { after: next }
      : { before: next };
    const page = await pacer.do(share, () => {
      const page = read({ ...range, ...from, limit });
      page.jobs.forEach(see);
      return page;
    });
    seen += page.jobs.length;
    next = page.next;
    const isCut = page.searched !== undefined;
    if (next === undefined || isCut) return { seen, isAll: !isCut };
  }
  return { seen, isAll: false };
}

/**
 * What is taken from the newest jobs of a range, except from those of which it is `undefined`; from
 * at most `enough`. None of the jobs is kept: together they may be very large.
 *
 * @param max Bounds how many are looked at.
 */
export async function takenNear<Taken>(
  query: Query,
  { range, max, enough = max, take }: Pick<JobVisit<JobState>, "range" | "max"> & {
    readonly enough?: number;
    take(job: JobState): Taken | undefined;
  },
): Promise<readonly Taken[]> {
  const all: Taken[] = [];
  const { lists } = query.parts;
  const read = (page: ListQuery) => lists.page({ ...page, charactersMax: PAGE_CHARACTERS_MAX });
  await visitPages(query, read, {
    range,
    max: max * LOOKED_AT_EACH,
    see: (job) => {
      const taken = all.length < enough ? take(job) : undefined;
      if (taken !== undefined) all.push(taken);
    },
    isEnough: () => all.length >= enough,
    first: Math.min(PAGE, enough),
  });
  return all;
}
