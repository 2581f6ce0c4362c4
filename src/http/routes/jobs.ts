/** Lists of jobs, a single job, and its input. */

import type { Context } from "hono";
import * as v from "valibot";
import { present } from "../../core/json.ts";
import {
  choice,
  cursor,
  formatCursor,
  notBeyondHead,
  PAGE_MAX,
  type Query,
  single,
  wholeNumber,
} from "../../documents/parameters.ts";
import { invalidParameter } from "../../documents/refusal.ts";
import type { ListPage, ListQuery } from "../../engine/job_pages.ts";
import { inputAnswer, jobAnswer, jobsAnswer } from "../../documents/answers/job.ts";
import { FILTER_PARAMETERS, toJobFilter } from "../../documents/job_filter.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { jobView, summaryView } from "../../documents/jobs.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../answers/large_answer.ts";
import { json, ok, PREFERENCE_APPLIED, type Route, WAIT } from "../routing/route.ts";
import { Problem, STATUS } from "../responses/problem.ts";
import { appliedHeader, parsePreferences, readQuery } from "../requests/request.ts";
import { ID_PATTERN, type JobId, type LogId } from "../../core/ids.ts";
import { isTerminal, type JobHead, type JobState } from "../../core/job_state.ts";
import { text } from "../../documents/answers/parts.ts";
import { unknownJob, valueOrThrow } from "../../documents/engine_refusal.ts";
import { emptyResponse, jsonResponse } from "../responses/response.ts";
import { jobEnd } from "../stream/channels.ts";
import { sizeFor } from "../capacity/admission_gate.ts";
import { waitForJob } from "../answers/waiting.ts";
import { answerEntries, ENTRIES, entryPageParameters } from "../answers/entries.ts";
import {
  answerStream,
  resumePosition,
  STREAM,
  STREAM_HEADERS,
  STREAM_PARAMETERS,
  toFilter,
} from "../answers/streams.ts";
import type { JobEngine } from "../../engine/job_engine.ts";

const LIMIT_DEFAULT = 50;

const LIST_PARAMETERS = {
  ...FILTER_PARAMETERS,
  limit: single(
    wholeNumber(1, PAGE_MAX.jobs, LIMIT_DEFAULT),
    `Jobs per page. Default: ${LIMIT_DEFAULT}; with view=full at most ${PAGE_MAX.wholeJobs}, ` +
      "fewer if they are very large.",
  ),
  cursor: single(cursor("jobs"), "The nextCursor of the previous page."),
  view: single(
    choice(["summary", "full"]),
    "summary (default) has what a list needs; full has whole jobs.",
  ),
};

async function listJobs(c: Context, deps: HttpDeps): Promise<Response> {
  const { view, ...query } = readQuery(c.req.raw, LIST_PARAMETERS);
  const { limit = LIMIT_DEFAULT } = query;
  notBeyondHead(query.cursor, deps.engine.headLogId, { parameter: "cursor" });
  if (view === "full" && limit > PAGE_MAX.wholeJobs) {
    const detail = `must be a whole number from 1 to ${PAGE_MAX.wholeJobs} with view=full`;
    throw invalidParameter("limit", detail);
  }
  const { jobs, next, searched } = view === "full"
    ? await wholeJobs(deps, toListQuery(query))
    : viewed(deps.engine.lists.summaries(toListQuery(query)), summaryView);
  const nextCursor = next === undefined ? null : formatCursor("jobs", next);
  return largeJsonResponse(deps, { jobs, nextCursor, searched }, STATUS.ok);
}

/** A page of whole jobs is read in so many parts: at once it would take tens of milliseconds. */
const PARTS = 8;

async function wholeJobs({ engine, admission }: HttpDeps, { limit, ...query }: ListQuery) {
  const charactersMax = PAGE_CHARACTERS_MAX / PARTS;
  const jobs: object[] = [];
  let before = query.before;
  await admission.enter("large");
  for (let part = 1;; part++) {
    const range = present({ before });
    const page = engine.lists.page({
      ...query,
      ...range,
      charactersMax,
      limit: limit - jobs.length,
    });
    jobs.push(...page.jobs.map(jobView));
    before = page.next;
    const isCut = page.searched !== undefined || jobs.length === limit || part === PARTS;
    if (before === undefined || isCut) return { ...page, jobs };
    await admission.enterAgain();
  }
}

function viewed<Job>({ jobs, ...page }: ListPage<Job>, view: (job: Job) => object) {
  return { ...page, jobs: jobs.map(view) };
}

function toListQuery(query: Omit<Query<typeof LIST_PARAMETERS>, "view">): ListQuery {
  const range = present({ before: query.cursor });
  const limit = query.limit ?? LIMIT_DEFAULT;
  return { limit, charactersMax: PAGE_CHARACTERS_MAX, ...range, ...toJobFilter(query) };
}

async function showJob(c: Context, deps: HttpDeps): Promise<Response> {
  const request = c.req.raw;
  const known = request.headers.get("if-none-match");
  const { waitSeconds } = parsePreferences(request);
  const wanted = known === null ? isTerminal : (job: JobHead) => !matchesTag(known, job);
  const found = requireJob(c, deps.engine);
  if (sizeFor(found) === "large") await deps.admission.enter("large");
  const job = await waitForJob(deps, request, found, wanted, waitSeconds ?? 0);
  const headers = { etag: entityTag(job), ...appliedHeader({ waitSeconds, minimal: false }) };
  return known !== null && matchesTag(known, job)
    ? emptyResponse(STATUS.notModified, headers)
    : largeJsonResponse(deps, jobView(job), STATUS.ok, headers);
}

function entityTag(job: JobHead): string {
  return `"${job.lastLogId}"`;
}

/** Weak comparison (RFC 9110), since a proxy may have made the tag weak. */
function matchesTag(condition: string, job: JobHead): boolean {
  const tags = condition.split(",").map((tag) => tag.trim().replace(/^W\//, ""));
  return tags.includes(entityTag(job)) || tags.includes("*");
}

/** @throws {Problem} `precondition-failed` if the job is not the one that `If-Match` names. */
export function requireMatch(request: Request, job: JobState): void {
  const condition = request.headers.get("if-match");
  if (condition === null || matchesTag(condition, job)) return;
  const detail = `Job ${job.jobId} has changed: its ETag is ${entityTag(job)}, not ${condition}`;
  throw new Problem("precondition-failed", detail);
}

async function showInput(c: Context, deps: HttpDeps): Promise<Response> {
  const { input, secrets } = valueOrThrow(await deps.engine.input(jobIdParameter(c)));
  return jsonResponse({ input: input ?? null, secrets }, STATUS.ok);
}

const HISTORY_PARAMETERS = entryPageParameters("history");

async function showHistory(c: Context, deps: HttpDeps): Promise<Response> {
  const { jobId } = requireJob(c, deps.engine);
  const query = readQuery(c.req.raw, HISTORY_PARAMETERS);
  return await answerEntries(c, deps, query, {
    filter: { jobId },
    after: 0,
    scope: "history",
  });
}

const JOB_STREAM_PARAMETERS = {
  ...STREAM_PARAMETERS,
  until: single(choice(["terminal"]), "The stream ends with the job."),
};

function streamJob(c: Context, deps: HttpDeps): Response {
  const { engine } = deps;
  const { jobId } = requireJob(c, engine);
  const query = readQuery(c.req.raw, JOB_STREAM_PARAMETERS);
  const after = resumePosition(c.req.raw, query, engine) ?? 0;
  const untilEnd = query.until !== undefined;
  if (untilEnd && isReconnectAfter(jobEnd(engine, jobId), after, c.req.raw)) {
    return emptyResponse(STATUS.noContent);
  }
  return answerStream(c, deps, { filter: toFilter(query, jobId), untilEnd }, after);
}

/** A browser reconnects whenever a stream ends; only 204 tells it that the stream is complete. */
function isReconnectAfter(endedBy: LogId | undefined, after: LogId, request: Request): boolean {
  return endedBy !== undefined && after >= endedBy && request.headers.has("last-event-id");
}

export const JOB_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/jobs",
    scope: "read",
    operation: {
      id: "listJobs",
      tag: "jobs",
      summary: "List jobs, the newest first",
      description: "Summaries, or whole jobs with view=full. One request examines a limited " +
        "number of jobs, about 40,000 in a text search. If a page reaches this limit before it " +
        "is full, searched says how far it got, and nextCursor continues from there.",
      query: LIST_PARAMETERS,
      answers: ok("One page.", jobsAnswer),
    },
    handle: listJobs,
  },
  {
    method: "GET",
    path: "/jobs/:id",
    scope: "read",
    operation: {
      id: "showJob",
      tag: "jobs",
      summary: "Show a job",
      description:
        "Its state, condition, tasks, expectations and failure. With Prefer: wait=N the request waits for the end of the job or, with If-None-Match, for a change.",
      headers: {
        "Prefer": { description: WAIT, schema: v.string() },
        "If-None-Match": { description: "The ETag of the last answer.", schema: v.string() },
      },
      answers: {
        [STATUS.ok]: {
          description: "The job.",
          content: json(jobAnswer),
          headers: {
            "ETag": {
              description: "The version of the job: every change gives it another ETag.",
              schema: text,
            },
            "Preference-Applied": PREFERENCE_APPLIED,
          },
        },
        [STATUS.notModified]: { description: "The job has not changed." },
      },
      problems: ["unknown-job"],
    },
    handle: showJob,
  },
  {
    method: "GET",
    path: "/jobs/:id/input",
    // Input that a retention keeps out of the journal is not for everyone who may read the journal.
    scope: "operate",
    operation: {
      id: "showJobInput",
      tag: "jobs",
      summary: "Show the sealed input of a job",
      description:
        "An input with secrets or a retention is sealed in the journal, and GET /jobs/:id does not show it.",
      answers: ok("Secrets are masked.", inputAnswer),
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
      description: "All entries of the job, in pages or as NDJSON.",
      query: HISTORY_PARAMETERS,
      answers: { [STATUS.ok]: ENTRIES },
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
      description:
        "The history first, then live entries, without gaps or repetitions; Last-Event-ID resumes.",
      query: JOB_STREAM_PARAMETERS,
      headers: STREAM_HEADERS,
      answers: {
        [STATUS.ok]: STREAM,
        [STATUS.noContent]: { description: "The job has ended, and all its entries were read." },
      },
      problems: ["unknown-job"],
    },
    handle: streamJob,
  },
];

/** @throws {Problem} 404 for text that is not a valid id. */
export function jobIdParameter(c: Context): JobId {
  const id = c.req.param("id") ?? "";
  if (ID_PATTERN.test(id)) return id as JobId;
  throw new Problem("unknown-job", "Cannot find the job: the id in the path is invalid");
}

/** @throws {Problem} 404. */
export function requireJob(c: Context, engine: JobEngine): JobState {
  const jobId = jobIdParameter(c);
  const job = engine.job(jobId);
  if (job === undefined) throw unknownJob(jobId);
  return job;
}
