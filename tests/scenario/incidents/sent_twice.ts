/** What was sent twice, under one id or under two, and what another job had taken before. */

import * as v from "valibot";
import type { Incident } from "../incident.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import { scripted, wait } from "../incident_kit.ts";

export const approvalSentUnderTwoIds: Incident = {
  story: "A payment went out with one of two signatures: the webhook was repeated with a new id.",
  async play(stage, culprit) {
    await stage.noise(9, "bank.Signed", (payment) => ({ payment: `A-${payment}` }));
    await stage.plan("job", [{
      id: "signed",
      eventType: "bank.Signed",
      correlation: { equals: { payment: "P-7" } },
      multiplicity: { times: 2 },
    }]);
    const signed = { payment: "P-7", by: "anna", at: "10:02" };
    await stage.event("hook-1", "bank.Signed", signed);
    await stage.event("hook-2", "bank.Signed", culprit ? signed : { ...signed, by: "ben" });
    return "/jobs/job/explain";
  },
  cause: [/hook-1 and hook-2/, /have the same content under different ids/],
  decisive: [
    { jobId: "job", eventType: "job.EventCorrelated", nth: 0 },
    { jobId: "job", eventType: "job.EventCorrelated", nth: 1 },
  ],
};

const booking = () => {
  const booked = new Set<unknown>();
  return scripted("air.book", {
    book: ({ input: { pnr, full } }) => {
      if (full === true || booked.has(pnr)) throw new NonRetryableError("409: already booked");
      booked.add(pnr);
      return "booked";
    },
  });
};

export const bookedBeforeByTheSameScript: Incident = {
  story: "A script submitted one booking twice; the second fails on what the first did.",
  options: { definitions: [booking()] },
  async play(stage, culprit) {
    await stage.crash({ definitions: [booking()] });
    for (let other = 0; other < 10; other++) {
      await stage.submit(`book-${other}`, "air.book", { pnr: `X7K2L${other}` });
    }
    if (culprit) {
      await stage.submit("first", "air.book", { pnr: "QQ81ZZ" });
      await stage.advance(2_000);
    }
    await stage.submit("job", "air.book", { pnr: "QQ81ZZ", ...culprit ? {} : { full: true } });
    return "/jobs/job/explain";
  },
  cause: [/409: already booked/, /Job first of the same type got the same input 2 s before it/],
  decisive: [
    { jobId: "first", eventType: "job.JobCreated" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};

const CHARGE = scripted("cart.charge", { charge: () => "charged" });

export const clickedTwiceAtTheCheckout: Incident = {
  story: "A customer clicked twice and was charged twice; only the time of the request differs.",
  options: { definitions: [CHARGE] },
  async play(stage, culprit) {
    const requestedAt = "2026-11-30T03:00:01.120Z";
    await stage.submit("first", "cart.charge", { cartId: "cart-77", requestedAt });
    await stage.advance(211);
    const again = culprit ? "2026-11-30T03:00:01.331Z" : "2026-11-30T09:30:00.000Z";
    await stage.submit("job", "cart.charge", { cartId: "cart-77", requestedAt: again });
    return "/jobs/job/explain";
  },
  cause: [/Job first of the same type got the same input, apart from times, 211 ms before it/],
  decisive: [{ jobId: "first", eventType: "job.JobCreated" }],
};

const READ = "meter.ReadingTaken";

export const oneIdForTwoEvents: Incident = {
  story: "The gateway counts its event ids from 1 again after a reboot, so a reading was refused.",
  async play(stage, culprit) {
    await stage.event("gw-1", READ, { meter: "M-1", kwh: 5 });
    await stage.noise(10, READ, (order) => ({ meter: `N-${order}` }));
    await stage.plan("job", [
      { id: "read", eventType: READ, correlation: { equals: { meter: "M-2" } } },
    ]);
    if (culprit) await stage.eventOrRefusal("gw-1", READ, { meter: "M-2", kwh: 9 });
    await stage.noise(10, READ, (order) => ({ meter: `N-${order}` }));
    return "/jobs/job/explain";
  },
  cause: [/gw-1/, /twice|other content|already/],
  decisive: ["gw-1"],
};

const ORDER = scripted("shop.take", { take: () => "taken" });

export const refusedForAReusedKey: Incident = {
  story: "The shop refuses every order but the first, and looks at no answer: order-43 is nowhere.",
  options: { definitions: [ORDER] },
  async play(stage, culprit) {
    const takes = culprit ? ["order-42"] : ["order-42", "order-43"];
    for (const orderId of takes) await stage.submit(orderId, "shop.take", { orderId });
    return "/explain?about=order-43";
  },
  cause: [/Nothing on record has order-43/, /refused is not on record; the answer/],
  decisive: [],
};

const TAKEN = "scale.WeightTaken";

export const sameIdForTheNextReading = wait({
  story: "The scale gives each day's first weighing the id w-1.",
  eventType: TAKEN,
  equals: { lot: "LOT-5" },
  noise: (order) => ({ lot: `LOT-9${order}` }),
  before: (stage) => stage.event("w-1", TAKEN, { lot: "LOT-4", kg: 18 }),
  goesWrong: async (stage) => {
    await stage.eventOrRefusal("w-1", TAKEN, { lot: "LOT-5", kg: 21 });
  },
  cause: [/w-1/, /twice|other content/],
  decisive: ["w-1"],
});

const BOOK = scripted("slot.book", {
  book: ({ jobId, input: { slot } }) => {
    if (jobId === "job") throw new NonRetryableError(`slot ${slot} is already taken`);
    return "booked";
  },
});

export const slotTakenByAnotherBooking: Incident = {
  story: "A patient cannot book a slot, which another patient got twenty minutes before.",
  options: { definitions: [BOOK], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 1; other < 8; other++) {
      await stage.submit(`book-${other}`, "slot.book", { slot: `2026-05-01T0${other}:00` });
    }
    const slot = culprit ? "2026-05-01T10:00" : "2026-05-01T11:00";
    await stage.submit("taken", "slot.book", { slot, patient: "P-1" });
    await stage.advance(20 * 60_000);
    await stage.submit("job", "slot.book", { slot: "2026-05-01T10:00", patient: "P-2" });
    return "/jobs/job/explain";
  },
  cause: [
    /slot 2026-05-01T10:00 is already taken; .*\. Job taken \(slot\.book\), which also has "2026-05-01T10:00" at input\.slot, has been Done since 2026-01-01T00:00:00\.000Z/,
  ],
  decisive: [
    { jobId: "taken", eventType: "job.JobCreated" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "book" },
  ],
};

const FULFIL = defineJob({
  type: "wms.fulfil",
  version: 1,
  input: v.object({ order: v.string() }),
  startsOn: {
    eventType: "shop.Confirmed",
    input: ({ attributes }) => ({ order: attributes.order as string }),
  },
  run: (ctx) => ctx.task("pack", () => "packed"),
});

export const twoJobsForOneWebhook: Incident = {
  story: "Two parcels for one order: the shop sent its event again, under another id.",
  options: { definitions: [FULFIL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.event(`order-${other}`, "shop.Confirmed", { order: `A-${other}` });
    }
    await stage.submit("job", "wms.fulfil", { order: "A-31" });
    await stage.advance(20_000);
    if (culprit) await stage.event("again", "shop.Confirmed", { order: "A-31" });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/got the same input 20 s after it/, /may be done twice/],
  decisive: [{ jobId: "job", eventType: "job.JobCreated" }],
};

const WELCOME = defineJob({
  type: "user.welcome",
  version: 1,
  input: v.object({ userId: v.string() }),
  startsOn: {
    eventType: "auth.SignedUp",
    input: ({ attributes: { userId } }) => ({ userId: String(userId) }),
  },
  run: (ctx, { userId }) => ctx.task("mail", () => `mailed ${userId}`),
});

export const twoWelcomeMails: Incident = {
  story: "A user got two mails: the identity provider sent its event again, under another id.",
  options: { definitions: [WELCOME] },
  async play(stage, culprit) {
    await stage.event("idp-1", "auth.SignedUp", { userId: "user-9" });
    await stage.advance(500);
    await stage.event("idp-2", "auth.SignedUp", { userId: culprit ? "user-9" : "user-10" });
    return "/explain?about=user-9";
  },
  cause: [/of type user\.welcome got the same input 500 ms apart: the work may be done twice/],
  decisive: ["idp-1", "idp-2"],
};

export const renditionsShareOneId: Incident = {
  story: "A video is not published: the encoder gives the events of all renditions one id.",
  async play(stage, culprit) {
    for (const videoId of ["v-1", "job", "v-3"]) {
      await stage.plan(videoId, [{
        id: "ready",
        eventType: "video.RenditionReady",
        correlation: { equals: { videoId } },
        multiplicity: { times: 3 },
      }]);
      for (const height of [480, 720, 1080]) {
        const isShared = culprit && videoId === "job";
        const eventId = `${videoId}-ready${isShared ? "" : `-${height}`}`;
        await stage.eventOrRefusal(eventId, "video.RenditionReady", { videoId, height });
        await stage.advance(60_000);
      }
    }
    return "/jobs/job/explain";
  },
  cause: [/1 of 3/, /it was refused: its id job-ready was on record already with other content/],
  decisive: ["job-ready"],
  next: /Another like it came at/,
};
