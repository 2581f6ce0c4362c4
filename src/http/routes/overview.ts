/** `/overview`: what the first page of the dashboard shows, for programs. */

import { currentState } from "../openapi/operation.ts";
import {
  DEFAULT_SPAN,
  overviewView,
  readOverview,
  SPAN_PARAMETER,
} from "../answers/overview_view.ts";
import { STATUS } from "../problems/problem.ts";
import { readQuery } from "../requests/query.ts";
import { jsonResponse } from "../answers/response.ts";
import type { Route } from "../route.ts";
import * as v from "valibot";
import { CONDITIONS } from "../../core/condition.ts";
import { STATE_NAMES } from "../../core/job_state.ts";
import { TREND_SPANS } from "../../metrics/figures.ts";
import { failureAnswer, parkedReason } from "../../documents/answers/job.ts";
import { count, milliseconds, text, time, use } from "../../documents/answers/parts.ts";
import { pauseAnswer } from "../../documents/answers/system.ts";

const spread = v.nullable(v.object({ p50Ms: milliseconds, p95Ms: milliseconds }));

const happenings = {
  created: count,
  succeeded: count,
  failed: count,
  cancelled: count,
  queued: spread,
  run: spread,
  sync: spread,
};

const trend = v.object({
  span: v.picklist(Object.keys(TREND_SPANS)),
  countedSince: time,
  intervalMs: milliseconds,
  points: v.array(v.object({ from: time, ...happenings })),
  whole: v.object(happenings),
});

const failingType = v.object({
  of: v.picklist(["definition", "plan", "other"]),
  type: v.nullable(text),
  lastHour: count,
  sinceStart: count,
});

const identity = { jobId: text, type: v.nullable(text), links: v.object({ self: text }) };

const attention = v.object({
  failed: v.array(v.object({ ...identity, endedAt: time, failure: failureAnswer })),
  waiting: v.array(v.object({
    ...identity,
    since: time,
    waitsFor: v.array(v.object({ id: text, eventType: text, matched: count, required: count })),
  })),
  parked: v.array(v.object({
    reason: parkedReason,
    type: text,
    jobs: count,
    newest: v.object({ jobId: text, message: text, links: v.object({ self: text }) }),
  })),
});

/** The answer that `overviewView` makes. */
const overviewAnswer = v.object({
  pauses: v.array(pauseAnswer),
  jobs: v.object({
    all: count,
    byState: countsByKind(STATE_NAMES),
    byCondition: countsByKind(CONDITIONS),
  }),
  workers: use,
  oldestQueued: v.nullable(v.object({ jobId: text, forMs: milliseconds })),
  trend: v.nullable(trend),
  failingTypes: v.nullable(v.array(failingType)),
  attention,
  diskFreeBytes: v.nullable(count),
});

function countsByKind<Kind extends string>(kinds: readonly Kind[]) {
  return v.object(Object.fromEntries(kinds.map((kind) => [kind, count])));
}

export const OVERVIEW_ROUTES: readonly Route[] = [{
  method: "GET",
  path: "/overview",
  by: "leader",
  scope: "read",
  operation: currentState(
    "showOverview",
    "Show counts of jobs, recent activity, and what may need attention",
    overviewAnswer,
    {
      description: "The data of the dashboard's first page. The trend and the failing types " +
        "are counted in memory, from trend.countedSince on.",
      query: SPAN_PARAMETER,
    },
  ),
  async handle({ req }, deps) {
    const { span = DEFAULT_SPAN } = readQuery(req.raw, SPAN_PARAMETER);
    return jsonResponse(overviewView(await readOverview(deps, span)), STATUS.ok);
  },
}];
