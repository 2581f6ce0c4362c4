/** The definitions that Daybook ships. */

import type { AnyJobDefinition } from "../engine/definition.ts";
import { csvImport } from "./csv_import.ts";
import { type ChargeAnswer, type Order, orderFulfil, type OrderServices } from "./order_fulfil.ts";
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
  const failures = new Map<string, number>();
  // Ids follow from the key, so a repeated call returns the same ids as the first.
  return {
    warehouse: {
      reserve: (_order, { idempotencyKey }) =>
        Promise.resolve({ reservationId: `reservation:${idempotencyKey}` }),
      release: () => Promise.resolve(),
    },
    payments: {
      charge: (order, { idempotencyKey }) => charge(order, idempotencyKey, failures),
      refund: () => Promise.resolve(),
    },
  };
}

/** @param failures How often the charges of flaky orders have failed, by key. */
function charge(order: Order, key: string, failures: Map<string, number>): Promise<ChargeAnswer> {
  if (order.amount > REFUSED_ABOVE_CENTS) {
    const reason = `${order.amount} cents are more than ${REFUSED_ABOVE_CENTS}`;
    return Promise.resolve({ kind: "refused", reason });
  }
  if (order.orderId.startsWith(FLAKY_PREFIX) && failsAgain(key, failures)) {
    return Promise.reject(new Error("the payment service does not answer"));
  }
  return Promise.resolve({ kind: "charged", payment: { paymentId: `payment:${key}` } });
}

function failsAgain(key: string, failures: Map<string, number>): boolean {
  const before = failures.get(key) ?? 0;
  failures.delete(key);
  if (before === FLAKY_FAILURES) return false;
  const [oldest] = failures.keys();
  if (oldest !== undefined && failures.size >= FLAKY_KEYS_MAX) failures.delete(oldest);
  failures.set(key, before + 1);
  return true;
}
