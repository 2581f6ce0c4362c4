/** `GET /jobs/:id/log`: what the code of a job said, which is no part of the journal. */

import type { Hono } from "hono";
import type { Edge } from "../edge.ts";
import { largeJsonResponse } from "../large_answer.ts";
import { STATUS } from "../problem.ts";
import { readQuery } from "../query.ts";
import { single, whole } from "../query_parameters.ts";
import { jobOf } from "./job_id.ts";

const LINES_DEFAULT = 200;
const LINES_MAX = 2_000;

export const LOG_PARAMETERS = {
  limit: single(
    whole(1, LINES_MAX),
    `Lines, the newest ones; ${LINES_DEFAULT} unless said otherwise.`,
  ),
};

export function addJobLogRoute(app: Hono, edge: Edge): void {
  app.get("/jobs/:id/log", async (c) => {
    const { jobId } = jobOf(c, edge.engine);
    const { limit = LINES_DEFAULT } = readQuery(c.req.raw, LOG_PARAMETERS);
    return await largeJsonResponse(edge, await edge.jobLog.read(jobId, limit), STATUS.ok, {});
  });
}
