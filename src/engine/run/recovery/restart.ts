/**
 * What a start does with the jobs that a stop left unfinished, before they are resumed: it records
 * the attempts that a crash or a takeover cut short, and parks jobs that must not or cannot run.
 */

import { ascending } from "../../../core/ascending.ts";
import type { EventDraft, JobEventLogEntry } from "../../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../../core/ids.ts";
import { attemptsAt, isCulprit, openTasks } from "../../../core/crashes.ts";
import { parked } from "../../../core/decide_parked.ts";
import {
  compensationOf,
  findTask,
  hasCode,
  type JobHead,
  type JobState,
  type TaskState,
} from "../../../core/job_state.ts";
import { traceFields } from "../../../core/trace_ids.ts";
import type { DefinitionRegistry } from "../../definition_registry.ts";
import type { EntriesAt } from "../../ports.ts";
import type { JobTable } from "../../writer/job_table.ts";
import { openTimers, retryTimes } from "../timers.ts";
import type { RunServices } from "../run_services.ts";
import type { Scheduler } from "../scheduler.ts";

/** The first entry after an unclean end. */
export interface Restart {
  readonly logId: LogId;
  readonly reason: "crash" | "takeover";
}

/** @param entry A `journal.Recovered`, or a `journal.WriterOpened`. */
export function restartBy({ logId, eventType }: JobEventLogEntry): Restart {
  return { logId, reason: eventType === "journal.WriterOpened" ? "takeover" : "crash" };
}

/** An entry for each open attempt, and for `main` unless it only waited. */
export function interruptions(job: JobState, restart: Restart | undefined): readonly EventDraft[] {
  return openTasks(job).map((task) => interruption(job, task, restart));
}

/**
 * Parks the job that is presumed to have ended the process: its attempt was the only one open, and
 * was also open at the previous two unclean ends. `undefined` if there is no such job.
 *
 * @param jobs All jobs that have not ended, in the state in which the process left them.
 */
function culpritAt(
  jobs: readonly JobState[],
  restart: Restart,
  registry: DefinitionRegistry,
): EventDraft | undefined {
  const open = jobs.flatMap((job) => attemptsAt(job).map((task) => ({ job, task })));
  const [alone] = open;
  if (alone === undefined || open.length > 1 || !isCulprit(alone.job, alone.task)) return undefined;
  // A job in a thread of its own cannot end the process.
  if (registry.isInThread(alone.job)) return undefined;
  const { job: { jobId }, task: { taskId, interruptions, status } } = alone;
  const what = taskId === MAIN_TASK ? "run" : `task ${taskId}`;
  const step = status === "completed" ? `the compensation of ${what}` : what;
  const end = restart.reason === "crash"
    ? "ended without an orderly stop"
    : "ended or was taken over";
  const message =
    `the process ${end} ${interruptions + 1} times in a row while ${step} was open, ` +
    "the last time as the only open attempt";
  return parked(jobId, { reason: "crashed", message }, { taskId, causedBy: restart.logId });
}

function interruption(job: JobState, task: TaskState, restart: Restart | undefined): EventDraft {
  const phase = task.status === "completed" ? "compensation" : "run";
  return {
    stratum: "framework",
    eventType: "job.TaskInterrupted",
    jobId: job.jobId,
    taskId: task.taskId,
    ...(restart === undefined ? {} : { causedBy: restart.logId }),
    attributes: {
      attempt: Math.max(1, compensationOf(task)?.attempts ?? task.attempts),
      phase,
      reason: restart?.reason ?? "crash",
    },
  };
}

/** Adds the trace ids of the attempts, each from the last entry of its open task. */
async function withTheirTraces(
  drafts: readonly EventDraft[],
  jobOf: (jobId: JobId) => JobState,
  entriesAt: EntriesAt,
): Promise<readonly EventDraft[]> {
  const places = drafts.map(({ jobId, taskId }) =>
    jobId === undefined || taskId === undefined ? 0 : findTask(jobOf(jobId), taskId)?.lastLogId ?? 0
  );
  const known = ascending(places.filter((logId) => logId > 0));
  const entries = new Map((await entriesAt(known)).map((entry) => [entry.logId, entry]));
  return drafts.map((draft, index) => {
    const entry = entries.get(places[index] ?? 0);
    return entry === undefined ? draft : { ...draft, ...traceFields(entry) };
  });
}

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
  const culprit = restart === undefined ? undefined : culpritAt(jobs, restart, registry);
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
  { writer, table, diskRetries, entriesAt, onDefect }: Pick<
    RunServices,
    "writer" | "table" | "diskRetries" | "entriesAt" | "onDefect"
  >,
  drafts: readonly EventDraft[],
  onRecorded: () => void,
): Promise<void> {
  if (drafts.length === 0) return onRecorded();
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
