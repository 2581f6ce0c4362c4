/** `/system`: the settings in force, the process, and what is used of the limits. */

import { systemAnswer } from "../answers/system.ts";
import { telling } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";
import { systemView } from "../answers/system_view.ts";
import { viewerOf } from "../guard/viewer.ts";

export const SYSTEM_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/system",
  // Whose tokens there are it tells only to those who may operate.
  scope: "read",
  operation: telling(
    "showSystem",
    "Show the settings in force, the process, and what is used of the limits",
    systemAnswer,
    {
      description:
        "The holders of valid tokens are shown to those who may operate; no token or secret " +
        "is told to anybody.",
    },
  ),
  handle({ req }, deps) {
    refuseQuery(req.raw);
    return jsonResponse(systemView(deps, viewerOf(req.raw)), STATUS.ok);
  },
}];
