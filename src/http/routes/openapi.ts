/** `/openapi.json`: every route, for programs. */

import { anyObject } from "../answers/parts.ts";
import { telling } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const OPEN_API_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/openapi.json",
  scope: "read",
  operation: telling("showOpenApi", "Show this document", anyObject),
  handle({ req }, deps) {
    refuseQuery(req.raw);
    return jsonResponse(deps.openApi(), STATUS.ok);
  },
}];
