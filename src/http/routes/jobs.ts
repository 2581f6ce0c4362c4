/** `GET /jobs`: a list, and which jobs one is about. */

import type { Context, Hono } from "hono";
import * as v from "valibot";
import { CONDITIONS } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import type { JobFilter, ListQuery } from "../../engine/requests.ts";
import { cursorOf } from "../cursor.ts";
import { documented } from "../documented.ts";
import type { Edge } from "../edge.ts";
import { jobView } from "../job_view.ts";
import { largeJsonResponse, PAGE_CHARACTERS_MAX } from "../large_answer.ts";
import { STATUS } from "../problem.ts";
import { type Query, readQuery } from "../query.ts";
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

export function addListRoute(app: Hono, edge: Edge): void {
  app.get("/jobs", (c) => listJobs(c, edge));
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
  limit: single(
    whole(1, LIMIT_MAX, LIMIT_DEFAULT),
    "Jobs on one page; fewer when they are very large.",
  ),
  cursor: single(cursor("jobs"), "The nextCursor of the page before."),
};

function listJobs(c: Context, edge: Edge): Response {
  const query = listQueryOf(readQuery(c.req.raw, LIST_PARAMETERS));
  const { jobs, next, searched } = edge.engine.list(query);
  const nextCursor = next === undefined ? null : cursorOf("jobs", next);
  return largeJsonResponse(edge, { jobs: jobs.map(jobView), nextCursor, searched }, STATUS.ok);
}

function listQueryOf(query: Query<typeof LIST_PARAMETERS>): ListQuery {
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
