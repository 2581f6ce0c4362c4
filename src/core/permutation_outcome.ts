/** How a job ends in one order of its facts. */

import type { FailureKind } from "./framework_events.ts";
import type { LogId } from "./ids.ts";
import { requiredMatches } from "./job_plan.ts";
import type { JobState, StateName } from "./job_state.ts";
import type { RuleName } from "./rules.ts";

/** How a job ends, as far as an order of facts could change it. */
export interface PermutationOutcome {
  readonly state: StateName;
  readonly failure?: {
    readonly kind: FailureKind;
    /** The entry that failed the job, by its recorded position. */
    readonly because: LogId;
  };
  readonly expected: readonly {
    readonly id: string;
    readonly matched: number;
    readonly required: number;
    readonly satisfied: boolean;
  }[];
}

/** One of two orders: how it ends, and the row of the state table that each entry met. */
export interface OrderedEnd {
  readonly outcome: PermutationOutcome;
  readonly firstRule: RuleName;
  readonly secondRule: RuleName;
}

/** As the job stands. @param recordedAt The recorded position of the entry that is at one. */
export function outcomeOf(job: JobState, recordedAt: (logId: LogId) => LogId): PermutationOutcome {
  const failure = "failure" in job ? job.failure : undefined;
  return {
    state: job.state,
    ...(failure === undefined
      ? {}
      : { failure: { kind: failure.kind, because: recordedAt(failure.because) } }),
    expected: job.plan.expected.map(({ id, multiplicity }, index) => {
      const matched = job.expected[index]?.matched ?? 0;
      const required = requiredMatches(multiplicity);
      return { id, matched, required, satisfied: matched >= required };
    }),
  };
}

/** What tells two ends apart: first what matters, then what matters less. */
export function textsOf({ state, failure, expected }: PermutationOutcome) {
  return {
    outcome: `${state} ${failure?.kind}`,
    details: JSON.stringify([failure?.because, expected.map(({ matched }) => matched)]),
  };
}
