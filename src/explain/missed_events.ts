/** Events that a job with some plan would have taken, but that did not reach it. */

import type { Work } from "../core/work.ts";
import {
  correlatedAttributes,
  type FactEntry,
  type FrameworkEntry,
  type JobEntry,
  type JobEventLogEntry,
} from "../core/event.ts";
import type { EventId, LogId } from "../core/ids.ts";
import {
  type EventMatcher,
  type JobPlan,
  matcherAccepts,
  outsideMatchers,
} from "../core/job_plan.ts";
import { entryEventIds } from "../core/point.ts";

/**
 * The events as if they had reached the job: each is a `job.EventCorrelated` in place of the
 * original. Pauses after each event.
 *
 * @param own All entries of one job, oldest first; at least one.
 * @param pastEvents Facts of the whole journal, by position. Only those without a job id are used.
 * @param after Only events after this position.
 */
export function* findMissed(
  own: readonly JobEventLogEntry[],
  plan: JobPlan,
  pastEvents: readonly JobEventLogEntry[],
  after: LogId,
): Work<readonly JobEventLogEntry[]> {
  const reached = new Set(own.flatMap(entryEventIds));
  const isTaken = takes(plan);
  const missed = new Map<LogId, JobEventLogEntry>();
  for (const entry of pastEvents) {
    yield;
    if (entry.logId <= after || reached.has(entry.eventId) || !isTaken(entry)) continue;
    missed.set(entry.logId, correlated(entry as FactEntry, own));
  }
  return [...missed.values()];
}

/** Whether an entry is an event that names no job and that a job of the plan would take. */
function takes(plan: JobPlan): (entry: JobEventLogEntry) => boolean {
  const byType = Map.groupBy(outsideMatchers(plan), (matcher) => matcher.eventType as string);
  return (entry) => {
    if (entry.stratum !== "domain" || entry.jobId !== undefined) return false;
    const matchers: readonly EventMatcher[] = byType.get(entry.eventType) ?? [];
    return matchers.some((one) => matcherAccepts(one, entry));
  };
}

function correlated(fact: FactEntry, [created]: readonly JobEventLogEntry[]): JobEventLogEntry {
  const { logId, receivedAt } = fact;
  const entry: Omit<FrameworkEntry<"job.EventCorrelated">, "jobId"> = {
    logId,
    eventId: `evt_whatif_correlated_${logId}` as EventId,
    stratum: "framework",
    eventType: "job.EventCorrelated",
    occurredAt: receivedAt,
    receivedAt,
    causedBy: logId,
    attributes: correlatedAttributes(fact),
  };
  const named = created?.jobId === undefined ? {} : { jobId: created.jobId };
  return { ...entry, ...named } as JobEntry;
}
