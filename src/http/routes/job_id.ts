/** The job that a path names. */

import type { Context } from "hono";
import { ID_PATTERN, type JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { EnginePort } from "../ports/engine_port.ts";
import { unknownJob } from "../problems/engine_problem.ts";
import { Problem } from "../problems/problem.ts";

/** @throws {Problem} 404 for text that is no id: there can be no such job. */
export function jobIdOf(c: Context): JobId {
  const id = c.req.param("id") ?? "";
  if (ID_PATTERN.test(id)) return id as JobId;
  throw new Problem("unknown-job", "Cannot find the job: the path does not name a legal id");
}

/** @throws {Problem} 404. */
export function jobOf(c: Context, engine: EnginePort): JobState {
  const jobId = jobIdOf(c);
  const job = engine.job(jobId);
  if (job === undefined) throw unknownJob(jobId);
  return job;
}
