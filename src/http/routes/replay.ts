/** `/jobs/:id/replay`, `diff` and `what-if`: a job as it was, and as it might have been. */

import type { Context, Hono } from "hono";
import { jobResource } from "../../core/job_resource.ts";
import type { Point } from "../../core/point.ts";
import { readJson } from "../body.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { jobView } from "../job_view.ts";
import { POINT_RULE, pointOf } from "../point_text.ts";
import { STATUS } from "../problem.ts";
import { invalidParameter, type Query, readQuery, refuseQuery } from "../query.ts";
import { jsonResponse } from "../response.ts";
import { suppositionOf } from "../supposition_schema.ts";
import { jobOf } from "./job_id.ts";

export function addReplayRoutes(app: Hono, edge: Edge): void {
  app.get("/jobs/:id/replay", (c) => replay(c, edge));
  app.get("/jobs/:id/diff", (c) => diff(c, edge));
  app.post("/jobs/:id/what-if", (c) => whatIf(c, edge));
}

async function replay(c: Context, edge: Edge): Promise<Response> {
  const { jobId } = jobOf(c, edge.engine);
  const query = readQuery(c.req.raw, { single: ["at"] });
  const { job, steps } = valueOf(await edge.engine.replay(jobId, pointIn(query, "at")));
  return jsonResponse({ job: jobView(job), steps }, STATUS.ok);
}

async function diff(c: Context, edge: Edge): Promise<Response> {
  const { jobId } = jobOf(c, edge.engine);
  const query = readQuery(c.req.raw, { single: ["from", "to"] });
  const start = pointIn(query, "from");
  if (start === undefined) throw invalidParameter("from", `is required; it ${POINT_RULE}`);
  const { from, to, changes } = valueOf(
    await edge.engine.diff(jobId, start, pointIn(query, "to")),
  );
  const answer = {
    from: { at: query.text("from"), logId: from },
    to: { at: query.text("to") ?? null, logId: to },
    changes,
  };
  return jsonResponse(answer, STATUS.ok);
}

/** The job has no links: what they lead to is the job as it is. */
async function whatIf(c: Context, edge: Edge): Promise<Response> {
  refuseQuery(c.req.raw);
  const { jobId } = jobOf(c, edge.engine);
  const supposition = suppositionOf(await readJson(c.req.raw, edge.bodies), jobId);
  const { job, ...answer } = valueOf(await edge.engine.whatIf(jobId, supposition));
  return jsonResponse({ job: jobResource(job), ...answer }, STATUS.ok);
}

/** A plus sign in a query stands for a space, as in the offset of a time. */
function plusHint(text: string): string {
  return pointOf(text.replaceAll(" ", "+")) === undefined ? "" : "; write + as %2B in a query";
}

/** @throws {Problem} 422 for text that can be no point. */
function pointIn(query: Query, name: string): Point | undefined {
  const text = query.text(name);
  if (text === undefined) return undefined;
  const point = pointOf(text);
  if (point === undefined) throw invalidParameter(name, POINT_RULE + plusHint(text));
  return point;
}
