/** Why an event that reached a running job matched none of its expectations. */

import { isSatisfied } from "../core/condition.ts";
import { isReserved } from "../core/event_type.ts";
import type { MatchableEvent } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import { correlationMismatches, mismatchesText } from "../core/mismatch.ts";
import { matchableOf } from "../core/projector.ts";
import { nearestName } from "../core/spelling.ts";
import type { Applied } from "./job_table.ts";
import { expectationName, type Missed, missed, nearestOf } from "./nearest_expectation.ts";

/** Of the types that a job waits for, how many are told. */
const TYPES_TOLD_MAX = 3;

/** The expectation of the job that the event came nearest to, if one is of its type. */
export function nearestInJob({ job, entry }: Applied): Missed | undefined {
  if (entry.stratum === "coordination") return undefined;
  const event = matchableOf(entry);
  const ofType = job.plan.expected.filter(({ matcher }) => matcher.eventType === event.eventType);
  return nearestOf(ofType.map((expected) => missed(job, expected, event)));
}

/** The reason in words. */
export function missedInJob(step: Applied): string {
  const nearest = nearestInJob(step);
  if (nearest === undefined) return unexpected(step.job, matchableOf(step.entry));
  const why = mismatchesText(nearest.clauses);
  return `matched no expectation: the nearest is ${expectationName(nearest)}: ${why}`;
}

function unexpected(job: JobState, event: MatchableEvent): string {
  const none = `the plan expects no event of type ${event.eventType}`;
  const error = job.plan.policy.errors.find(({ eventType }) => eventType === event.eventType);
  if (error === undefined) return `${none}; ${stillWaitingFor(job, event.eventType)}`;
  const why = mismatchesText(correlationMismatches(error.correlation, event.attributes));
  return `${none}, and its policy calls only others an error: ${why}`;
}

/** The types that the job still waits for; one that may have been meant comes first. */
function stillWaitingFor(job: JobState, eventType: string): string {
  const open = job.plan.expected.filter(({ id, matcher }) =>
    !isReserved(matcher.eventType) && !isSatisfied(job, id)
  );
  const types = new Set<string>(open.map(({ matcher }) => matcher.eventType));
  if (types.size === 0) return "it waits for no event from outside";
  const meant = nearestName(eventType, types);
  const ordered = [...new Set(meant === undefined ? types : [meant, ...types])];
  const told = ordered.slice(0, TYPES_TOLD_MAX).join(", ");
  const more = ordered.length - TYPES_TOLD_MAX;
  return `it still waits for ${told}${more > 0 ? ` and ${more} more` : ""}`;
}
