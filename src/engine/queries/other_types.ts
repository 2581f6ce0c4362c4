/** Looks at the jobs of other types than that of one, the newest of each. */

import type { JobState } from "../../core/job_state.ts";
import type { ListQuery } from "../job_pages.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry, Query } from "./query_parts.ts";

/** How many types are looked at, and how many jobs of each are looked for; see `takenNear`. */
const TYPES_MAX = 16;
const JOBS_MAX = 6;

interface Taking<Taken> {
  readonly range: Omit<ListQuery, "limit" | "types">;
  take(job: JobState): Taken | undefined;
}

/** What is taken from the newest job of each type that has it. */
export async function* takenFromOthers<Taken>(
  inquiry: Inquiry,
  { type }: JobState,
  taking: Taking<Taken>,
): AsyncGenerator<Taken> {
  const others = inquiry.parts.registry.types.filter((other) => other !== type);
  for (const other of others.slice(0, TYPES_MAX)) {
    yield* await takenOfType(inquiry, other, taking);
  }
}

/** The same of one type. */
export function takenOfType<Taken>(
  query: Query,
  type: string,
  { range, take }: Taking<Taken>,
): Promise<readonly Taken[]> {
  return takenNear(query, { range: { ...range, types: [type] }, max: JOBS_MAX, enough: 1, take });
}
