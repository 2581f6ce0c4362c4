/** What the rows of a list show, gathered for all of them at once. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import type { Edge } from "../../http/edge.ts";
import { briefText, endedText, nextToRetry, progressText } from "./brief.ts";

export interface JobRow {
  readonly job: JobSummary;
  /** Of a job that has ended: how long it took, in milliseconds. */
  readonly tookMs: number | undefined;
  /** Of any other: since when it is in its condition. */
  readonly since: string;
  readonly progress: string;
  readonly brief: string;
}

/** Jobs that have not ended are in memory: what they do right now is told of the whole of each. */
export async function rowsOf(
  { engine, clock }: Pick<Edge, "engine" | "clock">,
  jobs: readonly JobSummary[],
): Promise<readonly JobRow[]> {
  const living = jobs.map((job) => job.endedAt === null ? engine.job(job.jobId) : undefined);
  const places = engine.lists.queuePlaces(living.filter((job) => job !== undefined));
  const entries = await entriesFor(engine, living);
  return jobs.map((job, index) => {
    const whole = living[index];
    const since = whole && entries.get(engine.lists.lastTransition(whole))?.receivedAt;
    return {
      job,
      tookMs: tookMsOf(job),
      since: since ?? job.createdAt,
      progress: progressText(job),
      brief: whole === undefined ? endedText(job) : briefText(whole, {
        condition: job.condition,
        ahead: places.get(job.jobId),
        maxAttempts: maxAttemptsOf(whole, entries),
        now: clock.now(),
      }),
    };
  });
}

/** The time of day may have been set back meanwhile. */
function tookMsOf({ createdAt, startedAt, endedAt }: JobSummary): number | undefined {
  if (endedAt === null) return undefined;
  return Math.max(0, Date.parse(endedAt) - Date.parse(startedAt ?? createdAt));
}

type Entries = ReadonlyMap<LogId, JobEventLogEntry>;

/** Those that tell since when jobs are as they are, and how often a task may be tried. */
async function entriesFor(
  engine: Edge["engine"],
  living: readonly (JobState | undefined)[],
): Promise<Entries> {
  const wanted = living.filter((job) => job !== undefined).flatMap((job) => {
    const failed = nextToRetry(job)?.lastLogId;
    return [engine.lists.lastTransition(job), ...(failed === undefined ? [] : [failed])];
  });
  const logIds = [...new Set(wanted)].toSorted((a, b) => a - b);
  const entries = await engine.entriesAt(logIds);
  return new Map(entries.map((entry) => [entry.logId, entry]));
}

function maxAttemptsOf(job: JobState, entries: Entries): number | undefined {
  const failed = entries.get(nextToRetry(job)?.lastLogId ?? 0);
  const maxAttempts = failed?.attributes["maxAttempts" as keyof typeof failed.attributes];
  return typeof maxAttempts === "number" ? maxAttempts : undefined;
}
