/** `/metrics`: what Prometheus, and whatever reads its format, is to know. */

import { Problem, STATUS } from "../problems/problem.ts";
import { refuseQuery } from "../requests/query.ts";
import { NO_STORE_HEADERS } from "../answers/response.ts";
import type { Route } from "../route.ts";

export const METRICS_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/metrics",
  scope: "read",
  operation: {
    id: "showMetrics",
    tag: "system",
    summary: "Show what Prometheus is to know",
    answers: {
      [STATUS.ok]: {
        description: "The text format of Prometheus.",
        content: { "text/plain": { schema: { json: { type: "string" } } } },
      },
    },
    problems: [],
  },
  async handle({ req }, { metrics, streams, requests, waiting }) {
    refuseQuery(req.raw);
    if (metrics === undefined) {
      throw new Problem("not-found", "Cannot show metrics: nothing is counted here");
    }
    const activity = { streams: streams.open, requests: requests.open, waiting: waiting.open };
    return new Response(await metrics.text(activity), {
      status: STATUS.ok,
      headers: { ...NO_STORE_HEADERS, "content-type": metrics.contentType },
    });
  },
}];
