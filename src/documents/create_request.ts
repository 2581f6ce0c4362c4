/** `POST /jobs`: what a document asks the engine to create. */

import {
  checked,
  isObject,
  jobIdField,
  labelsField,
  type PointedIssue,
  pointedIssues,
  strictObject,
  timeField,
  TYPE_LENGTH_MAX,
  withinLazy,
} from "./fields.ts";
import * as v from "valibot";
import { durationText } from "../core/duration.ts";
import type { JsonObject, JsonValue } from "../core/json.ts";
import type { CreateRequest } from "../engine/requests.ts";
import { parseCommonRequest } from "./common_request.ts";
import { documented } from "./documented.ts";
import { planField, repeatedIdIssues, toPlan } from "./plan_schema.ts";
import { invalidRequest } from "./refusal.ts";

const PRIORITY_MAX = 1_000;

const PRIORITY_RULE = `must be a whole number from -${PRIORITY_MAX} to ${PRIORITY_MAX}`;

const common = {
  jobId: v.exactOptional(jobIdField),
  priority: v.exactOptional(v.pipe(
    v.number(),
    v.integer(PRIORITY_RULE),
    v.minValue(-PRIORITY_MAX, PRIORITY_RULE),
    v.maxValue(PRIORITY_MAX, PRIORITY_RULE),
  )),
  startAt: v.exactOptional(timeField),
  start: v.exactOptional(v.boolean()),
  labels: v.exactOptional(labelsField),
};

const codedJob = strictObject({
  type: v.pipe(
    v.string(),
    v.maxLength(TYPE_LENGTH_MAX, `must be at most ${TYPE_LENGTH_MAX} characters`),
  ),
  // The whole document was read as JSON, so this can be nothing else.
  input: v.exactOptional(documented(v.custom<JsonValue>(() => true), {})),
  ...common,
});

const outsideJob = strictObject({ plan: planField, ...common });

/** A job to be created: of a type, or of a plan. */
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
 * What the schema says of any document. Two shapes, told apart by `plan`, so that errors are
 * about the one that was meant.
 *
 * @throws {Refusal} as `parseCreateRequest` does.
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

/** Without a type the document may as well have been meant as a plan. */
function withPlanNamed(issue: PointedIssue): PointedIssue {
  return issue.pointer === "/type" ? { ...issue, detail: "is required, or plan instead" } : issue;
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

/** A start in the past is a start at once: `startAt` is left out. */
function withCheckedStart(request: CreateRequest, limits: StartLimits): CreateRequest {
  if (request.startAt === undefined) return request;
  if (request.start === false) {
    const detail = "must not be false when there is a startAt; leave one of them out";
    throw invalidRequest([{ pointer: "/start", detail }]);
  }
  const delayMs = Date.parse(request.startAt) - limits.now;
  if (delayMs > limits.maxStartDelayMs) throw startsTooLate(limits.maxStartDelayMs);
  if (delayMs > 0) return request;
  const { startAt: _, ...atOnce } = request;
  return atOnce;
}

function startsTooLate(maxStartDelayMs: number) {
  const detail = `must be at most ${durationText(maxStartDelayMs)} from now: ` +
    "Daybook is not a cron engine; let one call it when the time comes";
  return invalidRequest([{ pointer: "/startAt", detail }]);
}
