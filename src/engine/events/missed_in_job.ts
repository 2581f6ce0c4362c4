/** Why an event that reached a job had no effect there. */

import { assertNever } from "../../core/assert_never.ts";
import { matcherEffort } from "../../core/effort.ts";
import { isReserved } from "../../core/ids.ts";
import { type MatchableEvent, type PolicyEvent, policyEvents } from "../../core/job_plan.ts";
import type { JobHead, JobState } from "../../core/job_state.ts";
import { isMet } from "../../core/expectations.ts";
import { mismatchesText } from "../../explain/mismatch.ts";
import { toMatchable } from "../../core/projector.ts";
import { nearestName } from "../../explain/spelling.ts";
import type { Applied } from "../../core/job_fold.ts";
import type { Wanted } from "./type_index.ts";
import {
  type Comparisons,
  failingClauses,
  type Missed,
  missed,
  nearestMiss,
  ownSubjectText,
} from "./nearest_expectation.ts";

/** How many of the types that a job waits for are named. */
const TYPES_SHOWN_MAX = 3;

/** The part of the job's plan that the event came nearest to, if any is for its type. */
export function nearestInJob(
  job: JobHead,
  event: MatchableEvent,
  comparisons: Comparisons,
): Missed | undefined {
  const wanted = wantedNow(job);
  comparisons.spend(wanted.length);
  const ofType = wanted.filter(({ matcher }) => matcher.eventType === event.eventType);
  const compared = comparisons.take(ofType, ({ matcher }) => matcherEffort(matcher));
  return nearestMiss(compared.map((wanted) => missed(job, wanted, event)));
}

export function missedInJob(step: Applied, nearest: Missed | undefined): string {
  if (nearest === undefined) return unexpected(step.job, toMatchable(step.entry));
  const why = mismatchesText(failingClauses(nearest, toMatchable(step.entry)));
  return `matched no expectation: the nearest is ${ownSubjectText(nearest)}: ${why}`;
}

/** The same for a job that compensates. */
export function missedInCompensation(step: Applied, nearest: Missed | undefined): string {
  if (nearest === undefined) return `recorded only: state is ${step.job.state}`;
  const why = mismatchesText(failingClauses(nearest, toMatchable(step.entry)));
  return `recorded only: the nearest is ${ownSubjectText(nearest)}: ${why}`;
}

function wantedNow({ state, plan }: JobHead): readonly Wanted[] {
  switch (state) {
    case "Running":
      return [...plan.expected, ...policyEvents(plan.policy).filter(isError)];
    case "Compensating":
      return policyEvents(plan.policy).filter((event) => !isError(event));
    case "Created":
    case "Done":
    case "Failed":
      return [];
    default:
      return assertNever(state, "state");
  }
}

function isError({ role }: PolicyEvent): boolean {
  return role === "errors";
}

function unexpected(job: JobState, event: MatchableEvent): string {
  const none = `the plan expects no event of type ${event.eventType}`;
  const { eventType } = event;
  return policyEvents(job.plan.policy).some(({ matcher }) => matcher.eventType === eventType)
    ? `${none} but to end a compensation, and none is under way`
    : `${none}; ${stillWaitingFor(job, eventType)}`;
}

/** The types that the job still waits for; first the one that may have been meant. */
function stillWaitingFor(job: JobState, eventType: string): string {
  const open = job.plan.expected.filter((expected, index) => {
    const progress = job.expected[index];
    return !isReserved(expected.matcher.eventType) && progress !== undefined &&
      !isMet(expected, progress);
  });
  const types = new Set<string>(open.map(({ matcher }) => matcher.eventType));
  if (types.size === 0) return "it waits for no event from outside";
  const meant = nearestName(eventType, types);
  const ordered = [...new Set(meant === undefined ? types : [meant, ...types])];
  const shown = ordered.slice(0, TYPES_SHOWN_MAX).join(", ");
  const more = ordered.length - TYPES_SHOWN_MAX;
  return `it still waits for ${shown}${more > 0 ? ` and ${more} more` : ""}`;
}
