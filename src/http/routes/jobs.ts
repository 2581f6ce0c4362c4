/** `/jobs`: create and list. */

import type { Context, Hono } from "hono";
import * as v from "valibot";
import { CONDITIONS } from "../../core/condition.ts";
import { isTerminal, type JobState, STATE_NAMES } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { CreateRequest, JobFilter, ListQuery } from "../../engine/requests.ts";
import type { Bodies } from "../bodies.ts";
import { mediaTypeOf, readText, unsupportedMediaType } from "../body.ts";
import { createRequestOf } from "../create_request.ts";
import { cursorOf } from "../cursor.ts";
import { documented } from "../documented.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { idempotencyOf } from "../idempotency.ts";
import { jobPath, jobView } from "../job_view.ts";
import { parseJson } from "../json_document.ts";
import { readMultipart } from "../multipart.ts";
import { waitPreferenceOf } from "../prefer.ts";
import { STATUS } from "../problem.ts";
import { type Query, readQuery, refuseQuery } from "../query.ts";
import {
  choice,
  cursor,
  fingerprint,
  listOf,
  repeated,
  single,
  text,
  time,
  whole,
} from "../query_parameters.ts";
import { traceOf } from "../request_trace.ts";
import { jsonResponse } from "../response.ts";
import { waitForJob } from "../waiting.ts";

export function addJobsRoutes(app: Hono, edge: Edge): void {
  app.post("/jobs", (c) => createJob(c, edge));
  app.get("/jobs", (c) => listJobs(c, edge));
}

async function createJob(c: Context, edge: Edge): Promise<Response> {
  const request = c.req.raw;
  refuseQuery(request);
  const document = await readDocument(request, edge.bodies);
  const { job, replayed } = valueOf(await edge.engine.create(requestOf(request, document, edge)));
  const headers = {
    location: jobPath(job.jobId),
    ...(replayed ? { "idempotency-replayed": "true" } : {}),
  };
  return waitPreferenceOf(request) === undefined
    ? jsonResponse(jobView(job), STATUS.accepted, headers)
    : await answerAfterWait(request, edge, job, headers);
}

async function readDocument(request: Request, bodies: Bodies): Promise<JsonValue> {
  const mediaType = mediaTypeOf(request);
  switch (mediaType) {
    case "application/json":
      return parseJson(await readText(request, bodies));
    case "multipart/form-data":
      return await readMultipart(request, bodies);
    default:
      throw unsupportedMediaType(mediaType, ["application/json", "multipart/form-data"]);
  }
}

function requestOf(request: Request, document: JsonValue, edge: Edge): CreateRequest {
  const { maxStartDelayMs, clock } = edge;
  const creation = createRequestOf(document, { now: clock.now(), maxStartDelayMs });
  const idempotency = idempotencyOf(request.headers.get("idempotency-key"), document);
  const trace = traceOf(request, edge.spans);
  if (idempotency === undefined && trace === undefined) return creation;
  return { ...creation, trace, ...(idempotency === undefined ? {} : { idempotency }) };
}

async function answerAfterWait(
  request: Request,
  edge: Edge,
  created: JobState,
  headers: Readonly<Record<string, string>>,
): Promise<Response> {
  // A preference may be ignored, a job that was created may not be denied.
  const wait = edge.waiting.isFull ? undefined : waitPreferenceOf(request);
  const job = await waitForJob(edge, request, created, isTerminal, wait?.seconds ?? 0);
  const status = isTerminal(job) ? STATUS.ok : STATUS.accepted;
  return jsonResponse(jobView(job), status, { ...headers, ...wait?.headers });
}

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;

const SEARCH_LENGTH_MAX = 200;

const searchText = v.pipe(
  v.string(),
  v.maxLength(SEARCH_LENGTH_MAX, `must be at most ${SEARCH_LENGTH_MAX} characters`),
);

const label = v.pipe(
  documented(v.string(), { type: "string", pattern: "^[^:]+:" }),
  v.check((text) => text.indexOf(":") >= 1, "must be a name and a value as name:value"),
  v.transform((text): readonly [name: string, value: string] => {
    const colon = text.indexOf(":");
    return [text.slice(0, colon), text.slice(colon + 1)];
  }),
);

/** Which jobs are meant. */
export const FILTER_PARAMETERS = {
  state: listOf(choice(STATE_NAMES), "Jobs in one of these states."),
  condition: listOf(choice(CONDITIONS), "Jobs in one of these conditions."),
  type: listOf(text, "Jobs of one of these types."),
  label: repeated(label, "Jobs with all of these labels, each as name:value."),
  createdAfter: single(time, "Jobs created after this time."),
  createdBefore: single(time, "Jobs created before this time."),
  search: single(
    searchText,
    "Jobs with all of these words in their id, type, labels (as name:value), or in the name or " +
      "message of an error, in upper or lower case.",
  ),
  fingerprint: single(fingerprint, "Jobs whose failure has this fingerprint."),
  retried: single(choice(["true", "false"]), "Jobs of which a later one is, or none is, a retry."),
};

export const LIST_PARAMETERS = {
  ...FILTER_PARAMETERS,
  limit: single(whole(1, LIMIT_MAX, LIMIT_DEFAULT), "Jobs on one page."),
  cursor: single(cursor("jobs"), "The nextCursor of the page before."),
};

function listJobs(c: Context, edge: Edge): Response {
  const query = listQueryOf(readQuery(c.req.raw, LIST_PARAMETERS));
  const { jobs, next, searched } = edge.engine.list(query);
  const nextCursor = next === undefined ? null : cursorOf("jobs", next);
  return jsonResponse({ jobs: jobs.map(jobView), nextCursor, searched }, STATUS.ok);
}

function listQueryOf(query: Query<typeof LIST_PARAMETERS>): ListQuery {
  const range = present({ before: query.cursor });
  return { limit: query.limit ?? LIMIT_DEFAULT, ...range, ...jobFilterOf(query) };
}

/** Which jobs a list, a page or an action is about. */
export function jobFilterOf(query: Query<typeof FILTER_PARAMETERS>): JobFilter {
  return present({
    states: query.state,
    conditions: query.condition,
    types: query.type,
    labels: query.label,
    search: query.search,
    fingerprint: query.fingerprint,
    createdAfter: query.createdAfter,
    createdBefore: query.createdBefore,
    retried: query.retried === undefined ? undefined : query.retried === "true",
  });
}

type Present<Fields> = { [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** Leaves out what is `undefined`: the engine tells absent from present. */
function present<Fields extends object>(fields: Fields): Present<Fields> {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Present<Fields>;
}
