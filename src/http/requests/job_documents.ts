/** Jobs that one request brings, judged one by one. */

import * as v from "valibot";
import type { JsonValue } from "../../core/json.ts";
import type { Origin } from "../../core/origin.ts";
import type { CreateRequest } from "../../engine/requests.ts";
import type { HttpDeps } from "../http_deps.ts";
import { Problem } from "../problems/problem.ts";
import { createRequestOf, type StartLimits } from "./create_request.ts";
import { isObject, jobIdField } from "./fields.ts";
import { idempotencyOf, requireKey } from "./headers.ts";
import type { Judging } from "./one_or_many.ts";

/** One of many: what is to be created, or why it cannot be. */
export type JudgedJob =
  | { readonly valid: true; readonly request: CreateRequest; readonly document: JsonValue }
  | {
    readonly valid: false;
    /** The id that it came with, when that is legal. */
    readonly jobId: string | null;
    readonly problem: Problem;
  };

export function judgingOf(
  { clock, eventsMax: max, maxStartDelayMs }: Pick<
    HttpDeps,
    "clock" | "eventsMax" | "maxStartDelayMs"
  >,
): Judging<JudgedJob> {
  const limits = { now: clock.now(), maxStartDelayMs };
  return {
    judge: (document) => judgedJob(document, limits),
    unread: (problem) => ({ valid: false, jobId: null, problem }),
    what: "jobs",
    max,
  };
}

function judgedJob(document: JsonValue, limits: StartLimits): JudgedJob {
  try {
    return { valid: true, request: createRequestOf(document, limits), document };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return { valid: false, jobId: givenId(document), problem: error };
  }
}

function givenId(document: JsonValue): string | null {
  return isObject(document) && v.is(jobIdField, document.jobId) ? document.jobId : null;
}

/**
 * The same jobs, each with where it comes from, and with the key of the request and its place.
 *
 * @throws {Problem} `invalid-request` when the key is illegal.
 */
export function originatedJobs(
  jobs: readonly JudgedJob[],
  key: string | null,
  origin: Origin | undefined,
): readonly JudgedJob[] {
  requireKey(key);
  return jobs.map((job, place) => {
    if (!job.valid) return job;
    const idempotency = idempotencyOf(key, job.document, place);
    const more = idempotency === undefined ? { origin } : { origin, idempotency };
    return { ...job, request: { ...job.request, ...more } };
  });
}
