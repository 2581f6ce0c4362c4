/** The data of a job's time travel, read from the engine. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { ReplayStep } from "../../explain/replay/replay_steps.ts";
import type { ReserveMemory } from "../../engine/queries/entry_pages.ts";
import { unknownJob, valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";

interface Window {
  /** The index of the first entry shown. */
  readonly start: number;
  /** The index after the last entry shown. */
  readonly end: number;
}

/** A window of a list around an index, of `sizeMax` or the whole list. */
export function windowAround(index: number, length: number, sizeMax: number): Window {
  const size = Math.min(sizeMax, length);
  const start = Math.max(0, Math.min(index - (size >> 1), length - size));
  return { start, end: start + size };
}

/** Rows of the table of entries around the point, and the same number chosen elsewhere. */
export const ROWS_MAX = 100;

export interface TimeView {
  /** The job as of the point. */
  readonly job: JobState;
  /** The current job. */
  readonly present: JobState;
  /** Positions of all entries of the job, oldest first. */
  readonly logIds: readonly LogId[];
  /** The entries around the point. */
  readonly window: Window;
  /** Steps of the entries around the point, and of the chosen ones. */
  readonly steps: ReadonlyMap<LogId, ReplayStep>;
  /** The index of the entry at the point. */
  readonly index: number;
  readonly step: ReplayStep;
  readonly entry: JobEventLogEntry;
  /** Entries that changed the job's state or condition, numbered from 1. */
  readonly milestones: readonly number[];
}

/** A point, or a number of entries; the present if neither is given. */
type Position = { readonly point?: Point | undefined; readonly count?: number | undefined };

const NO_STEPS = { limit: 0 } as const;

/**
 * @param chosen Entries whose steps are wanted, wherever they are.
 * @throws {Problem} if there is no such job, or it has no such point.
 */
export async function timeView(
  engine: JobEngine,
  jobId: JobId,
  position: Position,
  chosen: readonly LogId[],
  hold: ReserveMemory,
): Promise<TimeView> {
  const present = engine.job(jobId);
  if (present === undefined) throw unknownJob(jobId);
  const logIds = engine.history.positions(jobId);
  const point = position.point ?? pointOfCount(logIds, position.count);
  const { job } = valueOrThrow(
    await (await engine.explanations()).replays.replay(jobId, point, NO_STEPS, hold),
  );
  const index = logIds.indexOf(job.lastLogId);
  const window = windowAround(index, logIds.length, ROWS_MAX);
  const steps = await readSteps(engine, jobId, [
    ...logIds.slice(window.start, window.end),
    ...chosen.slice(0, ROWS_MAX),
  ], hold);
  const [entry] = await engine.history.at([job.lastLogId]);
  const step = steps.get(job.lastLogId);
  // A replay has a step for each entry, and every job has entries.
  if (step === undefined || entry === undefined) throw new TypeError(`Job ${jobId} has no entries`);
  const milestones = findMilestones(engine, jobId, logIds);
  return { job, present, logIds, window, steps, index, step, entry, milestones };
}

/** A slider may be outdated, and a URL may be edited: the nearest entry is used. */
function pointOfCount(logIds: readonly LogId[], count?: number): Point | undefined {
  if (count === undefined) return undefined;
  const logId = logIds[Math.min(Math.max(count, 1), logIds.length) - 1];
  return logId === undefined ? undefined : { kind: "logId", logId };
}

async function readSteps(
  engine: JobEngine,
  jobId: JobId,
  wanted: readonly LogId[],
  hold: ReserveMemory,
): Promise<ReadonlyMap<LogId, ReplayStep>> {
  const logId = wanted.reduce((last, one) => Math.max(last, one), 0);
  const upTo = { kind: "logId", logId: Math.min(logId, engine.headLogId) } as const;
  const also = new Set(wanted);
  const { steps } = valueOrThrow(
    await (await engine.explanations()).replays.replay(jobId, upTo, { ...NO_STEPS, also }, hold),
  );
  return new Map(steps.map((step) => [step.logId, step]));
}

const MILESTONES_MAX = 40;

/** Some of them, if there are many. */
function findMilestones(
  engine: JobEngine,
  jobId: JobId,
  logIds: readonly LogId[],
): readonly number[] {
  const numbers = logIds.flatMap((logId, index) =>
    engine.transitionAt({ jobId, logId }) === undefined ? [] : [index + 1]
  );
  const every = Math.ceil(numbers.length / MILESTONES_MAX);
  return numbers.filter((_, at) => at % every === 0);
}
