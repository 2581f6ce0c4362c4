/**
 * `order.fulfil`: reserves goods, charges for them and waits for the shipment. An example of a job
 * with its own services, compensations, and events from outside.
 */

import * as v from "valibot";
import { defineJob } from "../engine/definition.ts";
import { NonRetryableError } from "../engine/job_errors.ts";

export interface Order {
  readonly orderId: string;
  /** In cents. */
  readonly amount: number;
  readonly paymentMethod?: string;
}

/** What every call of a service receives besides its arguments. */
export interface CallOptions {
  /**
   * The same for each attempt at the same step: after a crash the call may be repeated, and must
   * then change nothing and return the same answer.
   */
  readonly idempotencyKey: string;
  /** Aborts when the answer is no longer needed. */
  readonly signal: AbortSignal;
}

export interface Reservation {
  readonly reservationId: string;
}

export interface Warehouse {
  /** Rejects if a later attempt may succeed. */
  reserve(order: Order, options: CallOptions): Promise<Reservation>;
  release(reservation: Reservation, options: CallOptions): Promise<void>;
}

export interface Payment {
  readonly paymentId: string;
}

/** A refusal is an answer that repeating does not change; a failure is a rejection. */
export type ChargeAnswer =
  | { readonly kind: "charged"; readonly payment: Payment }
  | { readonly kind: "refused"; readonly reason: string };

export interface Payments {
  /** Rejects if a later attempt may succeed. */
  charge(order: Order, options: CallOptions): Promise<ChargeAnswer>;
  refund(payment: Payment, options: CallOptions): Promise<void>;
}

export interface OrderServices {
  readonly warehouse: Warehouse;
  readonly payments: Payments;
}

const ORDER_ID_LENGTH_MAX = 200;
const AMOUNT_RULE = "must be a whole number of cents, at least 1";

const input = v.strictObject({
  orderId: v.pipe(
    v.string(),
    v.nonEmpty("must not be empty"),
    v.maxLength(ORDER_ID_LENGTH_MAX, `must be at most ${ORDER_ID_LENGTH_MAX} characters`),
    v.examples(["order-42"]),
  ),
  amount: v.pipe(
    v.number(),
    v.safeInteger(AMOUNT_RULE),
    v.minValue(1, AMOUNT_RULE),
    v.description("In cents."),
    v.examples([4_200]),
  ),
  paymentMethod: v.exactOptional(v.pipe(v.string(), v.maxLength(ORDER_ID_LENGTH_MAX))),
});

const CALL_TIMEOUT_MS = 30_000;

/**
 * The services are arguments, so that tests can pass their own. Each task declares its compensation
 * next to its action; if a later step fails, the shipment is lost or the job is cancelled, the
 * completed tasks are undone, the last one first.
 */
export function orderFulfil({ warehouse, payments }: OrderServices) {
  return defineJob({
    type: "order.fulfil",
    version: 1,
    description: "Reserves an order's goods, charges for them, and waits for the shipment.",
    input,
    expects: ({ orderId }) => ({
      shipped: {
        eventType: "ec.shipment.ShipmentCompleted",
        correlation: { equals: { orderId } },
      },
    }),
    errors: ({ orderId }) => [
      { eventType: "ec.shipment.ShipmentLost", correlation: { equals: { orderId } } },
    ],
    async run(ctx, order) {
      const reservation = await ctx.task(
        "reserve",
        (task) => warehouse.reserve(order, callOptions(task, "reserve")),
        {
          timeoutMs: CALL_TIMEOUT_MS,
          compensate: (result, task) => warehouse.release(result, callOptions(task, "release")),
        },
      );
      const payment = await ctx.task(
        "charge",
        async (task) => toPayment(await payments.charge(order, callOptions(task, "charge"))),
        {
          retry: { maxAttempts: 4 },
          timeoutMs: CALL_TIMEOUT_MS,
          compensate: (result, task) => payments.refund(result, callOptions(task, "refund")),
        },
      );
      const [shipment] = await ctx.expect("shipped");
      const { tracking = null } = shipment.attributes;
      return { orderId: order.orderId, reservation, payment, tracking };
    },
  });
}

/**
 * The key names the job and not the order: an order that is fulfilled again after a refund has to
 * be charged again.
 */
function callOptions(
  { jobId, signal }: { readonly jobId: string; readonly signal: AbortSignal },
  action: string,
): CallOptions {
  return { idempotencyKey: `${jobId}:${action}`, signal };
}

/** @throws {NonRetryableError} if the charge was refused: it would be refused each time. */
function toPayment(answer: ChargeAnswer): Payment {
  if (answer.kind === "charged") return answer.payment;
  throw new NonRetryableError(`Cannot charge: the payment was refused: ${answer.reason}`);
}
