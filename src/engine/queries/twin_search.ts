/** Finds another job that was given the same work. */

import { ascending } from "../../core/ascending.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { hasCode, isTerminal, type JobState } from "../../core/job_state.ts";
import { isSameWork } from "../../explain/ended/repeated_work.ts";
import { isIdentifier, ownValues } from "../../explain/likeness/own_values.ts";
import { Lookup } from "../views/past_events.ts";
import type { Inquiry } from "./query_parts.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { takenFromPeers } from "./similar_jobs.ts";

/** Values that more jobs were given do not identify a piece of work. */
const TWINS_MAX = 4;

/** The first one that has not failed. */
export async function findTwin(inquiry: Inquiry, job: JobState): Promise<JobState | undefined> {
  if (!isTerminal(job) || !hasCode(job)) return undefined;
  const { parts: { history, pastEvents, table }, asOf } = inquiry;
  const own = ownValues(job)
    .filter(({ from, path, value }) => from === "input" && isIdentifier(path, value))
    .slice(0, VALUES_MAX);
  if (own.length === 0) return undefined;
  const lookup = new Lookup();
  for (const { loose } of own) lookup.jobsGiven(loose, TWINS_MAX);
  const found = await lookup.in(pastEvents, asOf);
  const given = own.map(({ loose }) => found.jobsGiven(loose, TWINS_MAX))
    // A value that no other job was given may be the id of a request that was repeated.
    .filter(({ length }) => length > 1 && length < TWINS_MAX);
  const [fewest] = given.toSorted((left, right) => left.length - right.length);
  if (fewest === undefined) return undefined;
  for (const entry of await history.at(ascending(fewest.filter((logId) => logId <= asOf)))) {
    const twin = isTwin(entry, job) && entry.jobId !== undefined
      ? table.job(entry.jobId)
      : undefined;
    // Jobs are shown as they are now, so only those that have not changed since count.
    if (twin !== undefined && twin.lastLogId <= asOf && twin.state !== "Failed") return twin;
  }
  return undefined;
}

function isTwin(entry: JobEventLogEntry, job: JobState): boolean {
  if (!isOfType(entry, "job.JobCreated") || entry.jobId === job.jobId) return false;
  const { attributes: other, jobId, receivedAt } = entry;
  const isRetry = other.retryOf === job.jobId || job.retryOf === jobId;
  return !isRetry && other.type === job.type &&
    isSameWork({ ...other, createdAt: receivedAt }, job);
}

/** Errors that say of something that it was done before. */
const DONE_BEFORE =
  /\b(already(?! (?:expired|closed))|(?<!no longer )exists|duplicate\w*|conflicts?|conflicting|(?<!time )taken|twice|409)\b/i;

/**
 * Whether a twin says something of a failure. It does not if most of the jobs that failed alike, or
 * of those that went through, have one too, as those of a job that runs every quarter of an hour.
 * A job that went through may have done its work twice, however many did.
 */
export async function isTelling(inquiry: Inquiry, job: JobState): Promise<boolean> {
  if (job.state !== "Failed" || DONE_BEFORE.test(errorText(job.failure.error))) return true;
  const fingerprint = jobFingerprint(job, job.failure);
  const kinds = [{ states: ["Done"] } as const, ...fingerprint ? [{ fingerprint }] : []];
  for (const kind of kinds) {
    const peers = await takenFromPeers(inquiry, job, ({ jobId }) => jobId, kind);
    let having = 0;
    for (const jobId of peers ?? []) {
      const peer = inquiry.parts.table.job(jobId);
      if (peer !== undefined && await findTwin(inquiry, peer) !== undefined) having++;
    }
    if (peers !== undefined && having > peers.length / 2) return false;
  }
  return true;
}
