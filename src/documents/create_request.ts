/** Parses documents of `POST /jobs` into requests to the engine. */

import * as v from "valibot";
import {
  checked,
  chosenId,
  documented,
  labelsField,
  strictObject,
  timeField,
  TYPE_LENGTH_MAX,
  wholeField,
  withinLazy,
} from "./fields.ts";
import { pointedIssues } from "../engine/parsed_input.ts";
import { durationText } from "../core/duration.ts";
import type { Correlation, Equalities } from "../core/correlation.ts";
import { DERIVED, ID_PATTERN, isEventType, type JobId } from "../core/ids.ts";
import { DEFAULT_POLICY, type ExpectedEvent, type JobPlan } from "../core/job_plan.ts";
import {
  isObject,
  isScalar,
  type JsonObject,
  type JsonValue,
  type PointedIssue,
} from "../core/json.ts";
import type { CreateRequest } from "../engine/requests.ts";
import { PATH_LENGTH_MAX, planField, repeatedIdIssues, toPlan } from "./plan_schema.ts";
import { invalidRequest } from "./refusal.ts";

export const PRIORITY_MAX = 1_000;

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

// The most common bodies: a type with its input, or a plan with a few expectations, optionally with
// `start`. They are checked by hand, in less time; the schema checks everything else.
// `tests/documents/common_request_test.ts` checks that the two agree.

/** Few enough that a plan reaches no other limit. */
const COMMON_EXPECTATIONS_MAX = 16;
const PATHS_MAX = 16;

const CODED_JOB: readonly string[] = ["type", "input", "start"];
const OUTSIDE_JOB: readonly string[] = ["plan", "start"];
const PLAN: readonly string[] = ["expected"];
const EXPECTATION: readonly string[] = ["id", "eventType", "correlation"];
const CORRELATION: readonly string[] = ["equals"];

/**
 * `undefined` for documents that the schema has to check.
 *
 * @param document The result of `parseJson`, which refuses names that reach a prototype.
 */
export function parseCommonRequest(document: JsonValue): CreateRequest | undefined {
  if (!isObject(document)) return undefined;
  return document["type"] === undefined ? commonOutsideJob(document) : commonCodedJob(document);
}

function commonCodedJob(document: JsonObject): CreateRequest | undefined {
  const { type, start } = document;
  if (typeof type !== "string" || type.length > TYPE_LENGTH_MAX) return undefined;
  if (!isFlag(start) || !hasOnly(document, CODED_JOB)) return undefined;
  // The document has the form that the engine takes.
  return document as { readonly type: string };
}

function commonOutsideJob(document: JsonObject): CreateRequest | undefined {
  const { start } = document;
  if (!isFlag(start) || !hasOnly(document, OUTSIDE_JOB)) return undefined;
  const plan = parsePlan(document["plan"]);
  if (plan === undefined) return undefined;
  return start === undefined ? { plan } : { plan, start };
}

function isFlag(value: JsonValue | undefined): value is boolean | undefined {
  return value === undefined || typeof value === "boolean";
}

function parsePlan(document: JsonValue | undefined): JobPlan | undefined {
  if (!isObject(document) || !hasOnly(document, PLAN)) return undefined;
  const { expected } = document;
  if (!Array.isArray(expected) || expected.length > COMMON_EXPECTATIONS_MAX) return undefined;
  // An array that grew would have room for seventeen, as long as the job waits.
  const expectations = expected.map(parseExpectation) as ExpectedEvent[];
  const ids = new Set(expectations.map((one: ExpectedEvent | undefined) => one?.id));
  if (ids.has(undefined) || ids.size < expectations.length) return undefined;
  return { expected: expectations, policy: DEFAULT_POLICY };
}

function parseExpectation(document: JsonValue): ExpectedEvent | undefined {
  if (!isObject(document) || !hasOnly(document, EXPECTATION)) return undefined;
  const { id, eventType } = document;
  if (typeof id !== "string" || !ID_PATTERN.test(id)) return undefined;
  if (typeof eventType !== "string" || !isEventType(eventType)) return undefined;
  const correlation = parseCorrelation(document["correlation"]);
  if (correlation === undefined) return undefined;
  return {
    id,
    kind: "DomainFact",
    matcher: { eventType, correlation },
    multiplicity: "ExactlyOnce",
  };
}

function parseCorrelation(document: JsonValue | undefined): Correlation | undefined {
  if (document === undefined || document === "any") return "any";
  if (!isObject(document) || !hasOnly(document, CORRELATION)) return undefined;
  const { equals } = document;
  if (!isObject(equals)) return undefined;
  let paths = 0;
  for (const path in equals) {
    if (path === "" || path.length > PATH_LENGTH_MAX || ++paths > PATHS_MAX) return undefined;
    if (!isScalar(equals[path])) return undefined;
  }
  return { equals: equals as Equalities };
}

function hasOnly(document: JsonObject, names: readonly string[]): boolean {
  for (const name in document) {
    if (!names.includes(name)) return false;
  }
  return true;
}
