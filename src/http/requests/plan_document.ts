/** A plan as a request would give it: what `planOf` reads, written back. */

import {
  type EventMatcher,
  type ExpectedEvent,
  type JobPlan,
  MAIN_EXPECTATION_ID,
} from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import { hasCode } from "../../core/job_state.ts";

/** As much of a job's plan as may be another: the end of `run` is expected in any case. */
export function planDocumentOf(job: JobState) {
  const { expected, policy } = job.plan;
  const own = hasCode(job) ? expected.filter(({ id }) => id !== MAIN_EXPECTATION_ID) : expected;
  return planDocument({ expected: own, policy });
}

export function planDocument({ expected, policy }: JobPlan) {
  const { errors, compensation, onCompensated } = policy;
  return {
    expected: expected.map(expectationDocument),
    policy: {
      errors: errors.map(matcherDocument),
      ...(compensation === undefined ? {} : {
        compensation: {
          succeeded: matcherDocument(compensation.succeeded),
          failed: matcherDocument(compensation.failed),
        },
      }),
      onCompensated,
    },
  };
}

function expectationDocument({ id, kind, matcher, multiplicity, taskId }: ExpectedEvent) {
  return {
    id,
    kind,
    ...matcherDocument(matcher),
    multiplicity,
    ...(taskId === undefined ? {} : { taskId }),
  };
}

function matcherDocument({ eventType, correlation }: EventMatcher) {
  return { eventType, correlation };
}
