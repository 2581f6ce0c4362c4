/** What is told of a limit that is reached: its places, and the attempts that hold them. */

import type { LimitInTheWay } from "../../explain/evidence.ts";
import type { Placed, ReachedLimit, Shares, WantedPlace } from "../run/shares.ts";
import type { Starts } from "../writer/starts.ts";
import { placeHolders } from "./queue_survey.ts";

export type LimitInTheWayParts = Parameters<typeof placeHolders>[0] & {
  readonly shares: Shares;
  readonly starts: Starts;
};

const NO_RATE = { count: 0, perMs: 0 };

/** @param job One that the limit keeps waiting. */
export async function limitInTheWay(
  parts: LimitInTheWayParts,
  job: Pick<Placed, "type" | "rateKey">,
  limit: ReachedLimit,
  { share }: WantedPlace,
): Promise<LimitInTheWay> {
  const { shares, starts } = parts;
  const { type, limits, held } = share.of;
  const key = limit === "rate" ? job.rateKey : share.key;
  const about = {
    type,
    isOfKey: share.key !== undefined,
    ...(key === undefined ? {} : { key }),
  };
  if (limit === "rate") {
    return { ...about, limit, ...limits.rate ?? NO_RATE, starts: starts.of(job) };
  }
  return {
    ...about,
    limit,
    places: limits[limit] ?? 0,
    taken: limit === "perKey" ? share.holders.size : held,
    holders: await placeHolders(parts, shares.holdersOf(share)),
  };
}
