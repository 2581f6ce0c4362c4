/** Visits the jobs of a range, a page at a time and with pauses, newest first if not told otherwise. */

import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Share } from "../events/pacer.ts";
import type { ListPage, ListQuery } from "../job_pages.ts";
import type { QueryParts } from "./query_parts.ts";

/** How many jobs are read without a pause. */
const PAGE = 20;

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
}

/** How many jobs were seen, and whether these were all. */
interface Visited {
  readonly seen: number;
  readonly isAll: boolean;
}

export type JobVisitParts = Pick<QueryParts, "lists" | "pacer">;

/** Visits summaries. */
export function visitJobs(
  parts: JobVisitParts,
  share: Share,
  visit: JobVisit<JobSummary>,
): Promise<Visited> {
  return visitPages(parts, share, (query) => parts.lists.summaries(query), visit);
}

async function visitPages<Job>(
  { pacer }: Pick<JobVisitParts, "pacer">,
  share: Share,
  read: Read<Job>,
  { range, max, see, isEnough = () => false }: JobVisit<Job>,
): Promise<Visited> {
  let seen = 0;
  let next: LogId | undefined;
  while (seen < max && !isEnough()) {
    const from = next === undefined
      ? {}
      : range.oldestFirst === true
      ? { after: next }
      : { before: next };
    const page = await pacer.do(share, () => {
      const page = read({ ...range, ...from, limit: PAGE });
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

/** The newest jobs of a range that qualify, at most `max`. */
export async function jobsNear(
  parts: JobVisitParts,
  share: Share,
  { range, max, isMeant }: Pick<JobVisit<JobState>, "range" | "max"> & {
    isMeant(job: JobState): boolean;
  },
): Promise<readonly JobState[]> {
  const jobs: JobState[] = [];
  await visitPages(parts, share, (query) => parts.lists.page(query), {
    range,
    max: max * LOOKED_AT_EACH,
    see: (job) => {
      if (isMeant(job)) jobs.push(job);
    },
    isEnough: () => jobs.length >= max,
  });
  return jobs.slice(0, max);
}
