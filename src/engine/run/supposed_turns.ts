/** Computes which jobs would be granted a place now if a type had other limits. Grants none. */

import type { JobId } from "../../core/ids.ts";
import type { PlaceLimits } from "../../core/place_limits.ts";
import type { RateWindow } from "./rate_window.ts";
import { inQueueOrder, type Request } from "./requests_in_order.ts";
import type { Share } from "./shares.ts";

/** Requests of one key and priority, which take one turn after another. */
export interface TurnLine {
  readonly share: Share;
  readonly priority: number;
  /** When the line had its last turn. */
  readonly turn: number;
  readonly requests: readonly Request[];
}

interface Supposed {
  readonly limits: PlaceLimits;
  /** How many jobs may begin now, of those that the rate counts together with this one. */
  readonly rateRoom: number;
  /** How many workers are available. */
  readonly room: number;
}

interface SupposedTurns {
  /** The requests that would be granted, in order. The job's own comes last if it is granted. */
  readonly granted: readonly Request[];
  readonly isGranted: boolean;
}

/** @param lines The lines of the job's type, including its own. */
export function supposedTurns(
  lines: readonly TurnLine[],
  jobId: JobId,
  { limits, rateRoom, room }: Supposed,
): SupposedTurns {
  const queues = mergedLines(lines);
  const window = windowOf(queues.flatMap(({ requests }) => requests), jobId);
  const [first] = queues;
  const taken = new Map(queues.map(({ share }) => [share, share.holders.size]));
  let [all, begun] = [first?.share.of.held ?? 0, 0];
  let turn = Math.max(...queues.map(({ turn }) => turn));
  const granted: Request[] = [];
  while (granted.length < room && all < (limits.maxRunning ?? Infinity)) {
    const ready = queues.filter(({ share, requests: [request] }) =>
      request !== undefined &&
      (share.key === undefined || (taken.get(share) ?? 0) < (limits.perKey ?? Infinity)) &&
      (begun < rateRoom || !isCounted(request, window))
    );
    const [next] = ready.toSorted((left, right) =>
      left.priority - right.priority || left.turn - right.turn
    );
    const request = next?.requests.shift();
    if (next === undefined || request === undefined) break;
    granted.push(request);
    if (request.jobId === jobId) return { granted, isGranted: true };
    if (isCounted(request, window)) begun++;
    all++;
    taken.set(next.share, (taken.get(next.share) ?? 0) + 1);
    next.turn = ++turn;
  }
  return { granted, isGranted: false };
}

/** Merges the lines of one key and priority, which different rates had separated. */
function mergedLines(lines: readonly TurnLine[]) {
  const merged: { -readonly [Name in keyof TurnLine]: TurnLine[Name] }[] = [];
  for (const { requests, ...line } of lines) {
    const open = requests.filter(({ isOver }) => !isOver).toSorted(inQueueOrder);
    const [first] = open;
    if (first === undefined) continue;
    const same = merged.find(({ share, priority }) =>
      share === line.share && priority === line.priority
    );
    const [other] = same?.requests ?? [];
    if (same === undefined || other === undefined) {
      merged.push({ ...line, requests: open });
      continue;
    }
    if (inQueueOrder(first, other) < 0) same.turn = line.turn;
    same.requests = [...same.requests, ...open].toSorted(inQueueOrder);
  }
  return merged.map((line) => ({ ...line, requests: [...line.requests] }));
}

function windowOf(requests: readonly Request[], jobId: JobId): RateWindow | undefined {
  return requests.find((request) => request.jobId === jobId)?.needs?.window;
}

/** Whether the rate counts the request together with the job. */
function isCounted({ begins, needs }: Request, window: RateWindow | undefined): boolean {
  return window === undefined ? begins : needs?.window === window;
}
