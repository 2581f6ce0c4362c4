/** What the rows of a list show, gathered for all of them at once. */

import { type Condition, conditionOf } from "../../../core/condition.ts";
import type { JobEventLogEntry } from "../../../core/event.ts";
import type { JobId, LogId } from "../../../core/ids.ts";
import { endedAtOf, startedAtOf } from "../../../core/job_resource.ts";
import { isTerminal, type JobState } from "../../../core/job_state.ts";
import type { Edge } from "../../edge.ts";
import { briefText, nextToRetry, progressText } from "./brief.ts";

export interface JobRow {
  readonly job: JobState;
  readonly condition: Condition;
  /** Of a job that has ended: how long it took, in milliseconds. */
  readonly tookMs: number | undefined;
  /** Of any other: since when it is in its condition. */
  readonly since: string;
  readonly progress: string;
  readonly brief: string;
  readonly retry: JobId | undefined;
}

export async function rowsOf(
  { engine, clock }: Pick<Edge, "engine" | "clock">,
  jobs: readonly JobState[],
): Promise<readonly JobRow[]> {
  const entries = await entriesFor(engine, jobs);
  const places = engine.lists.queuePlaces(jobs);
  return jobs.map((job) => {
    const condition = conditionOf(job);
    const circumstances = {
      condition,
      ahead: places.get(job.jobId),
      maxAttempts: maxAttemptsOf(job, entries),
      now: clock.now(),
    };
    return {
      job,
      condition,
      tookMs: tookMsOf(job),
      since: entries.get(engine.lists.lastTransition(job))?.receivedAt ?? job.createdAt,
      progress: progressText(job),
      brief: briefText(job, circumstances),
      retry: engine.lists.retryOf(job.jobId),
    };
  });
}

/** The time of day may have been set back meanwhile. */
function tookMsOf(job: JobState): number | undefined {
  if (!isTerminal(job)) return undefined;
  const startedAt = startedAtOf(job) ?? job.createdAt;
  return Math.max(0, Date.parse(endedAtOf(job) ?? startedAt) - Date.parse(startedAt));
}

type Entries = ReadonlyMap<LogId, JobEventLogEntry>;

/** Those that tell since when jobs are as they are, and how often a task may be tried. */
async function entriesFor(engine: Edge["engine"], jobs: readonly JobState[]): Promise<Entries> {
  const wanted = jobs.filter((job) => !isTerminal(job)).flatMap((job) => {
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
