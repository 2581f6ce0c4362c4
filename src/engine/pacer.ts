/**
 * Time slices that requests share: together they yield as often as one alone would. The request
 * that has used the least time goes first, so that small ones do not wait behind large ones.
 */

import type { Work } from "../core/work.ts";
import type { Clock } from "./ports.ts";

/** The longest delay for other work, apart from the last piece. */
const SLICE_MS = 5;
/** The length of one piece of work that has many steps. */
const PIECE_MS = 1;
/** A request that has used less does not wait. Most requests need no more in total. */
const LITTLE_MS = 1;

/** The time that a request has used so far. */
export interface TimeShare {
  spentMs: number;
}

export class Pacer {
  /** The pieces that wait, by request, of which there are few. */
  readonly #waiting = new Map<TimeShare, (() => void)[]>();
  #spentMs = 0;
  /** Time used since the last pause by requests that did not wait. */
  #aheadMs = 0;
  #running = false;

  constructor(private readonly clock: Clock) {}

  /** Does a piece of work, at once if there is time for it. */
  do<Result>(share: TimeShare, work: () => Result): Result | Promise<Result> {
    if (!this.#running && this.#spentMs < SLICE_MS) return this.#spend(share, work);
    if (share.spentMs < LITTLE_MS && this.#aheadMs < SLICE_MS) return this.#spendAhead(share, work);
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const run = () => {
      try {
        resolve(this.#spend(share, work));
      } catch (error) {
        reject(error);
      }
    };
    this.#waiting.getOrInsertComputed(share, () => []).push(run);
    if (!this.#running) void this.#run();
    return promise;
  }

  /** Completes work in pieces. */
  async all<Result>(share: TimeShare, work: Work<Result>): Promise<Result> {
    for (;;) {
      const step = await this.do(share, () => this.#piece(work));
      if (step.done === true) return step.value;
    }
  }

  #piece<Result>(work: Work<Result>): IteratorResult<undefined, Result> {
    const end = this.clock.monotonic() + PIECE_MS;
    for (;;) {
      const step = work.next();
      if (step.done === true || this.clock.monotonic() >= end) return step;
    }
  }

  #spend<Result>(share: TimeShare, work: () => Result): Result {
    const began = this.clock.monotonic();
    try {
      return work();
    } finally {
      const ms = this.clock.monotonic() - began;
      this.#spentMs += ms;
      share.spentMs += ms;
    }
  }

  #spendAhead<Result>(share: TimeShare, work: () => Result): Result {
    const before = this.#spentMs;
    try {
      return this.#spend(share, work);
    } finally {
      this.#aheadMs += this.#spentMs - before;
    }
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#waiting.size > 0) {
      await this.clock.pause();
      this.#spentMs = 0;
      this.#aheadMs = 0;
      while (this.#spentMs < SLICE_MS && this.#waiting.size > 0) {
        this.#next()?.();
        // The request that gets the result submits its next piece meanwhile.
        await Promise.resolve();
      }
    }
    this.#running = false;
  }

  #next(): (() => void) | undefined {
    let least: TimeShare | undefined;
    for (const share of this.#waiting.keys()) {
      if (share.spentMs < (least?.spentMs ?? Infinity)) least = share;
    }
    const pieces = least && this.#waiting.get(least);
    const next = pieces?.shift();
    if (least !== undefined && pieces?.length === 0) this.#waiting.delete(least);
    return next;
  }
}
