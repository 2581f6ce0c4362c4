/** `/pauses`: what holds every job at once, and its end. */

import type { Hono } from "hono";
import type { HeldPause } from "../../engine/requests.ts";
import type { Edge } from "../edge.ts";
import { pauseView } from "../overview_view.ts";
import { Problem, STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { originOf } from "../request_origin.ts";
import { jsonResponse } from "../response.ts";

export function addPauseRoutes(app: Hono, edge: Edge): void {
  app.get("/pauses", (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse({ pauses: edge.engine.pauses().map(pauseView) }, STATUS.ok);
  });
  app.delete("/pauses/:id", async (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse(pauseView(await endPause(c.req.param("id"), c.req.raw, edge)), STATUS.ok);
  });
}

/**
 * Ends a pause for whoever the request comes from.
 *
 * @returns The pause as it was.
 * @throws {Problem} `unknown-pause`
 */
export async function endPause(
  pauseId: string,
  request: Request,
  { engine, spans }: Edge,
): Promise<HeldPause> {
  const ended = await engine.endPause(pauseId, originOf(request, spans));
  if (ended !== undefined) return ended;
  throw new Problem("unknown-pause", `Cannot end pause ${pauseId}: there is none with this id`);
}
