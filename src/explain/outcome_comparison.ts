/** Whether two states of a job, under plans that may differ, have the same outcome. */

import type { Applied } from "../core/job_fold.ts";
import type { JobPlan } from "../core/job_plan.ts";
import { recordedFailure } from "../core/job_resource.ts";
import type { JobState } from "../core/job_state.ts";

/** Indexes of one expectation in two plans; `undefined` when a plan has none of its id. */
type Places = readonly [left: number | undefined, right: number | undefined];

/** Caches how two plans correspond, so that many states can be compared cheaply. */
export class OutcomeComparison {
  #plans: readonly [JobPlan, JobPlan] | undefined;
  #places: readonly Places[] = [];

  /**
   * Whether state, condition, kind of failure, or the count of an expectation differs after these
   * steps. An expectation that only one of the plans has counts as unmatched in the other.
   */
  differ(one: Applied | undefined, other: Applied | undefined): boolean {
    if (one === undefined || other === undefined) return one !== other;
    const [left, right] = [one.job, other.job];
    return left.state !== right.state ||
      recordedFailure(left)?.kind !== recordedFailure(right)?.kind ||
      one.condition !== other.condition ||
      this.#placesOf(left.plan, right.plan).some(([here, there]) =>
        matchedAt(left, here) !== matchedAt(right, there)
      );
  }

  #placesOf(left: JobPlan, right: JobPlan): readonly Places[] {
    if (this.#plans?.[0] !== left || this.#plans[1] !== right) {
      this.#plans = [left, right];
      this.#places = placesIn(left, right);
    }
    return this.#places;
  }
}

function placesIn(left: JobPlan, right: JobPlan): readonly Places[] {
  const [here, there] = [left, right].map(({ expected }) =>
    new Map(expected.map(({ id }, index) => [id, index]))
  );
  const ids = new Set([...here?.keys() ?? [], ...there?.keys() ?? []]);
  return [...ids].map((id) => [here?.get(id), there?.get(id)]);
}

function matchedAt(job: JobState, index: number | undefined): number {
  return index === undefined ? 0 : job.expected[index]?.matched ?? 0;
}
