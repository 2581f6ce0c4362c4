/** Failures whose cause shows by comparison with other jobs, or does not. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { scripted } from "../incident_kit.ts";

const TRANSFER = scripted("bank.transfer", {
  send: ({ jobId }) => {
    if (jobId === "job") throw new NonRetryableError("field 59 rejected (T77)");
    return "sent";
  },
});

export const accountNumberInGroupsOfFour: Incident = {
  story: "A transfer is rejected: its IBAN is written in groups of four.",
  options: { definitions: [TRANSFER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let nth = 0; nth < 12; nth++) {
      await stage.submit(`t-${nth}`, "bank.transfer", {
        iban: `DE8937040044053201${3000 + nth * 17}`,
      });
    }
    const iban = culprit ? "DE89 3704 0044 0532 0130 00" : "DE89370400440532013999";
    await stage.submit("job", "bank.transfer", { iban });
    return "/jobs/job/explain";
  },
  cause: [
    /\(T77\)\. This job has input\.iban = "DE89 3704 0044 0532 0130 00", where all 12 that went through have one of the form "A9" \(9 for digits, A for capitals\)\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "send" }],
};

const publish = defineJob({
  type: "catalog.publish",
  version: 1,
  input: v.object({ tenant: v.string(), items: v.number() }),
  async run(ctx, { tenant }) {
    await ctx.task("publish", () => {
      if (tenant === "nordwind") throw new NonRetryableError("the feed was refused");
      return "published";
    });
  },
});

const TENANTS = ["alpen", "baltik", "corso", "delta"];

export const allFailuresOfOneTenant: Incident = {
  story: "Only the catalogs of one tenant fail, and nobody sees it among the others.",
  options: { definitions: [publish], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 40; other++) {
      const tenant = culprit && other % 8 === 3 ? "nordwind" : TENANTS[other % 4];
      const more = { labels: { tenant, source: "nightly" } };
      await stage.submit(`other-${other}`, "catalog.publish", { tenant, items: other }, more);
    }
    const tenant = culprit ? "nordwind" : "alpen";
    const more = { labels: { tenant, source: "nightly" } };
    await stage.submit("job", "catalog.publish", { tenant, items: 7 }, more);
    return "/jobs/job/explain";
  },
  cause: [/the feed was refused/, /tenant\s*=\s*"?nordwind/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "publish" }],
};

const BOOK = scripted("courier.book", {
  book: ({ jobId, input: { phone } }) => {
    if (phone === undefined || jobId === "job") throw new NonRetryableError("refused: code 8841");
    return "booked";
  },
});

export const noPhoneForTheCourier: Incident = {
  story: "A courier refuses orders without a phone number, and says no more than a code.",
  options: { definitions: [BOOK], maxRunning: 8 },
  async play(stage, culprit) {
    for (let order = 0; order < 12; order++) {
      await stage.submit(`b-${order}`, "courier.book", { order, phone: `040 ${order * 37 + 11}` });
    }
    await stage.submit(
      "job",
      "courier.book",
      culprit ? { order: 99 } : { order: 99, phone: "040 1" },
    );
    return "/jobs/job/explain";
  },
  cause: [
    /code 8841\. This job has no input\.phone, where all 12 that went through have one\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "book" }],
};

const REFUSED = "connect ECONNREFUSED 10.2.0.7:5432";
const TYPES = ["erp.sync", "report.daily", "mail.digest"];

const definitions = TYPES.map((type) =>
  scripted(type, {
    load: ({ input }) => {
      if (input["night"] === true) throw new Error(REFUSED);
      return "loaded";
    },
  }, { retry: { maxAttempts: 2, initialMs: 1_000, factor: 1, jitter: 0 } })
);

export const oneDatabaseForThreeTypes: Incident = {
  story: "Jobs of three types fail in one night: the database that all of them need was down.",
  options: { definitions, maxRunning: 8 },
  async play(stage, culprit) {
    for (let job = 0; job < 12; job++) {
      await stage.submit(`before-${job}`, TYPES[job % TYPES.length] ?? "");
    }
    for (const [order, type] of TYPES.entries()) {
      if (order > 0 && !culprit) continue;
      for (let job = 0; job < 2; job++) {
        await stage.submit(`${order === 0 ? "job" : type}${job}`, type, { night: true });
      }
    }
    await stage.advance(60_000);
    return "/jobs/job0/explain";
  },
  cause: [/ECONNREFUSED 10\.2\.0\.7/, /2 other types/, /report\.daily/, /mail\.digest/],
  decisive: [
    { jobId: "job0", eventType: "job.TaskFailed", taskId: "load", nth: 1 },
    { jobId: "mail.digest1", eventType: "job.TaskFailed", taskId: "load", nth: 1 },
  ],
  next: /jobs\/job0\/retry/,
};

const RENDER = scripted("site.render", {
  render: ({ input }) => {
    if (input["broken"] === true) throw new NonRetryableError("template not found");
    return "html";
  },
});

export const oneLabelInCommon: Incident = {
  story: "All sites of one theme fail; the labels say which.",
  options: { definitions: [RENDER], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 40; other++) {
      const broken = culprit && other % 8 === 0;
      const labels = {
        theme: broken ? "aurora" : ["plain", "dark"][other % 2],
        owner: `u${other % 7}`,
      };
      await stage.submit(`other-${other}`, "site.render", { broken }, { labels });
    }
    const labels = { theme: culprit ? "aurora" : "plain", owner: "u3" };
    await stage.submit("job", "site.render", { broken: culprit }, { labels });
    return "/jobs/job/explain";
  },
  cause: [/template not found/, /theme\s*=\s*"?aurora/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "render" }],
};

const LABEL = scripted("label.print", {
  print: ({ input }) => {
    if (input["printer"] === "zebra-9") throw new NonRetryableError("unknown command ^XZ2");
    return "printed";
  },
});

export const onlyTheNewVersionFails: Incident = {
  story: "Labels fail now and then: always those that went to the new printer.",
  options: { definitions: [LABEL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 48; other++) {
      const printer = culprit && other % 6 === 0 ? "zebra-9" : `zebra-${other % 5}`;
      await stage.submit(`other-${other}`, "label.print", { printer, copies: other % 3 });
    }
    const printer = culprit ? "zebra-9" : "zebra-1";
    await stage.submit("job", "label.print", { printer, copies: 1 });
    return "/jobs/job/explain";
  },
  cause: [/unknown command/, /printer\s*=\s*"?zebra-9/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "print" }],
};

const AMOUNTS = [120, 4810, 77, 5200, 310, 999, 7450, 2300, 18, 640, 6100, 4400, 85, 12_000, 1500];

export const refundsBeyondTheLimitOfTheBank: Incident = {
  story: "The bank declines refunds over 5000 with a code; all smaller ones go through.",
  options: {
    definitions: [scripted("refund.pay", {
      pay: ({ jobId, input }) => {
        const isDeclined = input["declines"] === "large"
          ? Number(input["amount"]) > 5_000
          : jobId.endsWith("3");
        if (isDeclined) throw new NonRetryableError("declined: code 61");
        return "paid";
      },
    })],
    maxRunning: 8,
  },
  async play(stage, culprit) {
    const declines = culprit ? "large" : "some";
    for (const [nth, amount] of AMOUNTS.entries()) {
      await stage.submit(`refund-${nth}`, "refund.pay", { amount, declines });
    }
    return "/jobs/refund-3/explain";
  },
  cause: [
    /code 61\. All 4 jobs that failed like this have input\.amount such as 5200, where all 11 that went through have at most 4810\./,
  ],
  decisive: [{ jobId: "refund-3", eventType: "job.TaskFailed", taskId: "pay" }],
};

const upload = (hasKey: boolean) =>
  scripted("file.upload", {
    put: ({ input }) => {
      if (input.isBad === true || !hasKey) throw new Error("403 Forbidden: InvalidAccessKeyId");
      return "stored";
    },
  }, { retry: { maxAttempts: 1, initialMs: 50, factor: 1, jitter: 0 } });

export const releasedWithoutTheCredentials: Incident = {
  story: "Since the release of the afternoon every upload fails: it came without the credentials.",
  options: { definitions: [upload(true)], maxRunning: 8 },
  async play(stage, culprit) {
    for (let before = 0; before < 12; before++) {
      await stage.submit(`before-${before}`, "file.upload", { file: `F-${before}` });
    }
    await stage.advance(60_000);
    await stage.crash({ definitions: [upload(!culprit)], maxRunning: 8 });
    for (let after = 0; after < 3; after++) {
      await stage.submit(`after-${after}`, "file.upload", { file: `F-9${after}` });
    }
    await stage.submit("job", "file.upload", { file: "F-99", isBad: true });
    return "/jobs/job/explain";
  },
  cause: [/403 Forbidden/, /All 4 jobs that failed like this were created after the 12 that went/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed" }],
};

const FETCH = scripted("tax.fetch", {
  fetch: ({ input }) => {
    if (input["year"] === 2019) throw new NonRetryableError("the archive of 2019 is offline");
    return "fetched";
  },
});

export const sameFailureElsewhere: Incident = {
  story: "Five jobs failed of the same cause, and each is looked at as if it were the only one.",
  options: { definitions: [FETCH], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 30; other++) {
      await stage.submit(`other-${other}`, "tax.fetch", { year: other % 6 === 0 ? 2019 : 2024 });
    }
    await stage.submit("job", "tax.fetch", { year: culprit ? 2019 : 2024 });
    return "/jobs/job/explain";
  },
  cause: [/the archive of 2019 is offline/],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "fetch" }],
  next: /5 (other|more|jobs)|with the same/,
};

const STEP = scripted("odd.step", {
  step: ({ input }) => {
    if (input["floor"] === 3) throw new NonRetryableError("no toner");
    return "printed";
  },
});

export const tooFewToSay: Incident = {
  story: "One job of two failed. What they have in common or not is chance, and is not told.",
  options: { definitions: [STEP], maxRunning: 8 },
  async play(stage, culprit) {
    await stage.submit("other", "odd.step", { floor: 1 }, { labels: { wing: "east" } });
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "odd.step", { floor: 3 }, { labels: { wing: "west" } });
    return "/jobs/job/explain";
  },
  cause: [/no toner/, /^(?!.*(?:none of the|where all)).*$/s],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "step" }],
};

const WEIGHTS = [2.5, 0.4, 9.8, 1.1, 3.2, 7, 0.9, 4.4, 5.5, 2.1, 6.3, 1.7];

export const weightInGrams: Incident = {
  story: "A parcel cannot be labelled: its weight came in grams.",
  options: {
    definitions: [scripted("parcel.label", {
      label: ({ jobId }) => {
        if (jobId === "job") throw new NonRetryableError("product not available");
        return "labelled";
      },
    })],
    maxRunning: 8,
  },
  async play(stage, culprit) {
    for (const [nth, weight] of WEIGHTS.entries()) {
      await stage.submit(`label-${nth}`, "parcel.label", { weight });
    }
    await stage.submit("job", "parcel.label", { weight: culprit ? 2500 : 2.6 });
    return "/jobs/job/explain";
  },
  cause: [
    /not available\. This job has input\.weight = 2500, where all 12 that went through have at most 9\.8\./,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskFailed", taskId: "label" }],
};
