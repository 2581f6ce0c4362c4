/** `/openapi.json`: every route, for programs. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { openApiDocument } from "../openapi/document.ts";
import { STATUS } from "../problem.ts";
import { refuseQuery } from "../query.ts";
import { jsonTextResponse } from "../response.ts";

export function addOpenApiRoutes(app: Hono, { needsToken, version }: Edge): void {
  let text: string | undefined;
  app.get("/openapi.json", (c) => {
    refuseQuery(c.req.raw);
    // Made when somebody asks: a server starts sooner without it.
    text ??= JSON.stringify(openApiDocument({ version, needsToken }));
    return jsonTextResponse(text, STATUS.ok);
  });
}
