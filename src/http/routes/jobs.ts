/** `GET /jobs`: a list of summaries or of whole jobs, and which jobs one is about. */

import type { Context } from "hono";
import * as v from "valibot";
import { CONDITIONS } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import type { JobFilter, ListPage, ListQuery } from "../../engine/requests.ts";
import { jobsAnswer } from "../answers/job.ts";
import { cursorOf } from "../requests/cursor.ts";
import { documented } from "../requests/documented.ts";
import type { Edge } from "../edge.ts";
import { jobView, summaryView } from "../answers/job_view.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../answers/large_answer.ts";
import { json } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { invalidParameter, type Query, readQuery } from "../requests/query.ts";
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
} from "../requests/query_parameters.ts";
import type { Route } from "../route.ts";

const LIMIT_DEFAULT = 50;
const LIMIT_MAX = 500;
/** Of whole jobs, each of which is read from where it is kept. */
export const FULL_LIMIT_MAX = 50;

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

function listJobs(c: Context, edge: Edge): Response {
  const { view, ...query } = readQuery(c.req.raw, LIST_PARAMETERS);
  const { limit = LIMIT_DEFAULT } = query;
  if (view === "full" && limit > FULL_LIMIT_MAX) {
    const detail = `must be a whole number from 1 to ${FULL_LIMIT_MAX} with view=full`;
    throw invalidParameter("limit", detail);
  }
  const { jobs, next, searched } = view === "full"
    ? viewed(edge.engine.list(listQueryOf(query)), jobView)
    : viewed(edge.engine.lists.summaries(listQueryOf(query)), summaryView);
  const nextCursor = next === undefined ? null : cursorOf("jobs", next);
  return largeJsonResponse(edge, { jobs, nextCursor, searched }, STATUS.ok);
}

function viewed<Job>({ jobs, ...page }: ListPage<Job>, view: (job: Job) => object) {
  return { ...page, jobs: jobs.map(view) };
}

function listQueryOf(query: Omit<Query<typeof LIST_PARAMETERS>, "view">): ListQuery {
  const range = present({ before: query.cursor });
  const limit = query.limit ?? LIMIT_DEFAULT;
  return { limit, charactersMax: PAGE_CHARACTERS_MAX, ...range, ...jobFilterOf(query) };
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
