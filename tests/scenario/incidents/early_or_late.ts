/** Events that came too early or too late to count, or that came late and ended the job. */

import * as v from "valibot";
import { wait } from "../incident_kit.ts";
import type { Incident } from "../incident.ts";
import { defineJob } from "../../../src/mod.ts";

const ORDER_APPROVED = "procure.OrderApproved";

export const approvedBeforeItWasSubmitted = wait({
  story: "The approval came a minute before the job was there.",
  eventType: ORDER_APPROVED,
  equals: { purchase: "PO-3313" },
  noise: (order) => ({ purchase: `PO-${order}` }),
  before: async (stage, culprit) => {
    if (culprit) await stage.event("early", ORDER_APPROVED, { purchase: "PO-3313" });
    await stage.advance(60_000);
  },
  cause: [/before/, /PO-3313|procure\.OrderApproved/],
  decisive: ["early"],
});

const LEAVE_APPROVED = "hr.LeaveApproved";

export const cameBeforeTheStart: Incident = {
  story: "The approval came while the job was created, not started; nobody sends it again.",
  async play(stage, culprit) {
    await stage.noise(10, LEAVE_APPROVED, (order) => ({ request: order }));
    const plan = [{
      id: "approved",
      eventType: LEAVE_APPROVED,
      correlation: { equals: { request: 880 } },
    }];
    await stage.plan("job", plan, { start: false });
    if (culprit) await stage.event("early", LEAVE_APPROVED, { request: 880 });
    await stage.advance(60_000);
    await stage.post("/jobs/job/start");
    await stage.noise(10, LEAVE_APPROVED, (order) => ({ request: order }));
    return "/jobs/job/explain";
  },
  cause: [/before/, /start/],
  decisive: ["early"],
};

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ user: v.string() }),
  startsOn: {
    eventType: "user.SignedUp",
    correlation: { equals: { plan: "free" } },
    input: ({ attributes }) => ({ user: String(attributes["user"]) }),
  },
  async run(ctx) {
    await ctx.task("mail", () => "sent");
  },
});

export const codeCameAfterTheEvent: Incident = {
  story: "A new user got no welcome: she signed up an hour before the code for it was deployed.",
  async play(stage, culprit) {
    await stage.noise(9, "user.Renamed", (user) => ({ user: `A-${user}` }));
    await stage.event("signed", "user.SignedUp", {
      user: "u-8",
      plan: culprit ? "free" : "team",
    });
    await stage.advance(3_600_000);
    await stage.crash({ definitions: [WELCOME] });
    return "/events/signed/explain";
  },
  cause: [/no job of type user\.welcome/, /no code that was loaded when it came/],
  decisive: ["signed"],
  next: /sent again under a new id/,
};

export const deadlinePassedWhileNothingRan: Incident = {
  story: "A delivery failed as too late, at six in the morning: no process ran since midnight.",
  async play(stage, culprit) {
    await stage.noise(9, "depot.Left", (parcel) => ({ parcel: `A-${parcel}` }));
    await stage.plan("job", [{
      id: "left",
      eventType: "depot.Left",
      correlation: { equals: { parcel: "P-1" } },
      within: { ms: 3_600_000, otherwise: "fail" },
    }]);
    if (culprit) {
      stage.daybook.clock.jump(6 * 3_600_000);
      await stage.crash();
    } else {
      await stage.advance(3_600_000);
    }
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/"left" was not met within 1 h/, /5 h passed before a process recorded it/],
  decisive: [{ jobId: "job", eventType: "job.DeadlinePassed" }],
};

export const failedByAChargeback: Incident = {
  story: "An order failed an hour after it was paid: a chargeback came, which its policy names.",
  async play(stage, culprit) {
    const correlation = { equals: { order: "O-3" } };
    await stage.post("/jobs", {
      jobId: "job",
      plan: {
        expected: [{ id: "shipped", eventType: "shop.ParcelShipped", correlation }],
        policy: { errors: [{ eventType: "bank.ChargebackReceived", correlation }] },
      },
    });
    for (let other = 0; other < 12; other++) {
      await stage.event(`cb-${other}`, "bank.ChargebackReceived", { order: `O-1${other}` });
    }
    if (culprit) await stage.event("cb", "bank.ChargebackReceived", { order: "O-3" });
    return "/jobs/job/explain";
  },
  cause: [/bank\.ChargebackReceived/],
  decisive: ["cb"],
  innocent: ["cb-3", "cb-11"],
};

export const gateScanBeforeTheJobWasCreated: Incident = {
  story: "A scan at the gate came twenty seconds before the job that waits for it was created.",
  async play(stage, culprit) {
    await stage.noise(12, "port.Gated", (order) => ({ container: `MSKU10${order}` }));
    const equals = { container: "MSKU7705" };
    await stage.event("scan", "port.Gated", equals);
    await stage.advance(20_000);
    const correlation = { equals: culprit ? equals : { container: "MSKU7706" } };
    await stage.plan("job", [{ id: "gated", eventType: "port.Gated", correlation }]);
    return "/events/scan/explain";
  },
  cause: [
    /reached no job\. Expectation gated of job job would match, but the job was created after it\./,
  ],
  decisive: ["scan", { jobId: "job", eventType: "job.JobCreated" }],
};

export const paidAfterADeclinedCard: Incident = {
  story: "An order failed although it is paid: the customer's first card had been declined.",
  async play(stage, culprit) {
    const correlation = { equals: { order: "A-37" } };
    await stage.post("/jobs", {
      jobId: "job",
      plan: {
        expected: [{ id: "paid", eventType: "psp.PaymentSucceeded", correlation }],
        policy: { errors: [{ eventType: "psp.PaymentFailed", correlation }] },
      },
    });
    await stage.noise(9, "psp.PaymentSucceeded", (order) => ({ order: `A-1${order}` }));
    await stage.event("declined", "psp.PaymentFailed", { order: "A-37" });
    await stage.advance(40_000);
    if (culprit) await stage.event("paid", "psp.PaymentSucceeded", { order: "A-37" });
    return "/jobs/job/explain";
  },
  cause: [/psp\.PaymentFailed came/, /psp\.PaymentSucceeded for "paid" came/, /40 s after the job/],
  decisive: ["declined", "paid"],
};

const ORDER = defineJob({
  type: "order.take",
  version: 1,
  input: v.object({ order: v.string() }),
  expects: ({ order }) => ({
    paid: { eventType: "shop.OrderPaid", correlation: { equals: { order } } },
  }),
  async run(ctx) {
    const paid = await ctx.expect("paid", { withinMs: 60_000 });
    return paid === undefined ? "closed" : "packed";
  },
});

export const paidAfterTheOrderWasClosed: Incident = {
  story: "The customer has paid, and nothing was packed: run had given up on the payment before.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    await stage.submit("job", "order.take", { order: "X-1" });
    await stage.noise(9, "shop.OrderPaid", (order) => ({ order: `A-${order}` }));
    await stage.advance(65_000);
    if (culprit) await stage.event("payment", "shop.OrderPaid", { order: "X-1", method: "card" });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/shop\.OrderPaid for "paid" came/, /5 s after the job had given up on it/],
  decisive: ["payment", { jobId: "job", eventType: "job.DeadlinePassed" }],
};

export const paidForACancelledOrder: Incident = {
  story: "A payment has no effect: the customer had cancelled the order two hours before.",
  async play(stage, culprit) {
    await stage.noise(12, "psp.Paid", (order) => ({ order: `N-${order}` }));
    const equals = { order: "K-55" };
    const expected = [{ id: "paid", eventType: "psp.Paid", correlation: { equals } }];
    await stage.plan("job", expected);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "customer changed their mind" });
    await stage.advance(2 * 3_600_000);
    await stage.event("late", "psp.Paid", equals);
    return "/events/late/explain";
  },
  cause: [
    /Expectation paid of job job would match, but the job has been Failed since entry \d+/,
  ],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
  next: /It was cancelled at\s2026-01-01T00:00:00\.000Z\s\(reason: customer changed their mind\)/,
};

const SHIP = defineJob({
  type: "shop.ship",
  version: 1,
  input: v.object({ orderId: v.string() }),
  errors: ({ orderId }) => [
    { eventType: "shop.OrderCancelled", correlation: { equals: { orderId } } },
  ],
  run: (ctx) => ctx.task("ship", () => "shipped"),
});

export const shippedAndThenCancelled: Incident = {
  story: "A customer says that he cancelled: he did, a second after the parcel had left.",
  options: { definitions: [SHIP] },
  async play(stage, culprit) {
    await stage.submit("job", "shop.ship", { orderId: "O-700" });
    await stage.advance(1_000);
    const orderId = culprit ? "O-700" : "O-600";
    await stage.event("cancellation", "shop.OrderCancelled", { orderId });
    return "/jobs/job/explain";
  },
  cause: [
    /OrderCancelled, which its policy names an error, came at/,
    /1 s after the job had ended/,
  ],
  decisive: ["cancellation"],
};

export const shippedThoughCancelledBefore: Incident = {
  story: "An order was shipped though cancelled: the cancellation overtook its submission.",
  options: { definitions: [SHIP] },
  async play(stage, culprit) {
    const orderId = culprit ? "O-700" : "O-600";
    await stage.event("cancellation", "shop.OrderCancelled", { orderId });
    await stage.advance(300);
    await stage.submit("job", "shop.ship", { orderId: "O-700" });
    return "/jobs/job/explain";
  },
  cause: [
    /OrderCancelled, which its policy names an error, came at/,
    /300 ms before the job started/,
  ],
  decisive: ["cancellation"],
};

const SIGNED = "legal.ContractSigned";

export const waitedThreeDaysForTheSignature: Incident = {
  story: "A contract job took three days: all of it was the wait for one signature.",
  async play(stage, culprit) {
    await stage.noise(10, SIGNED, (order) => ({ contract: `C-${order}` }));
    await stage.plan("job", [
      { id: "signed", eventType: SIGNED, correlation: { equals: { contract: "C-LONG" } } },
    ]);
    await stage.advance(culprit ? 259_200_000 : 1_000);
    await stage.event("signature", SIGNED, { contract: "C-LONG" });
    return "/jobs/job/explain";
  },
  cause: [/3 d|72 h/, /wait/, /legal\.ContractSigned|signed/],
  decisive: ["signature"],
};

const CONTRACT = (version: number, ms: number) =>
  defineJob({
    type: "legal.sign",
    version,
    input: v.object({ contractId: v.string() }),
    expects: ({ contractId }) => ({
      signed: {
        eventType: "legal.ContractSigned",
        correlation: { equals: { contractId } },
        within: { ms, otherwise: "fail" },
      },
    }),
    async run(ctx) {
      await ctx.task("mail", () => "sent");
      await ctx.expect("signed");
    },
  });

export const signedAfterTheShorterDeadline: Incident = {
  story: "A contract failed although it is signed: since the release it has ten minutes for that.",
  options: { definitions: [CONTRACT(1, 3_600_000)] },
  async play(stage, culprit) {
    const sign = async (jobId: string, contractId: string) => {
      await stage.submit(jobId, "legal.sign", { contractId });
      await stage.advance(720_000);
      await stage.event(`signed-${contractId}`, "legal.ContractSigned", { contractId });
    };
    for (const contractId of ["c-1", "c-2", "c-3"]) await sign(`sign-${contractId}`, contractId);
    const newer = CONTRACT(2, culprit ? 600_000 : 3_600_000);
    await stage.crash({ definitions: [CONTRACT(1, 3_600_000), newer] });
    await sign("job", "c-4");
    await sign("sign-c-5", "c-5");
    return "/jobs/job/explain";
  },
  cause: [
    /"signed" was not met within 10 min of the start/,
    /legal\.ContractSigned for "signed" came .* 2 min after the job had given up on it/,
  ],
  decisive: ["signed-c-4", { jobId: "job", eventType: "job.DeadlinePassed" }],
  innocent: ["signed-c-5"],
  next: /Then send legal\.ContractSigned again, under a new id/,
};

const REMIND = defineJob({
  type: "booking.remind",
  version: 1,
  input: v.object({ sendAt: v.string() }),
  async run(ctx, { sendAt }) {
    await ctx.sleep("until-due", { until: new Date(`${sendAt.slice(0, 19)}Z`) });
    return await ctx.task("sms", () => "sent");
  },
});

export const remindedTwoHoursLate: Incident = {
  story: "A reminder is not sent when it should be: the code cuts the zone off the time.",
  options: { definitions: [REMIND] },
  async play(stage, culprit) {
    const sendAt = `2026-01-01T09:30:00${culprit ? "+02:00" : "Z"}`;
    await stage.submit("job", "booking.remind", { sendAt });
    await stage.advance(8 * 3_600_000);
    return "/jobs/job/explain";
  },
  cause: [
    /sendAt = "2026-01-01T09:30:00\+02:00", the same time of day in another zone: 2 h earlier/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TimerSet" }],
  next: /jobs\/job\/wake/,
};
