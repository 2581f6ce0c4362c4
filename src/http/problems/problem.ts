/**
 * Answers that refuse, as RFC 9457 problems. HTTP statuses, those of good answers
 * included, appear in this file only.
 */

import { NO_STORE_HEADERS } from "../answers/response.ts";

export const STATUS = {
  ok: 200,
  created: 201,
  accepted: 202,
  noContent: 204,
  seeOther: 303,
  notModified: 304,
} as const;

/** Each kind of refusal; its `type` is `/problems/` and its name here. */
const PROBLEMS = {
  "malformed-json": { status: 400, title: "The body is not JSON" },
  "malformed-text": { status: 400, title: "The body is not UTF-8 text" },
  "malformed-host": { status: 400, title: "The request does not name a valid host" },
  "unreadable-body": { status: 400, title: "The body could not be read" },
  "unauthorized": { status: 401, title: "A bearer token is needed" },
  "forbidden": { status: 403, title: "The token does not have the scope" },
  "cross-site": { status: 403, title: "Requests from other sites are refused" },
  "not-found": { status: 404, title: "Nothing is at this path" },
  "unknown-event": { status: 404, title: "There is no such event" },
  "unknown-limits": { status: 404, title: "There are no such limits" },
  "unknown-pause": { status: 404, title: "There is no such pause" },
  "unknown-job": { status: 404, title: "There is no such job" },
  "method-not-allowed": { status: 405, title: "This path does not take this method" },
  "not-in-this-state": { status: 409, title: "The job's state does not allow this" },
  "cannot-verify": { status: 409, title: "No verification can begin now" },
  "event-id-reused": { status: 409, title: "The event's id is on record with other content" },
  "job-exists": { status: 409, title: "A job with this id exists" },
  "input-removed": { status: 410, title: "The job's input is gone" },
  "body-too-slow": { status: 408, title: "The body took too long" },
  "body-too-large": { status: 413, title: "The body is too large" },
  "unsupported-media-type": { status: 415, title: "This media type is not taken here" },
  "wrong-host": { status: 421, title: "This host is not served here" },
  "invalid-request": { status: 422, title: "The request is not valid" },
  "unknown-type": { status: 422, title: "There is no such type of job" },
  "job-too-long": { status: 422, title: "The job's history is too long for this" },
  "unknown-point": { status: 422, title: "The job has no such point in its life" },
  "idempotency-key-reused": {
    status: 422,
    title: "This Idempotency-Key was used with a different body",
  },
  "too-many-failures": { status: 429, title: "Too many wrong tokens came from this address" },
  "internal": { status: 500, title: "Daybook failed to answer" },
  "outcome-unknown": { status: 503, title: "The journal has failed" },
  "draining": { status: 503, title: "Daybook is stopping" },
  "over-capacity": { status: 503, title: "Daybook is at one of its limits" },
  "index-damaged": { status: 503, title: "The index of ended jobs is damaged" },
  "not-ready": { status: 503, title: "Writes are refused for now" },
  "behind": { status: 503, title: "This process has not read so far yet" },
  "disk-full": { status: 507, title: "There is no room for the journal" },
} as const;

export type ProblemKind = keyof typeof PROBLEMS;

export const PROBLEM_KINDS = Object.keys(PROBLEMS) as readonly ProblemKind[];

/** What every answer of this kind has. */
export function problemFacts(
  kind: ProblemKind,
): { readonly status: number; readonly title: string } {
  return PROBLEMS[kind];
}

export function problemType(kind: ProblemKind): string {
  return `/problems/${kind}`;
}

/** One thing that is wrong with a request, and where. */
export type RequestIssue =
  /** `pointer` is a JSON Pointer (RFC 6901) into the body. */
  | { readonly pointer: string; readonly detail: string }
  /** A query parameter. */
  | { readonly parameter: string; readonly detail: string }
  | { readonly header: string; readonly detail: string };

/** Members beside those that every problem has. */
export interface ProblemMembers {
  readonly errors?: readonly RequestIssue[];
  /** The states in which the same control is accepted. */
  readonly allowedIn?: readonly string[];
  readonly knownTypes?: readonly string[];
  readonly jobId?: string;
  /** The scope that the request needs, and those that its token has. */
  readonly neededScope?: string;
  readonly scopes?: readonly string[];
  /** The limit that is reached. */
  readonly limit?: { readonly name: string; readonly max: number };
  /** Where malformed JSON stops being JSON, in UTF-16 units from the start. */
  readonly position?: number;
}

/**
 * Ends a request with a refusal, from wherever its reason is found; the app turns it
 * into the answer. It is no fault of the program and is never logged; so it does not say where
 * it was made, which takes most of the time of a refusal.
 */
export class Problem extends Error {
  override readonly name = "Problem";

  constructor(
    readonly kind: ProblemKind,
    detail: string,
    readonly members: ProblemMembers = {},
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** How many issues one answer names: the first. */
export const ISSUES_MAX = 50;

/**
 * The request is well-formed and wrong: 422, with each issue.
 *
 * @param count Of all of them, where only the first are given.
 */
export function invalidRequest(issues: readonly RequestIssue[], count = issues.length): Problem {
  const [first] = issues;
  const text = first === undefined ? "it is not valid" : issueText(first);
  const what = count > 1 ? `it has ${count} errors, the first: ${text}` : text;
  return new Problem("invalid-request", `Cannot take the request: ${what}`, {
    errors: issues.slice(0, ISSUES_MAX),
  });
}

/** What the detail of a problem, which has the first of its issues, leaves to be said. */
export function untoldIssues(
  detail: string,
  issues: readonly RequestIssue[],
): readonly RequestIssue[] {
  const [first, ...others] = issues;
  return first !== undefined && detail.includes(first.detail) ? others : issues;
}

/** `/input/orderId must be a string`. */
export function issueText(issue: RequestIssue): string {
  if ("pointer" in issue) {
    return `${issue.pointer === "" ? "the body" : issue.pointer} ${issue.detail}`;
  }
  return "parameter" in issue
    ? `parameter ${issue.parameter} ${issue.detail}`
    : `header ${issue.header} ${issue.detail}`;
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
      ...problem.headers,
    },
  });
}
