/** Error events: which entries they are, and the failure they cause. */

import type { JobEventLogEntry } from "./event.ts";
import { durationText } from "./duration.ts";
import type { ErrorFact } from "./framework_events.ts";
import { type MatchableEvent, matcherAccepts } from "./job_plan.ts";
import type { Failure, RunningJob } from "./job_state.ts";
import { passedDeadline } from "./waits.ts";

/** The name of the error of a job whose code rejects its input. */
export const INVALID_INPUT = "InvalidInput";
/** The name of the error of a job that a deadline failed. */
export const DEADLINE_PASSED = "DeadlinePassed";
/** The message of a cancellation without a reason. */
export const NO_REASON = "cancelled by an operator";

/**
 * The failure that an entry causes, or `undefined` when it is not an error event: a final
 * `job.TaskFailed`, `job.JobCancelled`, a deadline that fails the job, or an event that the policy
 * names.
 */
export function failureBy(
  job: RunningJob,
  entry: JobEventLogEntry,
  event: MatchableEvent,
): Failure | undefined {
  if (entry.stratum === "framework") {
    if (entry.eventType === "job.JobCancelled") {
      const message = entry.attributes.reason ?? NO_REASON;
      const error = { name: "JobCancelled", message };
      const leave = leavesInPlace(entry) ? { leave: true } as const : {};
      return { kind: "cancelled", error, ...because(entry), ...leave };
    }
    if (entry.eventType === "job.TaskFailed" && "final" in entry.attributes) {
      const { kind, error } = entry.attributes;
      return entry.taskId === undefined
        ? { kind, error, ...because(entry) }
        : { kind, taskId: entry.taskId, error, ...because(entry) };
    }
    const late = passedDeadline(job, entry)?.expected;
    if (late?.within?.otherwise === "fail") {
      const time = durationText(late.within.ms);
      const message = `"${late.id}" was not met within ${time} of the start`;
      return { kind: "error", error: { name: DEADLINE_PASSED, message }, ...because(entry) };
    }
  }
  for (const matcher of job.plan.policy.errors) {
    if (!matcherAccepts(matcher, event)) continue;
    const common = { error: errorOfEvent(event), ...because(entry) };
    return event.taskId === undefined
      ? { kind: "error", ...common }
      : { kind: "error", taskId: event.taskId, ...common };
  }
  return undefined;
}

/** Whether an entry is a cancellation that undoes nothing. */
export function leavesInPlace(entry: JobEventLogEntry): boolean {
  return entry.stratum === "framework" && entry.eventType === "job.JobCancelled" &&
    entry.attributes.leftInPlace !== undefined;
}

function because({ logId }: JobEventLogEntry) {
  return { recoveryRequired: false, because: logId };
}

function errorOfEvent(event: MatchableEvent): ErrorFact {
  const { message } = event.attributes;
  return {
    name: event.eventType,
    message: typeof message === "string" ? message : policyMessage(event.eventType),
  };
}

/** The message of an error event that has none. */
export function policyMessage(eventType: string): string {
  return `the policy names ${eventType} an error`;
}
