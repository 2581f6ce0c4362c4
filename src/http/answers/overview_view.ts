/** The overview in JSON: what is not known is `null`, and what is not there is 0. */

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
import { jobPath } from "./job_view.ts";
import type { Counts, Overview } from "./read_overview.ts";
import {
  type FailingType,
  type Happenings,
  TREND_SPANS,
  type TrendPoint,
} from "../ports/overview_port.ts";

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
  const { pauseId, type, label, reason, since, until, by, failures, actor } = pause;
  const { jobs, firstJobs } = pause;
  // What is undefined is left out of the answer.
  return { pauseId, type, label, reason, since, until, by, failures, actor, jobs, firstJobs };
}

function jobsView({ jobs, states, conditions }: Census) {
  return {
    all: jobs,
    byState: countsOf(STATE_NAMES, states),
    byCondition: countsOf(CONDITIONS, conditions),
  };
}

function countsOf<Kind extends string>(
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
    countedSince: timeOf(sinceMs),
    intervalMs: TREND_SPANS[span].intervalMs,
    points: trend.points.map(pointView),
    whole: happeningsView(trend.whole),
  };
}

function pointView({ fromMs, ...happenings }: TrendPoint) {
  return { from: timeOf(fromMs), ...happeningsView(happenings) };
}

/** Durations that nothing was measured of are `null`. */
function happeningsView({ queued, run, sync, ...counts }: Happenings) {
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
  return { ...identityOf(job), endedAt: job.endedAt, failure: failureResource(job) };
}

function waitingView({ job, since }: NeedingAttention["waiting"][number]) {
  const waitsFor = openExpectations(job).map(({ expected, matched }) => ({
    id: expected.id,
    eventType: expected.matcher.eventType,
    matched,
    required: requiredMatches(expected.multiplicity),
  }));
  return { ...identityOf(job), since, waitsFor };
}

function identityOf({ jobId, type }: JobState) {
  return { jobId, type: type ?? null, links: { self: jobPath(jobId) } };
}

function timeOf(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
