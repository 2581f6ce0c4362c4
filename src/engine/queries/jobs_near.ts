/** Finds jobs to compare with: the newest of a range that qualify, read a page at a time. */

import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { Share } from "../events/pacer.ts";
import type { JobFilter, JobRange } from "../job_pages.ts";
import type { QueryParts } from "./query_parts.ts";

export type NearbyJobsParts = Pick<QueryParts, "lists" | "pacer">;

/** How many jobs are read without a pause. */
const PAGE = 20;
/** How many jobs to look at for each one that is wanted. */
const LOOKED_AT_EACH = 4;

interface NearbyJobsQuery {
  readonly filter: JobFilter;
  readonly range?: JobRange;
  readonly max: number;
  isMeant(job: JobState): boolean;
}

export async function jobsNear(
  { lists, pacer }: NearbyJobsParts,
  share: Share,
  { filter, range = {}, max, isMeant }: NearbyJobsQuery,
): Promise<readonly JobState[]> {
  const jobs: JobState[] = [];
  let before = range.before;
  let looked = 0;
  do {
    const upTo = before === undefined ? {} : { before };
    const read = () => lists.page({ ...filter, ...range, ...upTo, limit: PAGE });
    const page = await pacer.do(share, read);
    looked += page.jobs.length;
    jobs.push(...page.jobs.filter(isMeant));
    before = page.searched === undefined ? page.next : undefined;
  } while (before !== undefined && jobs.length < max && looked < max * LOOKED_AT_EACH);
  return jobs.slice(0, max);
}

/** Whether a job had ended as of a position. */
export function hasEnded(job: JobState, upTo: LogId = Infinity): boolean {
  return isTerminal(job) && job.endedBy <= upTo;
}

/** Jobs are comparable when they were created within this time of each other. */
const WITHIN_MS = 3_600_000;

/** The jobs that were created in the same hours. Both ends are exclusive. */
export function createdNear({ createdAt }: JobState): JobFilter {
  const at = Date.parse(createdAt);
  return {
    createdAfter: new Date(at - WITHIN_MS).toISOString(),
    createdBefore: new Date(at + WITHIN_MS).toISOString(),
  };
}
