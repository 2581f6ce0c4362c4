/** Applies controls to a job, as requested by documents. */

import * as v from "valibot";
import { type ControlName, isLegal, type StateControl } from "../core/controls.ts";
import { type JobId, MAIN_TASK } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import type { JsonValue } from "../core/json.ts";
import type { Origin } from "../core/trace_ids.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { ControlRequest, RetryRequest } from "../engine/requests.ts";
import { valueOrThrow } from "./engine_refusal.ts";
import { checked, reasonField, strictObject, taskIdField } from "./fields.ts";
import { invalidRequest } from "./refusal.ts";

export const controlBody = strictObject({ reason: v.exactOptional(reasonField) });

export const cancelBody = strictObject({
  reason: v.exactOptional(reasonField),
  leave: v.exactOptional(v.boolean()),
});

export const retryBody = strictObject({
  reason: v.exactOptional(reasonField),
  from: v.exactOptional(taskIdField),
  again: v.exactOptional(v.boolean()),
  dryRun: v.exactOptional(v.boolean()),
});

type RetryBody = v.InferOutput<typeof retryBody>;

/**
 * Applies a control to a job.
 *
 * @param body The body for the route of the control.
 * @returns The current job; for a retry, the new one.
 * @throws {Refusal} if the engine refuses.
 */
export async function controlled(
  engine: JobEngine,
  jobId: JobId,
  control: ControlName,
  body: JsonValue,
  origin?: Origin,
): Promise<JobState> {
  if (control !== "retry") {
    return valueOrThrow(
      await engine.control(jobId, { ...parseControlRequest(control, body), origin }),
    );
  }
  const request = toRetryRequest(parseRetryBody(body, engine.job(jobId)));
  return valueOrThrow(await engine.retry(jobId, { ...request, origin }));
}

/** @throws {Refusal} `invalid-request`, also for a task that the job does not have. */
export function parseRetryBody(given: JsonValue, job: JobState | undefined): RetryBody {
  const body = checked(retryBody, given);
  const { from } = body;
  if (from === undefined || job === undefined || !isLegal(job, "retry")) return body;
  if (job.tasks.some(({ taskId }) => taskId === from)) return body;
  const known = job.tasks.map(({ taskId }) => taskId).filter((taskId) => taskId !== MAIN_TASK);
  const names = known.length === 0 ? "it has none" : `its tasks are ${known.join(", ")}`;
  throw invalidRequest([{ pointer: "/from", detail: `must be a task of the job; ${names}` }]);
}

/** @throws {Refusal} `invalid-request`. */
export function parseControlRequest(kind: StateControl, body: JsonValue): ControlRequest {
  return kind === "cancel"
    ? { kind, ...checked(cancelBody, body) }
    : { kind, ...checked(controlBody, body) };
}

export function toRetryRequest({ again = false, dryRun: _, ...request }: RetryBody): RetryRequest {
  return again ? request : { ...request, unlessRetriedAfter: 0 };
}
