/**
 * How many jobs have handlers that run, which is what is bounded. A job that waits for the
 * disk takes no slot, so more runs may begin than there are slots, as long as handlers end as
 * fast as the disk takes what they leave.
 */

/** At most this many begun runs for each slot, beyond the slots. */
const BEGUN_PER_SLOT_MAX = 15;
/** Of all together: each run that has begun is held in memory. */
const BEGUN_MAX = 512;

export class Slots {
  readonly #max: number;
  #running = 0;
  /** First in, first out. */
  #waiting: (() => void)[] = [];
  #endedSince = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get running(): number {
    return this.#running;
  }

  /** Calls back, perhaps at once, with a slot taken. */
  enter(begin: () => void): void {
    if (this.#running >= this.#max) return void this.#waiting.push(begin);
    this.#running++;
    begin();
  }

  /** Gives a slot back. */
  leave(): void {
    this.#endedSince++;
    const next = this.#waiting.shift();
    if (next === undefined) this.#running--;
    else next();
  }

  /**
   * How many runs may begin beyond the slots until the next batch: twice as many as have
   * ended since the last one, and none while handlers wait for a slot.
   */
  spareRuns(): number {
    const ended = this.#endedSince;
    this.#endedSince = 0;
    if (this.#waiting.length > 0) return 0;
    return Math.min(2 * ended, BEGUN_PER_SLOT_MAX * this.#max, BEGUN_MAX);
  }
}
