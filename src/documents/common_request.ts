/**
 * A fast path for the most common bodies of `POST /jobs`: a type with its input, or a plan with a
 * few expectations, optionally with `start`. The schema checks everything else.
 * `tests/documents/common_request_test.ts` checks that the two agree.
 */

import type { Correlation, Equalities } from "../core/correlation.ts";
import { ID_PATTERN, isEventType } from "../core/ids.ts";
import { DEFAULT_POLICY, type ExpectedEvent, type JobPlan } from "../core/job_plan.ts";
import { isScalar, type JsonObject, type JsonValue } from "../core/json.ts";
import type { CreateRequest } from "../engine/requests.ts";
import { PATH_LENGTH_MAX } from "./plan_schema.ts";
import { isObject, TYPE_LENGTH_MAX } from "./fields.ts";

/** Few enough that a plan reaches no other limit. */
const EXPECTATIONS_MAX = 16;
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
  return document["type"] === undefined ? outsideJob(document) : codedJob(document);
}

function codedJob(document: JsonObject): CreateRequest | undefined {
  const { type, start } = document;
  if (typeof type !== "string" || type.length > TYPE_LENGTH_MAX) return undefined;
  if (!isFlag(start) || !hasOnly(document, CODED_JOB)) return undefined;
  // The document has the form that the engine takes.
  return document as { readonly type: string };
}

function outsideJob(document: JsonObject): CreateRequest | undefined {
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
  if (!Array.isArray(expected) || expected.length > EXPECTATIONS_MAX) return undefined;
  const expectations: ExpectedEvent[] = [];
  for (const one of expected) {
    const expectation = parseExpectation(one);
    if (expectation === undefined) return undefined;
    if (expectations.some(({ id }) => id === expectation.id)) return undefined;
    expectations.push(expectation);
  }
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
