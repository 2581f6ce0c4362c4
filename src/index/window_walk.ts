/**
 * Goes through the jobs of a range window by window, as far as one request may, and says where
 * it stopped: with however many jobs, nobody else waits for it for long. What it may cost is
 * counted, not timed, so that it comes equally far on each machine.
 */

import type { LogId } from "../core/ids.ts";
import type { Stop } from "../engine/requests.ts";

/** What a walk may cost, and what a window may, in tenths of a microsecond as sources count them. */
const COST_MAX = { walk: 100_000, window: 10_000 };
/** Rows in a window. The first is small, since most that is looked for is near. */
const ROWS = { first: 1 << 7, last: 1 << 12 };
/** Bytes of text in which one word is looked for, for as much as one costs. */
const BYTES_AT_ONE = 100;

/** The next rows of a range. */
export interface RowWindow {
  readonly rows: number;
  /** Where they end: the position of, or after, the last of them in the order of the walk. */
  readonly end: LogId;
  /** There are no more. */
  readonly isLast: boolean;
  /** Of their text, where that is searched. */
  readonly bytes: number;
}

export interface WindowWalkOptions<Found> {
  readonly oldestFirst: boolean;
  /** The first position, and the one after the last. */
  readonly from: LogId;
  readonly to: LogId;
  readonly rowCost: number;
  readonly words: number;
  /** The next of a range in the order of the walk, at most so many. */
  readonly window: (from: LogId, to: LogId, most: number) => RowWindow;
  /** What is found in a window, in the order of the walk. */
  readonly find: (from: LogId, to: LogId) => Iterable<Found>;
  /** Where a job is, if the walk may stop at it; else it stops at the end of a window. */
  readonly positionOf: (found: Found) => LogId | undefined;
  /** RFC 3339: of the job at which the walk stopped. */
  readonly createdAt: (logId: LogId) => string;
}

export class WindowWalk<Found> implements Iterable<Found> {
  readonly #options: WindowWalkOptions<Found>;
  #cost = 0;
  #looked = 0;
  #reach: Stop | undefined;

  constructor(options: WindowWalkOptions<Found>) {
    this.#options = options;
  }

  /** Where it stopped before it had looked at all; `undefined` when it did not. */
  get reach(): Stop | undefined {
    return this.#reach;
  }

  /** More is done for what was found. */
  spend(cost: number): void {
    this.#cost += cost;
  }

  *[Symbol.iterator](): Iterator<Found> {
    const { oldestFirst, from, to, rowCost, words, window, find, positionOf } = this.#options;
    const rowsMax = Math.min(ROWS.last, Math.ceil(COST_MAX.window / rowCost));
    let at = oldestFirst ? from : to;
    for (let size = ROWS.first; from < to; size *= 2) {
      const most = Math.min(size, rowsMax);
      const [low, high] = oldestFirst ? [at, to] : [from, at];
      const { rows, end, isLast, bytes } = window(low, high, most);
      if (rows === 0) return;
      this.#cost += rows * rowCost + bytes * words / BYTES_AT_ONE;
      let found = 0;
      for (const one of find(oldestFirst ? at : end, oldestFirst ? end : at)) {
        yield one;
        found++;
        const position = this.#cost < COST_MAX.walk ? undefined : positionOf(one);
        if (position === undefined) continue;
        this.#looked += found;
        return this.#stop(oldestFirst ? position + 1 : position);
      }
      this.#looked += rows;
      at = end;
      if (isLast) return;
      if (this.#cost >= COST_MAX.walk) return this.#stop(at);
    }
  }

  #stop(at: LogId): void {
    const { oldestFirst, createdAt } = this.#options;
    this.#reach = {
      jobs: this.#looked,
      backTo: createdAt(at),
      next: oldestFirst ? at - 1 : at,
    };
  }
}
