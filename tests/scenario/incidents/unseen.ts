/** The second set, which the code must not be tuned to. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { hang, scripted, wait } from "../incident_kit.ts";
import { defineJob, NonRetryableError, RetryLater } from "../../../src/mod.ts";

const before = scripted("grain.intake", { weigh: () => 40_120, dry: hang });
const after = scripted("grain.intake", { weighbridge: () => 40_120, dry: hang });

export const aStepWasRenamedUnderARunningJob: Incident = {
  story: "A deployment renamed the first step of a job that was in its second.",
  options: { definitions: [before] },
  async play(stage, culprit) {
    await stage.noise(15, "grain.LorryArrived", (order) => ({ lorry: `NL-${order}` }));
    await stage.submit("job", "grain.intake", { lorry: "NL-4411" });
    await stage.advance(30_000);
    await stage.crash({ definitions: [culprit ? after : before] });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/parked/i, /\bweigh\b/, /weighbridge/],
  decisive: [{ jobId: "job", eventType: "job.JobParked" }],
};

const BOARDED = "gate.PassengerBoarded";

export const boardingScanWithACompactDate: Incident = {
  story: "A hand scanner writes the day without hyphens: the scan reached no job.",
  async play(stage, culprit) {
    await stage.noise(15, BOARDED, (order) => ({ seat: `9${order}A`, day: "2026-12-01" }));
    await stage.plan("seat-14c", [{
      id: "boarded",
      eventType: BOARDED,
      correlation: { equals: { flight: "XQ 613", seat: "14C", day: "2026-12-01" } },
    }]);
    await stage.plan("seat-14d", [{
      id: "boarded",
      eventType: BOARDED,
      correlation: { equals: { flight: "XQ 613", seat: "14D", day: "2026-12-02" } },
    }]);
    await stage.event("scan-1", BOARDED, {
      flight: "XQ 613",
      seat: "14C",
      day: culprit ? "20261201" : "2026-12-01",
    });
    await stage.noise(15, BOARDED, (order) => ({ seat: `9${order}A`, day: "2026-12-01" }));
    return "/events/scan-1/explain";
  },
  cause: [/seat-14c/, /\bday\b/, /20261201/],
  decisive: ["scan-1"],
};

const BOOK = scripted("parcel.book", {
  book: (about) => {
    if (about.input.parcel !== 8812) return "booked";
    if (about.attempt === 1) return hang(about);
    throw new NonRetryableError("parcel 8812 is already booked");
  },
});

export const bookedTwiceSaysTheSecondAttempt: Incident = {
  story: "The process was killed while it booked; the second attempt failed on what the first did.",
  options: { definitions: [BOOK] },
  async play(stage, culprit) {
    for (let other = 0; other < 12; other++) {
      await stage.submit(`parcel-${other}`, "parcel.book", { parcel: other });
    }
    await stage.submit("job", "parcel.book", { parcel: culprit ? 8812 : 8813 });
    await stage.advance(2_000);
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/attempt 1/i, /crash|killed|process|unclean|cut short/i, /already booked/],
  decisive: [
    { jobId: "job", eventType: "job.TaskInterrupted", taskId: "book" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};

const REFUND = scripted("refund.pay", {
  check: () => "ok",
  pay: ({ input }) => {
    if (input.iban === "PL61109010140000071219812874") throw new Error("bank is busy");
    return "paid";
  },
}, { retry: { maxAttempts: 3, initialMs: 30_000, factor: 1, jitter: 0 } });

export const cancelledAsADuplicateInItsBackoff: Incident = {
  story: "It had failed once and was to be tried again; but it ended since somebody cancelled it.",
  options: { definitions: [REFUND] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`refund-${other}`, "refund.pay", { iban: `PL${other}` });
    }
    await stage.submit("job", "refund.pay", { iban: "PL61109010140000071219812874" });
    await stage.advance(10_000);
    if (culprit) await stage.post("/jobs/job/cancel", { reason: "duplicate of refund-5" });
    for (let pause = 0; pause < 4; pause++) await stage.advance(30_000);
    return "/jobs/job/explain";
  },
  cause: [/cancel/i, /duplicate of refund-5/],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
};

const PICKED = "courier.PickedUp";
const REASON = "cutover to the new courier";

export const cancelledWithEightOthers: Incident = {
  story: "Somebody cancelled nine pickups within some seconds; the caller knows of one.",
  async play(stage, culprit) {
    await stage.noise(15, PICKED, (order) => ({ pickup: `P-${order}` }));
    const mine = ["job", ...Array.from({ length: 8 }, (_, other) => `pickup-${other}`)];
    for (const jobId of mine) {
      await stage.plan(jobId, [{
        id: "picked",
        eventType: PICKED,
        correlation: { equals: { pickup: `of-${jobId}` } },
      }]);
    }
    await stage.advance(60_000);
    for (const jobId of culprit ? mine : ["job"]) {
      await stage.post(`/jobs/${jobId}/cancel`, { reason: culprit ? REASON : "sold out" });
      await stage.advance(1_000);
    }
    return "/jobs/job/explain";
  },
  cause: [/cutover to the new courier/, /\b(8|eight|9|nine)\b/i],
  decisive: [{ jobId: "job", eventType: "job.JobCancelled" }],
};

const SETTLE = defineJob({
  type: "claim.settle",
  version: 1,
  input: v.object({ claim: v.string() }),
  startsOn: {
    eventType: "claims.ClaimFiled",
    correlation: { in: { "holder.country": ["DE", "AT"] } },
    input: ({ attributes }) => ({ claim: String(attributes.claim) }),
  },
  run: (ctx) => ctx.task("settle", () => "settled"),
});

export const claimFromACountryNobodySettles: Incident = {
  story: "A claim from Switzerland was filed; the definition starts for Germany and Austria alone.",
  options: { definitions: [SETTLE] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.event(`filed-${other}`, "claims.ClaimFiled", {
        claim: `CLM-${other}`,
        holder: { country: "DE" },
      });
    }
    await stage.event("swiss", "claims.ClaimFiled", {
      claim: "CLM-2207",
      holder: { country: culprit ? "CH" : "AT" },
    });
    return "/explain?about=CLM-2207";
  },
  cause: [/claim\.settle/, /holder\.country/, /CH/],
  decisive: ["swiss"],
  innocent: ["filed-3", "filed-14"],
};

export const containerInsideAList = wait({
  story: "The new carrier reports several containers at once, in a list, under a shorter key.",
  eventType: "port.gate.GateOutConfirmed",
  equals: { containerNumber: "MSKU4471203" },
  noise: (order) => ({ containerNumber: `TCLU${5_500_000 + order}`, terminal: "ECT" }),
  goesWrong: (stage) =>
    stage.event("list", "port.gate.GateOutConfirmed", {
      visit: { truck: "98-BXK-4", units: [{ no: "HLXU1100027" }, { no: "MSKU4471203" }] },
    }),
  cause: [/visit\.units/, /MSKU4471203/],
  decisive: ["list"],
});

export const danishOrNorwegianType = wait({
  story: "The branch in Oslo writes Betalt where the one in Stockholm writes Betald.",
  eventType: "nordisk.faktura.FakturaBetald",
  equals: { "faktura.nummer": 90_412, valuta: "SEK" },
  noise: (order) => ({ "løpenr": order, faktura: { nummer: 10_000 + order }, valuta: "SEK" }),
  goesWrong: (stage) =>
    stage.event("oslo", "nordisk.faktura.FakturaBetalt", {
      faktura: { nummer: 90_412 },
      valuta: "SEK",
    }),
  cause: [/FakturaBetalt/, /FakturaBetald/],
  decisive: ["oslo"],
});

const PRINT = scripted("label.print", { print: () => "printed" });

export const heldSinceTheRestore: Incident = {
  story: "It was started with --hold to look at a restored journal; nobody let it go again.",
  options: { definitions: [PRINT] },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) await stage.submit(`label-${other}`, "label.print");
    await stage.crash({ definitions: [PRINT], hold: culprit });
    await stage.advance(3_600_000);
    await stage.submit("job", "label.print", { parcel: "JJD-0031" });
    for (let other = 10; other < 20; other++) await stage.submit(`label-${other}`, "label.print");
    await stage.advance(7_200_000);
    return "/jobs/job/explain";
  },
  cause: [/paus/i, /hold/i, /[23](\.0)? h\b|(120|180) min/],
  decisive: [],
  next: /DELETE|\/pauses\//,
};

export const holdWithTheDeclarationNumber = wait({
  story: "Customs did not release the container: it was held, and says so under another name.",
  eventType: "customs.ReleaseGranted",
  equals: { mrn: "26NL0070914KX" },
  noise: (order) => ({ mrn: `26NL00${80000 + order}QP` }),
  goesWrong: (stage) =>
    stage.event("held", "customs.inspection.HoldPlaced", {
      declaration: { reference: "26NL0070914KX", office: "NL000396" },
      reason: "weight differs",
    }),
  cause: [/HoldPlaced/, /26NL0070914KX/],
  decisive: ["held"],
});

export const invoiceNumberAsEventId: Incident = {
  story: "The payment service uses the number of the invoice as the id of each of its events.",
  async play(stage, culprit) {
    await stage.noise(15, "psp.PaymentCaptured", (order) => ({ payment: `PAY-${order}` }));
    await stage.plan("job", [{
      id: "captured",
      eventType: "psp.PaymentCaptured",
      correlation: { equals: { payment: "PAY-3307" } },
    }]);
    await stage.event("inv-3307", "psp.PaymentAuthorised", { payment: "PAY-3307", cents: 12_900 });
    if (culprit) {
      await stage.eventOrRefusal("inv-3307", "psp.PaymentCaptured", {
        payment: "PAY-3307",
        cents: 12_900,
      });
    }
    await stage.noise(15, "psp.PaymentCaptured", (order) => ({ payment: `PAY-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/inv-3307/, /refused|rejected|on record|twice|reused/i],
  decisive: ["inv-3307"],
};

const DISTRICT = "강남구";

export const koreanDistrictInJamo = wait({
  story: "A registry on a Mac sends the name of a district taken apart into its letters.",
  eventType: "kr.registry.MoveRegistered",
  equals: { "household.district": DISTRICT, "household.unit": 1804 },
  noise: (order) => ({ file: order, household: { district: "서초구", unit: 3000 + order } }),
  goesWrong: (stage) =>
    stage.event("from-the-mac", "kr.registry.MoveRegistered", {
      household: { district: DISTRICT.normalize("NFD"), unit: 1804 },
    }),
  cause: [/district/, /U\+[0-9A-F]{4}/i],
  decisive: ["from-the-mac"],
});

const BROKEN = ["job", "photo-7", "photo-19", "photo-26", "photo-33"];

const THUMB = scripted("photo.shrink", {
  shrink: ({ jobId }) => {
    if (BROKEN.includes(jobId)) throw new NonRetryableError("decoder gave up");
    return "small";
  },
});

export const onlyOneImageFormatFails: Incident = {
  story: "Five pictures of fifty fail; they come from all customers, and all are HEIC.",
  options: { definitions: [THUMB] },
  async play(stage, culprit) {
    const ids = Array.from({ length: 45 }, (_, photo) => `photo-${photo}`);
    ids.splice(30, 0, "job");
    for (const [index, jobId] of ids.entries()) {
      const usual = index % 2 === 0 ? "jpeg" : "png";
      const format = culprit && BROKEN.includes(jobId) ? "heic" : usual;
      await stage.submit(jobId, "photo.shrink", { format, width: 900 + index }, {
        labels: { customer: `c${index % 7}` },
      });
    }
    return "/jobs/job/explain";
  },
  cause: [/decoder gave up/, /heic/, /\b(5|4 others)\b/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "shrink" }],
};

const UPLOAD = scripted("tax.upload", {
  upload: ({ attempt, input }) => {
    if (input.year !== 2025) return "accepted";
    if (attempt < 3) throw new Error("EHOSTUNREACH elster-gw");
    throw new RetryLater(2_700_000, "window closed");
  },
}, { retry: { maxAttempts: 6, initialMs: 4_000, factor: 3, jitter: 0 } });

export const partnerAskedForThreeQuartersOfAnHour: Incident = {
  story: "The tax office closes its window; the task does as it is told and comes back later.",
  options: { definitions: [UPLOAD] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`return-${other}`, "tax.upload", { year: 2024 });
    }
    await stage.submit("job", "tax.upload", { year: culprit ? 2025 : 2024 });
    await stage.advance(4_000);
    await stage.advance(12_000);
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/4[45](\.\d)? min|2,?700 s/, /RetryLater/, /window closed/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "upload", nth: 2 }],
  next: /\/jobs\/job\/wake/,
};

const QUOTED = "treasury.RateQuoted";

export const rateFromTheSandbox: Incident = {
  story: "The settlement took a quote of the sandbox, which nobody had asked the plan to exclude.",
  async play(stage, culprit) {
    await stage.noise(15, QUOTED, (order) => ({ pair: `X${order}/EUR`, rate: 1 + order }));
    await stage.plan("job", [{
      id: "rate",
      eventType: QUOTED,
      correlation: { equals: { pair: "CHF/NOK" } },
    }]);
    if (culprit) {
      await stage.event("play-money", QUOTED, {
        pair: "CHF/NOK",
        rate: 99.5,
        origin: { system: "sandbox-eu", desk: 4 },
      });
      await stage.advance(2_500);
    }
    await stage.event("real", QUOTED, {
      pair: "CHF/NOK",
      rate: 12.6318,
      origin: { system: "prod-eu", desk: 4 },
    });
    await stage.noise(15, QUOTED, (order) => ({ pair: `X${order}/EUR`, rate: 1 + order }));
    return "/jobs/job/explain";
  },
  cause: [/99\.5/, /sandbox-eu/, /12\.6318/],
  decisive: ["play-money", "real"],
};

const SYNC = scripted("crm.sync", {
  pull: () => "ok",
  push: ({ attempt, input }) => {
    if (input.batch === "large" && attempt < 3) throw new Error("429 Too Many Requests");
    return "ok";
  },
}, { retry: { maxAttempts: 5, initialMs: 45_000, factor: 1, jitter: 0 } });

export const slowBecauseThePartnerThrottled: Incident = {
  story: "One synchronisation took a minute and a half; the forty others took no time at all.",
  options: { definitions: [SYNC] },
  async play(stage, culprit) {
    for (let other = 0; other < 20; other++) await stage.submit(`sync-${other}`, "crm.sync");
    await stage.submit("job", "crm.sync", { batch: culprit ? "large" : "small" });
    await stage.advance(45_000);
    await stage.advance(45_000);
    for (let other = 20; other < 40; other++) await stage.submit(`sync-${other}`, "crm.sync");
    return "/jobs/job/explain";
  },
  cause: [/90(\.0)? s|1 min 30(\.0)? s|1\.5 min/, /429 Too Many Requests/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "push" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "push", nth: 1 },
  ],
};

const REPORTED = "lab.ResultReported";

export const specimenFiledUnderTheWard: Incident = {
  story:
    "The laboratory put the ward's job on the result of a patient, and the ward's job took it.",
  async play(stage, culprit) {
    await stage.noise(12, REPORTED, (order) => ({ specimen: `S-${order}` }));
    await stage.plan("ward-3", [{ id: "first", eventType: REPORTED, correlation: "any" }]);
    await stage.plan("job", [{
      id: "result",
      eventType: REPORTED,
      correlation: { equals: { specimen: "S-90417" } },
    }]);
    await stage.noise(2, REPORTED, (order) => ({ specimen: `S-${order}` }));
    if (culprit) {
      await stage.plan("ward-4", [{ id: "first", eventType: REPORTED, correlation: "any" }]);
      await stage.event("misfiled", REPORTED, { specimen: "S-90417", potassium: 6.1 }, {
        jobId: "ward-4",
      });
    }
    return "/jobs/job/explain";
  },
  cause: [/ward-4/, /S-90417/],
  decisive: ["misfiled"],
};

const PAYOUT = scripted("payout.send", {
  send: ({ attempt, input }) => {
    if (input.seller === "kastanje" && attempt === 1) throw new Error("502 from the bank");
    return "sent";
  },
}, { retry: { maxAttempts: 4, initialMs: 20_000, factor: 1, jitter: 0 } });

export const suspendedForTheFraudDesk: Incident = {
  story: "The retry was due days ago; it does not come, for the job was suspended before it.",
  options: { definitions: [PAYOUT] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`payout-${other}`, "payout.send", { seller: `s${other}` });
    }
    await stage.submit("job", "payout.send", { seller: "kastanje" });
    await stage.advance(5_000);
    if (culprit) await stage.post("/jobs/job/suspend", { reason: "fraud desk looks at kastanje" });
    await stage.advance(20_000);
    await stage.advance(3 * 86_400_000);
    return "/jobs/job/explain";
  },
  cause: [/suspended/i, /fraud desk looks at kastanje/],
  decisive: [{ jobId: "job", eventType: "job.JobSuspended" }],
  next: /\/jobs\/job\/resume/,
};

const VALIDATED = "arena.TicketValidated";

export const ticketScannedBeforeTheGateOpened: Incident = {
  story: "The visitor's ticket was scanned while the job was there, but not started yet.",
  async play(stage, culprit) {
    await stage.noise(15, VALIDATED, (order) => ({ ticket: `TAN-${order}` }));
    await stage.plan("job", [{
      id: "entry",
      eventType: VALIDATED,
      correlation: { equals: { ticket: "TAN-5519" } },
    }], { start: false });
    if (culprit) {
      await stage.event("early", VALIDATED, { ticket: "TAN-5519", gate: "N2" }, { jobId: "job" });
    }
    await stage.advance(180_000);
    await stage.post("/jobs/job/start");
    await stage.noise(15, VALIDATED, (order) => ({ ticket: `TAN-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/before|earlier|too early/i, /start/i],
  decisive: ["early"],
};

const TOUR = scripted("tour.book", {
  hold: () => "held",
  voucher: () => "VCH-88",
  seats: ({ input }) => {
    if (input.coach === "K-12") throw new NonRetryableError("no seats left in coach K-12");
    return "seated";
  },
}, {
  undo: {
    hold: () => "released",
    voucher: () => {
      throw new NonRetryableError("voucher service: VCH-88 was spent");
    },
  },
});

export const voucherCouldNotBeTakenBack: Incident = {
  story: "There was no seat, so all was undone, but for a voucher that the guest had spent.",
  options: { definitions: [TOUR] },
  async play(stage, culprit) {
    for (let other = 0; other < 15; other++) {
      await stage.submit(`tour-${other}`, "tour.book", { coach: `M-${other}` });
    }
    await stage.submit("job", "tour.book", { coach: culprit ? "K-12" : "M-1" });
    for (let pause = 0; pause < 5; pause++) await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/no seats left in coach K-12/, /VCH-88 was spent/],
  decisive: [
    { jobId: "job", eventType: "job.TaskFailed", taskId: "seats" },
    { jobId: "job", eventType: "job.TaskCompensationFailed", taskId: "voucher" },
  ],
};
