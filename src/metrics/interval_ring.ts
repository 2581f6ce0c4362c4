/**
 * Counts by interval of time: a ring of rows with a fixed number of columns. Its size never
 * changes, and adding takes constant time.
 */

interface Interval {
  /** When the interval began, in the milliseconds given to the ring. */
  readonly fromMs: number;
  readonly counts: Uint32Array;
}

export class IntervalRing {
  readonly #counts: Uint32Array;
  readonly #first: number;
  #last: number;

  /** @param nowMs From any origin, and never decreasing, like all times given to the ring. */
  constructor(
    readonly intervalMs: number,
    private readonly intervals: number,
    private readonly columns: number,
    nowMs: number,
  ) {
    this.#counts = new Uint32Array(intervals * columns);
    this.#first = this.#last = Math.floor(nowMs / intervalMs);
  }

  add(nowMs: number, column: number): void {
    this.#moveTo(nowMs);
    const index = this.#begin(this.#last) + column;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
  }

  /** The intervals since the ring began, the oldest first; the last is not complete. */
  read(nowMs: number): readonly Interval[] {
    this.#moveTo(nowMs);
    const oldest = Math.max(this.#first, this.#last - this.intervals + 1);
    return Array.from({ length: this.#last - oldest + 1 }, (_, index) => {
      const begin = this.#begin(oldest + index);
      return {
        fromMs: (oldest + index) * this.intervalMs,
        counts: this.#counts.subarray(begin, begin + this.columns),
      };
    });
  }

  /** Clears the rows of the intervals that have begun since, each at most once. */
  #moveTo(nowMs: number): void {
    const current = Math.floor(nowMs / this.intervalMs);
    const begun = Math.min(current - this.#last, this.intervals);
    for (let ago = 0; ago < begun; ago++) {
      const begin = this.#begin(current - ago);
      this.#counts.fill(0, begin, begin + this.columns);
    }
    this.#last = Math.max(this.#last, current);
  }

  #begin(interval: number): number {
    return (interval % this.intervals) * this.columns;
  }
}

export function sumIntervals(intervals: readonly Interval[], columns: number): Uint32Array {
  const sum = new Uint32Array(columns);
  for (const { counts } of intervals) {
    for (let column = 0; column < columns; column++) {
      sum[column] = (sum[column] ?? 0) + (counts[column] ?? 0);
    }
  }
  return sum;
}
