/** Refusals of requests: their kinds, their issues, and the limits whose reaching they report. */

import type { EngineLimits } from "../engine/engine_limits.ts";

/**
 * The kinds of refusals: HTTP answers them with the problem of the same name, and programs catch
 * them as `RefusedError`.
 */
export type RefusalKind =
  | "malformed-json"
  | "invalid-request"
  | "unknown-type"
  | "unknown-job"
  | "unknown-point"
  | "unknown-pause"
  | "unknown-limits"
  | "not-in-this-state"
  | "event-id-reused"
  | "job-exists"
  | "input-removed"
  | "job-too-long"
  | "idempotency-key-reused"
  | "outcome-unknown"
  | "draining"
  | "over-capacity"
  | "index-damaged"
  | "journal-damaged"
  | "disk-full";

export function problemType(kind: string): string {
  return `/problems/${kind}`;
}

/** An error in a request, with its place. */
export type RequestIssue =
  /** `pointer` is a JSON Pointer (RFC 6901) into the document. */
  | { readonly pointer: string; readonly detail: string }
  /** A parameter beside the document. */
  | { readonly parameter: string; readonly detail: string }
  | { readonly header: string; readonly detail: string };

/** Details of a refusal besides its message. */
export interface RefusalMembers {
  readonly errors?: readonly RequestIssue[];
  /** The states in which the same control is accepted. */
  readonly allowedIn?: readonly string[];
  readonly knownTypes?: readonly string[];
  readonly jobId?: string;
  /** The job that already is the retry of this one. */
  readonly newJobId?: string;
  /** The limit that was reached. */
  readonly limit?: { readonly name: string; readonly max: number };
  /** The offset of the error in malformed JSON, in UTF-16 units. */
  readonly position?: number;
}

/**
 * Ends a request from anywhere. It is not a bug and is never logged, so it has no stack trace,
 * which would take most of the time of a refusal.
 */
export class Refusal<Kind extends string = RefusalKind> extends Error {
  override readonly name: string = "Refusal";

  /** @param retryAfterSeconds When the request may succeed, if that is likely. */
  constructor(
    readonly kind: Kind,
    detail: string,
    readonly members: RefusalMembers = {},
    readonly retryAfterSeconds?: number,
  ) {
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(detail);
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The most issues in one answer; the first are kept. */
export const ISSUES_MAX = 50;

/**
 * The refusal of a well-formed but invalid request, with each issue.
 *
 * @param count The number of all issues, if only the first are given.
 */
export function invalidRequest(issues: readonly RequestIssue[], count = issues.length): Refusal {
  const [first] = issues;
  const text = first === undefined ? "it is not valid" : issueText(first);
  const what = count > 1 ? `it has ${count} errors, the first: ${text}` : text;
  return new Refusal("invalid-request", `Cannot take the request: ${what}`, {
    errors: issues.slice(0, ISSUES_MAX),
  });
}

export function invalidParameter(parameter: string, detail: string): Refusal {
  return invalidRequest([{ parameter, detail }]);
}

/** The issues that the message of a refusal, which has the first one, does not mention. */
export function remainingIssues(
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

interface Limit {
  /** What is counted, for the message. */
  readonly what: string;
  /** Seconds after which a request may succeed. */
  readonly retryAfter: number;
}

/** Counted limits of the HTTP layer. */
const HTTP_LIMIT_FACTS = {
  requestsMax: { what: "requests at a time", retryAfter: 1 },
  openRequestsMax: { what: "requests at a time that need no token", retryAfter: 1 },
  connectionRequestsMax: { what: "requests at a time of one connection", retryAfter: 1 },
  waitingMax: { what: "requests waiting for a job", retryAfter: 5 },
  streamsMax: { what: "open streams", retryAfter: 5 },
  bodiesBytesMax: { what: "bytes of bodies being read", retryAfter: 1 },
  lookBackBytesMax: { what: "bytes held by history reads and large answers", retryAfter: 1 },
};

export type GaugedLimit = keyof typeof HTTP_LIMIT_FACTS;

export type LimitName = keyof EngineLimits | GaugedLimit;

export const LIMITS: Readonly<Record<LimitName, Limit>> = {
  jobsMax: { what: "unfinished jobs", retryAfter: 5 },
  jobsBytesMax: { what: "bytes held by unfinished jobs", retryAfter: 5 },
  queuedMax: { what: "jobs waiting for a worker", retryAfter: 5 },
  pendingBytesMax: { what: "bytes waiting for the disk", retryAfter: 1 },
  triedMax: { what: "predicates tried for an event", retryAfter: 5 },
  fanOutMax: { what: "jobs reached by an event", retryAfter: 5 },
  fanOutBytesMax: { what: "bytes made by an event", retryAfter: 5 },
  entriesMax: { what: "entries made by a request, or by the events of a task", retryAfter: 1 },
  entriesBytesMax: { what: "bytes made by a request", retryAfter: 1 },
  ...HTTP_LIMIT_FACTS,
};

/** The refusal of a request that reached a limit. */
export function overCapacity(
  { name, max }: { readonly name: LimitName; readonly max: number },
): Refusal {
  const { what, retryAfter } = LIMITS[name];
  return new Refusal(
    "over-capacity",
    `Cannot take the request: the limit is ${max} ${what}; nothing was recorded`,
    { limit: { name, max } },
    retryAfter,
  );
}
