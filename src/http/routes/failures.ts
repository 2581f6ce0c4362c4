/** `GET /failures`: what fails most, and was not retried. */

import type { FailureGroup } from "../../engine/requests.ts";
import { failuresAnswer } from "../answers/bulk.ts";
import { summaryView } from "../answers/job_view.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { json } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { FILTER_PARAMETERS, jobFilterOf } from "../requests/job_filter.ts";
import { readQuery } from "../requests/query.ts";
import { single, whole } from "../requests/query_parameters.ts";
import type { Route } from "../route.ts";

const LIMIT_DEFAULT = 50;
/** Kinds of failures in one answer, and on one page. */
export const KINDS_MAX = 200;

const FAILURE_PARAMETERS = {
  ...FILTER_PARAMETERS,
  limit: single(
    whole(1, KINDS_MAX, LIMIT_DEFAULT),
    `Kinds of failures, ${LIMIT_DEFAULT} unless it is given.`,
  ),
};

export const FAILURE_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/failures",
  scope: "read",
  operation: {
    id: "listFailures",
    tag: "jobs",
    summary: "List failures that were not retried yet, by kind, the most frequent first",
    description: "Failures are of one kind when the type, the task, the error and the words of " +
      "its message are the same: numbers, ids, times, paths and what is in quotation marks do " +
      "not count. A kind of which every job was retried is listed with retried=true alone. " +
      "POST /jobs/bulk with the fingerprint retries all of a kind.",
    query: FAILURE_PARAMETERS,
    answers: {
      [STATUS.ok]: { description: "The kinds of failures.", content: json(failuresAnswer) },
    },
    problems: [],
  },
  handle({ req }, deps) {
    const { limit = LIMIT_DEFAULT, ...query } = readQuery(req.raw, FAILURE_PARAMETERS);
    const { groups, ...rest } = deps.engine.lists.failures(jobFilterOf(query), limit);
    return largeJsonResponse(deps, { failures: groups.map(groupView), ...rest }, STATUS.ok);
  },
}];

function groupView(group: FailureGroup) {
  const { newest, oldest } = group;
  return { ...group, newest: summaryView(newest), oldest: summaryView(oldest) };
}
