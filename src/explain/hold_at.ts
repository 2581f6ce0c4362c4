/** What held a queued job at a moment: a pause, a limit of its type, or the lack of a worker. */

import type { LogId } from "../core/ids.ts";
import type { PauseStay, PlaceHistory, QueuedAs } from "./place_history.ts";
import { limitsAt, type RateMoment, reachedAt, type ReachedThen } from "./reached_limits.ts";

/** What held a queued job at a moment. */
export type HoldAt =
  | { readonly kind: "pause"; readonly pause: PauseStay }
  | { readonly kind: "limit"; readonly reached: ReachedThen }
  | { readonly kind: "worker" | "unknown" };

export function holdAt(history: PlaceHistory, own: QueuedAs, moment: RateMoment): HoldAt {
  const pause = pauseAt(history, moment.logId);
  if (pause !== undefined) return { kind: "pause", pause };
  const reached = reachedAt(history, own, moment);
  if (reached === undefined) return { kind: "worker" };
  const { change } = limitsAt(history, moment.logId);
  return change !== undefined || isCredible(reached)
    ? { kind: "limit", reached }
    : { kind: "unknown" };
}

/** When it ends by itself. A place becomes free only by an entry. */
export function endsAtMs(hold: HoldAt): number {
  return hold.kind === "limit" ? opensAtMs(hold.reached) : Infinity;
}

/** The oldest pause that held the job at a position. */
export function pauseAt({ pauses }: PlaceHistory, logId: LogId): PauseStay | undefined {
  return pauses.find(({ by, ended }) => by <= logId && (ended?.logId ?? Infinity) > logId);
}

/** When a rate lets the next job begin by itself. A place becomes free only by an entry. */
export function opensAtMs(reached: ReachedThen | undefined): number {
  const [first] = reached?.limit === "rate" ? reached.starts : [];
  return reached?.limit !== "rate" || first === undefined
    ? Infinity
    : Date.parse(first.at) + reached.perMs;
}

/**
 * Whether this limit of the code was in force. If more places were taken than today's code allows,
 * another limit was.
 */
function isCredible(reached: ReachedThen): boolean {
  return reached.limit === "rate" || reached.holders.length <= reached.places;
}
