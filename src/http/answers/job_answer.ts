/**
 * What a write answers: the job that it made or changed. The write is done, so it is never
 * refused for the size of its answer: where there is no room for that, only what leads to the
 * job is told.
 */

import type { JobState } from "../../core/job_state.ts";
import type { HttpDeps } from "../http_deps.ts";
import { jobText, minimalText } from "./job_text.ts";
import { jobPath, jobView } from "./job_view.ts";
import { hasRoomForLarge, isLargeAnswer, largeJsonResponse } from "./large_answer.ts";
import { appliedHeader, type Preferences } from "../requests/prefer.ts";
import { STATUS } from "../problems/problem.ts";
import { createdResponse, jsonTextResponse } from "./response.ts";

const MINIMAL: Preferences = { minimal: true };

/** Of a job that has been changed. */
export function changedAnswer(deps: HttpDeps, job: JobState): Response {
  return hasRoomForLarge(deps)
    ? largeJsonResponse(deps, jobView(job), STATUS.ok)
    : jsonTextResponse(minimalText(job), STATUS.ok, appliedHeader(MINIMAL));
}

/** Of a job that is there now, at its place. */
export function createdAnswer(
  deps: HttpDeps,
  job: JobState,
  status: number,
  asked: Preferences = { minimal: false },
  headers: Readonly<Record<string, string>> = {},
): Response {
  const location = jobPath(job.jobId);
  const text = asked.minimal ? minimalText(job) : jobText(job) ?? smallText(job);
  const applied = { ...appliedHeader(asked), ...headers };
  if (text !== undefined) return createdResponse(text, status, location, applied);
  if (hasRoomForLarge(deps)) {
    return largeJsonResponse(deps, jobView(job), status, { location, ...applied });
  }
  const minimal = { ...appliedHeader({ ...asked, minimal: true }), ...headers };
  return createdResponse(minimalText(job), status, location, minimal);
}

function smallText(job: JobState): string | undefined {
  const view = jobView(job);
  return isLargeAnswer(view) ? undefined : JSON.stringify(view);
}
