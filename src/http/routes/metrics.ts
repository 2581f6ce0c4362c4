/** `/metrics`: what Prometheus, and whatever reads its format, is to know. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { Problem, STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { NO_STORE_HEADERS } from "../response.ts";

export function addMetricsRoute(app: Hono, edge: Edge): void {
  app.get("/metrics", async (c) => {
    refuseQuery(c.req.raw);
    const { metrics, streams, requests, waiting } = edge;
    if (metrics === undefined) {
      throw new Problem("not-found", "Cannot show metrics: nothing is counted here");
    }
    const activity = { streams: streams.open, requests: requests.open, waiting: waiting.open };
    return new Response(await metrics.text(activity), {
      status: STATUS.ok,
      headers: { ...NO_STORE_HEADERS, "content-type": metrics.contentType },
    });
  });
}
