/** How long similar jobs took: jobs of the same type, or plans that wait for the same types. */

import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { lengthMs } from "../../explain/condition_spans.ts";
import type { UsualTime } from "../../explain/evidence.ts";
import { mayBeLong, usualTime } from "../../explain/time_spent.ts";
import type { Share } from "../events/pacer.ts";
import type { JobFilter } from "../job_pages.ts";
import { hasEnded, jobsNear, type NearbyJobsParts } from "./jobs_near.ts";

/** How many to compare, the newest. */
const JOBS_MAX = 100;

/**
 * The usual time of jobs that were created before it and succeeded; `undefined` when there are too
 * few, or the job has not ended, failed, or was short.
 *
 * @param upTo Only jobs that had ended by then count; when absent, all do.
 */
export async function findUsualTime(
  parts: NearbyJobsParts,
  job: JobState,
  share: Share,
  upTo?: LogId,
): Promise<UsualTime | undefined> {
  if (job.state !== "Done" || !mayBeLong(lengthMs(job.createdAt, job.endedAt))) return undefined;
  const { type } = job;
  const filter: JobFilter = type === undefined
    ? { states: ["Done"] }
    : { states: ["Done"], types: [type] };
  const awaited = awaitedBy(job);
  const isLike = (other: JobState) => type !== undefined || awaitedBy(other) === awaited;
  const others = await jobsNear(parts, share, {
    filter,
    range: { before: job.firstLogId },
    max: JOBS_MAX,
    isMeant: (other) => other.type === type && isLike(other) && hasEnded(other, upTo),
  });
  return usualTime(
    others.flatMap((other) => isTerminal(other) ? [lengthMs(other.createdAt, other.endedAt)] : []),
  );
}

/** The types of the events that a plan waits for, as one text. */
function awaitedBy({ plan }: JobState): string {
  return plan.expected.map(({ matcher }) => matcher.eventType).toSorted().join(" ");
}
