/**
 * Finds what sets a failed or waiting job apart from jobs of its type created within an hour of it.
 */

import { deriveCondition } from "../../core/condition.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import { ALIKE_MAX, type Contrast, findContrast, OTHERS_MAX } from "../../explain/contrast.ts";
import type { LogId } from "../../core/ids.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Share } from "../events/pacer.ts";
import type { JobFilter } from "../job_pages.ts";
import { createdNear, hasEnded, jobsNear, type NearbyJobsParts } from "./jobs_near.ts";

/**
 * `undefined` when the job neither failed nor waits, or nothing sets it apart.
 *
 * @param job As of `upTo`.
 * @param upTo Later entries do not count; when absent, all do.
 */
export async function contrastOf(
  parts: NearbyJobsParts,
  job: JobState,
  share: Share,
  upTo?: LogId,
): Promise<Contrast | undefined> {
  const kind = kindOf(parts, job, upTo);
  if (kind === undefined || job.type === undefined) return undefined;
  const near = { types: [job.type], ...createdNear(job) };
  const range = upTo === undefined ? {} : { before: upTo + 1 };
  const read = (filter: JobFilter, max: number, isMeant: Kind["isAlike"]) =>
    jobsNear(parts, share, { filter: { ...near, ...filter }, range, max, isMeant });
  const alike = await read(kind.filter, ALIKE_MAX, kind.isAlike);
  const own = alike.some(({ jobId }) => jobId === job.jobId) ? alike : [job, ...alike];
  const others = await read({ states: ["Done"] }, OTHERS_MAX, (other) => hasEnded(other, upTo));
  return findContrast(own, others);
}

interface Kind {
  readonly filter: JobFilter;
  readonly isAlike: (job: JobState) => boolean;
}

function kindOf({ lists }: NearbyJobsParts, job: JobState, upTo = Infinity): Kind | undefined {
  if (job.state === "Failed") {
    const fingerprint = jobFingerprint(job, job.failure);
    if (fingerprint === undefined) return undefined;
    return { filter: { fingerprint }, isAlike: (other) => hasEnded(other, upTo) };
  }
  if (deriveCondition(job) !== "waiting") return undefined;
  const open = openIn(job, upTo);
  const isAlike = (other: JobState) => openIn(other, upTo) === open;
  if (upTo === Infinity) return { filter: { conditions: ["waiting"] }, isAlike };
  const wasWaiting = (other: JobState) => lists.trails.conditionAt(other, upTo) === "waiting";
  return { filter: {}, isAlike: (other) => wasWaiting(other) && isAlike(other) };
}

/** The expectations that were open as of a position, as one text. */
function openIn({ plan, expected }: JobState, upTo: LogId): string {
  return plan.expected.filter(({ multiplicity }, at) => {
    const { matched = 0, by = [] } = expected[at] ?? {};
    const then = upTo === Infinity ? matched : by.filter((logId) => logId <= upTo).length;
    return then < requiredMatches(multiplicity);
  }).map(({ id }) => id).join("\n");
}
