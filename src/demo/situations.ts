/**
 * Creates a job in each situation that an operator meets. Each job gets there as it would in a real
 * shop, by being submitted and run; nothing is written into the journal directly.
 */

import { BLOCKED_CARD, CLOSED_DEPOT } from "./services.ts";
import { PRESS_LIST, type ShopClient } from "./shop.ts";

export interface Situation {
  /** One or two words, such as `dead letter`. */
  readonly name: string;
  readonly jobId: string;
  /** What there is to see. */
  readonly look: string;
}

const SCHEDULED_MS = 14 * 60_000;
/** More pictures than workers, so that a queue forms for a while. */
const PICTURES = 45;
const ORDERS_DONE = 40;
const SHELVES = 1_800;
const ACCOUNT = "DE02 1203 0000 0000 2020 51";

/** @param now Milliseconds since the epoch. */
export async function makeSituations(shop: ShopClient, now: number): Promise<readonly Situation[]> {
  await shipOrders(shop);
  const settled = await Promise.all([
    done(shop),
    waiting(shop),
    partlyMatched(shop),
    backingOff(shop),
    sleeping(shop),
    compensated(shop),
    recoveryRequired(shop),
    compensating(shop),
    poison(shop),
    deadLetter(shop),
    cancelled(shop),
    suspended(shop),
    scheduled(shop, now),
    notStarted(shop),
    executing(shop),
  ]);
  return [...settled.flat(), await queued(shop)];
}

/** Jobs that succeed before the demo is opened. */
async function shipOrders(shop: ShopClient): Promise<void> {
  const numbers = Array.from({ length: ORDERS_DONE }, (_, index) => 1_001 + index);
  await Promise.all(numbers.map(async (number) => {
    const jobId = await shop.submit(order(`${number}`, 900 + number % 7 * 1_250));
    await shop.until(jobId, "waiting");
    await shop.event("ec.shipment.ShipmentCompleted", shipment(`${number}`));
    await shop.until(jobId, "succeeded");
  }));
}

export function order(orderId: string, amount: number, more: object = {}) {
  const input = { orderId, amount, paymentMethod: "card", ...more };
  const labels = { order: orderId, channel: "web" };
  return { type: "order.fulfil", jobId: `order-${orderId}`, input, labels };
}

export function shipment(orderId: string) {
  return { orderId, tracking: `T-${orderId}` };
}

async function done(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit(order("2001", 4_990));
  await shop.until(jobId, "waiting");
  await shop.event("ec.shipment.ShipmentCompleted", shipment("2001"));
  await shop.until(jobId, "succeeded");
  return { name: "done", jobId, look: "the timeline of an order that was shipped" };
}

async function waiting(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit(order("2002", 2_499));
  await shop.until(jobId, "waiting");
  await shop.event("ec.shipment.ShipmentCompleted", { orderId: 2002, tracking: "T-2002" });
  return { name: "waiting", jobId, look: 'a near miss: 2002 came, and "2002" is expected' };
}

async function partlyMatched(shop: ShopClient): Promise<Situation> {
  const equals = { orderId: "2003" };
  const jobId = await shop.submit({
    jobId: "bicycle-2003",
    labels: { order: "2003", channel: "workshop" },
    plan: {
      expected: [
        { id: "paid", eventType: "ec.payment.PaymentReceived", correlation: { equals } },
        {
          id: "parts",
          eventType: "ec.part.PartArrived",
          correlation: { equals },
          multiplicity: { times: 3 },
        },
      ],
      policy: { errors: [{ eventType: "ec.order.OrderCancelled", correlation: { equals } }] },
    },
  });
  for (const part of ["frame", "wheel"]) {
    await shop.event("ec.part.PartArrived", { ...equals, part });
  }
  return { name: "plan without code", jobId, look: "2 of 3 parts are there, and no payment" };
}

async function backingOff(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit({
    type: "shop.newsletter",
    jobId: "press-release",
    input: { subject: "We open a second shop", list: PRESS_LIST },
  });
  await shop.until(jobId, "backingOff");
  return { name: "backing off", jobId, look: "when the next of 60 attempts comes" };
}

async function sleeping(shop: ShopClient): Promise<Situation> {
  const input = { customer: "Adeyemi", amount: 48_000 };
  const jobId = await shop.submit({ type: "shop.invoice", jobId: "invoice-2009", input });
  await shop.until(jobId, "sleeping");
  return { name: "sleeping", jobId, look: "when the reminder is due; wake it" };
}

async function compensated(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit(order("2004", 12_900, { paymentMethod: BLOCKED_CARD }));
  await shop.until(jobId, "failed");
  return { name: "compensated", jobId, look: "the card was refused, the goods were put back" };
}

async function recoveryRequired(shop: ShopClient): Promise<Situation> {
  const orderId = `${CLOSED_DEPOT}2005`;
  const jobId = await shop.submit(order(orderId, 7_400, { paymentMethod: BLOCKED_CARD }));
  await shop.until(jobId, "failed");
  return { name: "recovery required", jobId, look: "the goods could not be put back" };
}

/** A job that another system is compensating and has not reported on yet. */
async function compensating(shop: ShopClient): Promise<Situation> {
  const equals = { orderId: "2006" };
  const matcher = (eventType: string) => ({ eventType, correlation: { equals } });
  const jobId = await shop.submit({
    jobId: "market-2006",
    labels: { order: "2006", channel: "marketplace" },
    plan: {
      expected: [{ id: "delivered", ...matcher("market.order.Delivered") }],
      policy: {
        errors: [matcher("market.order.Returned")],
        compensation: {
          succeeded: matcher("market.order.Refunded"),
          failed: matcher("market.order.RefundFailed"),
        },
      },
    },
  });
  await shop.event("market.order.Returned", { ...equals, reason: "too small" });
  await shop.until(jobId, "compensating");
  return { name: "compensating", jobId, look: "it came back, and waits for the refund" };
}

async function poison(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit({
    ...payout("Hansen", 84_000, { closed: true }),
    jobId: "payout-hansen",
  });
  await shop.until(jobId, "failed");
  return { name: "poison", jobId, look: "another attempt would not help; the account is a secret" };
}

export function payout(supplier: string, amount: number, more: object = {}) {
  const input = { supplier, amount, account: `${ACCOUNT} ${supplier}`, ...more };
  return { type: "shop.payout", input, labels: { supplier } };
}

/**
 * Two failed payments: one whose bank opens later, so that its retry succeeds, and one that was not
 * retried.
 */
async function deadLetter(shop: ShopClient): Promise<readonly Situation[]> {
  const [retried, left] = await Promise.all([
    shop.submit({ ...payout("Okafor", 31_250), jobId: "payout-okafor" }),
    shop.submit({ ...payout("Petrov", 9_900), jobId: "payout-petrov" }),
  ]);
  await Promise.all([shop.until(retried, "failed"), shop.until(left, "failed")]);
  const jobId = await shop.control(retried, "retry", "the bank has opened");
  await shop.until(jobId, "succeeded");
  return [
    { name: "dead letter", jobId: left, look: "three attempts, side by side" },
    { name: "retried", jobId, look: "it took over what the failed one had completed" },
  ];
}

async function cancelled(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit(order("2007", 5_600));
  await shop.until(jobId, "waiting");
  await shop.control(jobId, "cancel", "the customer changed their mind");
  await shop.until(jobId, "cancelled");
  return { name: "cancelled", jobId, look: "payment and goods were given back, in that order" };
}

async function suspended(shop: ShopClient): Promise<Situation> {
  const jobId = await shop.submit(order("2008", 15_800));
  await shop.until(jobId, "waiting");
  await shop.control(jobId, "suspend", "the address is being checked");
  return { name: "suspended", jobId, look: "who stopped it and why; resume it" };
}

async function scheduled(shop: ShopClient, now: number): Promise<Situation> {
  const startAt = new Date(now + SCHEDULED_MS).toISOString();
  const input = { subject: "Last day of the sale", list: "customers" };
  const jobId = await shop.submit({ type: "shop.newsletter", jobId: "sale", input, startAt });
  return { name: "scheduled", jobId, look: "when it starts" };
}

async function notStarted(shop: ShopClient): Promise<Situation> {
  const input = { depot: "south", shelves: 40 };
  const jobId = await shop.submit({
    type: "shop.stocktake",
    jobId: "stocktake-south",
    input,
    start: false,
  });
  return { name: "created", jobId, look: "it is on record, waiting to be started" };
}

async function executing(shop: ShopClient): Promise<Situation> {
  const input = { depot: "north", shelves: SHELVES };
  const jobId = await shop.submit({
    type: "shop.stocktake",
    jobId: "stocktake-north",
    input,
    priority: -10,
  });
  await shop.until(jobId, "executing");
  return { name: "executing", jobId, look: `${SHELVES} shelves being counted` };
}

/** The last of many waits longest. */
async function queued(shop: ShopClient): Promise<Situation> {
  const jobIds = await submitPictures(shop, PICTURES);
  return {
    name: "queued",
    jobId: jobIds.at(-1) ?? "",
    look: "for a while: more work than workers",
  };
}

export async function submitPictures(shop: ShopClient, count: number): Promise<readonly string[]> {
  const jobIds: string[] = [];
  for (let product = 1; product <= count; product++) {
    jobIds.push(
      await shop.submit({
        type: "shop.pictures",
        input: { product: `lamp-${product}` },
        labels: { season: "winter" },
        priority: 10,
      }),
    );
  }
  return jobIds;
}
