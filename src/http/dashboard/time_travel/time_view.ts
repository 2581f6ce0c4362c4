/** What the time travel of a job shows, as far as it is read from the engine. */

import type { JobEventLogEntry } from "../../../core/event.ts";
import type { JobId } from "../../../core/ids.ts";
import type { JobState } from "../../../core/job_state.ts";
import type { Point } from "../../../core/point.ts";
import type { ReplayStep } from "../../../core/replay_steps.ts";
import { valueOf } from "../../engine_problem.ts";
import type { EnginePort } from "../../engine_port.ts";

export interface TimeView {
  /** As of the point. */
  readonly job: JobState;
  /** As it is now. */
  readonly present: JobState;
  /** Of all entries of the job, the oldest first. */
  readonly steps: readonly ReplayStep[];
  /** The step of the point, by its index. */
  readonly index: number;
  readonly step: ReplayStep;
  readonly entry: JobEventLogEntry;
}

/** Where in a job's life to look: at a point, or after so many entries; now, when absent. */
export type Position = { readonly point?: Point | undefined; readonly count?: number | undefined };

/** @throws {Problem} when there is no such job, or its life has no such point. */
export async function timeView(
  engine: EnginePort,
  jobId: JobId,
  position: Position,
): Promise<TimeView> {
  const { job: present, steps } = valueOf(await engine.replay(jobId));
  const point = position.point ?? pointOfCount(steps, position.count);
  const { job, steps: before } = point === undefined
    ? { job: present, steps }
    : valueOf(await engine.replay(jobId, point));
  const step = before.at(-1);
  const [entry] = await engine.history(jobId, (step?.logId ?? 0) - 1, 1);
  // A replay has a step for each entry, and no job is without entries.
  if (step === undefined || entry === undefined) throw new TypeError(`Job ${jobId} has no entries`);
  return { job, present, steps, index: before.length - 1, step, entry };
}

/** A slider may be left behind by what came, or be set by hand: the nearest step is meant. */
function pointOfCount(steps: readonly ReplayStep[], count?: number): Point | undefined {
  if (count === undefined) return undefined;
  const step = steps[Math.min(Math.max(count, 1), steps.length) - 1];
  return step === undefined ? undefined : { kind: "logId", logId: step.logId };
}

/** The steps to go to from one, by their index; absent where there is nothing further. */
export interface Neighbours {
  readonly first?: number;
  readonly previous?: number;
  readonly next?: number;
  readonly last?: number;
}

export function neighboursOf({ steps, index }: TimeView): Neighbours {
  const last = steps.length - 1;
  return {
    ...(index === 0 ? {} : { first: 0, previous: index - 1 }),
    ...(index === last ? {} : { next: index + 1, last }),
  };
}

/** Steps that changed the job's state or condition, by their number from 1. */
export function milestonesOf(steps: readonly ReplayStep[], countMax: number): readonly number[] {
  const numbers = steps.flatMap(({ changed }, index) =>
    changed.some(({ path }) => path === "state" || path === "condition") ? [index + 1] : []
  );
  const every = Math.ceil(numbers.length / countMax);
  return numbers.filter((_, at) => at % every === 0);
}
