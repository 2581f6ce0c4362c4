/**
 * Types of jobs whose handlers take hardly any time. More of their attempts than there are slots
 * may be put on record, since a slot is free again soon. This is estimated from past handlers, so
 * it may be wrong: `Slots` corrects it.
 */

/** The most credit that a type can earn; each prompt handler earns 1. */
const CREDIT_MAX = 2_000;
/** The cost of a slow handler: one in so many may be slow. */
const SLOW_COSTS = 1_000;
/** The lowest credit: after this many prompt handlers the type is prompt again. */
const CREDIT_MIN = -10_000;
/** The cost when a handler had to wait for a slot, so that fewer run at a time. */
const WAITED_COSTS = 8;

export class PromptTypes {
  readonly #credit = new Map<string, number>();
  readonly #creditMax: number;

  /** @param creditMax With 0 no type is ever prompt. */
  constructor(creditMax: number = CREDIT_MAX) {
    this.#creditMax = creditMax;
  }

  has(type: string): boolean {
    return this.#creditOf(type) > 0;
  }

  /** How many jobs may run on that credit: twice what it has shown. */
  runsMax(type: string): number {
    return 2 * Math.max(0, this.#creditOf(type));
  }

  /** A handler was prompt. */
  ended(type: string): void {
    this.#credit.set(type, Math.min(this.#creditOf(type) + 1, this.#creditMax));
  }

  /** A handler was slow. */
  slow(type: string): void {
    this.#credit.set(type, Math.max(this.#creditOf(type) - SLOW_COSTS, CREDIT_MIN));
  }

  /** A handler waited too long for others of its type. */
  waited(type: string): void {
    const credit = this.#creditOf(type);
    if (credit > 1) this.#credit.set(type, Math.max(credit - WAITED_COSTS, 1));
  }

  #creditOf(type: string): number {
    return this.#credit.get(type) ?? 0;
  }
}
