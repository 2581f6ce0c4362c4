/** Probes for a supervisor, and an index for whoever finds the server first. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { draining, notReady } from "../engine_problem.ts";
import { STATUS } from "../problem.ts";
import { jsonResponse } from "../response.ts";

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

/** What `/` answers to programs; people get the overview there. */
export function answerIndex(): Response {
  return jsonResponse(INDEX, STATUS.ok, { vary: "accept" });
}

export function addHealthRoutes(app: Hono, { engine }: Edge): void {
  app.get("/livez", () => jsonResponse({ status: "live" }, STATUS.ok));
  app.get("/readyz", () => {
    if (engine.failed) throw notReady("the journal has failed");
    if (engine.draining) throw draining();
    if (engine.full) throw notReady("there is no room on the disk");
    return jsonResponse({ status: "ready" }, STATUS.ok);
  });
}
