/** `GET /jobs`: a list of summaries or of whole jobs, and which jobs one is about. */

import type { Context } from "hono";
import type { ListPage, ListQuery } from "../../engine/requests.ts";
import { jobsAnswer } from "../answers/job.ts";
import { cursorOf } from "../requests/cursor.ts";
import { FILTER_PARAMETERS, jobFilterOf, present } from "../requests/job_filter.ts";
import type { HttpDeps } from "../http_deps.ts";
import { jobView, summaryView } from "../answers/job_view.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../answers/large_answer.ts";
import { json } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { invalidParameter, type Query, readQuery } from "../requests/query.ts";
import { choice, cursor, single, whole } from "../requests/query_parameters.ts";
import type { Route } from "../route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;
/** Of whole jobs, each of which is read from where it is kept. */
export const FULL_LIMIT_MAX = 50;

const LIST_PARAMETERS = {
  ...FILTER_PARAMETERS,
  limit: single(
    whole(1, LIMIT_MAX, LIMIT_DEFAULT),
    "Jobs on one page, 50 unless it is given, with view=full at most 50; fewer when they are " +
      "very large.",
  ),
  cursor: single(cursor("jobs"), "The nextCursor of the page before."),
  view: single(
    choice(["summary", "full"]),
    "summary, the default: what a list needs to know of each job; full: the whole of each.",
  ),
};

export const LIST_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/jobs",
  scope: "read",
  operation: {
    id: "listJobs",
    tag: "jobs",
    summary: "List jobs, the newest first",
    description: "Summaries, or with view=full whole jobs. What one request looks at is bounded, " +
      "to about 40,000 jobs where their text is searched. A page that ends before it is full, " +
      "since so much was looked at, says how far in searched, and nextCursor goes on from there.",
    query: LIST_PARAMETERS,
    answers: { [STATUS.ok]: { description: "One page.", content: json(jobsAnswer) } },
    problems: [],
  },
  handle: listJobs,
}];

function listJobs(c: Context, deps: HttpDeps): Response {
  const { view, ...query } = readQuery(c.req.raw, LIST_PARAMETERS);
  const { limit = LIMIT_DEFAULT } = query;
  if (view === "full" && limit > FULL_LIMIT_MAX) {
    const detail = `must be a whole number from 1 to ${FULL_LIMIT_MAX} with view=full`;
    throw invalidParameter("limit", detail);
  }
  const { jobs, next, searched } = view === "full"
    ? viewed(deps.engine.list(listQueryOf(query)), jobView)
    : viewed(deps.engine.lists.summaries(listQueryOf(query)), summaryView);
  const nextCursor = next === undefined ? null : cursorOf("jobs", next);
  return largeJsonResponse(deps, { jobs, nextCursor, searched }, STATUS.ok);
}

function viewed<Job>({ jobs, ...page }: ListPage<Job>, view: (job: Job) => object) {
  return { ...page, jobs: jobs.map(view) };
}

function listQueryOf(query: Omit<Query<typeof LIST_PARAMETERS>, "view">): ListQuery {
  const range = present({ before: query.cursor });
  const limit = query.limit ?? LIMIT_DEFAULT;
  return { limit, charactersMax: PAGE_CHARACTERS_MAX, ...range, ...jobFilterOf(query) };
}
