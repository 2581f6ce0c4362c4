/**
 * Job types whose handlers take hardly any time. More of their attempts may be recorded than there
 * are slots, since a slot is soon free again. Past handlers decide which types are prompt, so the
 * estimate may be wrong: `Slots` corrects it.
 */

/** The most credit that a type can earn; each prompt handler earns 1. */
const CREDIT_MAX = 2_000;
/** The cost of a slow handler: a prompt type may have one in this many. */
const SLOW_COSTS = 1_000;
/** The lowest credit: after this many prompt handlers the type is prompt again. */
const CREDIT_MIN = -10_000;
/** The cost when a handler had to wait for a slot. It lowers the number of jobs that run. */
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

  /** How many jobs of a prompt type may run at a time: twice its credit. */
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
