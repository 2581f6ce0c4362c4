/** `/system`: the settings in force, the process, and what is used of the limits. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";
import { systemView } from "../system_view.ts";
import { viewerOf } from "../viewer.ts";

export function addSystemRoute(app: Hono, edge: Edge): void {
  app.get("/system", (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse(systemView(edge, viewerOf(c.req.raw)), STATUS.ok);
  });
}
