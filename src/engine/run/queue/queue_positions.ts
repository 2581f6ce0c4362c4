/**
 * Where requests wait: how many are granted before one, and which limits keep them waiting although
 * a worker may be free.
 */

import { firstIndex } from "../../../core/ascending.ts";
import type { JobId, LogId } from "../../../core/ids.ts";
import { inQueueOrder, type QueuedRequest, type QueuePosition } from "./request_lines.ts";
import type { ReachedLimit, Shares, WantedPlace } from "./shares.ts";

/** Requests that are granted one after another, unsorted. */
type RequestGroup = readonly QueuedRequest[];

export function queueLine(
  lines: readonly RequestGroup[],
  { priority, order }: QueuePosition,
): RequestGroup | undefined {
  const isHere = (request: QueuedRequest) =>
    request.priority === priority && request.order === order;
  return lines.find((line) => line.some(isHere));
}

/** See `WorkerQueue.aheadOfEach`. */
export function aheadOfEach(
  lines: readonly RequestGroup[],
  places: readonly QueuePosition[],
  upTo: LogId,
): readonly (number | undefined)[] {
  const aheads: (number | undefined)[] = places.map(() => undefined);
  const wanted = new Set(places.map(({ order }) => order));
  for (const line of lines) {
    if (!line.some(({ order }) => wanted.has(order))) continue;
    aheadIn(line, places, upTo).forEach((ahead, index) => aheads[index] ??= ahead);
  }
  return aheads;
}

function aheadIn(
  line: RequestGroup,
  places: readonly QueuePosition[],
  upTo: LogId,
): readonly (number | undefined)[] {
  const isHeld = places.map(() => false);
  // How many requests come between a place and the one before it.
  const between = places.map(() => 0);
  for (const request of line) {
    if (request.order > upTo) continue;
    let at = firstIndex(
      0,
      places.length,
      (at) => inQueueOrder(places[at] as QueuePosition, request) >= 0,
    );
    for (; at < places.length && inQueueOrder(places[at] as QueuePosition, request) === 0; at++) {
      isHeld[at] = true;
    }
    if (at < places.length) between[at] = (between[at] ?? 0) + 1;
  }
  let ahead = 0;
  return between.map((count, index) => {
    ahead += count;
    return isHeld[index] ? ahead : undefined;
  });
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
