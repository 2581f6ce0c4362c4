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
import { NO_STORE_HEADERS } from "./response.ts";

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
  "unknown-point": { status: 422, title: "The job's history has no such point" },
  "idempotency-key-reused": {
    status: 422,
    title: "This Idempotency-Key was used with a different body",
  },
  "too-many-failures": { status: 429, title: "Too many wrong tokens came from this address" },
  "journal-damaged": { status: 500, title: "The journal is damaged" },
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

/** What a problem has besides its kind and detail. */
interface ProblemParts {
  readonly members?: ProblemMembers;
  /** Headers of its answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** When the request may succeed, if that is likely. */
  readonly retryAfterSeconds?: number;
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
    { members, headers = {}, retryAfterSeconds }: ProblemParts = {},
  ) {
    super(kind, detail, members, retryAfterSeconds);
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

/** @param request The request that is refused. */
export function problemResponse(problem: Problem, { url }: Request): Response {
  const { status, title } = PROBLEMS[problem.kind];
  const type = problemType(problem.kind);
  // As the client wrote it: a decoded path may not be a valid URI.
  const instance = URL.parse(url)?.pathname ?? "/";
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

export const MEANINGS: Readonly<Record<ProblemKind, string>> = {
  "malformed-json":
    "The body is not valid JSON; position says where the error is. Send one JSON document in UTF-8.",
  "malformed-text":
    "The body contains bytes that are not UTF-8. Send it in UTF-8, without a byte order mark.",
  "malformed-host": "The Host header is missing, or is not the name of a host.",
  "unreadable-body": "The connection ended before the body was complete. Send the request again.",
  "unauthorized":
    "Send a valid token as Authorization: Bearer, or sign in with a browser. The server's " +
    "DAYBOOK_TOKEN or --token-file has the tokens.",
  "forbidden": "The token is valid, but lacks the scope that this request needs: read, submit or " +
    "operate. Use a token that has it.",
  "cross-site":
    "A page of another site sent this request: call Daybook from a backend. If the page is " +
    "Daybook's own, behind a proxy, let the proxy pass the Host on, and name it with --allowed-hosts.",
  "not-found": "No route has this path. /openapi.json and the reference list all routes.",
  "unknown-event": "No entry of the journal has this event id.",
  "unknown-pause":
    "No pause in force has this id: it never existed, or has ended. GET /pauses lists " +
    "the pauses in force.",
  "unknown-limits":
    "No definition of this type is loaded; or, for a DELETE, its limits were not changed. " +
    "GET /limits lists all limits.",
  "unknown-job":
    "No job in this journal has this id. Search for a part of it on the Jobs screen, or " +
    "with GET /jobs?search=.",
  "method-not-allowed": "The path exists, but accepts only the methods in the Allow header.",
  "not-in-this-state":
    "The job is in a state, or a condition, in which this control does nothing. allowedIn " +
    "names other states in which the control is accepted, and detail any further condition. It " +
    "is empty if there are none, or the state is not the reason. For a job that was already " +
    "retried, newJobId names the new job.",
  "cannot-verify":
    "A verification is running, or the journal cannot be read now. GET /journal shows the " +
    "progress of a running one.",
  "event-id-reused":
    "An entry with this eventId has other content. An event is recorded once; send " +
    "another fact under another id.",
  "job-exists":
    "The jobId of the request is already in use. Leave it out to get a new one, or use an " +
    "Idempotency-Key to repeat a request safely.",
  "input-removed":
    "The input of the job was removed by its retention, so the job cannot be retried or " +
    "its input read. Submit a new job.",
  "body-too-slow": "The body did not arrive within the time limit. Send it again over a faster " +
    "connection, or in parts.",
  "precondition-failed":
    "The job is not the one that If-Match names. Read it again, and decide again.",
  "body-too-large": "The body is beyond --body-bytes. Send less at a time, such as fewer events.",
  "unsupported-media-type":
    "This route does not accept this Content-Type. The detail names the accepted ones.",
  "wrong-host":
    "The server does not answer to this host name. Name it with --allowed-hosts, which " +
    "needs a token.",
  "invalid-request":
    "The request is well-formed, but its content is not valid. errors names each place " +
    "and what is wrong there.",
  "unknown-type":
    "No definition of this type is loaded. knownTypes lists the loaded types; --definitions " +
    "loads more.",
  "job-too-long":
    "The job has more entries than one request may read. With upTo, a what-if stops earlier.",
  "unknown-point":
    "The entry, event or time is not part of the life of this job. Digits are a logId: " +
    "write event/17 for the event with the id 17.",
  "idempotency-key-reused":
    "The same Idempotency-Key was already used with another body. Use a new key for a new request.",
  "too-many-failures":
    "Too many wrong tokens came from this address. Wait for the number of seconds in Retry-After.",
  "internal":
    "A bug in Daybook; the server's log has the details. Sending the request again may or may " +
    "not help.",
  "outcome-unknown":
    "The journal failed, or the leader stopped, while the request was being recorded, so it may " +
    "or may not be on record. If the server stays down, restart it. Then send the request again with " +
    "the same Idempotency-Key, jobId or eventId.",
  "draining": "The process is stopping. Send the request again once it has restarted.",
  "over-capacity":
    "The server is at one of its limits; limit names it. Send the request again after the seconds " +
    "in Retry-After.",
  "index-damaged":
    "The index of ended jobs cannot be read. It is a cache: restart the server to rebuild it " +
    "from the journal.",
  "journal-damaged":
    "A line of the journal is not what was recorded; the detail says where. The server acknowledges " +
    "nothing more and stops with exit code 78. deno task journal verify lists what is damaged.",
  "not-ready": "The process is starting, or accepts no writes now; the detail says why.",
  "behind":
    "The client has seen entries, from another process of the same journal, that this one has not read " +
    "yet. Send the request again after the seconds in Retry-After, or send it to another process.",
  "disk-full":
    "The disk of the journal is full. Nothing acknowledged is lost, reads still work, and " +
    "writes resume when there is room again.",
};
