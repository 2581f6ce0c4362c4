/** `/overview`: what the first page of the dashboard shows, for programs. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { DEFAULT_SPAN, readOverview, SPAN_PARAMETER } from "../overview.ts";
import { overviewView } from "../overview_view.ts";
import { STATUS } from "../problem.ts";
import { readQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";

export function addOverviewRoute(app: Hono, edge: Edge): void {
  app.get("/overview", async (c) => {
    const { span = DEFAULT_SPAN } = readQuery(c.req.raw, SPAN_PARAMETER);
    return jsonResponse(overviewView(await readOverview(edge, span)), STATUS.ok);
  });
}
