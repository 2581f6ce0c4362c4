/**
 * Which types of jobs are prompt: their handlers take hardly any time. Of those, more attempts
 * may be put on record than there are slots, since a slot is free again before long. It is told
 * from what handlers did, so it may be wrong: `Slots` mends that.
 */

/** What a type earns at most by handlers that were prompt, one by one. */
const CREDIT_MAX = 2_000;
/** What a handler that goes on costs its type: one in so many may. */
const GOES_ON_COSTS = 1_000;
/** However many went on, after this many that were prompt the type is so again. */
const CREDIT_MIN = -10_000;
/** What it costs when a handler had to wait for a slot: fewer go on at a time. */
const WAITED_COSTS = 8;

export class PromptTypes {
  readonly #credit = new Map<string, number>();
  readonly #creditMax: number;

  /** @param creditMax With 0 no type ever is prompt. */
  constructor(creditMax: number = CREDIT_MAX) {
    this.#creditMax = creditMax;
  }

  /** Whether handlers of this type take hardly any time, as far as is known. */
  has(type: string): boolean {
    return this.#creditOf(type) > 0;
  }

  /** How many jobs may go on at a time on that: twice as many as it has shown. */
  runsMax(type: string): number {
    return 2 * Math.max(0, this.#creditOf(type));
  }

  /** A handler has ended promptly. */
  ended(type: string): void {
    this.#credit.set(type, Math.min(this.#creditOf(type) + 1, this.#creditMax));
  }

  /** A handler goes on. */
  goesOn(type: string): void {
    this.#credit.set(type, Math.max(this.#creditOf(type) - GOES_ON_COSTS, CREDIT_MIN));
  }

  /** A handler had to wait too long for others of its kind. */
  waited(type: string): void {
    const credit = this.#creditOf(type);
    if (credit > 1) this.#credit.set(type, Math.max(credit - WAITED_COSTS, 1));
  }

  #creditOf(type: string): number {
    return this.#credit.get(type) ?? 0;
  }
}
