/** Which event types may have been meant by one another. */

import assert from "node:assert/strict";
import { neighbourhood } from "../../../src/explain/likeness/neighbouring_type.ts";

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
