/**
 * /overview: what the first page of the dashboard shows, for programs. Unknown values are null, and
 * absent counts are 0.
 */

import * as v from "valibot";
import { openExpectations } from "../../core/awaited_events.ts";
import { currentState, type Route } from "../routing/route.ts";
import { STATUS } from "../responses/problem.ts";
import { readQuery } from "../requests/request.ts";
import { jsonResponse } from "../responses/response.ts";
import { CONDITIONS } from "../../core/condition.ts";
import { type JobState, STATE_NAMES } from "../../core/job_state.ts";
import {
  type FailingType,
  type PeriodFigures,
  SPAN_NAMES,
  type Trend,
  TREND_SPANS,
  type TrendSpan,
} from "../../metrics/figures.ts";
import { failureAnswer, parkedReason } from "../../documents/answers/job.ts";
import { count, milliseconds, text, time, use } from "../../documents/answers/parts.ts";
import { pauseAnswer } from "../../documents/answers/system.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import { failureResource } from "../../core/job_resource.ts";
import type { Census, NeedingAttention } from "../../engine/requests.ts";
import type { HeldPause } from "../../explain/statements/queue_facts.ts";
import { jobPath } from "../../documents/jobs.ts";
import type { HttpDeps } from "../routing/http_deps.ts";
import { choice, single } from "../../documents/parameters.ts";

export const DEFAULT_SPAN: TrendSpan = "10m";

export const SPAN_PARAMETER = {
  span: single(choice(SPAN_NAMES), `How far back the trend goes. Default: ${DEFAULT_SPAN}.`),
};

/** What is counted while the process runs. */
interface Counts {
  readonly span: TrendSpan;
  /** When counting started, in milliseconds since the epoch. */
  readonly sinceMs: number;
  readonly trend: Trend;
  readonly failingTypes: readonly FailingType[];
  /** Bytes; `undefined` when unknown. */
  readonly diskFree: number | undefined;
}

interface Overview {
  readonly census: Census;
  readonly pauses: readonly HeldPause[];
  readonly attention: NeedingAttention;
  /** `undefined` if nothing is counted over time. */
  readonly counts: Counts | undefined;
}

/** Read in one place for the page of the overview and its route. */
export async function readOverview(
  { engine, overview }: HttpDeps,
  span: TrendSpan,
): Promise<Overview> {
  const [attention, diskFree] = await Promise.all([
    engine.attention.read(),
    overview?.diskFree(),
  ]);
  const counts = overview === undefined ? undefined : {
    span,
    sinceMs: overview.sinceMs,
    trend: overview.trend(span),
    failingTypes: overview.failingTypes(),
    diskFree,
  };
  return { census: engine.census(), pauses: engine.pauses.all(), attention, counts };
}

function overviewView({ census, pauses, attention, counts }: Overview) {
  const { oldestQueued } = census;
  return {
    pauses,
    jobs: {
      all: census.jobs,
      byState: countsByKind(STATE_NAMES, (state) => census.states.get(state) ?? 0),
      byCondition: countsByKind(CONDITIONS, (condition) => census.conditions.get(condition) ?? 0),
    },
    workers: { used: census.busyWorkers, max: census.maxWorkers },
    oldestQueued: oldestQueued === undefined
      ? null
      : { jobId: oldestQueued.jobId, forMs: oldestQueued.queuedMs },
    trend: counts === undefined ? null : trendView(counts),
    failingTypes: counts?.failingTypes.map(({ type, ...rest }) => ({
      of: type.of,
      type: type.of === "definition" ? type.name : null,
      ...rest,
    })) ?? null,
    attention: attentionView(attention),
    diskFreeBytes: counts?.diskFree ?? null,
  };
}

function countsByKind<Kind extends string, Value>(
  kinds: readonly Kind[],
  toValue: (kind: Kind) => Value,
) {
  return Object.fromEntries(kinds.map((kind) => [kind, toValue(kind)]));
}

function trendView({ span, sinceMs, trend: { points, whole } }: Counts) {
  return {
    span,
    countedSince: formatTime(sinceMs),
    intervalMs: TREND_SPANS[span].intervalMs,
    points: points.map(({ fromMs, ...figures }) => ({
      from: formatTime(fromMs),
      ...figuresView(figures),
    })),
    whole: figuresView(whole),
  };
}

/** Durations without a measurement are `null`. */
function figuresView({ queued, run, sync, ...counts }: PeriodFigures) {
  return { ...counts, queued: queued ?? null, run: run ?? null, sync: sync ?? null };
}

function attentionView({ failed, waiting, parked }: NeedingAttention) {
  return {
    failed: failed.map((job) => ({
      ...jobIdentity(job),
      endedAt: job.endedAt,
      failure: failureResource(job),
    })),
    waiting: waiting.map(({ job, since }) => ({
      ...jobIdentity(job),
      since,
      waitsFor: openExpectations(job).map(({ expected, matched }) => ({
        id: expected.id,
        eventType: expected.matcher.eventType,
        matched,
        required: requiredMatches(expected.multiplicity),
      })),
    })),
    parked: parked.map(({ newest: { jobId, message }, ...group }) => ({
      ...group,
      newest: { jobId, message, links: { self: jobPath(jobId) } },
    })),
  };
}

function jobIdentity({ jobId, type }: JobState) {
  return { jobId, type: type ?? null, links: { self: jobPath(jobId) } };
}

function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

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
  span: v.picklist(SPAN_NAMES),
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
    byState: v.object(countsByKind(STATE_NAMES, () => count)),
    byCondition: v.object(countsByKind(CONDITIONS, () => count)),
  }),
  workers: use,
  oldestQueued: v.nullable(v.object({ jobId: text, forMs: milliseconds })),
  trend: v.nullable(trend),
  failingTypes: v.nullable(v.array(failingType)),
  attention,
  diskFreeBytes: v.nullable(count),
});

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
