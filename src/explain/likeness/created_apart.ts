/** Whether jobs that failed were created apart from those that went through, as in an outage. */

import type { ComparedJob, Trait } from "./compared_job.ts";

/** The names of such traits: from one time to another, or after the last of the others. */
export const CREATED = "created";
export const CREATED_AFTER = "createdAfter";

/** Whether only the time of their creation sets the jobs apart. */
export function isOfTime({ traits: [first] }: { readonly traits: readonly Trait[] }): boolean {
  return first?.name === CREATED || first?.name === CREATED_AFTER;
}

/** None of the others came between. Jobs that wait have always come after those that do not. */
export function createdApart(
  alike: readonly ComparedJob[],
  others: readonly ComparedJob[],
): readonly Trait[] {
  const order = [...alike, ...others].toSorted((one, other) => one.firstLogId - other.firstLogId);
  const places = alike.map((job) => order.indexOf(job)).toSorted((one, other) => one - other);
  const [from = 0, to = 0] = [places[0], places.at(-1)];
  const [before, first, last] = [order[from - 1], order[from], order[to]];
  if (last?.state !== "Failed" || to - from >= alike.length) return [];
  return to === order.length - 1 && before !== undefined
    ? [{ name: CREATED_AFTER, value: before.createdAt }]
    : [{ name: CREATED, value: first?.createdAt ?? "", others: last.createdAt }];
}
