/** What the time travel of a job shows, read from the engine. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { Point } from "../../core/point.ts";
import type { ReplayStep } from "../../explain/replay_steps.ts";
import type { ReserveMemory } from "../../engine/queries/entry_pages.ts";
import { unknownJob, valueOrThrow } from "../../documents/engine_refusal.ts";
import type { JobEngine } from "../../engine/job_engine.ts";

interface Window {
  /** Index of the first that is shown. */
  readonly start: number;
  /** Index after the last that is shown. */
  readonly end: number;
}

/** So many of a list around an index, or fewer where the list has no more. */
export function windowAround(index: number, length: number, sizeMax: number): Window {
  const size = Math.min(sizeMax, length);
  const start = Math.max(0, Math.min(index - (size >> 1), length - size));
  return { start, end: start + size };
}

/** Rows of the table of entries around the point, and as many that were chosen elsewhere. */
export const ROWS_MAX = 100;

export interface TimeView {
  /** As of the point. */
  readonly job: JobState;
  /** As it is now. */
  readonly present: JobState;
  /** Positions of all entries of the job, oldest first. */
  readonly logIds: readonly LogId[];
  /** The entries around the point. */
  readonly window: Window;
  /** Steps of the entries around the point, and of those that were chosen. */
  readonly steps: ReadonlyMap<LogId, ReplayStep>;
  /** The index of the entry at the point. */
  readonly index: number;
  readonly step: ReplayStep;
  readonly entry: JobEventLogEntry;
  /** Entries that changed the job's state or condition, numbered from 1. */
  readonly milestones: readonly number[];
}

/** Where to look: at a point, or after a number of entries; now, if neither is given. */
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
  const { job } = valueOrThrow(await engine.replays.replay(jobId, point, NO_STEPS, hold));
  const index = logIds.indexOf(job.lastLogId);
  const window = windowAround(index, logIds.length, ROWS_MAX);
  const steps = await readSteps(engine, jobId, [
    ...logIds.slice(window.start, window.end),
    ...chosen.slice(0, ROWS_MAX),
  ], hold);
  const [entry] = await engine.entriesAt([job.lastLogId]);
  const step = steps.get(job.lastLogId);
  // A replay has a step for each entry, and every job has entries.
  if (step === undefined || entry === undefined) throw new TypeError(`Job ${jobId} has no entries`);
  const milestones = findMilestones(engine, jobId, logIds);
  return { job, present, logIds, window, steps, index, step, entry, milestones };
}

/** A slider may be outdated or set by hand: the nearest entry is used. */
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
    await engine.replays.replay(jobId, upTo, { ...NO_STEPS, also }, hold),
  );
  return new Map(steps.map((step) => [step.logId, step]));
}

/** The entries to go to from one, by index; absent at the ends. */
export interface Neighbours {
  readonly first?: number;
  readonly previous?: number;
  readonly next?: number;
  readonly last?: number;
}

export function findNeighbours({ logIds, index }: TimeView): Neighbours {
  const last = logIds.length - 1;
  return {
    ...(index === 0 ? {} : { first: 0, previous: index - 1 }),
    ...(index === last ? {} : { next: index + 1, last }),
  };
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
