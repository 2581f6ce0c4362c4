/** Events that were meant, with another type, or with the right content at another path. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { wait } from "../incident_kit.ts";
import { defineJob } from "../../../src/mod.ts";

const SIGNED = "crm.ContractSigned";

export const anotherSpellingOfTheKey: Incident = {
  story: "The CRM sends contract_id; the plan asks about contractId.",
  async play(stage, culprit) {
    await stage.noise(9, SIGNED, (order) => ({ contractId: `C-${order}`, region: "north" }));
    await stage.plan("job", [{
      id: "signed",
      eventType: SIGNED,
      correlation: { equals: { contractId: "C-90210", region: "north" } },
    }]);
    if (culprit) {
      await stage.event("signature", SIGNED, { contract_id: "C-90210", region: "north" });
    }
    await stage.noise(30, SIGNED, (order) => ({ contractId: `C-${order}`, region: "north" }));
    return "/jobs/job/explain";
  },
  cause: [/contract_id/],
  decisive: ["signature"],
};

const SHIPPED = "mill.RollShipped";

export const cancelledByTheOtherSide = wait({
  story: "The mill cancelled the roll in a type that nobody listens to.",
  eventType: SHIPPED,
  equals: { roll: "ROLL-7733" },
  noise: (order) => ({ roll: `ROLL-${order}` }),
  goesWrong: (stage) =>
    stage.event("cancelled", "mill.ProductionCancelled", { item: "ROLL-7733", why: "web break" }),
  cause: [/mill\.ProductionCancelled/, /ROLL-7733/],
  decisive: ["cancelled"],
});

const MEASURED = "lab.SampleMeasured";

export const keyWithAnotherName = wait({
  story: "The new device says sampleNo where all others say sample.",
  eventType: MEASURED,
  equals: { sample: "S-44190" },
  noise: (order) => ({ sample: `S-${order}` }),
  goesWrong: (stage) => stage.event("device", MEASURED, { sampleNo: "S-44190" }),
  cause: [/sampleNo/],
  decisive: ["device"],
});

const PARCEL_RECEIVED = "returns.ParcelReceived";

export const misspeltType = wait({
  story: "A new colleague wrote Recieved.",
  eventType: PARCEL_RECEIVED,
  equals: { rma: "RMA-1207" },
  noise: (order) => ({ rma: `RMA-${order}` }),
  goesWrong: (stage) => stage.event("misspelt", "returns.ParcelRecieved", { rma: "RMA-1207" }),
  cause: [/ParcelRecieved/, /type/i],
  decisive: ["misspelt"],
});

const ISSUED = "sales.invoice.InvoiceIssued";

export const namespaceOfAnotherTeam = wait({
  story: "Finance took over invoicing, and with it the first part of the type.",
  eventType: ISSUED,
  equals: { order: "SO-9917" },
  noise: (order) => ({ order: `SO-${order}` }),
  goesWrong: (stage) =>
    stage.event("finance", "finance.invoice.InvoiceIssued", { order: "SO-9917" }),
  cause: [/finance\.invoice\.InvoiceIssued/, /type/i],
  decisive: ["finance"],
});

const SCANNED = "airport.BagScanned";

export const oneLevelHigher = wait({
  story: "The belt flattens its events: tag stands at the top and not in bag.",
  eventType: SCANNED,
  equals: { "bag.tag": "LH 220 991" },
  noise: (order) => ({ "bag": { tag: `LH ${order}` } }),
  goesWrong: (stage) => stage.event("belt", SCANNED, { tag: "LH 220 991" }),
  cause: [/bag\.tag/, /is at tag/],
  decisive: ["belt"],
  amount: [0, 0],
});

const PACKED = "depot.BoxPacked";

export const orderIdOneLevelDeeper: Incident = {
  story: "The depot nests the order now: order.orderId instead of orderId.",
  async play(stage, culprit) {
    await stage.noise(18, PACKED, (order) => ({ orderId: `N-${order}` }));
    await stage.plan("job", [
      { id: "packed", eventType: PACKED, correlation: { equals: { orderId: "O-5581" } } },
    ]);
    if (culprit) await stage.event("nested", PACKED, { order: { orderId: "O-5581", boxes: 2 } });
    await stage.noise(18, PACKED, (order) => ({ orderId: `N-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/order\.orderId/],
  decisive: ["nested"],
};

export const orderNumberExpectedAsTheCustomer = wait({
  story: "The plan compares the order's number with the customer of the parcel.",
  eventType: "stock.Shipped",
  equals: { customerId: "O-8008" },
  noise: (order) => ({ orderId: `O-1${order}`, customerId: `K-${order}` }),
  goesWrong: (stage) =>
    stage.event("parcel", "stock.Shipped", { orderId: "O-8008", customerId: "K-3117" }),
  cause: [/"O-8008" at orderId/, /customerId: expected "O-8008", found "K-3117"/],
  decisive: ["parcel"],
});

const PAYMENT_RECEIVED = "billing.payment.PaymentReceived";

export const pluralInTheType: Incident = {
  story:
    "A new version of the billing service says billing.payments where it said billing.payment.",
  async play(stage, culprit) {
    await stage.noise(20, PAYMENT_RECEIVED, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    await stage.plan("job", [{
      id: "paid",
      eventType: PAYMENT_RECEIVED,
      correlation: { equals: { orderId: "7118", currency: "EUR" } },
    }]);
    if (culprit) {
      const type = "billing.payments.PaymentReceived";
      await stage.event("from-new-version", type, { orderId: "7118", currency: "EUR" });
    }
    await stage.noise(20, PAYMENT_RECEIVED, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    return "/jobs/job/explain";
  },
  cause: [/billing\.payments\.PaymentReceived/, /type/i],
  decisive: ["from-new-version"],
};

const SETTLED = "bank.TransferSettled";

export const refundInsteadOfPayment: Incident = {
  story: "The transfer was sent back by the bank: another type, with this order in its text field.",
  async play(stage, culprit) {
    await stage.noise(15, SETTLED, (order) => ({ transfer: `T-${order}` }));
    await stage.plan("job", [
      { id: "settled", eventType: SETTLED, correlation: { equals: { transfer: "T-884422" } } },
    ]);
    if (culprit) {
      const attributes = { subject: "T-884422", reason: "account closed" };
      await stage.event("sent-back", "clearing.ReturnNotice", attributes);
    }
    await stage.noise(15, SETTLED, (order) => ({ transfer: `T-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/clearing\.ReturnNotice/, /T-884422/],
  decisive: ["sent-back"],
};

const PRINTED = "shop.LabelPrinted";

export const sentTwiceUnderTwoTypes = wait({
  story: "The printer's driver says labelPrinted in a namespace of its own and nests the order.",
  eventType: PRINTED,
  equals: { order: "A-5519" },
  noise: (order) => ({ order: `A-${order}` }),
  goesWrong: (stage) => stage.event("driver", "shop.LabelsPrinted", { order: "A-5519", count: 1 }),
  cause: [/shop\.LabelsPrinted/],
  decisive: ["driver"],
});

export const typeAndIdInOtherLetters: Incident = {
  story: "A partner writes both the type of its event and the id in letters of its own.",
  async play(stage, culprit) {
    await stage.noise(10, "kyc.ApplicantVerified", (order) => ({ applicantId: `ap-9${order}` }));
    await stage.plan("job", [{
      id: "verified",
      eventType: "kyc.ApplicantVerified",
      correlation: { equals: { applicantId: "ap-7" } },
    }]);
    const applicantId = culprit ? "AP-7" : "AP-6";
    await stage.event("partner", "kyc.applicant_verified", { applicantId });
    return "/events/partner/explain";
  },
  cause: [/expectation verified of job job/, /type is not kyc\.ApplicantVerified/, /found "AP-7"/],
  decisive: ["partner", { jobId: "job", eventType: "job.JobCreated" }],
};

const FINISHED = "render.FrameFinished";

export const typeInLowerCase = wait({
  story: "A message broker writes every type in lower case.",
  eventType: FINISHED,
  equals: { scene: "castle", frame: 812 },
  noise: (order) => ({ scene: "forest", frame: order }),
  goesWrong: (stage) =>
    stage.event("broker", "render.framefinished", { scene: "castle", frame: 812 }),
  cause: [/render\.framefinished/, /type/i],
  decisive: ["broker"],
});

const CREATED = "crm.LeadQualified";

export const versionInTheType = wait({
  story: "The sender's new release appends a version to its types.",
  eventType: CREATED,
  equals: { lead: "L-66012" },
  noise: (order) => ({ lead: `L-${order}` }),
  goesWrong: (stage) => stage.event("release", "crm.LeadQualified.v2", { lead: "L-66012" }),
  cause: [/crm\.LeadQualified\.v2/, /type/i],
  decisive: ["release"],
});

const WEIGH = defineJob({
  type: "depot.weigh",
  version: 1,
  input: v.record(v.string(), v.unknown()),
  run: (ctx, { parcel }) =>
    ctx.task("weigh", (task) => {
      task.emit("depot.Weighed", parcel === undefined ? { kg: 3 } : { kg: 3, parcel: `${parcel}` });
    }),
});

export const weighedWithoutTheNumberOfTheParcel: Incident = {
  story: "The scales sent a weight without the number of the parcel, which they got misspelt.",
  options: { definitions: [WEIGH], maxRunning: 8 },
  async play(stage, culprit) {
    const plan = (jobId: string, parcel: string) =>
      stage.plan(jobId, [{
        id: "weighed",
        eventType: "depot.Weighed",
        correlation: { equals: { parcel } },
      }]);
    for (let nth = 10; nth < 17; nth++) {
      await plan(`bill-${nth}`, `JJD00${nth}`);
      await stage.submit(`weigh-${nth}`, "depot.weigh", { parcel: `JJD00${nth}` });
    }
    await plan("job", "JJD0020");
    if (culprit) await stage.submit("misspelt", "depot.weigh", { parcelNr: "JJD0020" });
    return "/jobs/job/explain";
  },
  cause: [
    /job misspelt, which has "JJD0020" at input\.parcelNr, has been Done since \S+, and has sent one without "JJD0020"\./,
  ],
  decisive: [
    { jobId: "misspelt", eventType: "job.JobCreated" },
    { jobId: "misspelt", eventType: "job.TaskCompleted", taskId: "main" },
  ],
};

const MOVED = "yard.ContainerMoved";

export const wrappedInData = wait({
  story: "A gateway wraps what it passes on in data.",
  eventType: MOVED,
  equals: { container: "MSKU 442-1", lane: 4 },
  noise: (order) => ({ container: `MSKU ${order}`, lane: 4 }),
  goesWrong: (stage) =>
    stage.event("gateway", MOVED, { data: { container: "MSKU 442-1", lane: 4 } }),
  cause: [/data\.container/],
  decisive: ["gateway"],
});
