/** Names that may have been meant by one another. */

import fc from "fast-check";
import assert from "node:assert/strict";
import { nearestName, neighbourhood, slipBetween } from "../../../src/explain/likeness/names.ts";
import { cases } from "../../support/effort.ts";

/** The textbook algorithm, for comparison. */
function levenshtein(left: string, right: string): number {
  let row = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let l = 1; l <= left.length; l++) {
    const next = [l];
    for (let r = 1; r <= right.length; r++) {
      const exchanged = (row[r - 1] ?? 0) + (left[l - 1] === right[r - 1] ? 0 : 1);
      next.push(Math.min(exchanged, (row[r] ?? 0) + 1, (next[r - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[right.length] ?? 0;
}

Deno.test("slipBetween: it is the Levenshtein distance up to two, and undefined beyond", () => {
  const texts = fc.array(fc.constantFrom("a", "b", "."), { maxLength: 7 })
    .map((letters) => letters.join(""));
  const seen = new Map<number | undefined, number>();
  fc.assert(
    fc.property(texts, texts, (left, right) => {
      const distance = levenshtein(left, right);
      const slip = slipBetween(left, right);
      seen.set(slip, (seen.get(slip) ?? 0) + 1);
      assert.equal(slip, distance === 0 || distance > 2 ? undefined : distance);
    }),
    { numRuns: cases(10_000) },
  );
  for (const slip of [1, 2, undefined]) assert.ok((seen.get(slip) ?? 0) > cases(500), `${slip}`);
});

Deno.test("slipBetween: a difference only in letter case is the nearest slip", () => {
  assert.equal(slipBetween("ec.orderplaced", "ec.OrderPlaced"), 0);
  assert.equal(slipBetween("ec.OrderPlaced", "ec.OrderPlaced"), undefined);
  assert.equal(slipBetween("ec.OrderPlacd", "ec.OrderPlaced"), 1);
  assert.equal(slipBetween("ec.OrderPalced", "ec.OrderPlaced"), 2);
});

Deno.test("nearestName: it returns the nearest, the first of several, or none", () => {
  const names = ["ec.Paid", "ec.Shipped", "ec.Skipped", "ec.shipped"];

  assert.equal(nearestName("ec.Shiped", names), "ec.Shipped");
  assert.equal(nearestName("EC.SHIPPED", names), "ec.Shipped");
  assert.equal(nearestName("ec.Refunded", names), undefined);
  assert.equal(nearestName("ec.Shipped", []), undefined);
});

Deno.test("nearestName: short names that differ in most letters do not match", () => {
  assert.equal(nearestName("a.D1", ["a.Ok"]), undefined);
  assert.equal(nearestName("a.Conf", ["a.Done"]), undefined);
  assert.equal(nearestName("a.D1", ["a.D2"]), "a.D2");
});

const WANTED = "billing.payment.PaymentReceived";

Deno.test("neighbourhood: a similar name is described by its difference", () => {
  const NEIGHBOURS: Readonly<Record<string, string>> = {
    "billing.payments.PaymentReceived": "singular and plural",
    "billing.payment.PaymentsReceived": "singular and plural",
    "Billing.payment.Payment_Received": "letter case and dividers only",
    "billing.payment.PaymentReceved": "a letter",
    "bill.payment.PaymentReceived": "another namespace",
    "shop.PaymentReceived": "another namespace",
    "payment.billing.PaymentReceived": "the order of its parts",
    "billing.payment.PaymentReceived.v2": "a part more",
    "billing.PaymentReceived": "a part less",
    "billing.payment.Received": "a longer or shorter name",
  };
  for (const [found, how] of Object.entries(NEIGHBOURS)) {
    assert.equal(neighbourhood(WANTED, found), how, found);
  }
});

Deno.test("neighbourhood: a name about something else is not a neighbour", () => {
  for (
    const found of [
      WANTED,
      "billing.payment.PaymentRefused",
      "billing.refund.RefundReceived",
      "shop.ParcelShipped",
    ]
  ) {
    assert.equal(neighbourhood(WANTED, found), undefined, found);
  }
  assert.equal(neighbourhood("order.Completed", "shipment.Completed"), undefined);
  assert.equal(neighbourhood("shop.Paid", "shop.Packed"), undefined);
  assert.equal(neighbourhood("shop.line1.Full", "shop.line2.Full"), undefined);
});
