/**
 * Goes through the jobs of a range window by window, for as long as one request may take, and
 * says where it stopped: with however many jobs, nobody else waits for it for long.
 */

import type { LogId } from "../core/ids.ts";
import type { Clock } from "../engine/ports.ts";
import type { Stop } from "../engine/requests.ts";

/**
 * Positions in a window. The first is small, since most that is looked for is near; the last
 * holds some thousand jobs, which are looked through in a few milliseconds.
 */
const WINDOW = { first: 1 << 12, last: 1 << 16 };
/** In a window, the clock is looked at after so many jobs that were found. */
const LOOK_AFTER = 128;
const TIME_MAX_MS = 20;

export interface WindowWalkOptions<Found> {
  readonly clock: Pick<Clock, "monotonic">;
  readonly oldestFirst: boolean;
  /** The first position, and the one after the last. */
  readonly from: LogId;
  readonly to: LogId;
  /** What is found in a window, in the order of the walk. */
  readonly rows: (from: LogId, to: LogId) => Iterable<Found>;
  /** Where a job is, if the walk may stop at it; else it stops at the end of a window. */
  readonly positionOf: (found: Found) => LogId | undefined;
  readonly jobsBetween: (from: LogId, to: LogId) => number;
  /** RFC 3339: of the job at which the walk stopped. */
  readonly createdAt: (logId: LogId, oldestFirst: boolean) => string;
}

export class WindowWalk<Found> implements Iterable<Found> {
  readonly #options: WindowWalkOptions<Found>;
  /** As far as it has looked: the position after, or at, the last one. */
  #stoppedAt: LogId | undefined;

  constructor(options: WindowWalkOptions<Found>) {
    this.#options = options;
  }

  /** Where it stopped before it had looked at all; `undefined` when it did not. */
  get reach(): Stop | undefined {
    if (this.#stoppedAt === undefined) return undefined;
    const { from, to, oldestFirst, jobsBetween, createdAt } = this.#options;
    const at = this.#stoppedAt;
    return {
      jobs: oldestFirst ? jobsBetween(from, at) : jobsBetween(at, to),
      backTo: createdAt(at, oldestFirst),
      next: oldestFirst ? at - 1 : at,
    };
  }

  *[Symbol.iterator](): Iterator<Found> {
    const { clock, oldestFirst, from, to, rows, positionOf } = this.#options;
    const until = clock.monotonic() + TIME_MAX_MS;
    let at = oldestFirst ? from : to;
    for (let size = WINDOW.first; from < to; size = Math.min(2 * size, WINDOW.last)) {
      const [low, high] = oldestFirst ? [at, Math.min(at + size, to)] : [
        Math.max(at - size, from),
        at,
      ];
      let count = 0;
      for (const found of rows(low, high)) {
        yield found;
        const position = positionOf(found);
        if (position === undefined || ++count % LOOK_AFTER !== 0) continue;
        if (clock.monotonic() < until) continue;
        return this.#stop(oldestFirst ? position + 1 : position);
      }
      at = oldestFirst ? high : low;
      if (at === (oldestFirst ? to : from)) return;
      if (clock.monotonic() >= until) return this.#stop(at);
    }
  }

  #stop(at: LogId): void {
    this.#stoppedAt = at;
  }
}
