/**
 * Bounds the effects of one batch of events, since a batch is projected at once and everything
 * waits for it. Events that find no room queue, the smallest first. The unit is one job reached,
 * about 20 us.
 */

/**
 * More is admitted while the total on its way to the disk is below this. One admission may exceed
 * it.
 */
const COST_MAX = 500;
/** Events up to this cost need not wait for large ones: they have the same amount of room again. */
const COST_LITTLE = 10;

interface Waiting {
  readonly admission: Admission;
  /** The lowest is admitted first. */
  readonly order: number;
  readonly enter: () => void;
}

/** A part of the room, until it is released. */
export class Admission {
  #kept = false;

  constructor(private readonly gate: DeliveryGate, public cost: number) {}

  /** Keeps it, at its actual cost, until the entries are durable. */
  keep(cost: number): void {
    this.#kept = true;
    this.gate.changed(cost - this.cost);
    this.cost = cost;
  }

  leaveUnlessKept(): void {
    if (!this.#kept) this.leave();
  }

  leave(): void {
    this.gate.changed(-this.cost);
    this.cost = 0;
  }
}

export class DeliveryGate {
  readonly #waiting: Waiting[] = [];
  #inside = 0;
  /** Total ever admitted. */
  #passed = 0;

  /** `undefined` when there is no room now, or others wait for it. */
  tryEnter(cost: number): Admission | undefined {
    const hasRoom = cost <= COST_LITTLE
      ? this.#inside < 2 * COST_MAX
      : this.#inside < COST_MAX && this.#waiting.length === 0;
    return hasRoom ? this.#let(new Admission(this, cost)) : undefined;
  }

  /**
   * Resolves when there is room. Small requests go before large ones and before those that were
   * already served much, within a bound, so that none starves.
   *
   * @param served The cost that the same request has had admitted before.
   */
  async enter(cost: number, served: number): Promise<Admission> {
    const atOnce = this.tryEnter(cost);
    if (atOnce !== undefined) return atOnce;
    const admission = new Admission(this, cost);
    await new Promise<void>((enter) => {
      const order = this.#passed + served + cost;
      const at = this.#waiting.findLastIndex((other) => other.order <= order) + 1;
      this.#waiting.splice(at, 0, { admission, order, enter });
    });
    return admission;
  }

  changed(difference: number): void {
    this.#inside += difference;
    while (this.#inside < COST_MAX) {
      const next = this.#waiting.shift();
      if (next === undefined) return;
      this.#let(next.admission);
      next.enter();
    }
  }

  #let(admission: Admission): Admission {
    this.#inside += admission.cost;
    this.#passed += admission.cost;
    return admission;
  }
}
