/** Receipts of events from outside: what each did, or why it did nothing. */

import { assertNever } from "../core/assert_never.ts";
import { isSatisfied } from "../core/condition.ts";
import type { EventDraft, JobEventLogEntry } from "../core/event.ts";
import type { EventId } from "../core/ids.ts";
import { equalJson, type JsonObject } from "../core/json.ts";
import { requiredMatches } from "../core/job_plan.ts";
import { matchableOf } from "../core/projector.ts";
import type { Applied } from "../core/job_fold.ts";
import { missedInCompensation, missedInJob, nearestInJob } from "./missed_in_job.ts";
import { failingClauses, nearestExpectation } from "./nearest_expectation.ts";
import type { IncomingEvent, NearestExpectation, Receipt, ReceiptJob } from "./requests.ts";
import { NEVER_INTERPRETED } from "./unmatched.ts";

export function duplicate(eventId: EventId, logId: number): Receipt {
  return { eventId, logId, disposition: "duplicate", jobs: [] };
}

/** A second delivery; where it says something else than the first, that is told. */
export function duplicateOf(before: JobEventLogEntry, event: IncomingEvent): Receipt {
  const receipt = duplicate(before.eventId, before.logId);
  if (saysTheSame(before, event)) return receipt;
  const reason = `an event with this id was recorded at ${before.logId} with other content: ` +
    "what this one says is not recorded, send it under an id of its own";
  return { ...receipt, reason };
}

function saysTheSame(before: JobEventLogEntry, event: IncomingEvent): boolean {
  return before.eventType === event.eventType && before.jobId === event.jobId &&
    before.taskId === event.taskId && equalJson(before.attributes as JsonObject, event.attributes);
}

export function rejected(eventId: EventId, reason: string): Receipt {
  return { eventId, disposition: "rejected", jobs: [], reason };
}

/** What the entries that an event made did, as one answer. */
export function receiptOf(
  eventId: EventId,
  logId: number,
  drafts: readonly EventDraft[],
  applied: readonly (Applied | undefined)[],
): Receipt {
  const failed = new Set(drafts.filter(isFailedStart).map(({ jobId }) => jobId));
  const jobs = applied.flatMap((step, index) => {
    const draft = drafts[index];
    if (step === undefined) return [];
    return draft?.eventType === "job.JobStarted" && failed.has(draft.jobId)
      ? []
      : receiptJobs(step, draft);
  });
  const matched = applied.some((step) => step !== undefined && hadEffect(step));
  if (matched) return { eventId, logId, disposition: "matched", jobs };
  const nearest = nearestMissed(applied);
  const common = { eventId, logId, disposition: "recorded", jobs } as const;
  return nearest === undefined ? common : { ...common, nearest };
}

/** A job that the event starts, and that fails at once, since it gives no valid input. */
function isFailedStart(draft: EventDraft): boolean {
  return draft.eventType === "job.TaskFailed";
}

/** It counted, it failed the job, or it ended a compensation; or it started a job. */
function hadEffect(step: Applied): boolean {
  return step.matched.length > 0 || step.before?.state !== step.job.state;
}

function receiptJobs(step: Applied, draft: EventDraft | undefined): readonly ReceiptJob[] {
  const { jobId, state } = step.job;
  if (draft?.eventType === "job.JobCreated") return [];
  if (draft?.eventType === "job.JobStarted") {
    return [{ jobId, state, reason: "started by this event" }];
  }
  if (draft !== undefined && isFailedStart(draft) && "failure" in step.job) {
    return [{ jobId, state, reason: step.job.failure?.error.message ?? "" }];
  }
  if (step.matched.length === 0) return [{ jobId, state, reason: reasonOf(step) }];
  return step.matched.map((expectation) => receiptJob(step, expectation));
}

function receiptJob(step: Applied, expectation: string): ReceiptJob {
  const { jobId, state, plan } = step.job;
  const index = plan.expected.findIndex((expected) => expected.id === expectation);
  const expected = plan.expected[index];
  const common = {
    jobId,
    state,
    expectation,
    matched: step.job.expected[index]?.matched ?? 0,
    required: expected === undefined ? 1 : requiredMatches(expected.multiplicity),
  };
  const surplus = step.before !== undefined && isSatisfied(step.before, expectation);
  return surplus ? { ...common, reason: "beyond what the expectation needs" } : common;
}

/** Of the jobs that the event reached without effect, what it came nearest to. */
function nearestMissed(
  applied: readonly (Applied | undefined)[],
): NearestExpectation | undefined {
  for (const step of applied) {
    const missed = step === undefined ? undefined : nearestInJob(step);
    if (step !== undefined && missed !== undefined) {
      return nearestExpectation(missed, failingClauses(missed, matchableOf(step.entry)));
    }
  }
  return undefined;
}

function reasonOf(step: Applied): string {
  if (step.entry.stratum === "coordination") return NEVER_INTERPRETED;
  switch (step.rule) {
    case "compensating/record-only":
      return missedInCompensation(step);
    case "terminal/record-only":
      return `recorded only: state is ${step.job.state}`;
    case "created/record-only":
      return "recorded only: the job has not started";
    case "running/record-only":
      return missedInJob(step);
    case "running/error-failed":
    case "running/error-compensating":
      return "an error event of the job's policy";
    case "compensating/done":
    case "compensating/failed":
      return "ended the compensation";
    case "none/created":
    case "created/started":
    case "created/started-empty":
    case "running/matched":
    case "running/satisfied":
    case "any/already-applied":
      return "matched no expectation";
    default:
      return assertNever(step.rule, "rule");
  }
}
