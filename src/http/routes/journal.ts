/** `/journal`: where the journal is, and how it was found at the start. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";

export function addJournalRoutes(app: Hono, { engine }: Edge): void {
  app.get("/journal", async (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse(await engine.journalInfo(), STATUS.ok);
  });
}
