/** The overview in JSON: unknown values are `null`, and absent counts are 0. */

import { CONDITIONS } from "../../core/condition.ts";
import { openExpectations } from "../../explain/open_expectations.ts";
import { requiredMatches } from "../../core/job_plan.ts";
import { failureResource } from "../../core/job_resource.ts";
import { type FailedJob, type JobState, STATE_NAMES } from "../../core/job_state.ts";
import type {
  Census,
  HeldPause,
  NeedingAttention,
  OldestQueued,
  ParkedJobs,
} from "../../engine/requests.ts";
import { jobPath } from "../../documents/answers/job_view.ts";
import type { HttpDeps } from "../http_deps.ts";
import {
  type FailingType,
  type PeriodFigures,
  type Trend,
  TREND_SPANS,
  type TrendPoint,
  type TrendSpan,
} from "../../metrics/figures.ts";
import { choice, single } from "../../documents/parameters.ts";

const SPAN_NAMES = Object.keys(TREND_SPANS) as TrendSpan[];

export const SPAN_PARAMETER = {
  span: single(choice(SPAN_NAMES), "How far back the trend goes. Default: 10m."),
};

export const DEFAULT_SPAN: TrendSpan = "10m";

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
    engine.survey.needingAttention(),
    overview?.diskFree(),
  ]);
  const counts = overview === undefined ? undefined : {
    span,
    sinceMs: overview.sinceMs,
    trend: overview.trend(span),
    failingTypes: overview.failingTypes(),
    diskFree,
  };
  return { census: engine.survey.census(), pauses: engine.pauses.all(), attention, counts };
}

export function overviewView({ census, pauses, attention, counts }: Overview) {
  return {
    pauses: pauses.map(pauseView),
    jobs: jobsView(census),
    workers: { used: census.busyWorkers, max: census.maxWorkers },
    oldestQueued: census.oldestQueued === undefined ? null : queuedView(census.oldestQueued),
    trend: counts === undefined ? null : trendView(counts),
    failingTypes: counts?.failingTypes.map(failingView) ?? null,
    attention: attentionView(attention),
    diskFreeBytes: counts?.diskFree ?? null,
  };
}

export function pauseView(pause: HeldPause) {
  const { pauseId, type, label, key, reason, since, until, by, failures, actor } = pause;
  const { jobs, firstJobs } = pause;
  // `undefined` members are left out of the answer.
  return { pauseId, type, label, key, reason, since, until, by, failures, actor, jobs, firstJobs };
}

function jobsView({ jobs, states, conditions }: Census) {
  return {
    all: jobs,
    byState: countsByKind(STATE_NAMES, states),
    byCondition: countsByKind(CONDITIONS, conditions),
  };
}

function countsByKind<Kind extends string>(
  kinds: readonly Kind[],
  counts: ReadonlyMap<Kind, number>,
): Readonly<Record<string, number>> {
  return Object.fromEntries(kinds.map((kind) => [kind, counts.get(kind) ?? 0]));
}

function queuedView({ jobId, queuedMs }: OldestQueued) {
  return { jobId, forMs: queuedMs };
}

function trendView({ span, sinceMs, trend }: Counts) {
  return {
    span,
    countedSince: formatTime(sinceMs),
    intervalMs: TREND_SPANS[span].intervalMs,
    points: trend.points.map(pointView),
    whole: periodFiguresView(trend.whole),
  };
}

function pointView({ fromMs, ...happenings }: TrendPoint) {
  return { from: formatTime(fromMs), ...periodFiguresView(happenings) };
}

/** Durations without a measurement are `null`. */
function periodFiguresView({ queued, run, sync, ...counts }: PeriodFigures) {
  return { ...counts, queued: queued ?? null, run: run ?? null, sync: sync ?? null };
}

function failingView({ type, lastHour, sinceStart }: FailingType) {
  return { of: type.of, type: type.of === "definition" ? type.name : null, lastHour, sinceStart };
}

function attentionView({ failed, waiting, parked }: NeedingAttention) {
  return {
    failed: failed.map(failedView),
    waiting: waiting.map(waitingView),
    parked: parked.map(parkedView),
  };
}

function parkedView({ newest, ...group }: ParkedJobs) {
  const { jobId, message } = newest;
  return { ...group, newest: { jobId, message, links: { self: jobPath(jobId) } } };
}

function failedView(job: FailedJob) {
  return { ...jobIdentity(job), endedAt: job.endedAt, failure: failureResource(job) };
}

function waitingView({ job, since }: NeedingAttention["waiting"][number]) {
  const waitsFor = openExpectations(job).map(({ expected, matched }) => ({
    id: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
  }));
  return { ...jobIdentity(job), since, waitsFor };
}

function jobIdentity({ jobId, type }: JobState) {
  return { jobId, type: type ?? null, links: { self: jobPath(jobId) } };
}

function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
