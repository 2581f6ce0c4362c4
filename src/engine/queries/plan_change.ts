/**
 * Compares the recorded plan of a job with the plan that the current definition would give it. The
 * recorded plan stays in force, so a difference breaks nothing by itself, but it should be known at
 * a deployment.
 */

import { isDeepStrictEqual } from "node:util";
import type { ExpectedEvent, JobPlan } from "../../core/job_plan.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JsonValue } from "../../core/json.ts";
import type { AnyJobDefinition } from "../definition.ts";
import { planFor } from "../definition_plan.ts";
import { parseInput } from "../parsed_input.ts";
import { thrownText } from "../run/divergence.ts";

export interface PlanChange {
  readonly change: "added" | "removed" | "changed";
  /** The part that changed: `expectation shipped`, `the list of errors`, `onCompensated`. */
  readonly part: string;
}

/**
 * The changes from the recorded plan to the current one. None for an input that no longer fits,
 * which is reported separately. A text when the definition fails to make a plan.
 */
export function planChanges(
  definition: AnyJobDefinition,
  { input, plan }: JobState,
): readonly PlanChange[] | string {
  const today = planToday(definition, input);
  if (today === undefined || typeof today === "string") return today ?? [];
  return [...expectationChanges(plan, today), ...policyChanges(plan, today)];
}

function planToday(
  definition: AnyJobDefinition,
  input: JsonValue | undefined,
): JobPlan | string | undefined {
  try {
    const parsed = parseInput(definition, input);
    return parsed.ok ? planFor(definition, parsed.value) : undefined;
  } catch (error) {
    return `today's definition makes no plan from the recorded input: ${thrownText(error)}`;
  }
}

function expectationChanges(recorded: JobPlan, today: JobPlan): readonly PlanChange[] {
  const before = byId(recorded);
  const after = byId(today);
  return [...new Set([...before.keys(), ...after.keys()])].flatMap((id) => {
    const change = kindOfChange(before.get(id), after.get(id));
    return change === undefined ? [] : [{ change, part: `expectation ${id}` }];
  });
}

function byId({ expected }: JobPlan): ReadonlyMap<string, ExpectedEvent> {
  return new Map(expected.map((expectation) => [expectation.id, expectation]));
}

function kindOfChange(
  before: ExpectedEvent | undefined,
  after: ExpectedEvent | undefined,
): PlanChange["change"] | undefined {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return isDeepStrictEqual(matching(before), matching(after)) ? undefined : "changed";
}

/** The parts of an expectation that decide which events it takes, and how many. */
function matching({ matcher, multiplicity, taskId }: ExpectedEvent) {
  return { ...matcher, multiplicity, taskId };
}

function policyChanges({ policy: before }: JobPlan, { policy: after }: JobPlan) {
  const changes: PlanChange[] = [];
  if (!isDeepStrictEqual(before.errors, after.errors)) {
    changes.push({ change: "changed", part: "the list of errors" });
  }
  if (before.onCompensated !== after.onCompensated) {
    changes.push({ change: "changed", part: "onCompensated" });
  }
  return changes;
}
