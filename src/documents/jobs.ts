/**
 * Checks the jobs of one request, one by one, creates them, and returns a receipt for each, in
 * order. Jobs and receipts are shown with links.
 */

import * as v from "valibot";
import { createHash } from "node:crypto";
import { isObject, type JsonValue, type PointedIssue, present } from "../core/json.ts";
import type { Origin } from "../core/trace_ids.ts";
import type { Clock } from "../engine/ports.ts";
import type { Created, CreateRequest, Outcome } from "../engine/requests.ts";
import {
  invalidRequest,
  problemType,
  Refusal,
  type RefusalKind,
  type RefusalMembers,
} from "./refusal.ts";
import { parseCreateRequest } from "./create_request.ts";
import { jobIdField } from "./fields.ts";
import { type Judging, refusalIssues } from "./one_or_many.ts";
import type { JobId } from "../core/ids.ts";
import type { JobState, StateName } from "../core/job_state.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import { refusalOfFailure, toRefusal } from "./engine_refusal.ts";
import { jobResource } from "../core/job_resource.ts";
import type { JobSummary } from "../core/job_summary.ts";

const KEY_RULE = "must be 1 to 255 visible ASCII characters";

/** `Idempotency-Key`: the same key and body create a job only once. */
export const idempotencyKeyField = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,255}$/, KEY_RULE));

/** @throws {Refusal} `invalid-request` if the key is invalid. */
function requireKey(key: unknown): asserts key is string {
  if (v.is(idempotencyKeyField, key)) return;
  throw invalidRequest([{ header: "Idempotency-Key", detail: KEY_RULE }]);
}

/**
 * A key with a digest of the document, ignoring white space; `undefined` without a key.
 *
 * @throws {Refusal} `invalid-request` if the key is invalid.
 */
export function toIdempotency(
  key: JsonValue | undefined,
  document: JsonValue,
): CreateRequest["idempotency"] {
  if (key === undefined) return undefined;
  requireKey(key);
  return digested(key, document);
}

function digested(key: string, document: JsonValue) {
  return { key, digest: createHash("sha256").update(JSON.stringify(document)).digest("hex") };
}

export type JudgedJob =
  | { readonly valid: true; readonly request: CreateRequest }
  | {
    readonly valid: false;
    readonly jobId: string | null;
    readonly refusal: Refusal;
  };

interface ManyJobs {
  readonly clock: Clock;
  readonly jobsMax: number;
  readonly maxStartDelayMs: number;
  /** The `Idempotency-Key` of the request, which applies to each place. */
  readonly key: string | null;
  readonly origin: Origin | undefined;
}

/** @throws {Refusal} `invalid-request` if the key is invalid. */
export function createJudging(
  { clock, jobsMax: max, maxStartDelayMs, key, origin }: ManyJobs,
): Judging<JudgedJob> {
  if (key !== null) requireKey(key);
  const limits = { now: clock.now(), maxStartDelayMs };
  const read = (document: JsonValue, at: string): CreateRequest => {
    const request = parseCreateRequest(document, limits);
    if (key === null) return origin === undefined ? request : { ...request, origin };
    // No header can have a key with a space.
    return { ...request, origin, idempotency: digested(`${key} ${at.slice(1)}`, document) };
  };
  return {
    judge: (document, at) => judgedJob(givenId(document), () => read(document, at)),
    unread: (refusal) => ({ valid: false, jobId: null, refusal }),
    what: "jobs",
    max,
  };
}

/** One of many jobs: what refuses it does not affect the others. */
export function judgedJob(jobId: string | null, read: () => CreateRequest): JudgedJob {
  try {
    return { valid: true, request: read() };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { valid: false, jobId, refusal: error };
  }
}

/** The id in the document of a job; `null` if it has no valid one. */
export function givenId(document: unknown): string | null {
  return isObject(document) && v.is(jobIdField, document["jobId"]) ? document["jobId"] : null;
}

export interface JobReceipt {
  readonly jobId: string | null;
  readonly disposition: "created" | "duplicate" | "rejected";
  readonly state?: StateName;
  readonly refusal?: RefusalKind;
  readonly reason?: string;
  /** Pointers into the array of jobs. */
  readonly errors?: readonly PointedIssue[];
  readonly limit?: RefusalMembers["limit"];
}

/**
 * @throws {Refusal} if none could be recorded, all for the same reason, such as a full disk or a
 * limit: the whole request may then be sent again.
 */
export async function createAll(
  engine: JobEngine,
  judged: readonly JudgedJob[],
): Promise<readonly JobReceipt[]> {
  const requests = judged.filter((one) => one.valid).map(({ request }) => request);
  const results = await engine.createAll(requests);
  const [first] = results;
  if (first?.status === "rejected" && results.every(({ status }) => status === "rejected")) {
    throw first.reason;
  }
  const settled = results.values();
  return judged.map((one, index) => {
    if (!one.valid) return rejectedReceipt(one.refusal, one.jobId, `/${index}`);
    const { done, value } = settled.next();
    if (done) throw new TypeError("Cannot answer: the engine gave fewer results than jobs");
    return jobReceipt(value, one.request.jobId ?? null, `/${index}`);
  });
}

function jobReceipt(
  result: PromiseSettledResult<Outcome<Created>>,
  given: JobId | null,
  at: string,
): JobReceipt {
  if (result.status === "rejected") return rejectedReceipt(asRefusal(result.reason), given, at);
  const outcome = result.value;
  if (!outcome.ok) return rejectedReceipt(toRefusal(outcome.problem), given, at);
  const { job, replayed } = outcome.value;
  const { jobId, state } = job;
  return { jobId, disposition: replayed ? "duplicate" : "created", state };
}

function asRefusal(error: unknown): Refusal {
  const refusal = error instanceof Error ? refusalOfFailure(error) : undefined;
  if (refusal === undefined) throw error;
  return refusal;
}

function rejectedReceipt(refusal: Refusal, jobId: string | null, at: string): JobReceipt {
  const { errors, limit } = refusal.members;
  return {
    jobId,
    disposition: "rejected",
    refusal: refusal.kind,
    reason: refusal.message,
    ...present({ errors: errors && refusalIssues(refusal, at), limit }),
  };
}

export function jobPath(jobId: string): string {
  return `/jobs/${jobId}`;
}

export function jobView(job: JobState) {
  return { ...jobResource(job), links: jobLinks(job) };
}

export function summaryView(summary: JobSummary) {
  return { ...summary, links: jobLinks(summary) };
}

function jobLinks({ jobId }: { readonly jobId: string }) {
  const self = jobPath(jobId);
  return {
    self,
    events: `${self}/events`,
    stream: `${self}/stream`,
    explain: `${self}/explain`,
    replay: `${self}/replay`,
  };
}

/** The outcome of one of many jobs. */
export function receiptView({ refusal, ...receipt }: JobReceipt) {
  const { jobId, state } = receipt;
  return {
    ...receipt,
    ...(jobId === null || state === undefined ? {} : { links: jobLinks({ jobId }) }),
    ...(refusal === undefined ? {} : { problem: problemType(refusal) }),
  };
}
