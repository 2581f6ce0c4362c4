/**
 * Where requests wait: how many are granted before one, and which limits keep them waiting although
 * a worker may be free.
 */

import { firstIndex } from "../../../core/ascending.ts";
import type { JobId, LogId } from "../../../core/ids.ts";
import { inQueueOrder, type QueuedRequest } from "./request_lines.ts";
import type { ReachedLimit, Shares, WantedPlace } from "./shares.ts";

/** Requests that are granted one after another, unsorted. */
type RequestGroup = readonly QueuedRequest[];

/** See `WorkerQueue.aheadOfEach`. */
export function aheadOfEach(
  lines: readonly RequestGroup[],
  orders: readonly LogId[],
  upTo: LogId,
): readonly (number | undefined)[] {
  const wanted = new Set(orders);
  const aheads = new Map<LogId, number>();
  for (const line of lines) {
    const asked = line.filter(({ order }) => order <= upTo && wanted.has(order));
    if (asked.length > 0) countAhead(line, asked.toSorted(inQueueOrder), upTo, aheads);
  }
  return orders.map((order) => aheads.get(order));
}

/**
 * @param asked Some requests of the line, in the order in which they are granted.
 * @param aheads Gets the number of each of them, by its order.
 */
function countAhead(
  line: RequestGroup,
  asked: readonly QueuedRequest[],
  upTo: LogId,
  aheads: Map<LogId, number>,
): void {
  // How many requests come between an asked one and the one before it.
  const between = asked.map(() => 0);
  for (const request of line) {
    if (request.order > upTo) continue;
    const isBefore = (at: number) => inQueueOrder(request, asked[at] as QueuedRequest) < 0;
    const at = firstIndex(0, asked.length, isBefore);
    if (at < asked.length) between[at] = (between[at] ?? 0) + 1;
  }
  let ahead = 0;
  for (const [index, { order }] of asked.entries()) {
    ahead += between[index] ?? 0;
    aheads.set(order, ahead);
  }
}

/** A request, and the place that it needs under the limits in force. */
export interface LimitedRequest {
  readonly request: QueuedRequest;
  readonly needs: WantedPlace;
}

/** The requests that one limit keeps waiting: that of a key, of a type, or of a rate. */
export interface LimitLine {
  readonly limit: ReachedLimit;
  readonly needs: WantedPlace;
  readonly jobIds: ReadonlySet<JobId>;
  /** The requests that would be granted first. */
  readonly first: readonly QueuedRequest[];
}

interface Growing extends LimitLine {
  readonly jobIds: Set<JobId>;
  first: readonly QueuedRequest[];
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
