/** What most of many jobs share, as when one customer has sent most of them. */

import type { JsonScalar } from "../../core/json.ts";
import type { ComparedJob, Trait } from "./compared_job.ts";
import { OTHERS_MIN } from "./contrast.ts";
import { wordsOf } from "./own_values.ts";

/** Names of those for whom jobs are done, by whom they may be shared out. */
const OF_OWNER =
  /(?:^|[._])(?:tenant|customer|client|account|user|owner|merchant|seller|shop|store|org|organization|company|team|project|workspace|source|batch|import|parent)(?:[._](?:id|no|nr|number|key|name))?$/;

/**
 * The label, or for whom they are, that most of many jobs share, and this one does not have; a rule
 * of thumb.
 */
export function crowdTrait(
  own: ComparedJob,
  many: readonly ComparedJob[],
): Trait | undefined {
  if (many.length < OTHERS_MIN) return undefined;
  for (const name of many[0]?.given.keys() ?? []) {
    if (!name.startsWith("label ") && !OF_OWNER.test(wordsOf(name))) continue;
    const counts = new Map<JsonScalar, number>();
    for (const { given } of many) {
      const [value, another] = given.get(name) ?? [];
      if (value === undefined || another !== undefined) continue;
      counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    for (const [value, count] of counts) {
      const isMost = count >= many.length * CROWD_SHARE;
      if (isMost && !own.given.get(name)?.includes(value)) return { name, value };
    }
  }
  return undefined;
}

/** Whether a job has a trait of a crowd, and no other value under its name. */
export function isOfCrowd({ given }: ComparedJob, { name, value }: Trait): boolean {
  const [own, another] = given.get(name) ?? [];
  return own === value && another === undefined;
}

/** The share of jobs that makes them a crowd. */
const CROWD_SHARE = 0.75;
