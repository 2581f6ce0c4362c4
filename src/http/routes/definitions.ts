/** `/definitions`: the types of jobs that can be created. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";

export function addDefinitionRoutes(app: Hono, { engine }: Edge): void {
  app.get("/definitions", (c) => {
    refuseQuery(c.req.raw);
    return jsonResponse({ definitions: engine.definitions() }, STATUS.ok);
  });
}
