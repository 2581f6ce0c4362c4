/** Handles jobs that a stop left unfinished, before a start resumes them. */

import { parked } from "../../core/decide_parked.ts";
import { hasCode, type JobHead, type JobState } from "../../core/job_state.ts";
import type { EventDraft } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { DefinitionRegistry } from "../definition_registry.ts";
import type { JobTable } from "../writer/job_table.ts";
import { retryTimes } from "./backoffs.ts";
import { culpritAt, type Restart, withTheirTraces } from "./interruptions.ts";
import type { DiskRetries } from "./disk_retries.ts";
import type { RunServices } from "./run_services.ts";
import type { Scheduler } from "./scheduler.ts";
import { openTimers } from "./timers.ts";

/** How many waiting jobs are tried at a start. The others are checked when they wake. */
const TRIALS_MAX = 10_000;

/** Computes the delays of a job's times before anything waits for them. */
export function rememberTimes(job: JobState, scheduler: Scheduler): void {
  const start = job.state === "Created" && job.startAt !== undefined ? [job.startAt] : [];
  for (const time of [...start, ...retryTimes(job)]) scheduler.remember(Date.parse(time));
  for (const { dueMs } of openTimers(job)) scheduler.remember(dueMs);
}

/** Parks the job that ended the process, and the jobs that no loaded code can run. */
export function draftParkings(
  jobs: readonly JobState[],
  registry: DefinitionRegistry,
  restart: Restart | undefined,
): readonly EventDraft[] {
  const culprit = restart === undefined
    ? undefined
    : culpritAt(jobs, restart, (job) => registry.isInThread(job));
  const withoutCode = jobs.flatMap((job) => {
    if (job.state === "Created" || job.parked?.reason === "crashed" || !hasCode(job)) return [];
    const message = registry.lackFor(job);
    if (message === undefined || job.parked?.message === message) return [];
    return [parked(job.jobId, { reason: "noDefinition", message })];
  });
  return culprit === undefined ? withoutCode : [culprit, ...withoutCode];
}

/**
 * Records the findings of a start, and calls back when they are durable. When the disk is full it
 * resolves earlier, so that reads work meanwhile.
 */
export async function recordAtStart(
  { services, table, diskRetries }: {
    readonly services: RunServices;
    readonly table: JobTable;
    readonly diskRetries: DiskRetries;
  },
  drafts: readonly EventDraft[],
  onRecorded: () => void,
): Promise<void> {
  if (drafts.length === 0) return onRecorded();
  const { writer, entriesAt, onDefect } = services;
  const traced = await withTheirTraces(drafts, (jobId) => table.existing(jobId), entriesAt);
  const refused = Promise.withResolvers<void>();
  const recorded = diskRetries.record(async () => {
    try {
      await writer.recorded(traced, "vital");
    } catch (error) {
      refused.resolve();
      throw error;
    }
  }).then(onRecorded);
  recorded.catch(onDefect);
  await Promise.race([recorded, refused.promise]);
}

/** Parked jobs that the loaded code may fit, then a limited number of waiting jobs. */
export function jobsToTry(
  jobs: readonly JobState[],
  table: JobTable,
  registry: DefinitionRegistry,
): readonly JobId[] {
  const open = jobs.flatMap(({ jobId }) => {
    const job = table.pending(jobId)?.head;
    const mayFit = job !== undefined && job.state !== "Created" && hasCode(job) &&
      registry.running(job) !== undefined;
    return mayFit && job.parked?.reason !== "crashed" ? [job] : [];
  });
  const isParked = (job: JobHead) => job.parked !== undefined;
  const waiting = open.filter((job) => !isParked(job) && !registry.isInThread(job))
    .slice(0, TRIALS_MAX);
  return [...open.filter(isParked), ...waiting].map(({ jobId }) => jobId);
}
