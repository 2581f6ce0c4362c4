/** Finds the jobs that came later than one in the queue, but went first because of a lower priority. */

import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { QueuedStay } from "../../explain/history/hold_ups.ts";
import type { HeldUpBy } from "../../explain/statements/evidence.ts";
import type { OvertakenBy } from "../../explain/statements/queue_facts.ts";
import { FEW_MAX } from "../../explain/words/phrases.ts";
import { isInThread, poolOf } from "./holders.ts";
import { visitJobs } from "./job_visit.ts";
import type { Query } from "./query_parts.ts";

/** The most later jobs that are looked at. */
const LATER_MAX = 1_000;

/** As far as a job has been overtaken since it was queued last. */
export async function overtakenBy(
  query: Query,
  job: JobState,
  sinceMs: number,
): Promise<OvertakenBy> {
  const { isThreaded } = poolOf(query.parts, job);
  return await laterOnes(query, job, (other) => {
    return isInThread(query.parts, other) === isThreaded && begunMs(other) >= sinceMs;
  });
}

/**
 * The same for a job that has begun, if those that overtook it took most of its wait: half of the
 * time that all the workers, or the places, had meanwhile.
 */
export async function overtakenIn(
  query: Query,
  job: JobState,
  { begins, from, to }: QueuedStay,
  { all: [longest] }: HeldUpBy,
): Promise<OvertakenBy | undefined> {
  const { parts } = query;
  if (!begins || longest === undefined) return undefined;
  const pool = poolOf(parts, job);
  const shared = longest.kind === "worker"
    ? pool.max
    : longest.kind === "limit" && longest.reached.limit === "maxRunning"
    ? longest.reached.places
    : undefined;
  if (shared === undefined) return undefined;
  const isRival = (other: JobSummary) =>
    longest.kind === "limit"
      ? other.type === job.type
      : isInThread(parts, other) === pool.isThreaded;
  const [fromMs, endMs] = [Date.parse(from.at), Date.parse(to.at)];
  let takenMs = 0;
  const overtaken = await laterOnes(query, job, (other) => {
    const beganMs = begunMs(other);
    if (!isRival(other) || !(beganMs >= fromMs && beganMs < endMs)) return false;
    takenMs += Math.min(endMs, Date.parse(other.endedAt ?? to.at)) - beganMs;
    return true;
  }, to.logId);
  return 2 * takenMs < shared * longest.ms ? undefined : overtaken;
}

/** When the first attempt of a job began; `NaN` before that. */
function begunMs({ startedAt, queuedMs }: JobSummary): number {
  return startedAt === null || queuedMs === null ? NaN : Date.parse(startedAt) + queuedMs;
}

async function laterOnes(
  query: Query,
  job: JobState,
  wentFirst: (other: JobSummary) => boolean,
  before?: LogId,
): Promise<OvertakenBy> {
  const jobs: JobSummary[] = [];
  const { isAll } = await visitJobs(query, {
    range: { after: job.firstLogId, ...present({ before }), oldestFirst: true },
    max: LATER_MAX,
    see: (other) => {
      if (other.priority < job.priority && wentFirst(other)) jobs.push(other);
    },
  });
  const [first] = jobs;
  const alike = <Value>(of: (job: JobSummary) => Value) =>
    first !== undefined && jobs.every((other) => of(other) === of(first)) ? of(first) : undefined;
  const label = Object.entries(first?.labels ?? {}).find(([name, value]) =>
    jobs.every(({ labels }) => labels[name] === value)
  );
  return {
    ...{ count: jobs.length, isAll, own: job.priority },
    first: jobs.slice(0, FEW_MAX).map(({ jobId, firstLogId }) => ({ jobId, by: firstLogId })),
    alike: {
      priority: alike(({ priority }) => priority),
      type: alike(({ type }) => type) ?? undefined,
      label,
    },
  };
}
