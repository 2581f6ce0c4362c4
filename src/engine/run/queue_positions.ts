/** A job's position in the queue: how many requests are granted before it. */

import type { LogId } from "../../core/ids.ts";
import { inQueueOrder, type Place, type Request } from "./requests_in_order.ts";

/** Requests that are granted one after another. They are unsorted, and some may be over. */
type Line = readonly Request[];

export function queueLine(lines: readonly Line[], { priority, order }: Place): Line | undefined {
  const isHere = (request: Request) =>
    !request.isOver && request.priority === priority && request.order === order;
  return lines.find((line) => line.some(isHere));
}

/** @param lines The first is used for a place where no job waits. */
export function placesAhead(lines: readonly Line[], place: Place, upTo: LogId): number {
  const line = queueLine(lines, place) ?? lines[0] ?? [];
  return line.filter((request) => isCounted(request, upTo) && inQueueOrder(request, place) < 0)
    .length;
}

/** Computes `placesAhead` for many places in ascending order; `undefined` where no job waits. */
export function aheadOfEach(
  lines: readonly Line[],
  places: readonly Place[],
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
  line: Line,
  places: readonly Place[],
  upTo: LogId,
): readonly (number | undefined)[] {
  const isHeld = places.map(() => false);
  // How many requests come between a place and the one before it.
  const between = places.map(() => 0);
  for (const request of line) {
    if (!isCounted(request, upTo)) continue;
    let at = indexNotBefore(places, request);
    for (; at < places.length && inQueueOrder(places[at] as Place, request) === 0; at++) {
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

export function isCounted({ isOver, order }: Request, upTo: LogId): boolean {
  return !isOver && order <= upTo;
}

/** The index of the first of the ascending places that does not come before `place`. */
function indexNotBefore(places: readonly Place[], place: Place): number {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (inQueueOrder(places[middle] as Place, place) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
