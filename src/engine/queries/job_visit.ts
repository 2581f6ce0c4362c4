/** Visits the jobs of a range, a page at a time and with pauses. */

import type { LogId } from "../../core/ids.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Pacer, Share } from "../events/pacer.ts";
import type { ListQuery } from "../job_pages.ts";
import type { JobLists } from "./job_lists.ts";

/** How many jobs are read without a pause. */
const PAGE = 20;

interface JobVisit {
  readonly range: Omit<ListQuery, "limit">;
  readonly max: number;
  see(job: JobSummary): void;
  /** Whether the visit may end. */
  isEnough?(): boolean;
}

/** How many jobs were seen, and whether these were all. */
interface Visited {
  readonly seen: number;
  readonly isAll: boolean;
}

export async function visitJobs(
  { lists, pacer }: { readonly lists: Pick<JobLists, "summaries">; readonly pacer: Pacer },
  share: Share,
  { range, max, see, isEnough = () => false }: JobVisit,
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
      const page = lists.summaries({ ...range, ...from, limit: PAGE });
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
