/** Parses documents of `POST /jobs` into requests to the engine. */

import * as v from "valibot";
import {
  checked,
  chosenId,
  documented,
  isObject,
  labelsField,
  type PointedIssue,
  pointedIssues,
  strictObject,
  timeField,
  TYPE_LENGTH_MAX,
  wholeField,
  withinLazy,
} from "./fields.ts";
import { durationText } from "../core/duration.ts";
import { DERIVED, type JobId } from "../core/ids.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { CreateRequest } from "../engine/requests.ts";
import { parseCommonRequest } from "./common_request.ts";
import { planField, repeatedIdIssues, toPlan } from "./plan_schema.ts";
import { invalidRequest } from "./refusal.ts";

const PRIORITY_MAX = 1_000;

const common = {
  jobId: v.exactOptional(chosenId<JobId>(DERIVED.job)),
  priority: v.exactOptional(wholeField(-PRIORITY_MAX, PRIORITY_MAX)),
  startAt: v.exactOptional(timeField),
  start: v.exactOptional(v.boolean()),
  labels: v.exactOptional(labelsField),
};

const codedJob = strictObject({
  type: v.pipe(
    v.string(),
    v.maxLength(TYPE_LENGTH_MAX, `must be at most ${TYPE_LENGTH_MAX} characters`),
  ),
  // The whole document was parsed as JSON, so this is JSON too.
  input: v.exactOptional(documented(v.custom<JsonValue>(() => true), {})),
  ...common,
});

const outsideJob = strictObject({ plan: planField, ...common });

/** A job to create, of a type or with a plan. */
export const newJob = v.union([withinLazy(codedJob), withinLazy(outsideJob)]);

export interface StartLimits {
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** Milliseconds. */
  readonly maxStartDelayMs: number;
}

/** @throws {Refusal} `invalid-request`, with a pointer for each issue. */
export function parseCreateRequest(document: JsonValue, limits: StartLimits): CreateRequest {
  return parseCommonRequest(document) ?? parseRequestBySchema(document, limits);
}

/**
 * Checks any document with the schema. The two forms are distinguished by `plan`, so that errors
 * are about the intended one.
 *
 * @throws {Refusal} like `parseCreateRequest`.
 */
export function parseRequestBySchema(document: JsonValue, limits: StartLimits): CreateRequest {
  return isObject(document) && Object.hasOwn(document, "plan")
    ? parseOutsideJob(document, limits)
    : parseCodedJob(document, limits);
}

function parseCodedJob(document: JsonValue, limits: StartLimits): CreateRequest {
  const parsed = v.safeParse(codedJob, document);
  if (parsed.success) return withCheckedStart(parsed.output, limits);
  const isShapeless = isObject(document) && !Object.hasOwn(document, "type");
  const issues = pointedIssues(parsed.issues);
  throw invalidRequest(isShapeless ? issues.map(withPlanNamed) : issues);
}

/** A document without a type may have been meant to have a plan. */
function withPlanNamed(issue: PointedIssue): PointedIssue {
  return issue.pointer === "/type"
    ? { ...issue, detail: "is required, unless there is a plan" }
    : issue;
}

function parseOutsideJob(document: JsonObject, limits: StartLimits): CreateRequest {
  if (Object.hasOwn(document, "type")) {
    const detail = "cannot be combined with plan; give type or plan, not both";
    throw invalidRequest([{ pointer: "/type", detail }]);
  }
  const { plan, ...rest } = checked(outsideJob, document);
  const repeated = repeatedIdIssues(plan);
  if (repeated.length > 0) throw invalidRequest(repeated);
  return withCheckedStart({ ...rest, plan: toPlan(plan) }, limits);
}

/** A start time in the past means an immediate start, and is recorded like any other. */
function withCheckedStart(request: CreateRequest, limits: StartLimits): CreateRequest {
  if (request.startAt === undefined) return request;
  if (request.start === false) {
    const detail = "must not be false if there is a startAt; leave one of them out";
    throw invalidRequest([{ pointer: "/start", detail }]);
  }
  const delayMs = Date.parse(request.startAt) - limits.now;
  if (delayMs > limits.maxStartDelayMs) throw startsTooLate(limits.maxStartDelayMs);
  return request;
}

function startsTooLate(maxStartDelayMs: number) {
  const detail = `must be at most ${durationText(maxStartDelayMs)} from now: ` +
    "Daybook is not a cron engine; let one submit the job at the right time";
  return invalidRequest([{ pointer: "/startAt", detail }]);
}
