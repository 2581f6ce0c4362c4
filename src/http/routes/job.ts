/** `/jobs/:id`: one job, its entries, and its stream. */

import type { Context } from "hono";
import * as v from "valibot";
import type { LogId } from "../../core/ids.ts";
import { isTerminal, type JobState } from "../../core/job_state.ts";
import { inputAnswer, jobAnswer } from "../answers/job.ts";
import { text } from "../answers/parts.ts";
import type { HttpDeps } from "../http_deps.ts";
import { valueOf } from "../problems/engine_problem.ts";
import { jobFeed } from "../stream/feed.ts";
import { jobView } from "../answers/job_view.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { json, PREFERENCE_APPLIED, WAIT } from "../openapi/operation.ts";
import { appliedHeader, preferencesOf } from "../requests/prefer.ts";
import { STATUS } from "../problems/problem.ts";
import { readQuery, refuseQuery } from "../requests/query.ts";
import { choice, single } from "../requests/query_parameters.ts";
import { emptyResponse, jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";
import { endOf } from "../stream/channel.ts";
import { sizeFor } from "../guard/turnstile.ts";
import { waitForJob } from "../answers/waiting.ts";
import { answerEntries, ENTRIES, entryPageParameters } from "./entries.ts";
import { jobIdOf, jobOf } from "./job_id.ts";
import {
  answerStream,
  LAST_EVENT_ID,
  startOf,
  STREAM,
  STREAM_PARAMETERS,
  wantedOf,
} from "./streams.ts";

async function showJob(c: Context, deps: HttpDeps): Promise<Response> {
  const request = c.req.raw;
  refuseQuery(request);
  const known = request.headers.get("if-none-match");
  const { waitSeconds } = preferencesOf(request);
  const wanted = known === null ? isTerminal : (job: JobState) => !matchesTag(known, job);
  const found = jobOf(c, deps.engine);
  if (sizeFor(found) === "large") await deps.turnstile.enter("large");
  const job = await waitForJob(deps, request, found, wanted, waitSeconds ?? 0);
  const headers = { etag: tagOf(job), ...appliedHeader({ waitSeconds, minimal: false }) };
  return known !== null && matchesTag(known, job)
    ? emptyResponse(STATUS.notModified, headers)
    : largeJsonResponse(deps, jobView(job), STATUS.ok, headers);
}

function tagOf(job: JobState): string {
  return `"${job.lastLogId}"`;
}

/** Weak comparison (RFC 9110): a proxy may have made a tag weak. */
function matchesTag(ifNoneMatch: string, job: JobState): boolean {
  const tags = ifNoneMatch.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(tagOf(job)) || tags.includes("*");
}

async function showInput(c: Context, deps: HttpDeps): Promise<Response> {
  refuseQuery(c.req.raw);
  const { input, secrets } = valueOf(await deps.engine.input(jobIdOf(c)));
  return jsonResponse({ input: input ?? null, secrets }, STATUS.ok);
}

const HISTORY_PARAMETERS = entryPageParameters("history");

async function showHistory(c: Context, deps: HttpDeps): Promise<Response> {
  const { jobId } = jobOf(c, deps.engine);
  const query = readQuery(c.req.raw, HISTORY_PARAMETERS);
  return await answerEntries(c.req.raw, deps, query, {
    feed: jobFeed(deps.engine, jobId),
    filter: {},
    after: 0,
    scope: "history",
  });
}

const JOB_STREAM_PARAMETERS = {
  ...STREAM_PARAMETERS,
  until: single(choice(["terminal"]), "The stream ends with the end of the job."),
};

function streamJob(c: Context, deps: HttpDeps): Response {
  const { engine } = deps;
  const { jobId } = jobOf(c, engine);
  const query = readQuery(c.req.raw, JOB_STREAM_PARAMETERS);
  const after = startOf(c.req.raw, query, engine) ?? 0;
  const untilEnd = query.until !== undefined;
  if (untilEnd && isReconnectAfter(endOf(engine, jobId), after, c.req.raw)) {
    return emptyResponse(STATUS.noContent);
  }
  return answerStream(c.req.raw, deps, { ...wantedOf(query, jobId), untilEnd }, after);
}

/**
 * A browser reconnects whenever a stream ends; only an answer without content tells it
 * that there is no more to come.
 */
function isReconnectAfter(endedBy: LogId | undefined, after: LogId, request: Request): boolean {
  return endedBy !== undefined && after >= endedBy && request.headers.has("last-event-id");
}

export const JOB_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/jobs/:id",
    scope: "read",
    operation: {
      id: "showJob",
      tag: "jobs",
      summary: "Show a job",
      headers: {
        "Prefer": { description: WAIT, schema: v.string() },
        "If-None-Match": { description: "The ETag of what is known already.", schema: v.string() },
      },
      answers: {
        [STATUS.ok]: {
          description: "The job.",
          content: json(jobAnswer),
          headers: {
            "ETag": { description: "Changes with the job.", schema: text },
            "Preference-Applied": PREFERENCE_APPLIED,
          },
        },
        [STATUS.notModified]: { description: "The job is as If-None-Match knows it." },
      },
      problems: ["unknown-job"],
    },
    handle: showJob,
  },
  {
    method: "GET",
    path: "/jobs/:id/input",
    // What a retention keeps out of the journal is not for everybody who may read that.
    scope: "operate",
    operation: {
      id: "showJobInput",
      tag: "jobs",
      summary: "Show the input that the journal holds under a seal",
      answers: {
        [STATUS.ok]: { description: "With marks for what is secret.", content: json(inputAnswer) },
      },
      problems: ["unknown-job", "input-removed"],
    },
    handle: showInput,
  },
  {
    method: "GET",
    path: "/jobs/:id/events",
    scope: "read",
    operation: {
      id: "listJobEntries",
      tag: "jobs",
      summary: "Read the entries of a job, the oldest first",
      query: HISTORY_PARAMETERS,
      answers: { [STATUS.ok]: { description: "A page, or lines.", content: ENTRIES } },
      problems: ["unknown-job"],
    },
    handle: showHistory,
  },
  {
    method: "GET",
    path: "/jobs/:id/stream",
    scope: "read",
    operation: {
      id: "streamJob",
      tag: "jobs",
      summary: "Follow the entries of a job, from its first",
      query: JOB_STREAM_PARAMETERS,
      headers: { "Last-Event-ID": LAST_EVENT_ID },
      answers: {
        [STATUS.ok]: { description: "Server-sent events.", content: STREAM },
        [STATUS.noContent]: { description: "The job is over, and all of it was read." },
      },
      problems: ["unknown-job"],
    },
    handle: streamJob,
  },
];
