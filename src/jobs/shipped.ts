/** The definitions that Daybook ships. */

import type { AnyJobDefinition } from "../engine/definition.ts";
import { csvImport } from "./csv_import.ts";
import {
  type CallOptions,
  type ChargeAnswer,
  type Order,
  orderFulfil,
  type OrderServices,
  type Payments,
  type Warehouse,
} from "./order_fulfil.ts";
import { webhookDeliver, type WebhookOptions } from "./webhook_deliver.ts";

/** @throws {TypeError} when an option of the webhooks cannot be used. */
export function shippedDefinitions(
  { webhook }: { readonly webhook: WebhookOptions },
): AnyJobDefinition[] {
  return [csvImport, orderFulfil(demonstrationServices()), webhookDeliver(webhook)];
}

const REFUSED_ABOVE_CENTS = 100_000;
const FLAKY_PREFIX = "flaky-";
const FLAKY_FAILURES = 2;
/** How many keys with failures are remembered; beyond that the oldest is forgotten. */
const FLAKY_KEYS_MAX = 1_000;

/**
 * A warehouse and a payment service that exist only in memory: a stand-in for your own,
 * so that `order.fulfil` can be tried with curl. No goods and no money move. What
 * happens depends only on the order:
 *
 * | order | what happens |
 * |---|---|
 * | `amount` above 100000 | the charge is refused; the reservation is released |
 * | `orderId` begins with `flaky-` | the first two attempts to charge fail |
 * | any other | it is reserved and charged, and waits for its shipment |
 *
 * The shipment is an event that you send, with the same `orderId` among its attributes:
 * `ec.shipment.ShipmentCompleted` (with `tracking`), or `ec.shipment.ShipmentLost`.
 */
export function demonstrationServices(): OrderServices {
  return { warehouse: new DemonstrationWarehouse(), payments: new DemonstrationPayments() };
}

/** Ids follow from the key, so a repeated call returns the same ids as the first. */
class DemonstrationWarehouse implements Warehouse {
  reserve(_order: Order, { idempotencyKey }: CallOptions) {
    return Promise.resolve({ reservationId: `reservation:${idempotencyKey}` });
  }

  release(): Promise<void> {
    return Promise.resolve();
  }
}

class DemonstrationPayments implements Payments {
  readonly #failures = new Map<string, number>();

  charge(order: Order, { idempotencyKey }: CallOptions): Promise<ChargeAnswer> {
    if (order.amount > REFUSED_ABOVE_CENTS) {
      const reason = `${order.amount} cents are more than ${REFUSED_ABOVE_CENTS}`;
      return Promise.resolve({ kind: "refused", reason });
    }
    if (order.orderId.startsWith(FLAKY_PREFIX) && this.#failsAgain(idempotencyKey)) {
      return Promise.reject(new Error("the payment service does not answer"));
    }
    const payment = { paymentId: `payment:${idempotencyKey}` };
    return Promise.resolve({ kind: "charged", payment });
  }

  refund(): Promise<void> {
    return Promise.resolve();
  }

  #failsAgain(key: string): boolean {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.delete(key);
    if (failures === FLAKY_FAILURES) return false;
    const [oldest] = this.#failures.keys();
    if (oldest !== undefined && this.#failures.size >= FLAKY_KEYS_MAX) {
      this.#failures.delete(oldest);
    }
    this.#failures.set(key, failures + 1);
    return true;
  }
}
