/** Which entries, beside a job's own, an explanation of the job may cite. */

import { isSatisfied } from "./condition.ts";
import type { Correlation } from "./correlation.ts";
import type { JobEventLogEntry } from "./event.ts";
import type { ExpectedEvent } from "./job_plan.ts";
import type { JobState } from "./job_state.ts";
import { type JsonObject, valueAt } from "./json.ts";
import { mismatchesWith } from "./mismatch.ts";

/** What a job waits for, or will when it is started. */
export function openExpectations(job: JobState): readonly ExpectedEvent[] {
  if (job.state !== "Created" && job.state !== "Running") return [];
  return job.plan.expected.filter(({ id }) => !isSatisfied(job, id));
}

/**
 * Whether an event of the expected type that did not count is worth telling of: it came
 * at the wrong time, or fails one clause closely, or agrees in some clause.
 */
export function isNearMiss(expected: ExpectedEvent, entry: JobEventLogEntry): boolean {
  if (entry.stratum !== "domain" || entry.jobId !== undefined) return false;
  if (entry.eventType !== expected.matcher.eventType) return false;
  const failing = mismatchesWith(expected, entry);
  const [only] = failing;
  if (only === undefined || (failing.length === 1 && only.close)) return true;
  return (expected.taskId !== undefined && expected.taskId === entry.taskId) ||
    agreesInSomeClause(expected.matcher.correlation, entry.attributes);
}

/** A negation does not count: nearly every event agrees with one. */
function agreesInSomeClause(correlation: Correlation, attributes: JsonObject): boolean {
  if (correlation === "any" || "not" in correlation) return false;
  if ("all" in correlation) {
    return correlation.all.some((part) => agreesInSomeClause(part, attributes));
  }
  if ("anyOf" in correlation) {
    return correlation.anyOf.some((part) => agreesInSomeClause(part, attributes));
  }
  const terms = "equals" in correlation
    ? Object.entries(correlation.equals).map(([path, value]) => [path, [value]] as const)
    : Object.entries(correlation.in);
  return terms.some(([path, allowed]) => {
    const found = valueAt(attributes, path);
    return allowed.some((value) => value === found);
  });
}
