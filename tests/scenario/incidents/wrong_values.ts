/** Steps that failed on a value, or did nothing because of one. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";
import type { JobId, TaskId } from "../../../src/core/ids.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";

const orders = new Map<string, string>();

const AGE = scripted("order.age", {
  load: ({ jobId, input }) => {
    const order = { id: "O-1", at: input.isDate === true ? new Date(0) : null };
    orders.set(jobId, JSON.stringify(order));
    return order;
  },
  age: ({ jobId }) => {
    const order = JSON.parse(orders.get(jobId) ?? "") as { at: Date };
    return order.at.getTime();
  },
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const dateBecameAText: Incident = {
  story: "A step breaks on a time that the step before it had returned as a Date.",
  options: { definitions: [AGE] },
  async play(stage, culprit) {
    await stage.submit("job", "order.age", { isDate: culprit });
    return "/jobs/job/explain";
  },
  cause: [
    /getTime is not a function/,
    /[Tt]ask load completed, but returned "at" as the text "1970-/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "load" }],
};

const PLACE_ORDER = defineJob({
  type: "order.place",
  version: 1,
  input: v.object({ orderId: v.string() }),
  async run(ctx, { orderId }) {
    await ctx.task("reserve", () => ({ orderId }));
    // `charge(orderId)`, without `await` or `return`: see the uncaught error of the incident.
    await ctx.task("charge", () => ({ orderId }));
    return await ctx.task("mail", () => "sent");
  },
});

export const forgotToAwaitTheCharge: Incident = {
  story: "An order was shipped and never paid: its step did not await the charge, which failed.",
  options: { definitions: [PLACE_ORDER] },
  async play(stage, culprit) {
    for (let other = 1; other < 6; other++) {
      await stage.submit(`order-${other}`, "order.place", { orderId: `o-${other}` });
    }
    await stage.submit("job", "order.place", { orderId: "o-9" });
    await stage.advance(12);
    const [jobId, taskId] = ["job" as JobId, "charge" as TaskId];
    const thrown = new RangeError("card declined");
    const attempt = { jobId: culprit ? jobId : "order-2" as JobId, taskId, number: 1 };
    stage.daybook.engine.processFacts.errorUncaught({
      kind: "rejection",
      thrown,
      attempt: { ...attempt, isUndoing: false },
    });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [
    /Task charge completed, but \d+ ms later a promise that it had not awaited was rejected/,
    /RangeError: card declined/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "charge" }],
};

const rooms = new Map<string, { readonly id: string }>();

const BOOK = scripted("hotel.book", {
  reserve: ({ jobId, input }) => {
    if (input.isFull === true) return;
    rooms.set(jobId, { id: "room-7" });
    return rooms.get(jobId);
  },
  price: () => 120,
  confirm: ({ jobId, input }) => {
    if (input.isFull !== true) throw new TypeError("fetch failed");
    return (rooms.get(jobId) as { readonly id: string }).id;
  },
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const forgotToReturnTheRoom: Incident = {
  story: "A step returned nothing in one branch; the step after next broke on that.",
  options: { definitions: [BOOK] },
  async play(stage, culprit) {
    await stage.submit("job", "hotel.book", { isFull: culprit });
    return "/jobs/job/explain";
  },
  cause: [/reading 'id'/, /[Tt]ask reserve completed, but returned nothing/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "reserve" }],
};

const SEND = defineJob({
  type: "invoice.send",
  version: 1,
  input: v.object({ invoice: v.number(), channel: v.string() }),
  async run(ctx, { channel }) {
    await ctx.task("render", () => "pdf");
    if (channel === "email") await ctx.task("mail", () => "250 ok");
  },
});

export const invoiceWentOutByNoChannel: Incident = {
  story: "A customer got no invoice, though its job is Done: the channel is spelt differently.",
  options: { definitions: [SEND], maxRunning: 8 },
  async play(stage, culprit) {
    for (let invoice = 0; invoice < 12; invoice++) {
      await stage.submit(`inv-${invoice}`, "invoice.send", { invoice, channel: "email" });
    }
    const channel = culprit ? "e-mail" : "email";
    await stage.submit("job", "invoice.send", { invoice: 77, channel });
    return "/jobs/job/explain";
  },
  cause: [
    /Done since .*\. This job has not run task mail, which all 12 that went through have; it has input\.channel = "e-mail", where all others have "email"\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const page = (title: string) =>
  `<!DOCTYPE html>\n<html><head><title>${title}</title></head><body>EUR 1.08</body></html>`;

const RATES = scripted("bank.rates", {
  fetch: ({ input }) => ({ status: 200, body: page(String(input.title)) }),
  store: () => ({ stored: 0 }),
});

export const maintenancePageForAnAnswer: Incident = {
  story: "The job is Done, but stored no rate: the bank answered 200 with a page about its upkeep.",
  options: { definitions: [RATES] },
  async play(stage, culprit) {
    const title = culprit ? "Scheduled maintenance" : "Rates of today";
    await stage.submit("job", "bank.rates", { title });
    return "/jobs/job/explain";
  },
  cause: [/[Tt]ask fetch completed, but its result is an error/, /Scheduled maintenance/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "fetch" }],
};

const PAGES = scripted("report.pages", {
  render: ({ input }) => {
    if (input.isFull === true) throw new NonRetryableError("ENOSPC: no space left on device");
    return "rendered";
  },
});

const REPORT = scripted("report.make", {
  collect: () => {
    throw new NonRetryableError("job pages-1 failed");
  },
});

export const pagesHadNoRoom: Incident = {
  story: "A report failed since a job that it had submitted did: that one found no room.",
  options: { definitions: [PAGES, REPORT] },
  async play(stage, culprit) {
    await stage.submit("pages-1", "report.pages", { isFull: culprit });
    await stage.submit("job", "report.make");
    return "/jobs/job/explain";
  },
  cause: [/Job pages-1, which the error names, failed/, /ENOSPC: no space left/],
  decisive: [{ jobId: "pages-1", eventType: "job.TaskFailed" }],
};

const results = new Map<string, unknown>();

const PRICE_ORDER = scripted("shop.price", {
  quote: ({ input, jobId }) => {
    const quote = input.sku === "S-77"
      ? { status: "error", message: "quota of key pk_7 exceeded" }
      : { status: "ok", price: { amount: 5 } };
    results.set(jobId, quote);
    return quote;
  },
  book: ({ jobId }) => (results.get(jobId) as { price: { amount: number } }).price.amount,
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const quoteAnsweredWithAnError: Incident = {
  story: "A price service answers 200 with an error in the body; the step after it breaks on that.",
  options: { definitions: [PRICE_ORDER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`order-${other}`, "shop.price", { sku: `S-${other}` });
    }
    await stage.submit("job", "shop.price", { sku: culprit ? "S-77" : "S-12" });
    return "/jobs/job/explain";
  },
  cause: [/[Tt]ask quote/, /quota of key pk_7 exceeded/],
  decisive: [
    { jobId: "job", eventType: "job.TaskCompleted", taskId: "quote" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
  next: /Retry it from task quote/,
};

const CHARGE = scripted("pay.charge", {
  reserve: () => "shelf 4",
  charge: ({ input }) => {
    if (input["card"] === "expired") throw new NonRetryableError("the card ...4242 has expired");
    return "charged";
  },
}, { undo: { reserve: () => {} } });

export const refusedCard: Incident = {
  story: "A card had expired: the same input must fail again, so a retry is no advice.",
  options: { definitions: [CHARGE], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`other-${other}`, "pay.charge", { card: "good" });
    }
    await stage.submit("job", "pay.charge", { card: culprit ? "expired" : "good" });
    return "/jobs/job/explain";
  },
  cause: [/charge/, /the card \.\.\.4242 has expired/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "charge" }],
};

const SIGN_IN = "<!doctype html>\n<html lang=en><head><title>Sign in</title></head></html>";
const BROKEN = '{"stock": 7';
const answers = new Map<string, string>();

const STOCK = scripted("shop.stock", {
  fetch: ({ jobId, input }) => {
    answers.set(jobId, input.isExpired === true ? SIGN_IN : BROKEN);
    return answers.get(jobId);
  },
  parse: ({ jobId }) => JSON.parse(answers.get(jobId) ?? ""),
}, { retry: { maxAttempts: 1, initialMs: 1_000, factor: 1, jitter: 0 } });

export const signInPageForJson: Incident = {
  story: "The session had expired: instead of the stock, a step returned the page to sign in.",
  options: { definitions: [STOCK] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.stock", { isExpired: culprit });
    return "/jobs/job/explain";
  },
  cause: [/is not valid JSON/, /[Tt]ask fetch completed, but returned a page titled "Sign in"/],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "fetch" }],
};

const PRICE = scripted("parcel.price", {
  price: ({ input }) => {
    const total = Number(input.weight) * 4.2;
    if (Number.isNaN(total)) throw new NonRetryableError("total is not a number");
    throw new NonRetryableError("no rate for that number");
  },
});

export const weightWithAComma: Incident = {
  story: "A price cannot be computed: the form sent a weight as people of the country write it.",
  options: { definitions: [PRICE] },
  async play(stage, culprit) {
    await stage.submit("job", "parcel.price", { weight: culprit ? "2,5" : "2.5", zone: "3" });
    return "/jobs/job/explain";
  },
  cause: [/total is not a number; its input has weight = "2,5"/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
};

const SHIP = scripted("parcel.ship", {
  ship: ({ input }) => {
    if (typeof input["weight"] !== "number") {
      throw new NonRetryableError("weight must be a number");
    }
    return "shipped";
  },
});

export const wrongValueFromAnEarlierJob: Incident = {
  story: 'A parcel fails on its weight; the input says "2,5".',
  options: { definitions: [SHIP], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) {
      await stage.submit(`other-${other}`, "parcel.ship", { weight: other + 0.5 });
    }
    await stage.submit("job", "parcel.ship", { weight: culprit ? "2,5" : 2.5 });
    return "/jobs/job/explain";
  },
  cause: [/weight must be a number/, /2,5/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "ship" }],
};
