/** `/definitions`: the types of jobs that can be created. */

import { definitionsAnswer } from "../answers/system.ts";
import { telling } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const DEFINITION_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/definitions",
  scope: "read",
  operation: telling(
    "listDefinitions",
    "List the types of jobs, with the schemas of their inputs",
    definitionsAnswer,
  ),
  handle({ req }, { engine }) {
    refuseQuery(req.raw);
    return jsonResponse({ definitions: engine.definitions() }, STATUS.ok);
  },
}];
