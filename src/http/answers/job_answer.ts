/**
 * The answer to a write: the job that it created or changed. The write is durable, so it is never
 * refused because its answer is large: without room for the whole job, the answer has only its id,
 * state and links.
 */

import type { CreatedJob, JobState, RunningJob } from "../../core/job_state.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { jobPath, jobView } from "../../documents/jobs.ts";
import { hasRoomForLarge, isLargeAnswer, largeJsonResponse } from "./large_answer.ts";
import { appliedHeader, type Preferences } from "../requests/request.ts";
import { STATUS } from "../responses/problem.ts";
import { createdResponse, jsonTextResponse } from "../responses/response.ts";
import { deriveCondition } from "../../core/condition.ts";
import {
  type ExpectedEvent,
  MAIN_EXPECTATION,
  MAIN_ONLY_PLAN,
  requiredMatches,
} from "../../core/job_plan.ts";
import { isLarge } from "../../core/json.ts";

const MINIMAL: Preferences = { minimal: true };

export function changedAnswer(deps: HttpDeps, job: JobState): Response {
  return hasRoomForLarge(deps)
    ? largeJsonResponse(deps, jobView(job), STATUS.ok)
    : jsonTextResponse(minimalText(job), STATUS.ok, appliedHeader(MINIMAL));
}

export function createdAnswer(
  deps: HttpDeps,
  job: JobState,
  status: number,
  preferences: Preferences = { minimal: false },
  headers: Readonly<Record<string, string>> = {},
): Response {
  const location = jobPath(job.jobId);
  const text = preferences.minimal ? minimalText(job) : jobText(job) ?? smallText(job);
  const applied = { ...appliedHeader(preferences), ...headers };
  if (text !== undefined) return createdResponse(text, status, location, applied);
  if (hasRoomForLarge(deps)) {
    return largeJsonResponse(deps, jobView(job), status, { location, ...applied });
  }
  const minimal = { ...appliedHeader({ ...preferences, minimal: true }), ...headers };
  return createdResponse(minimalText(job), status, location, minimal);
}

function smallText(job: JobState): string | undefined {
  const view = jobView(job);
  return isLargeAnswer(view) ? undefined : JSON.stringify(view);
}

// The job resource as text. Nearly every answer to `POST /jobs` describes a job that has just been
// created. Its text is assembled by hand, byte for byte what `JSON.stringify` makes of `jobView`;
// `tests/http/job_text_test.ts` checks that the two agree.

/** Larger jobs are not serialized in one step. */
const EXPECTED_MAX = 100;
const INPUT_CHARACTERS = 64 * 1024;

/** `undefined` for a job that has progressed, or is large. */
export function jobText(job: JobState): string | undefined {
  return isNew(job) && isSmall(job) ? newJobText(job) : undefined;
}

function isSmall({ plan, input }: JobState): boolean {
  return plan.expected.length <= EXPECTED_MAX && !isLarge(input, INPUT_CHARACTERS);
}

/** The id, state and links of a job: small enough to be sent in one piece. */
export function minimalText({ jobId, state }: JobState): string {
  const self = jobPath(jobId);
  return `{"jobId":"${jobId}","state":"${state}","links":{"self":"${self}","events":"${self}/events","stream":"${self}/stream","explain":"${self}/explain"}}`;
}

type NewJob = CreatedJob | RunningJob;

/** Whether nothing has happened to a job yet, and its whole input is shown. */
function isNew(job: JobState): job is NewJob {
  return (job.state === "Running" || job.state === "Created") && job.tasks.length === 0 &&
    job.sealed === undefined && job.retryOf === undefined && job.parked === undefined &&
    job.waits === undefined &&
    job.expected.every(({ matched, waived }) => matched === 0 && waived === undefined);
}

/** Job ids, times and the framework's own names contain nothing that JSON would escape. */
function newJobText(job: NewJob): string {
  const { jobId, type, labels, key, rateKey, input, plan } = job;
  const self = jobPath(jobId);
  return `{"jobId":"${jobId}","type":${toJson(type)},"definitionVersion":${
    toJson(job.definitionVersion)
  },"state":"${job.state}","condition":"${deriveCondition(job)}","createdAt":"${job.createdAt}",${
    startText(job)
  },"endedAt":null,"firstLogId":${job.firstLogId},"lastLogId":${job.lastLogId},"priority":${job.priority},"labels":${
    toJson(labels)
  },${keyText("key", key)}${keyText("rateKey", rateKey)}"input":${
    toJson(input)
  },"output":null,"expected":${
    expectedText(plan.expected)
  },"tasks":[],"failure":null,"links":{"self":"${self}","events":"${self}/events","stream":"${self}/stream","explain":"${self}/explain","replay":"${self}/replay"}}`;
}

function keyText(name: string, key: string | undefined): string {
  return key === undefined ? "" : `"${name}":${toJson(key)},`;
}

function toJson(value: unknown): string {
  return value === undefined ? "null" : JSON.stringify(value);
}

function startText(job: NewJob): string {
  if (job.state === "Running") return `"startedAt":"${job.startedAt}"`;
  return job.startAt === undefined
    ? '"startedAt":null'
    : `"startAt":"${job.startAt}","startedAt":null`;
}

const MAIN_ONLY_TEXT = `[${expectationText(MAIN_EXPECTATION)}]`;

/** Most jobs share one plan. */
function expectedText(expected: readonly ExpectedEvent[]): string {
  return expected === MAIN_ONLY_PLAN.expected
    ? MAIN_ONLY_TEXT
    : `[${expected.map(expectationText).join(",")}]`;
}

function expectationText(
  { id, kind, matcher, taskId, multiplicity, within }: ExpectedEvent,
): string {
  const task = taskId === undefined ? "" : `"taskId":${toJson(taskId)},`;
  return `{"id":${toJson(id)},"kind":"${kind}","eventType":${
    toJson(matcher.eventType)
  },"correlation":${toJson(matcher.correlation)},${task}"multiplicity":${toJson(multiplicity)},` +
    (within === undefined ? "" : `"within":${toJson(within)},`) +
    `"required":${requiredMatches(multiplicity)},"matched":0,"satisfied":false,"by":[]}`;
}
