/** What-ifs of a job, answered page by page like a replay. */

import { jobResource } from "../core/job_resource.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ReserveMemory } from "../engine/queries/entry_pages.ts";
import type { StepsWanted } from "../explain/replay_steps.ts";
import type { Supposition } from "../explain/supposition.ts";
import { valueOrThrow } from "./engine_refusal.ts";
import {
  cursor,
  formatCursor,
  notBeyondHead,
  type Query,
  single,
  wholeNumber,
} from "./parameters.ts";

const STEPS_MAX = 1_000;

/** The parameters for pages of steps. */
export const STEP_PARAMETERS = {
  limit: single(wholeNumber(1, STEPS_MAX), `Steps per page. Default: ${STEPS_MAX}.`),
  cursor: single(cursor("steps"), "The nextCursor of the previous page."),
};

/** @throws {Refusal} `invalid-request` if the cursor is beyond the head. */
export function stepsWanted(
  { limit, cursor }: Query<typeof STEP_PARAMETERS>,
  { headLogId }: JobEngine,
): StepsWanted {
  const after = notBeyondHead(cursor, headLogId, { parameter: "cursor" });
  return { after, limit: limit ?? STEPS_MAX };
}

export function stepsCursor(next: LogId | undefined): string | null {
  return next === undefined ? null : formatCursor("steps", next);
}

/**
 * A job under a supposition, with a page of the steps. It has no links, since they would lead to
 * the real job.
 *
 * @throws {Refusal} `unknown-point`, `job-too-long`, `invalid-request`
 */
export async function supposedJob(
  jobId: JobId,
  supposed: Supposition,
  steps: Query<typeof STEP_PARAMETERS>,
  engine: JobEngine,
  hold?: ReserveMemory,
) {
  const { job, next, ...answer } = valueOrThrow(
    await engine.replays.whatIf(jobId, supposed, stepsWanted(steps, engine), hold),
  );
  return { ...answer, job: jobResource(job), nextCursor: stepsCursor(next) };
}
