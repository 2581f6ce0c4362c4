/**
 * The services of the demo's shop. They exist only in memory, and take a realistic time. Whether a
 * call succeeds depends on its arguments, as in a real shop.
 */

import type { Clock, Random } from "../engine/ports.ts";
import type {
  CallOptions,
  ChargeAnswer,
  Order,
  Payment,
  Payments,
  Reservation,
  Warehouse,
} from "../jobs/order_fulfil.ts";

/** A card that the bank refuses. */
export const BLOCKED_CARD = "card-blocked";
/** The prefix of orders whose goods cannot be returned to the shelves. */
export const CLOSED_DEPOT = "south-";
/** The bank is closed for this many calls about one account, and then opens. */
const CLOSED_CALLS = 3;
/** How many accounts are counted; beyond that the oldest is forgotten. */
const ACCOUNTS_MAX = 1_000;

export class ShopServices {
  readonly #callsOf = new Map<string, number>();
  readonly warehouse: Warehouse = {
    reserve: (order, options) => this.#reserve(order, options),
    release: (reservation, options) => this.#release(reservation, options),
  };
  readonly payments: Payments = {
    charge: (order, options) => this.#charge(order, options),
    refund: (payment, options) => this.#refund(payment, options),
  };

  constructor(private readonly clock: Clock, private readonly random: Random) {}

  /**
   * Simulates work, for between half and one and a half times the given time; rejects when aborted.
   */
  async work(aboutMs: number, signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const onAbort = () => reject(signal.reason);
    const drop = this.clock.setTimer(aboutMs * (0.5 + this.random.fraction()), resolve);
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      signal.throwIfAborted();
      await promise;
    } finally {
      drop();
      signal.removeEventListener("abort", onAbort);
    }
  }

  /** Rejects while the bank is closed. */
  async transfer(account: string, signal: AbortSignal): Promise<string> {
    await this.work(60, signal);
    const calls = (this.#callsOf.get(account) ?? 0) + 1;
    this.#callsOf.delete(account);
    const [oldest] = this.#callsOf.keys();
    if (oldest !== undefined && this.#callsOf.size >= ACCOUNTS_MAX) this.#callsOf.delete(oldest);
    this.#callsOf.set(account, calls);
    if (calls <= CLOSED_CALLS) throw new Error("the bank is closed: 503 Service Unavailable");
    return `transfer-${calls}`;
  }

  async #reserve(order: Order, { idempotencyKey, signal }: CallOptions): Promise<Reservation> {
    await this.work(120, signal);
    const depot = order.orderId.startsWith(CLOSED_DEPOT) ? "south" : "north";
    return { reservationId: `${depot}:${idempotencyKey}` };
  }

  async #release({ reservationId }: Reservation, { signal }: CallOptions): Promise<void> {
    await this.work(60, signal);
    if (reservationId.startsWith("south:")) throw new Error("the depot in the south is closed");
  }

  async #charge(order: Order, { idempotencyKey, signal }: CallOptions): Promise<ChargeAnswer> {
    await this.work(180, signal);
    return order.paymentMethod === BLOCKED_CARD
      ? { kind: "refused", reason: "the card is blocked" }
      : { kind: "charged", payment: { paymentId: `payment:${idempotencyKey}` } };
  }

  async #refund(_payment: Payment, { signal }: CallOptions): Promise<void> {
    await this.work(60, signal);
  }
}
