/** `/pauses`: what holds every job at once, and its end. */

import type { Hono } from "hono";
import type { HeldPause } from "../../engine/requests.ts";
import type { Edge } from "../edge.ts";
import { Problem, STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";

export function addPauseRoutes(app: Hono, { engine }: Edge): void {
  app.get("/pauses", (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse({ pauses: engine.pauses().map(pauseView) }, STATUS.ok);
  });
  app.delete("/pauses/:id", async (c) => {
    refuseQuery(c.req.raw);
    const pauseId = c.req.param("id");
    const ended = await engine.endPause(pauseId);
    if (ended !== undefined) return jsonResponse(pauseView(ended), STATUS.ok);
    throw new Problem("unknown-pause", `Cannot end pause ${pauseId}: there is none with this id`);
  });
}

function pauseView({ pauseId, reason, by, since, jobs }: HeldPause) {
  return { pauseId, reason, since, by, jobs };
}
