/**
 * Walks the jobs of a range in windows, up to the budget of one request, and says where it stopped,
 * so that one request never holds up the others. The budget is counted, not timed, so that a walk
 * gets equally far on every machine.
 */

import type { LogId } from "../core/ids.ts";
import type { Stop } from "../engine/job_pages.ts";

/** Budgets of a walk and of a window, in tenths of a microsecond as estimated by the sources. */
const COST_MAX = { walk: 100_000, window: 10_000 };
/**
 * The first and the largest number of rows in a window. It starts small, since most matches are
 * near.
 */
const ROWS = { first: 1 << 7, last: 1 << 12 };
/** How many bytes of text can be searched for one word at a cost of one. */
const BYTES_AT_ONE = 100;

/** The next rows of a range. */
export interface RowWindow {
  readonly rows: number;
  /** Where the rows end: the position of the last row, or the one after it, in walking order. */
  readonly end: LogId;
  /** Whether these are the last rows. */
  readonly isLast: boolean;
  /** Bytes of their text, if it is searched. */
  readonly bytes: number;
}

interface WindowWalkOptions<Found> {
  readonly oldestFirst: boolean;
  /** How many matches will be taken, if that is known. */
  readonly limit: number | undefined;
  /** The first position, and the one after the last. */
  readonly from: LogId;
  readonly to: LogId;
  readonly rowCost: number;
  readonly words: number;
  /** The next rows of the range in walking order, at most `most`. */
  readonly window: (from: LogId, to: LogId, most: number) => RowWindow;
  /** Matches in a window, in walking order. */
  readonly find: (from: LogId, to: LogId) => Iterable<Found>;
  /**
   * The position of a job, if the walk may stop there; otherwise it stops at the end of a window.
   */
  readonly positionOf: (found: Found) => LogId | undefined;
  /** When the job at which the walk stopped was created, RFC 3339. */
  readonly createdAt: (logId: LogId) => string;
}

export class WindowWalk<Found> implements Iterable<Found> {
  #cost = 0;
  #looked = 0;
  #reach: Stop | undefined;

  constructor(private readonly options: WindowWalkOptions<Found>) {}

  /** Where it stopped early; `undefined` if it looked at everything. */
  get reach(): Stop | undefined {
    return this.#reach;
  }

  /** Counts further work on a match. */
  spend(cost: number): void {
    this.#cost += cost;
  }

  *[Symbol.iterator](): Iterator<Found> {
    const { oldestFirst, limit = ROWS.first, from, to, rowCost, words } = this.options;
    const { window, find, positionOf } = this.options;
    const rowsMax = Math.min(ROWS.last, Math.ceil(COST_MAX.window / rowCost));
    let at = oldestFirst ? from : to;
    // One more than the limit shows that there are more.
    for (let size = Math.min(limit + 1, ROWS.first); from < to; size *= 2) {
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
    const { oldestFirst, createdAt } = this.options;
    this.#reach = { jobs: this.#looked, backTo: createdAt(at), next: oldestFirst ? at - 1 : at };
  }
}
