/** Checks the jobs of one request, one by one. */

import * as v from "valibot";
import type { JsonValue } from "../core/json.ts";
import type { Origin } from "../core/trace_ids.ts";
import type { Clock } from "../engine/ports.ts";
import type { CreateRequest } from "../engine/requests.ts";
import { Refusal } from "./refusal.ts";
import { parseCreateRequest, type StartLimits } from "./create_request.ts";
import { isObject, jobIdField } from "./fields.ts";
import { requireKey, toIdempotency } from "./idempotency.ts";
import type { Judging } from "./one_or_many.ts";

/** A job to create, or its errors. */
export type JudgedJob =
  | { readonly valid: true; readonly request: CreateRequest; readonly document: JsonValue }
  | {
    readonly valid: false;
    /** The id of the job, if it is valid. */
    readonly jobId: string | null;
    readonly refusal: Refusal;
  };

interface JobLimits {
  readonly clock: Clock;
  /** Jobs in one request. */
  readonly jobsMax: number;
  readonly maxStartDelayMs: number;
}

export function createJudging(
  { clock, jobsMax: max, maxStartDelayMs }: JobLimits,
): Judging<JudgedJob> {
  const limits = { now: clock.now(), maxStartDelayMs };
  return {
    judge: (document) => judgedJob(document, limits),
    unread: (refusal) => ({ valid: false, jobId: null, refusal }),
    what: "jobs",
    max,
  };
}

function judgedJob(document: JsonValue, limits: StartLimits): JudgedJob {
  try {
    return { valid: true, request: parseCreateRequest(document, limits), document };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { valid: false, jobId: givenId(document), refusal: error };
  }
}

function givenId(document: JsonValue): string | null {
  return isObject(document) && v.is(jobIdField, document["jobId"]) ? document["jobId"] : null;
}

/**
 * The same jobs, each with its origin, and with the key of the request and its place.
 *
 * @throws {Refusal} `invalid-request` if the key is invalid.
 */
export function originatedJobs(
  jobs: readonly JudgedJob[],
  key: string | null,
  origin: Origin | undefined,
): readonly JudgedJob[] {
  requireKey(key);
  return jobs.map((job, place) => {
    if (!job.valid) return job;
    const idempotency = toIdempotency(key, job.document, place);
    const more = idempotency === undefined ? { origin } : { origin, idempotency };
    return { ...job, request: { ...job.request, ...more } };
  });
}
