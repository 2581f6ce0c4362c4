/** The data of the rows of a list, collected for all rows at once. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { HttpDeps } from "../../http/http_deps.ts";
import { briefText, endedText, nextToRetry, runningTasks } from "./brief.ts";

export interface JobRow {
  readonly job: JobSummary;
  /** From the job's start to its first attempt. */
  readonly queued: Length | undefined;
  /** From the job's first attempt to its end; for a plan without code, from its start. */
  readonly ran: Length | undefined;
  /** The progress of the first running task that reports any. */
  readonly progress: { readonly done: number; readonly total: number } | undefined;
  readonly brief: string;
}

/** A duration, in milliseconds. */
export interface Length {
  readonly ms: number;
  /** Whether it is still growing. */
  readonly isOngoing: boolean;
}

/** Active jobs are in memory, so their rows are made from the whole job. */
export async function toRows(
  { engine, clock }: Pick<HttpDeps, "engine" | "clock">,
  jobs: readonly JobSummary[],
): Promise<readonly JobRow[]> {
  const living = jobs.map((job) => job.endedAt === null ? engine.job(job.jobId) : undefined);
  const places = engine.lists.queuePlaces(living.filter((job) => job !== undefined));
  const entries = await entriesFor(engine, living);
  return jobs.map((job, index) => {
    const whole = living[index];
    return {
      job,
      ...jobLengths(job, clock.now()),
      progress: whole && jobProgress(whole),
      brief: whole === undefined ? endedText(job) : briefText(whole, {
        condition: job.condition,
        ahead: places.get(job.jobId),
        maxAttempts: readMaxAttempts(whole, entries),
        now: clock.now(),
      }),
    };
  });
}

/** No duration is negative, even if the clock was set back. */
function jobLengths(
  { type, startedAt, endedAt, queuedMs }: JobSummary,
  nowMs: number,
): Pick<JobRow, "queued" | "ran"> {
  if (startedAt === null) return { queued: undefined, ran: undefined };
  const isOngoing = endedAt === null;
  const all = Math.max(0, (isOngoing ? nowMs : Date.parse(endedAt)) - Date.parse(startedAt));
  if (type === null) return { queued: undefined, ran: { ms: all, isOngoing } };
  if (queuedMs === null) return { queued: { ms: all, isOngoing }, ran: undefined };
  return {
    queued: { ms: queuedMs, isOngoing: false },
    ran: { ms: Math.max(0, all - queuedMs), isOngoing },
  };
}

function jobProgress(job: JobState): JobRow["progress"] {
  for (const { progress } of runningTasks(job)) {
    if (progress?.total !== undefined) return { done: progress.done, total: progress.total };
  }
  return undefined;
}

type Entries = ReadonlyMap<LogId, JobEventLogEntry>;

/** The entries that hold the maximum number of attempts of a task. */
async function entriesFor(
  engine: HttpDeps["engine"],
  living: readonly (JobState | undefined)[],
): Promise<Entries> {
  const wanted = living.flatMap((job) => (job && nextToRetry(job)?.lastLogId) ?? []);
  const logIds = [...new Set(wanted)].toSorted((a, b) => a - b);
  const entries = await engine.entriesAt(logIds);
  return new Map(entries.map((entry) => [entry.logId, entry]));
}

function readMaxAttempts(job: JobState, entries: Entries): number | undefined {
  const failed = entries.get(nextToRetry(job)?.lastLogId ?? 0);
  const maxAttempts = failed?.attributes["maxAttempts" as keyof typeof failed.attributes];
  return typeof maxAttempts === "number" ? maxAttempts : undefined;
}
