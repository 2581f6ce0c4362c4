/** Which entries are error events, and what they say of the failure. */

import type { JobEventLogEntry } from "./event.ts";
import type { ErrorFact } from "./framework_events.ts";
import { type MatchableEvent, matcherAccepts } from "./job_plan.ts";
import type { Failure, RunningJob } from "./job_state.ts";

/**
 * The failure that an entry causes, or `undefined` when it is not an error event: a
 * final `job.TaskFailed`, `job.JobCancelled`, or an event that the policy names.
 */
export function failureOf(
  job: RunningJob,
  entry: JobEventLogEntry,
  event: MatchableEvent,
): Failure | undefined {
  const common = { recoveryRequired: false, because: entry.logId };
  if (entry.stratum === "framework") {
    if (entry.eventType === "job.JobCancelled") {
      const message = entry.attributes.reason ?? "cancelled by an operator";
      return { kind: "cancelled", error: { name: "JobCancelled", message }, ...common };
    }
    if (entry.eventType === "job.TaskFailed" && "final" in entry.attributes) {
      const { kind, error } = entry.attributes;
      return entry.taskId === undefined
        ? { kind, error, ...common }
        : { kind, taskId: entry.taskId, error, ...common };
    }
  }
  return job.plan.policy.errors.some((matcher) => matcherAccepts(matcher, event))
    ? {
      kind: "error",
      ...(event.taskId === undefined ? {} : { taskId: event.taskId }),
      error: errorOfEvent(event),
      ...common,
    }
    : undefined;
}

function errorOfEvent(event: MatchableEvent): ErrorFact {
  const { message } = event.attributes;
  return {
    name: event.eventType,
    message: typeof message === "string" ? message : `the policy names ${event.eventType} an error`,
  };
}
