/** Events that went to another job, or that counted where they were not meant. */

import * as v from "valibot";
import { wait } from "../incident_kit.ts";
import type { Incident } from "../incident.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";

const PICKED = "shop.BasketPicked";

export const addressedToAJobThatEnded = wait({
  story: "The picker's device still has the id of the job before; that one had ended.",
  eventType: PICKED,
  equals: { basket: "BK-31" },
  noise: (order) => ({ basket: `BK-8${order}` }),
  before: async (stage) => {
    await stage.plan("job-before", []);
  },
  goesWrong: (stage) => stage.event("device", PICKED, { basket: "BK-31" }, { jobId: "job-before" }),
  cause: [/job-before/],
  decisive: ["device"],
});

const SHIPPED = "parcel.ParcelShipped";

export const addressedToAnotherJob: Incident = {
  story: "The carrier put the id of another order's job on the event, where it counted.",
  async play(stage, culprit) {
    await stage.noise(10, SHIPPED, (order) => ({ orderId: `N${order}` }));
    await stage.plan("job", [
      { id: "shipped", eventType: SHIPPED, correlation: { equals: { orderId: "A-1" } } },
    ]);
    await stage.plan("neighbour", [{ id: "shipped", eventType: SHIPPED, correlation: "any" }]);
    const more = { jobId: "neighbour" };
    await stage.event("label", SHIPPED, { orderId: culprit ? "A-1" : "B-9" }, more);
    await stage.noise(10, SHIPPED, (order) => ({ orderId: `N${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/neighbour/],
  decisive: ["label"],
};

const PLATE_PRINTED = "press.PlatePrinted";

export const addressedToTheWrongTask = wait({
  story: "The press reports for the task proof; the plan takes it for print only.",
  eventType: PLATE_PRINTED,
  equals: { plate: "PL-17" },
  taskId: "print",
  noise: (order) => ({ plate: `PL-9${order}` }),
  goesWrong: (stage) =>
    stage.event("press", PLATE_PRINTED, { plate: "PL-17" }, { jobId: "job", taskId: "proof" }),
  cause: [/proof/, /print/],
  decisive: ["press"],
});

const ACTIVATE = defineJob({
  type: "billing.activate",
  version: 1,
  input: v.object({ customerId: v.string() }),
  expects: () => ({ paid: { eventType: "billing.InvoicePaid", correlation: { equals: {} } } }),
  async run(ctx) {
    await ctx.expect("paid");
    return await ctx.task("activate", () => "active");
  },
});

export const anyInvoiceActivatedTheAccount: Incident = {
  story: "An account was activated unpaid: its expectation takes the invoice of any customer.",
  options: { definitions: [ACTIVATE] },
  async play(stage, culprit) {
    await stage.noise(6, "billing.InvoicePaid", (order) => ({ customerId: `C-7${order}` }));
    await stage.submit("job", "billing.activate", { customerId: "C-177" });
    const customerId = culprit ? "C-212" : "C-177";
    await stage.event("invoice", "billing.InvoicePaid", { customerId, invoiceId: "I-9" });
    return "/jobs/job/explain";
  },
  cause: [/billing\.InvoicePaid counted for "paid"/, /"C-212" and this job's is "C-177"/],
  decisive: ["invoice"],
};

const SUBSCRIPTION = defineJob({
  type: "billing.subscription",
  version: 1,
  input: v.object({ customerId: v.string(), subscriptionId: v.string() }),
  expects: ({ subscriptionId }) => ({
    active: { eventType: "billing.Activated", correlation: { equals: { subscriptionId } } },
  }),
  errors: ({ customerId }) => [
    { eventType: "billing.Cancelled", correlation: { equals: { customerId } } },
  ],
  run: (ctx) => ctx.expect("active"),
});

export const cancelledAnotherSubscription: Incident = {
  story: "A subscription failed when its customer cancelled another one.",
  options: { definitions: [SUBSCRIPTION] },
  async play(stage, culprit) {
    const customerId = "C-100";
    await stage.submit("job", "billing.subscription", { customerId, subscriptionId: "S-41" });
    const subscriptionId = culprit ? "S-77" : "S-41";
    await stage.event("cancellation", "billing.Cancelled", { customerId, subscriptionId });
    return "/jobs/job/explain";
  },
  cause: [/subscriptionId is "S-77" and this job's is "S-41"/],
  decisive: ["cancellation"],
};

const DEPOSIT_PAID = "shop.DepositPaid";

export const countedForAnotherCustomer = wait({
  story: "A clerk picked the wrong job in a form, where any deposit counts: now two are wrong.",
  eventType: DEPOSIT_PAID,
  equals: { customer: "K-100", purpose: "deposit" },
  noise: (order) => ({ customer: `K-7${order}`, purpose: "deposit" }),
  before: (stage) =>
    stage.plan("other-customer", [{ id: "paid", eventType: DEPOSIT_PAID, correlation: "any" }]),
  goesWrong: (stage) => {
    const attributes = { customer: "K-100", purpose: "deposit" };
    return stage.event("clerk", DEPOSIT_PAID, attributes, { jobId: "other-customer" });
  },
  cause: [/other-customer/],
  decisive: ["clerk"],
});

const PAGE_READ = "ocr.PageRead";

export const errorReportWithTheJobId = wait({
  story: "The reader reports that it failed, with the id of the job in a field of its own.",
  eventType: PAGE_READ,
  equals: { page: "p-00917" },
  noise: (order) => ({ page: `p-${order}` }),
  goesWrong: (stage) =>
    stage.event("report", "ocr.worker.Crashed", { request: "p-00917", signal: "SIGSEGV" }),
  cause: [/ocr\.worker\.Crashed/, /p-00917/],
  decisive: ["report"],
});

const ORDER_PAID = "shop.OrderPaid";

export const eventOfTheStagingShop: Incident = {
  story: "A payment did nothing: its sender runs with the settings of the staging shop.",
  async play(stage, culprit) {
    await stage.noise(12, ORDER_PAID, (order) => ({ order: `A-${order}` }));
    await stage.plan("waits", [{
      id: "paid",
      eventType: ORDER_PAID,
      correlation: { equals: { order: culprit ? "X-1" : "X-2" } },
    }]);
    await stage.event("payment", `staging.${ORDER_PAID}`, { order: "X-1" });
    return "/events/payment/explain";
  },
  cause: [/reached no job/, /paid of job waits would match/, /type is not shop\.OrderPaid/],
  decisive: ["payment"],
};

const CLOSED = "plant.GateClosed";

export const eventReachedTwoJobs: Incident = {
  story: "One event moved two jobs where one was meant: both wait for any gate.",
  async play(stage, culprit) {
    const any = [{ id: "gate", eventType: CLOSED, correlation: "any" as const }];
    await stage.plan("first", any);
    if (culprit) await stage.plan("second", any);
    await stage.event("gate-7", CLOSED, { gate: 7 });
    return "/events/gate-7/explain";
  },
  cause: [/first/, /second/],
  decisive: ["gate-7"],
};

const QUOTED = "freight.PriceQuoted";

export const firstQuoteTakenSecondIgnored: Incident = {
  story: "A shipment was booked at 900 though a quote of 640 came: the plan takes the first.",
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.event(`lane-${other}`, QUOTED, { lane: `L${other}`, price: 500 + other });
    }
    await stage.plan("job", [
      { id: "quote", eventType: QUOTED, correlation: { equals: { lane: "HAM-OSL" } } },
    ]);
    if (culprit) await stage.event("dear", QUOTED, { lane: "HAM-OSL", price: 900 });
    await stage.advance(2_000);
    await stage.event("cheap", QUOTED, { lane: "HAM-OSL", price: 640 });
    return "/jobs/job/explain";
  },
  cause: [/900/, /640/],
  decisive: ["dear", "cheap"],
  innocent: ["lane-4"],
};

export const namedAJobThatDoesNotExist = wait({
  story: "The bank's relay builds the id of the job itself, and gets it wrong.",
  eventType: "bank.TransferArrived",
  equals: { reference: "RF-2026-77" },
  noise: (order) => ({ reference: `RF-2025-${order}` }),
  goesWrong: async (stage) => {
    const status = await stage.eventOrRefusal("transfer", "bank.TransferArrived", {
      reference: "RF-2026-77",
    }, { jobId: "jbo" });
    if (status !== 404) throw new Error(`not refused, but ${status}`);
  },
  cause: [/it names job jbo, and there was no such job/],
  decisive: [],
});

const SYNCED = "crm.AccountSynced";

export const onlyTheTenantDiffers = wait({
  story: "The same account number exists at two tenants; only the other one's was synced.",
  eventType: SYNCED,
  equals: { tenant: "alpha", account: "AC-20413" },
  noise: (order) => ({ tenant: "alpha", account: `AC-${order}` }),
  goesWrong: (stage) => stage.event("beta", SYNCED, { tenant: "beta", account: "AC-20413" }),
  cause: [/tenant/, /beta/],
  decisive: ["beta"],
});

const ORDER = defineJob({
  type: "shop.order",
  version: 1,
  input: v.object({ orderId: v.string() }),
  expects: ({ orderId }) => ({
    paid: { eventType: "pay.Paid", correlation: { equals: { orderId } } },
  }),
  errors: () => [{ eventType: "pay.Refunded", correlation: "any" }],
  run: (ctx) => ctx.expect("paid"),
});

export const refundOfAnotherOrder: Incident = {
  story: "An order failed although nobody refunded it: any refund counts as its error.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.order", { orderId: "A-36" });
    const orderId = culprit ? "A-99" : "A-36";
    await stage.event("refund", "pay.Refunded", { orderId, cents: 1999 });
    return "/jobs/job/explain";
  },
  cause: [/pay\.Refunded failed the job/, /"A-99" and this job's is "A-36"/],
  decisive: ["refund"],
};

const ARRIVED = "depot.PartArrived";

export const twoOfThreeCame = wait({
  story: "Two of three parts came; the third was booked to another order.",
  eventType: ARRIVED,
  equals: { order: "ORD-12" },
  multiplicity: { times: 3 },
  noise: (order) => ({ order: `ORD-9${order}` }),
  goesWrong: async (stage) => {
    await stage.event("part-1", ARRIVED, { order: "ORD-12", part: 1 });
    await stage.event("part-2", ARRIVED, { order: "ORD-12", part: 2 });
    await stage.event("part-3", ARRIVED, { order: "ord-12", part: 3 });
  },
  cause: [/2 of 3/, /case/i],
  decisive: ["part-3"],
});

const RATE = "fx.RatePublished";

export const yesterdaysRate: Incident = {
  story: "The invoice was made with yesterday's rate: the plan took whatever rate came first.",
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.event(`rate-usd-${other}`, RATE, { pair: "EURUSD", rate: 1 + other / 100 });
    }
    await stage.plan("job", [
      { id: "rate", eventType: RATE, correlation: { equals: { pair: "EURCHF" } } },
    ]);
    if (culprit) {
      await stage.event("old-rate", RATE, { pair: "EURCHF", rate: 1.0412, day: "2026-11-26" });
      await stage.advance(400);
    }
    await stage.event("new-rate", RATE, { pair: "EURCHF", rate: 1.0839, day: "2026-11-27" });
    return "/jobs/job/explain";
  },
  cause: [/1\.0412/, /1\.0839/],
  decisive: ["old-rate", "new-rate"],
  innocent: ["rate-usd-3", "rate-usd-11"],
};

export const paidForTheJobBeforeItsRetry: Incident = {
  story: "An order waits though paid: the bank names the job that failed, not its retry.",
  async play(stage, culprit) {
    let isDown = true;
    const pay = defineJob({
      type: "shop.pay",
      version: 1,
      input: v.object({ orderId: v.string() }),
      expects: ({ orderId }) => ({
        paid: { eventType: "bank.Paid", correlation: { equals: { orderId } } },
      }),
      async run(ctx) {
        await ctx.task("ask", () => {
          if (isDown && ctx.jobId === "order-2") throw new NonRetryableError("the bank is closed");
        });
        await ctx.expect("paid");
      },
    });
    await stage.crash({ definitions: [pay] });
    for (const no of [1, 2, 3]) {
      await stage.submit(`order-${no}`, "shop.pay", { orderId: `O-${no}` });
    }
    isDown = false;
    const { jobId } = await stage.daybook.post("/jobs/order-2/retry");
    for (const no of [1, 2, 3]) {
      const named = no === 2 && !culprit ? {} : { jobId: `order-${no}` };
      await stage.event(`paid-${no}`, "bank.Paid", { orderId: `O-${no}` }, named);
    }
    return `/jobs/${jobId}/explain`;
  },
  cause: [/it names job order-2, which this job retries/],
  decisive: ["paid-2"],
  innocent: ["paid-1", "paid-3"],
};

const CHECKOUT = defineJob({
  type: "shop.checkout",
  version: 1,
  input: v.object({ orderId: v.string(), customerId: v.string() }),
  expects: ({ customerId }) => ({
    paid: { eventType: "bank.PaymentReceived", correlation: { equals: { customerId } } },
  }),
  run: (ctx) => ctx.expect("paid"),
});

export const shippedOnThePaymentOfAnotherOrder: Incident = {
  story: "An order was shipped that nobody paid: the plan compares the customer only.",
  options: { definitions: [CHECKOUT], maxRunning: 8 },
  async play(stage, culprit) {
    const customerId = "c-900";
    await stage.submit("first", "shop.checkout", { orderId: "A-77", customerId });
    await stage.submit("job", "shop.checkout", { orderId: "B-78", customerId });
    const reference = culprit ? "A-77" : "A-77 and B-78";
    await stage.event("payment", "bank.PaymentReceived", { customerId, reference });
    return "/jobs/job/explain";
  },
  cause: [/bank\.PaymentReceived counted for this job/, /orderId of job first, "A-77"/],
  decisive: ["payment"],
};
