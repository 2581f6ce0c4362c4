/** `/jobs/:id`: one job, its entries, and its stream. */

import type { Context, Hono } from "hono";
import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { jobFeed } from "../feed.ts";
import { jobView } from "../job_view.ts";
import { largeJsonResponse } from "../large_answer.ts";
import { appliedHeader, preferencesOf } from "../prefer.ts";
import { STATUS } from "../problem.ts";
import { readQuery, refuseQuery } from "../query.ts";
import { choice, single } from "../query_parameters.ts";
import { emptyResponse, jsonResponse } from "../response.ts";
import { endOf } from "../stream/channel.ts";
import { sizeFor } from "../turnstile.ts";
import { waitForJob } from "../waiting.ts";
import { answerEntries, entryPageParameters } from "./entries.ts";
import { jobIdOf, jobOf } from "./job_id.ts";
import { answerStream, startOf, STREAM_PARAMETERS, wantedOf } from "./streams.ts";

export function addJobRoutes(app: Hono, edge: Edge): void {
  app.get("/jobs/:id", (c) => showJob(c, edge));
  app.get("/jobs/:id/input", (c) => showInput(c, edge));
  app.get("/jobs/:id/events", (c) => showHistory(c, edge));
  app.get("/jobs/:id/stream", (c) => streamJob(c, edge));
}

async function showJob(c: Context, edge: Edge): Promise<Response> {
  const request = c.req.raw;
  refuseQuery(request);
  const known = request.headers.get("if-none-match");
  const { waitSeconds } = preferencesOf(request);
  const wanted = known === null ? isTerminal : (job: JobState) => !matchesTag(known, job);
  const found = jobOf(c, edge.engine);
  if (sizeFor(found) === "large") await edge.turnstile.enter("large");
  const job = await waitForJob(edge, request, found, wanted, waitSeconds ?? 0);
  const headers = { etag: tagOf(job), ...appliedHeader({ waitSeconds, minimal: false }) };
  return known !== null && matchesTag(known, job)
    ? emptyResponse(STATUS.notModified, headers)
    : largeJsonResponse(edge, jobView(job), STATUS.ok, headers);
}

function tagOf(job: JobState): string {
  return `"${job.lastLogId}"`;
}

/** Weak comparison (RFC 9110): a proxy may have made a tag weak. */
function matchesTag(ifNoneMatch: string, job: JobState): boolean {
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(tagOf(job)) || tags.includes("*");
}

async function showInput(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  const { input, secrets } = valueOf(await edge.engine.input(jobIdOf(c)));
  return jsonResponse({ input: input ?? null, secrets }, STATUS.ok);
}

export const HISTORY_PARAMETERS = entryPageParameters("history");

async function showHistory(c: Context, edge: Edge): Promise<Response> {
  const { jobId } = jobOf(c, edge.engine);
  const query = readQuery(c.req.raw, HISTORY_PARAMETERS);
  return await answerEntries(c.req.raw, edge, query, {
    feed: jobFeed(edge.engine, jobId),
    filter: {},
    after: 0,
    scope: "history",
  });
}

export const JOB_STREAM_PARAMETERS = {
  ...STREAM_PARAMETERS,
  until: single(choice(["terminal"]), "The stream ends with the end of the job."),
};

function streamJob(c: Context, edge: Edge): Response {
  const { engine } = edge;
  const { jobId } = jobOf(c, engine);
  const query = readQuery(c.req.raw, JOB_STREAM_PARAMETERS);
  const after = startOf(c.req.raw, query, engine) ?? 0;
  const untilEnd = query.until !== undefined;
  if (untilEnd && isReconnectAfter(endOf(engine, jobId), after, c.req.raw)) {
    return emptyResponse(STATUS.noContent);
  }
  return answerStream(c.req.raw, edge, { ...wantedOf(query, jobId), untilEnd }, after);
}

/**
 * A browser reconnects whenever a stream ends; only an answer without content tells it
 * that there is no more to come.
 */
function isReconnectAfter(endedBy: LogId | undefined, after: LogId, request: Request): boolean {
  return endedBy !== undefined && after >= endedBy && request.headers.has("last-event-id");
}
