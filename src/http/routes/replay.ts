/** `/jobs/:id/replay`, `diff` and `what-if`: a job as it was, and as it might have been. */

import type { Context, Hono } from "hono";
import * as v from "valibot";
import { jobResource } from "../../core/job_resource.ts";
import type { LogId } from "../../core/ids.ts";
import type { Point } from "../../core/point.ts";
import type { StepsWanted } from "../../core/replay_steps.ts";
import { readJson } from "../body.ts";
import { lookingBack } from "../capacity.ts";
import { cursorOf } from "../cursor.ts";
import { documented } from "../documented.ts";
import type { Edge } from "../edge.ts";
import { valueOf } from "../engine_problem.ts";
import { jobView } from "../job_view.ts";
import { largeJsonResponse } from "../large_answer.ts";
import { POINT_FORMS, POINT_RULE, pointOf } from "../point_text.ts";
import { STATUS } from "../problem.ts";
import { invalidParameter, type Query, readQuery } from "../query.ts";
import { cursor, single, whole } from "../query_parameters.ts";
import { suppositionOf } from "../supposition_schema.ts";
import { jobOf } from "./job_id.ts";

export function addReplayRoutes(app: Hono, edge: Edge): void {
  app.get("/jobs/:id/replay", (c) => replay(c, edge));
  app.get("/jobs/:id/diff", (c) => diff(c, edge));
  app.post("/jobs/:id/what-if", (c) => whatIf(c, edge));
}

/** A plus sign in a query stands for a space, as in the offset of a time. */
function plusHint(text: string): string {
  return pointOf(text.replaceAll(" ", "+")) === undefined ? "" : "; write + as %2B in a query";
}

/** With the text as it was given. */
const point = v.pipe(
  documented(v.string(), POINT_FORMS),
  v.check((text) => pointOf(text) !== undefined, ({ input }) => POINT_RULE + plusHint(input)),
  v.transform((text) => ({ text, point: pointOf(text) as Point })),
);

const POINT_KINDS = "A logId, an eventId, or an RFC 3339 time.";

const STEPS_MAX = 1_000;

/** Which steps are told. */
export const STEP_PARAMETERS = {
  limit: single(whole(1, STEPS_MAX), `Steps on a page, ${STEPS_MAX} unless it is given.`),
  cursor: single(cursor("steps"), "The nextCursor of the page before."),
};

export const POINT_PARAMETERS = {
  at: single(point, `Up to where; now, unless it is given. ${POINT_KINDS}`),
};

export const REPLAY_PARAMETERS = { ...POINT_PARAMETERS, ...STEP_PARAMETERS };

export const DIFF_PARAMETERS = {
  from: { ...single(point, POINT_KINDS), required: true },
  to: single(point, `Now, unless it is given. ${POINT_KINDS}`),
};

async function replay(c: Context, edge: Edge): Promise<Response> {
  const { jobId } = jobOf(c, edge.engine);
  const query = readQuery(c.req.raw, REPLAY_PARAMETERS);
  return await lookingBack(edge, async (holding) => {
    const { job, steps, next } = valueOf(
      await edge.engine.replay(jobId, query.at?.point, wantedOf(query), holding.hold),
    );
    const answer = { job: jobView(job), steps, nextCursor: nextOf(next) };
    return largeJsonResponse(edge, answer, STATUS.ok, {}, holding.bytes);
  });
}

function wantedOf({ limit, cursor }: Query<typeof STEP_PARAMETERS>): StepsWanted {
  return { after: cursor, limit: limit ?? STEPS_MAX };
}

function nextOf(next: LogId | undefined): string | null {
  return next === undefined ? null : cursorOf("steps", next);
}

async function diff(c: Context, edge: Edge): Promise<Response> {
  const { jobId } = jobOf(c, edge.engine);
  const query = readQuery(c.req.raw, DIFF_PARAMETERS);
  const { from: start, to: end } = query;
  if (start === undefined) throw invalidParameter("from", `is required; it ${POINT_RULE}`);
  return await lookingBack(edge, async (holding) => {
    const { from, to, changes, more = 0 } = valueOf(
      await edge.engine.diff(jobId, start.point, end?.point, holding.hold),
    );
    const answer = {
      from: { at: start.text, logId: from },
      to: { at: end?.text ?? null, logId: to },
      changes,
      ...(more === 0 ? {} : { more }),
    };
    return largeJsonResponse(edge, answer, STATUS.ok, {}, holding.bytes);
  });
}

/** The job has no links: what they lead to is the job as it is. */
async function whatIf(c: Context, edge: Edge): Promise<Response> {
  const query = readQuery(c.req.raw, STEP_PARAMETERS);
  const { jobId } = jobOf(c, edge.engine);
  const supposition = suppositionOf(await readJson(c.req.raw, edge.bodies), jobId);
  return await lookingBack(edge, async (holding) => {
    const { job, steps, next, ...answer } = valueOf(
      await edge.engine.whatIf(jobId, supposition, wantedOf(query), holding.hold),
    );
    const page = { job: jobResource(job), steps, nextCursor: nextOf(next), ...answer };
    return largeJsonResponse(edge, page, STATUS.ok, {}, holding.bytes);
  });
}
