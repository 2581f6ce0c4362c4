/** Probes for a supervisor, and an index for whoever finds the server first. */

import { indexAnswer, liveAnswer, readyAnswer } from "../answers/system.ts";
import { draining, notReady } from "../problems/engine_problem.ts";
import { telling } from "../openapi/operation.ts";
import { STATUS } from "../problems/problem.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";

const INDEX = {
  name: "Daybook",
  links: {
    overview: "/overview",
    jobs: "/jobs",
    events: "/events",
    stream: "/stream",
    definitions: "/definitions",
    journal: "/journal",
    system: "/system",
    metrics: "/metrics",
    livez: "/livez",
    readyz: "/readyz",
    openapi: "/openapi.json",
  },
};

/** People get the overview there, as the dashboard declares. */
export const INDEX_OPERATION = telling("showIndex", "Show where everything is", indexAnswer);

/** What `/` answers to programs; people get the overview there. */
export function answerIndex(): Response {
  return jsonResponse(INDEX, STATUS.ok, { vary: "accept" });
}

export const HEALTH_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/livez",
    scope: "open",
    operation: telling("livez", "Say that the process is there", liveAnswer),
    handle: () => jsonResponse({ status: "live" }, STATUS.ok),
  },
  {
    method: "GET",
    path: "/readyz",
    scope: "open",
    operation: telling("readyz", "Say whether writes are taken", readyAnswer, {
      problems: ["not-ready", "draining"],
    }),
    handle(_, { engine }) {
      if (engine.failed) throw notReady("the journal has failed");
      if (engine.draining) throw draining();
      if (engine.full) throw notReady("there is no room on the disk");
      return jsonResponse({ status: "ready" }, STATUS.ok);
    },
  },
];
