/** `/overview`: what the first page of the dashboard shows, for programs. */

import { overviewAnswer } from "../answers/overview.ts";
import { telling } from "../openapi/operation.ts";
import { DEFAULT_SPAN, readOverview, SPAN_PARAMETER } from "../answers/read_overview.ts";
import { overviewView } from "../answers/overview_view.ts";
import { STATUS } from "../problems/problem.ts";
import { readQuery } from "../requests/query.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const OVERVIEW_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/overview",
  scope: "read",
  operation: telling(
    "showOverview",
    "Show how many jobs there are, what happened of late, and what may need a person",
    overviewAnswer,
    {
      description: "What the first page of the dashboard shows. The trend and the types that " +
        "fail are counted in memory since the process started, as trend.countedSince says.",
      query: SPAN_PARAMETER,
    },
  ),
  async handle({ req }, deps) {
    const { span = DEFAULT_SPAN } = readQuery(req.raw, SPAN_PARAMETER);
    return jsonResponse(overviewView(await readOverview(deps, span)), STATUS.ok);
  },
}];
