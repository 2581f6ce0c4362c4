/** `/jobs/:id/replay`, `diff` and `what-if`: a job in the past, and as it would have been. */

import type { Context } from "hono";
import * as v from "valibot";
import {
  parsePoint,
  parseSupposition,
  POINT_FORMS,
  POINT_RULE,
  STEP_PARAMETERS,
  stepsCursor,
  stepsWanted,
  supposedJob,
  supposition,
} from "../../documents/supposition.ts";
import { invalidParameter } from "../../documents/refusal.ts";
import type { Point } from "../../core/point.ts";
import { diffAnswer, replayAnswer, whatIfAnswer } from "../../documents/answers/explanation.ts";
import { readJson } from "../bodies/body.ts";
import { lookingBack } from "../capacity/limits.ts";
import { single } from "../../documents/parameters.ts";
import { documented } from "../../documents/fields.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { valueOrThrow } from "../../documents/engine_refusal.ts";
import { jobView } from "../../documents/jobs.ts";
import { largeJsonResponse } from "../answers/large_answer.ts";
import { json, ok, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { readQuery } from "../requests/request.ts";
import { requireJob } from "./jobs.ts";

/** In a query, `+` means a space, which breaks the offset of a time. */
function plusHint(text: string): string {
  return parsePoint(text.replaceAll(" ", "+")) === undefined ? "" : "; write + as %2B in a query";
}

/** The parsed point, with its original text. */
const point = v.pipe(
  documented(v.string(), POINT_FORMS),
  v.check((text) => parsePoint(text) !== undefined, ({ input }) => POINT_RULE + plusHint(input)),
  v.transform((text) => ({ text, point: parsePoint(text) as Point })),
);

const POINT_KINDS = "A logId, an eventId, or an RFC 3339 time. " +
  "Before an eventId that looks like one of the others, write event/: event/17.";

export const POINT_PARAMETERS = {
  at: single(point, `The point to show. Default: now. ${POINT_KINDS}`),
};

const REPLAY_PARAMETERS = { ...POINT_PARAMETERS, ...STEP_PARAMETERS };

export const DIFF_PARAMETERS = {
  from: { ...single(point, POINT_KINDS), required: true },
  to: single(point, `Default: now. ${POINT_KINDS}`),
};

async function replay(c: Context, deps: HttpDeps): Promise<Response> {
  const { jobId } = requireJob(c, deps.engine);
  const query = readQuery(c.req.raw, REPLAY_PARAMETERS);
  return await lookingBack(deps, async (holding) => {
    const wanted = stepsWanted(query, deps.engine);
    const { job, steps, next } = valueOrThrow(
      await (await deps.engine.explanations()).replays.replay(
        jobId,
        query.at?.point,
        wanted,
        holding.hold,
      ),
    );
    const answer = { job: jobView(job), steps, nextCursor: stepsCursor(next) };
    return largeJsonResponse(deps, answer, STATUS.ok, {}, holding.bytes);
  });
}

async function diff(c: Context, deps: HttpDeps): Promise<Response> {
  const { jobId } = requireJob(c, deps.engine);
  const query = readQuery(c.req.raw, DIFF_PARAMETERS);
  const { from: start, to: end } = query;
  if (start === undefined) throw invalidParameter("from", `is required; it ${POINT_RULE}`);
  return await lookingBack(deps, async (holding) => {
    const { from, to, changes, more = 0 } = valueOrThrow(
      await (await deps.engine.explanations()).replays.diff(
        jobId,
        start.point,
        end?.point,
        holding.hold,
      ),
    );
    const answer = {
      from: { at: start.text, logId: from },
      to: { at: end?.text ?? null, logId: to },
      changes,
      ...(more === 0 ? {} : { more }),
    };
    return largeJsonResponse(deps, answer, STATUS.ok, {}, holding.bytes);
  });
}

async function whatIf(c: Context, deps: HttpDeps): Promise<Response> {
  const query = readQuery(c.req.raw, STEP_PARAMETERS);
  const { jobId } = requireJob(c, deps.engine);
  const supposed = parseSupposition(await readJson(c.req.raw, deps.bodies), jobId);
  return await lookingBack(deps, async (holding) => {
    const page = await supposedJob(jobId, supposed, query, deps.engine, holding.hold);
    return largeJsonResponse(deps, page, STATUS.ok, {}, holding.bytes);
  });
}

const SUPPOSED_EVENT = {
  eventType: "shop.ParcelShipped",
  attributes: { orderId: "42" },
  eventId: "parcel-7",
  after: 3,
};

export const REPLAY_ROUTES: readonly Route[] = [
  {
    method: "GET",
    path: "/jobs/:id/replay",
    scope: "read",
    operation: {
      id: "replayJob",
      tag: "replay",
      summary: "Show a job at a point in the past, and what each entry did",
      description: "The job as of that point, and a page of the steps up to it. A page has " +
        "fewer steps than requested if their changes are very large.",
      query: REPLAY_PARAMETERS,
      answers: ok("The job at that point.", replayAnswer),
      problems: ["unknown-job", "unknown-point"],
    },
    handle: replay,
  },
  {
    method: "GET",
    path: "/jobs/:id/diff",
    scope: "read",
    operation: {
      id: "diffJob",
      tag: "replay",
      summary: "Compare a job at two points in its life",
      description: "Each value of the job that differs between the two points, with both values.",
      query: DIFF_PARAMETERS,
      answers: ok("The differences.", diffAnswer),
      problems: ["unknown-job", "unknown-point"],
    },
    handle: diff,
  },
  {
    method: "POST",
    path: "/jobs/:id/what-if",
    by: "here",
    // A POST, since it has a body, but it records nothing.
    scope: "read",
    operation: {
      id: "whatIf",
      tag: "replay",
      summary: "Show what would have become of a job; records nothing",
      description:
        "The job as it would have been, the first difference, and a page of the steps. With " +
        "`limits`, which cannot be combined with other changes, whether the job would start now, or how much less it would " +
        "have waited; a limit that is left out does not change, and null means no limit.",
      query: STEP_PARAMETERS,
      body: {
        required: true,
        content: json(supposition, {
          without: { without: [7] },
          with: { with: [SUPPOSED_EVENT] },
          limits: { limits: { maxRunning: 6 } },
        }),
      },
      answers: ok("The job as it would have been.", whatIfAnswer),
      problems: ["unknown-job", "unknown-point", "job-too-long"],
    },
    handle: whatIf,
  },
];
