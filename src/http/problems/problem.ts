/**
 * Refusals as RFC 9457 problems. HTTP statuses, including those of successful answers, appear in
 * this file only.
 */

import {
  problemType,
  Refusal,
  type RefusalKind,
  type RefusalMembers,
} from "../../documents/refusal.ts";
import type { Standing } from "../../core/standing.ts";
import { NO_STORE_HEADERS } from "../answers/response.ts";

export const STATUS = {
  ok: 200,
  created: 201,
  accepted: 202,
  noContent: 204,
  seeOther: 303,
  notModified: 304,
} as const;

/** Each kind of refusal with its status and title; `problemType` returns its `type`. */
const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "malformed-text": { status: 400, title: "The body is not UTF-8 text" },
  "malformed-host": { status: 400, title: "The request does not name a valid host" },
  "unreadable-body": { status: 400, title: "The body could not be read" },
  "unauthorized": { status: 401, title: "A bearer token is needed" },
  "forbidden": { status: 403, title: "The token does not have the scope" },
  "cross-site": { status: 403, title: "Requests from pages of other sites are refused" },
  "not-found": { status: 404, title: "There is nothing at this path" },
  "unknown-event": { status: 404, title: "There is no such event" },
  "unknown-limits": { status: 404, title: "There are no such limits" },
  "unknown-pause": { status: 404, title: "There is no such pause" },
  "unknown-job": { status: 404, title: "There is no such job" },
  "method-not-allowed": { status: 405, title: "This path does not accept this method" },
  "not-in-this-state": { status: 409, title: "The job's state does not allow this" },
  "cannot-verify": { status: 409, title: "No verification can start now" },
  "event-id-reused": { status: 409, title: "The event's id is on record with other content" },
  "job-exists": { status: 409, title: "A job with this id exists" },
  "input-removed": { status: 410, title: "The job's input was removed" },
  "body-too-slow": { status: 408, title: "The body took too long" },
  "precondition-failed": { status: 412, title: "The job has changed" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "This media type is not accepted here" },
  "wrong-host": { status: 421, title: "This host is not served here" },
  "invalid-request": { status: 422, title: "The request is not valid" },
  "unknown-type": { status: 422, title: "There is no such type of job" },
  "job-too-long": { status: 422, title: "The job's history is too long for this" },
  "unknown-point": { status: 422, title: "The job's life has no such point" },
  "idempotency-key-reused": {
    status: 422,
    title: "This Idempotency-Key was used with a different body",
  },
  "too-many-failures": { status: 429, title: "Too many wrong tokens came from this address" },
  "internal": { status: 500, title: "Daybook failed to answer" },
  "outcome-unknown": { status: 503, title: "It is unknown whether this was recorded" },
  "draining": { status: 503, title: "Daybook is stopping" },
  "over-capacity": { status: 503, title: "Daybook is at one of its limits" },
  "index-damaged": { status: 503, title: "The index of ended jobs is damaged" },
  "not-ready": { status: 503, title: "Daybook is not ready" },
  "behind": { status: 503, title: "This process has not read that far yet" },
  "disk-full": { status: 507, title: "The disk of the journal is full" },
} as const satisfies Readonly<Record<RefusalKind, unknown>> & Readonly<Record<string, unknown>>;

export type ProblemKind = keyof typeof PROBLEMS;

export const PROBLEM_KINDS = Object.keys(PROBLEMS) as readonly ProblemKind[];

/** The status and title of every answer of this kind. */
export function problemFacts(
  kind: ProblemKind,
): { readonly status: number; readonly title: string } {
  return PROBLEMS[kind];
}

/** The members of a problem besides the common ones. */
interface ProblemMembers extends RefusalMembers {
  /** The scope that the request needs, and the scopes of its token. */
  readonly neededScope?: string;
  readonly scopes?: readonly string[];
  /** The role of this process in a shared journal. */
  readonly shared?: Omit<Standing, "database">;
}

/**
 * A refusal as HTTP answers it: converted from a `Refusal`, or created for an error of HTTP itself.
 */
export class Problem extends Refusal<ProblemKind> {
  declare readonly members: ProblemMembers;
  readonly headers?: Readonly<Record<string, string>>;

  constructor(
    kind: ProblemKind,
    detail: string,
    members: ProblemMembers = {},
    headers: Readonly<Record<string, string>> = {},
  ) {
    super(kind, detail, members);
    this.headers = headers;
  }
}

/** Headers of its answer besides the common ones. */
export function problemHeaders(
  { headers, retryAfterSeconds }: Problem,
): Readonly<Record<string, string>> {
  return retryAfterSeconds === undefined
    ? { ...headers }
    : { ...headers, "retry-after": String(retryAfterSeconds) };
}

/** @param instance The path of the request that is refused. */
export function problemResponse(problem: Problem, instance: string): Response {
  const { status, title } = PROBLEMS[problem.kind];
  const type = problemType(problem.kind);
  const body = { type, title, status, detail: problem.message, instance, ...problem.members };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      ...NO_STORE_HEADERS,
      "content-type": "application/problem+json",
      ...problemHeaders(problem),
    },
  });
}
