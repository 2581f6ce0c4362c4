/** Finds which of a job's own values an event carries, and whether it is about something else. */

import { placesIn } from "../elsewhere.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import { isScalar, valueAt } from "../../core/json.ts";
import type { Mismatch } from "../mismatch.ts";
import { looseForm } from "./loose_form.ts";
import { isIdentifier, type OwnValue } from "./own_values.ts";

export function looseValues({ attributes }: MatchableEvent): ReadonlySet<string> {
  return new Set(placesIn(attributes).map(({ value }) => looseForm(value)));
}

/** The job's values that an event has, and that only few events have. */
export function carriedValues(
  { own, common }: { readonly own: readonly OwnValue[]; readonly common: ReadonlySet<string> },
  event: MatchableEvent,
  isNamed: boolean,
): readonly OwnValue[] {
  const values = looseValues(event);
  return own.filter(({ from, loose }) =>
    values.has(loose) && !common.has(loose) || from === "id" && isNamed
  );
}

/** Whether it has another value where the job has an identifier. */
export function isAboutAnother(
  own: readonly OwnValue[],
  carried: readonly OwnValue[],
  { attributes }: MatchableEvent,
  clauses: readonly Mismatch[],
  isType: boolean,
): boolean {
  const strong = carried.filter(({ from, path, value }) =>
    from === "id" || isIdentifier(path, value)
  );
  if (strong.some(({ from }) => from === "id" || from === "plan")) return false;
  const byPath = Map.groupBy(own.filter(({ from }) => from !== "id"), ({ path }) => path);
  for (const [path, values] of byPath) {
    if (
      values.some(({ value }) => isIdentifier(path, value)) && differs(attributes, path, values)
    ) {
      return true;
    }
  }
  if (strong.length > 0) return false;
  // Events share a region or a name by chance, unless the rest fits as well.
  return !isType || clauses.some(({ found, close }) => found !== "nothing" && !close);
}

/** Whether the event has another value at that place. */
function differs(
  attributes: MatchableEvent["attributes"],
  path: string,
  values: readonly OwnValue[],
): boolean {
  const found = valueAt(attributes, path) ?? valueAt(attributes, path.split(".").at(-1) ?? path);
  return isScalar(found) && values.every(({ loose }) => looseForm(found) !== loose);
}
