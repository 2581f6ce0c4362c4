/** Groups requests that wait although a worker may be free by the limit that keeps them waiting. */

import type { JobId } from "../../core/ids.ts";
import { inQueueOrder, type Request } from "./requests_in_order.ts";
import type { ReachedLimit, Shares, WantedPlace } from "./shares.ts";

/** A request, and the place that it needs under the limits in force. */
export interface LimitedRequest {
  readonly request: Request;
  readonly needs: WantedPlace;
}

/** The requests that one limit keeps waiting: that of a key, of a type, or of a rate. */
export interface LimitLine {
  readonly limit: ReachedLimit;
  readonly needs: WantedPlace;
  readonly jobIds: ReadonlySet<JobId>;
  /** The requests that would be granted first. */
  readonly first: readonly Request[];
}

interface Growing extends LimitLine {
  readonly jobIds: Set<JobId>;
  first: readonly Request[];
}

const FIRST_MAX = 3;

/** Lists the limits with the most jobs first. */
export function limitLines(
  wanting: readonly LimitedRequest[],
  shares: Pick<Shares, "reached">,
): readonly LimitLine[] {
  const lines = new Map<object, Growing>();
  for (const { request, needs } of wanting) {
    const limit = shares.reached(needs);
    if (limit === undefined) continue;
    const of = fullLimit(limit, needs);
    const line = lines.get(of) ?? { limit, needs, jobIds: new Set<JobId>(), first: [] };
    lines.set(of, line);
    line.jobIds.add(request.jobId);
    const last = line.first.at(-1);
    if (line.first.length === FIRST_MAX && last && inQueueOrder(request, last) > 0) continue;
    line.first = [...line.first, request].toSorted(inQueueOrder).slice(0, FIRST_MAX);
  }
  return [...lines.values()].toSorted((left, right) => right.jobIds.size - left.jobIds.size);
}

function fullLimit(limit: ReachedLimit, { share, window }: WantedPlace): object {
  return limit === "perKey" ? share : limit === "maxRunning" ? share.of : window ?? share;
}
