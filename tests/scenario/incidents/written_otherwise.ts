/** Events that were meant, with the right content in another form. */

import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import { wait } from "../incident_kit.ts";
import type { Incident } from "../incident.ts";

const OPENED = "bank.AccountOpened";

export const accountNumberLostItsZeros = wait({
  story: "A spreadsheet made a number of an account number, and its leading zeros went.",
  eventType: OPENED,
  equals: { account: "0047110815" },
  noise: (order) => ({ account: `10${order}` }),
  goesWrong: (stage) => stage.event("spreadsheet", OPENED, { account: 47110815 }),
  cause: [/account/, /number/, /text/],
  decisive: ["spreadsheet"],
});

const ADDRESS_CONFIRMED = "users.AddressConfirmed";

export const addressWrittenDifferently = wait({
  story: "A customer confirmed with Anna.Berg@Example.com; the plan has it in lower case.",
  eventType: ADDRESS_CONFIRMED,
  equals: { email: "anna.berg@example.com" },
  noise: (order) => ({ email: `user${order}@example.com` }),
  goesWrong: (stage) => stage.event("link", ADDRESS_CONFIRMED, { email: "Anna.Berg@Example.com" }),
  cause: [/email/, /case/i],
  decisive: ["link"],
});

const RECEIVED = "giro.TransferReceived";

export const amountAsText = wait({
  story: 'The bank sends amounts as text: "1250.5" is not 1250.5.',
  eventType: RECEIVED,
  equals: { reference: "RF18 5390", amount: 1250.5 },
  noise: (order) => ({ reference: `RF${order}`, amount: order }),
  goesWrong: (stage) =>
    stage.event("transfer", RECEIVED, { reference: "RF18 5390", amount: "1250.5" }),
  cause: [/amount/, /text/, /number/],
  decisive: ["transfer"],
});

const DELIVERED = "post.letter.LetterDelivered";

export const cityFromAMac = wait({
  story: "File names from a Mac carry ü as two characters; the city of a delivery came from one.",
  eventType: DELIVERED,
  equals: { city: "Zürich".normalize("NFC"), route: 12 },
  noise: (order) => ({ city: `Ort ${order}`, route: 12 }),
  goesWrong: (stage) =>
    stage.event("from-mac", DELIVERED, { city: "Zürich".normalize("NFD"), route: 12 }),
  cause: [/city/, /U\+0308|Unicode|code point/i],
  decisive: ["from-mac"],
});

const PAYMENT_RECEIVED = "billing.payment.PaymentReceived";

export const customerNameInTwoForms: Incident = {
  story: "The bank writes ö as o and a diaeresis; the shop as one character.",
  async play(stage, culprit) {
    await stage.noise(12, PAYMENT_RECEIVED, (order) => ({ payer: `Kunde ${order}` }));
    await stage.plan("job", [
      {
        id: "paid",
        eventType: PAYMENT_RECEIVED,
        correlation: { equals: { payer: "Jo\u0308rg Köhler".normalize("NFC") } },
      },
    ]);
    if (culprit) {
      await stage.event("from-bank", PAYMENT_RECEIVED, { payer: "Jörg Köhler".normalize("NFD") });
    }
    await stage.noise(12, PAYMENT_RECEIVED, (order) => ({ payer: `Kunde ${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/unicode|normali[sz]|code point|U\+0308/i, /payer/],
  decisive: ["from-bank"],
};

const REGISTERED = "fleet.TruckRegistered";

export const cyrillicLetter = wait({
  story: "A plate was typed on a Cyrillic keyboard: its A and B only look like ours.",
  eventType: REGISTERED,
  equals: { plate: "AB1234" },
  noise: (order) => ({ plate: `XY${order}` }),
  goesWrong: (stage) => stage.event("keyboard", REGISTERED, { plate: "\u0410\u04121234" }),
  cause: [/plate/, /U\+0410|code point|look/i],
  decisive: ["keyboard"],
});

const CLOSED = "till.DayClosed";

export const dayAsATime: Incident = {
  story: "The till names the day as a time of midnight; the plan names the day.",
  async play(stage, culprit) {
    await stage.noise(10, CLOSED, (order) => ({ till: order + 10, day: "2026-11-26" }));
    await stage.plan("job", [
      { id: "closed", eventType: CLOSED, correlation: { equals: { till: 7, day: "2026-11-27" } } },
    ]);
    if (culprit) await stage.event("closing", CLOSED, { till: 7, day: "2026-11-27T00:00:00.000Z" });
    await stage.noise(14, CLOSED, (order) => ({ till: order + 10, day: "2026-11-27" }));
    return "/jobs/job/explain";
  },
  cause: [/day/, /2026-11-27T00:00:00/],
  decisive: ["closing"],
};

const ROOM_BOOKED = "hotel.RoomBooked";

export const dayInGermanOrder = wait({
  story: "The channel manager writes 27.11.2026 where the plan has 2026-11-27.",
  eventType: ROOM_BOOKED,
  equals: { room: 214, arrival: "2026-11-27" },
  noise: (order) => ({ room: order, arrival: "2026-11-27" }),
  goesWrong: (stage) => stage.event("channel", ROOM_BOOKED, { room: 214, arrival: "27.11.2026" }),
  cause: [/arrival/, /27\.11\.2026/, /date|day|form/i],
  decisive: ["channel"],
});

export const digitsOfAnotherScript = wait({
  story: "A clerk's keyboard writes the file number in Arabic digits.",
  eventType: "gov.FileClosed",
  equals: { file: "48213" },
  noise: (order) => ({ file: `5${1_000 + order}` }),
  goesWrong: (stage) => stage.event("typed", "gov.FileClosed", { file: "٤٨٢١٣" }),
  cause: [/48213/, /digits of another script/],
  decisive: ["typed"],
});

const COUNTED = "stock.ItemCounted";

export const digitsOfFullWidth = wait({
  story: "A tablet in Osaka types digits of full width.",
  eventType: COUNTED,
  equals: { bin: "A12-7" },
  noise: (order) => ({ bin: `B${order}` }),
  goesWrong: (stage) => stage.event("tablet", COUNTED, { bin: "Ａ１２-７" }),
  cause: [/bin/, /Unicode|code point|U\+FF/i],
  decisive: ["tablet"],
});

const CHECKED = "kyc.IdentityChecked";

export const flagAsText = wait({
  story: 'A form sends "true" in quotes.',
  eventType: CHECKED,
  equals: { person: "P-3391", passed: true },
  noise: (order) => ({ person: `P-${order}`, passed: true }),
  goesWrong: (stage) => stage.event("form", CHECKED, { person: "P-3391", passed: "true" }),
  cause: [/passed/, /"true"|text/],
  decisive: ["form"],
});

export const hyphenOfTheWordProcessor = wait({
  story: "Article numbers were pasted from a document, which sets hyphens that do not break.",
  eventType: "erp.ItemListed",
  equals: { sku: "KX-118-B" },
  noise: (order) => ({ sku: `KX-2${order}-B` }),
  goesWrong: (stage) => stage.event("typeset", "erp.ItemListed", { sku: "KX‑118‑B" }),
  cause: [/KX-118-B/, /dashes or quotes of a word processor/],
  decisive: ["typeset"],
});

const INVOICE_BOOKED = "ledger.InvoiceBooked";

export const invoiceNumberAsText: Incident = {
  story: "The ledger sends the invoice number as a number with zeros cut; the plan has text.",
  async play(stage, culprit) {
    await stage.noise(15, INVOICE_BOOKED, (order) => ({ invoice: `1${order}00`, year: 2026 }));
    await stage.plan("job", [
      {
        id: "booked",
        eventType: INVOICE_BOOKED,
        correlation: { equals: { invoice: "4711", year: 2026 } },
      },
    ]);
    if (culprit) await stage.event("booking", INVOICE_BOOKED, { invoice: 4711, year: 2026 });
    await stage.noise(25, INVOICE_BOOKED, (order) => ({ invoice: `1${order}00`, year: 2026 }));
    return "/jobs/job/explain";
  },
  cause: [/invoice/, /number/, /text/],
  decisive: ["booking"],
};

export const letterOForZero = wait({
  story: "A clerk typed the reference with the letter O for a zero: the payment found no order.",
  eventType: "bank.PaymentReceived",
  equals: { reference: "R-400" },
  noise: (order) => ({ reference: `R-${500 + order}`, currency: "EUR" }),
  goesWrong: (stage) =>
    stage.event("typed", "bank.PaymentReceived", { reference: "R-40O", currency: "EUR" }),
  cause: [/"R-400"/, /"R-40O"/, /one letter off/],
  decisive: ["typed"],
});

const SEAT_CONFIRMED = "tours.SeatConfirmed";

export const listOfOne = wait({
  story: "The booking system began to send lists: seats of one.",
  eventType: SEAT_CONFIRMED,
  equals: { booking: "TR-7781" },
  noise: (order) => ({ booking: `TR-${order}` }),
  goesWrong: (stage) => stage.event("list", SEAT_CONFIRMED, { bookings: ["TR-7781"] }),
  cause: [/bookings/],
  decisive: ["list"],
});

export const longIdRoundedByTheBrowser = wait({
  story: "The back office reads ids as numbers: the last digits of long ones are rounded.",
  eventType: "psp.PaymentCaptured",
  equals: { paymentId: "1786543210987654321" },
  noise: (order) => ({ paymentId: `17865432109876${60_000 + order}` }),
  goesWrong: (stage) =>
    stage.event("rounded", "psp.PaymentCaptured", { paymentId: "1786543210987654400" }),
  cause: [/1786543210987654400/, /rounded/],
  decisive: ["rounded"],
});

export const nameEscapedForHtml = wait({
  story: "The new form escapes what is typed: & is &amp;, and no contract is found.",
  eventType: "crm.ContractSigned",
  equals: { company: "Smith & Sons" },
  noise: (order) => ({ company: `Firm ${order} & Co` }),
  goesWrong: (stage) =>
    stage.event("escaped", "crm.ContractSigned", { company: "Smith &amp; Sons", pages: 4 }),
  cause: [/Smith &amp; Sons/, /escaped for HTML/],
  decisive: ["escaped"],
});

const GRADED = "school.ExamGraded";

export const newlineBehindTheId = wait({
  story: "A shell script forgot -n: the id ends with a newline.",
  eventType: GRADED,
  equals: { exam: "E-2026-881" },
  noise: (order) => ({ exam: `E-2025-${order}` }),
  goesWrong: (stage) => stage.event("from-shell", GRADED, { exam: "E-2026-881\n" }),
  cause: [/exam/, /space|white/i],
  decisive: ["from-shell"],
});

export const referenceCutOff = wait({
  story: "The bank's file has room for twelve characters of the reference.",
  eventType: "bank.TransferBooked",
  equals: { reference: "RE-2026-0000481" },
  noise: (order) => ({ reference: `RE-2025-00009${order}` }),
  goesWrong: (stage) =>
    stage.event("cut", "bank.TransferBooked", { reference: "RE-2026-0000", amount: 12 }),
  cause: [/"RE-2026-0000"/, /cut off/],
  decisive: ["cut"],
});

export const referenceEscapedForAUrl = wait({
  story: "The bank's gateway passes the reference on as it stood in the address.",
  eventType: "bank.PaymentBooked",
  equals: { reference: "INV/2026/0042" },
  noise: (order) => ({ reference: `INV/2026/1${order}` }),
  goesWrong: (stage) =>
    stage.event("escaped", "bank.PaymentBooked", { reference: "INV%2F2026%2F0042" }),
  cause: [/INV%2F2026%2F0042/, /escaped for a URL/],
  decisive: ["escaped"],
});

const ARRIVED = "dock.delivery.PalletArrived";

export const referenceInLowerCase: Incident = {
  story: "The scanner writes the reference in lower case and with a space behind it.",
  async play(stage, culprit) {
    await stage.noise(20, ARRIVED, (order) => ({ reference: `PO-${order}`, dock: "west" }));
    await stage.plan("job", [{
      id: "arrived",
      eventType: ARRIVED,
      correlation: { equals: { reference: "PO-A77", dock: "west" } },
    }]);
    if (culprit) await stage.event("scan", ARRIVED, { reference: "po-a77 ", dock: "west" });
    await stage.noise(20, ARRIVED, (order) => ({ reference: `PO-${order}`, dock: "west" }));
    return "/jobs/job/explain";
  },
  cause: [/reference/, /case|space/i],
  decisive: ["scan"],
};

const SIGNED_OFF = "docs.VersionSignedOff";

export const spaceThatDoesNotBreak = wait({
  story: "A title was pasted from a web page, with a space that does not break.",
  eventType: SIGNED_OFF,
  equals: { title: "Quality Manual" },
  noise: (order) => ({ title: `Manual ${order}` }),
  goesWrong: (stage) => stage.event("pasted", SIGNED_OFF, { title: "Quality\u00a0Manual" }),
  cause: [/title/, /space|U\+00A0|code point/i],
  decisive: ["pasted"],
});

export const umlautsReadAsLatin = wait({
  story: "A file was read as Latin-1, and the name with umlauts is no longer the same.",
  eventType: "hr.BadgePrinted",
  equals: { name: "Jürgen Müller" },
  noise: (order) => ({ name: `Ulf Björk ${order}` }),
  goesWrong: (stage) => stage.event("misread", "hr.BadgePrinted", { name: "JÃ¼rgen MÃ¼ller" }),
  cause: [/JÃ¼rgen MÃ¼ller/, /UTF-8 read in another encoding/],
  decisive: ["misread"],
});

const UPLOADED = "media.FileUploaded";

export const uuidInCapitals = wait({
  story: "One service prints UUIDs in capitals.",
  eventType: UPLOADED,
  equals: { file: "6f1c2a9e-93a1-4c1b-8f1e-0b2f9d3f7a11" },
  noise: (order) => ({ file: `6f1c2a9e-93a1-4c1b-8f1e-${String(order).padStart(12, "0")}` }),
  goesWrong: (stage) =>
    stage.event("capitals", UPLOADED, { file: "6F1C2A9E-93A1-4C1B-8F1E-0B2F9D3F7A11" }),
  cause: [/file/, /case/i],
  decisive: ["capitals"],
});

const ORDER_PAID = "shop.OrderPaid";

export const whatBecameOfThisEvent: Incident = {
  story: "The accountant asks what became of one payment: nothing, its order is in another case.",
  async play(stage, culprit) {
    await stage.noise(12, ORDER_PAID, (order) => ({ order: `A-${order}` }));
    await stage.plan("waits", [{
      id: "paid",
      eventType: ORDER_PAID,
      correlation: { equals: { order: "X-1" } },
    }]);
    await stage.event("payment", ORDER_PAID, { order: culprit ? "x-1" : "X-1" });
    return "/events/payment/explain";
  },
  cause: [/no job|matched nothing|reached none/i, /waits/, /order/],
  decisive: ["payment"],
};

const ONBOARD = defineJob({
  type: "crm.onboard",
  version: 1,
  input: v.object({ customerId: v.string(), email: v.string() }),
  expects: ({ customerId }) => ({
    verified: { eventType: "crm.CustomerVerified", correlation: { equals: { customerId } } },
  }),
  run: async (ctx) => (await ctx.expect("verified")).length,
});

export const verifiedUnderTheOldNumber: Incident = {
  story: "A customer was verified, and her job waits: the CRM has her under the number of old.",
  options: { definitions: [ONBOARD] },
  async play(stage, culprit) {
    for (const no of [811, 812, 813]) {
      const jobId = no === 812 ? "job" : `onboard-${no}`;
      await stage.submit(jobId, "crm.onboard", {
        customerId: `cus_${no}`,
        email: `${no}@shop.example`,
      });
    }
    const verified = (customerId: string, email: string) =>
      stage.event(`verified-${customerId}`, "crm.CustomerVerified", { customerId, email });
    await verified("cus_811", "811@shop.example");
    if (culprit) await verified("C-4417", "812@shop.example");
    await verified("C-4418", "814@shop.example");
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [
    /none has "cus_812" in it/,
    /has this job's email "812@shop\.example", but customerId "C-4417"/,
  ],
  decisive: ["verified-C-4417"],
  innocent: ["verified-cus_811", "verified-C-4418"],
};
