/** Finds which of a job's own values an event carries, and whether it is about something else. */

import { placesIn } from "../elsewhere.ts";
import type { MatchableEvent } from "../../core/job_plan.ts";
import { isScalar, type JsonScalar, valueAt } from "../../core/json.ts";
import type { Mismatch } from "../mismatch.ts";
import { looseForm } from "./loose_form.ts";
import { isIdentifier, type OwnValue } from "./own_values.ts";

export function looseValues(
  { attributes }: Pick<MatchableEvent, "attributes">,
): ReadonlySet<string> {
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
  if (contradiction(own, attributes) !== undefined) return true;
  if (strong.length > 0) return false;
  // Events share a region or a name by chance, unless the rest fits as well.
  return !isType || clauses.some(({ found, close }) => found !== "nothing" && !close);
}

/** An identifier of a job, and the other value that an event has at its place. */
export interface Contradiction {
  readonly own: OwnValue;
  readonly found: JsonScalar;
}

/** The first identifier of the job that an event contradicts. */
export function contradiction(
  own: readonly OwnValue[],
  attributes: MatchableEvent["attributes"],
): Contradiction | undefined {
  const byPath = Map.groupBy(own.filter(({ from }) => from !== "id"), ({ path }) => path);
  for (const [path, values] of byPath) {
    const first = values.find(({ value }) => isIdentifier(path, value));
    const found = valueAt(attributes, path) ?? valueAt(attributes, path.split(".").at(-1) ?? path);
    if (first === undefined || !isScalar(found)) continue;
    if (values.every(({ loose }) => looseForm(found) !== loose)) return { own: first, found };
  }
  return undefined;
}
