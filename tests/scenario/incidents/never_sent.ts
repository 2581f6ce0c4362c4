/** Events that nobody sent: their sender failed, waits, was cancelled, or was never submitted. */

import * as v from "valibot";
import type { Correlation } from "../../../src/core/correlation.ts";
import type { JobId, TaskId } from "../../../src/core/ids.ts";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident, Stage } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const CONTRACT = defineJob({
  type: "contract.sign",
  version: 1,
  input: v.object({ contractId: v.string() }),
  expects: ({ contractId }) => ({
    signed: { eventType: "contract.Signed", correlation: { equals: { contractId } } },
  }),
  async run(ctx, { contractId }) {
    // `send(contractId)`, without `await` or `return`: see the uncaught error of the incident.
    await ctx.task("ask", () => ({ contractId }));
    return (await ctx.expect("signed")).length;
  },
});

export const askedForASignatureWithoutAwaiting: Incident = {
  story: "A contract waits for its signature: the step that asks for it did not await its mail.",
  options: { definitions: [CONTRACT] },
  async play(stage, culprit) {
    for (const contractId of ["c-1", "c-2"]) {
      await stage.submit(`sign-${contractId}`, "contract.sign", { contractId });
      await stage.event(`signed-${contractId}`, "contract.Signed", { contractId });
    }
    await stage.submit("job", "contract.sign", { contractId: "c-3" });
    const [jobId, taskId] = [(culprit ? "job" : "sign-c-2") as JobId, "ask" as TaskId];
    await stage.advance(2_000);
    stage.daybook.engine.processFacts.errorUncaught({
      kind: "rejection",
      thrown: new Error("no route to smtp.test"),
      attempt: { jobId, taskId, number: 1, isUndoing: false },
    });
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [
    /Task ask completed, but 2 s later a promise that it had not awaited was rejected/,
    /no route to smtp\.test/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskCompleted", taskId: "ask" }],
};

export const batchKnownOnlyToAPlan: Incident = {
  story:
    "Where is batch B-7? A job has waited for it since yesterday, and has it in its plan alone.",
  async play(stage, culprit) {
    await stage.noise(9, "batch.Ready", (batch) => ({ batch: `A-${batch}` }));
    if (culprit) {
      await stage.plan("child", [{
        id: "ready",
        eventType: "batch.Ready",
        correlation: { equals: { batch: "B-7" } },
      }]);
    }
    await stage.advance(86_400_000);
    return "/explain?about=B-7";
  },
  cause: [/1 job/, /Job child .* expects it in ready/],
  decisive: [{ jobId: "child", eventType: "job.JobCreated" }],
};

const SEAL_GIVEN_BATCH = defineJob({
  type: "batch.seal",
  version: 1,
  input: v.object({ batch: v.object({ no: v.string() }) }),
  run: (ctx, { batch }) =>
    ctx.task("seal", (task) => task.emit("batch.Sealed", { batchNo: batch.no })),
});

export const nobodySealedThisBatch: Incident = {
  story: "A shipment waits for its batch to be sealed; nobody submitted the job that does so.",
  options: { definitions: [SEAL_GIVEN_BATCH], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`seal-${other}`, "batch.seal", { batch: { no: `B-${other}` } });
    }
    const eventType = culprit ? "batch.Sealed" : "batch.Weighed";
    await stage.plan("job", [{
      id: "sealed",
      eventType,
      correlation: { equals: { batchNo: "B-99" } },
    }]);
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [
    /such events came from task seal of jobs of type batch\.seal/,
    /no job of that type was given "B-99"/,
  ],
  decisive: [],
};

const PAID = "shop.OrderPaid";

export const nothingButTheCurrency: Incident = {
  story: "Nobody paid this order. Sixty others did, in the same currency.",
  async play(stage, culprit) {
    const others = culprit ? 60 : 0;
    await stage.noise(others, PAID, (order) => ({ order: `O-${order}`, currency: "CHF" }));
    await stage.plan("job", [
      {
        id: "paid",
        eventType: PAID,
        correlation: { equals: { order: "O-9001", currency: "CHF" } },
      },
    ]);
    return "/jobs/job/explain";
  },
  cause: [/\d+ (other|events)|none of/, /O-9001/],
  decisive: [],
};

export const nothingCameAtAll: Incident = {
  story: "The payment was never sent; 40 payments of others share the currency and nothing else.",
  async play(stage, culprit) {
    const others = culprit ? 40 : 0;
    await stage.noise(others, PAID, (order) => ({ orderId: `N${order}`, currency: "EUR" }));
    await stage.plan("job", [{
      id: "paid",
      eventType: PAID,
      correlation: { equals: { orderId: "7118", currency: "EUR" } },
    }]);
    return "/jobs/job/explain";
  },
  cause: [/none|no event|never/i, /7118/, /\d+ (other|events)/],
  decisive: [],
};

const BATCH_INPUT = v.object({ batchId: v.string(), slow: v.optional(v.boolean()) });

const MAKE = defineJob({
  type: "batch.make",
  version: 1,
  input: BATCH_INPUT,
  async run(ctx, { batchId, slow }) {
    await ctx.task("load", (task) => slow === true ? hang(task) : "loaded");
    await ctx.task("announce", (task) => task.emit("batch.Ready", { batchId }));
  },
});

const PART = defineJob({
  type: "batch.part",
  version: 1,
  input: BATCH_INPUT,
  expects: ({ batchId }) => ({
    ready: {
      kind: "DomainFact",
      eventType: "batch.Ready",
      correlation: { equals: { batchId } },
    },
  }),
  run: async (ctx) => (await ctx.expect("ready")).length,
});

export const parentWasCancelled: Incident = {
  story: "A part waits for its batch for ever: the job that makes the batch was cancelled.",
  options: { definitions: [MAKE, PART], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`part-${other}`, "batch.part", { batchId: `B-${other}` });
      await stage.submit(`make-${other}`, "batch.make", { batchId: `B-${other}` });
    }
    await stage.submit("job", "batch.part", { batchId: "B-77" });
    if (culprit) {
      await stage.submit("make-77", "batch.make", { batchId: "B-77", slow: true });
      await stage.post("/jobs/make-77/cancel", { reason: "wrong price list" });
    }
    await stage.advance(3_600_000);
    return "/jobs/job/explain";
  },
  cause: [/make-77/, /was cancelled at/, /wrong price list/],
  decisive: [{ jobId: "make-77", eventType: "job.JobCancelled" }],
  next: /jobs\/make-77\/retry/,
};

const REPORT = defineJob({
  type: "report.build",
  version: 1,
  input: v.object({ reportId: v.string(), period: v.string() }),
  run: (ctx, { reportId, period }) =>
    ctx.task("compute", (task) => {
      task.emit("report.Finished", { reportId });
      if (period === "2026-13") throw new NonRetryableError("period 2026-13 is out of range");
    }),
});

export const reportFailedBeforeAnyCame: Incident = {
  story: "The dashboard waits for the first report ever; the job that was to send it has failed.",
  options: { definitions: [REPORT] },
  async play(stage, culprit) {
    const correlation = { equals: { reportId: "R-2028" } };
    await stage.plan("job", [{ id: "finished", eventType: "report.Finished", correlation }]);
    await stage.noise(6, "shop.Paid", (order) => ({ orderId: `A-${order}` }));
    if (culprit) {
      await stage.submit("build", "report.build", { reportId: "R-2028", period: "2026-13" });
    }
    return "/jobs/job/explain";
  },
  cause: [/Job build of type report\.build, which has "R-2028"/, /period 2026-13 is out of range/],
  decisive: [{ jobId: "build", eventType: "job.TaskFailed" }],
  next: /Retry job build, if it was to send it/,
};

const STAGE_INPUT = v.object({ day: v.string(), slow: v.optional(v.boolean()) });

const stage = (type: string, after: string | undefined, sends: string) =>
  defineJob({
    type,
    version: 1,
    input: STAGE_INPUT,
    expects: (
      { day },
    ): Record<string, { eventType: string; correlation: { equals: { day: string } } }> =>
      after === undefined ? {} : { before: { eventType: after, correlation: { equals: { day } } } },
    async run(ctx, { day, slow }) {
      if (after !== undefined) await ctx.expect("before");
      await ctx.task("read", (task) => slow === true ? hang(task) : "read");
      await ctx.task("send", (task) => task.emit(sends, { day }));
    },
  });

const STAGES = [
  stage("etl.extract", undefined, "etl.Extracted"),
  stage("etl.transform", "etl.Extracted", "etl.Transformed"),
  stage("etl.load", "etl.Transformed", "etl.Loaded"),
];

/** Five nights on which all went well, and the day of the next. */
async function nightBefore(stage: Stage): Promise<string> {
  for (let night = 1; night < 6; night++) {
    for (const { type } of STAGES.toReversed()) {
      await stage.submit(`${type}-${night}`, type, { day: `2026-11-0${night}` });
    }
  }
  return "2026-11-06";
}

export const rootOfAChainOfWaits: Incident = {
  story: "The last of three nightly jobs waits: someone suspended the first of them.",
  options: { definitions: STAGES, maxRunning: 8 },
  async play(stage, culprit) {
    const day = await nightBefore(stage);
    await stage.submit("job", "etl.load", { day });
    await stage.submit("transform", "etl.transform", { day });
    await stage.submit("extract", "etl.extract", { day, slow: true });
    if (culprit) await stage.post("/jobs/extract/suspend", { reason: "looking into the source" });
    return "/jobs/job/explain";
  },
  cause: [/transform/, /it waits in turn for job extract of type etl\.extract, which is suspended/],
  decisive: [{ jobId: "extract", eventType: "job.JobSuspended" }],
  next: /Resume job extract/,
};

export const pausedSender: Incident = {
  story: "A nightly job waits for what another was to send, whose type someone has paused.",
  options: { definitions: STAGES, maxRunning: 8 },
  async play(stage, culprit) {
    const day = await nightBefore(stage);
    if (culprit) await stage.post("/pauses", { type: "etl.extract", reason: "the source is down" });
    await stage.submit("job", "etl.transform", { day });
    await stage.submit("extract", "etl.extract", { day, slow: true });
    return "/jobs/job/explain";
  },
  cause: [
    /job extract, which has "2026-11-06" at input\.day, is queued, and has not sent it yet: type etl\.extract has been paused since \S+ \(reason: the source is down\)/,
  ],
  decisive: [{ jobId: "extract", eventType: "job.JobStarted" }],
  next: /End the pause of type etl\.extract/,
};

const FILE_INPUT = v.object({ fileId: v.string() });

const SCAN = defineJob({
  type: "file.scan",
  version: 1,
  input: FILE_INPUT,
  run: (ctx, { fileId }) =>
    ctx.task("scan", (task) => {
      if (fileId === "F-66") return { note: "Error: connect ECONNREFUSED clamd:3310" };
      if (fileId !== "F-67") task.emit("file.Scanned", { fileId });
      return { note: "clean" };
    }),
});

const PUBLISH = defineJob({
  type: "file.publish",
  version: 1,
  input: FILE_INPUT,
  expects: ({ fileId }) => ({
    scanned: { eventType: "file.Scanned", correlation: { equals: { fileId } } },
  }),
  run: async (ctx) => (await ctx.expect("scanned")).length,
});

export const scanSwallowedItsError: Incident = {
  story: "A file waits to be published: the scan caught its error, and sent nothing.",
  options: { definitions: [SCAN, PUBLISH] },
  async play(stage, culprit) {
    for (const fileId of ["F-1", "F-2", "F-3"]) {
      await stage.submit(`publish-${fileId}`, "file.publish", { fileId });
      await stage.submit(`scan-${fileId}`, "file.scan", { fileId });
    }
    const fileId = culprit ? "F-66" : "F-67";
    await stage.submit("job", "file.publish", { fileId });
    await stage.submit("scan", "file.scan", { fileId });
    return "/jobs/job/explain";
  },
  cause: [/job scan, which has "F-66"/, /result is an error.*ECONNREFUSED clamd:3310/s],
  decisive: [{ jobId: "scan", eventType: "job.TaskCompleted", taskId: "main" }],
};

const SEAL_OR_FAIL = defineJob({
  type: "batch.seal",
  version: 1,
  input: v.object({ batchNo: v.string(), bad: v.optional(v.boolean()) }),
  run: (ctx, { batchNo, bad }) =>
    ctx.task("seal", (task) => {
      if (bad === true) throw new Error("the scale answers 503");
      task.emit("batch.Sealed", { batchNo });
    }, { retry: { maxAttempts: 9, initialMs: 3_600_000, jitter: 0 } }),
});

export const senderBacksOff: Incident = {
  story: "A shipment waits for its batch; the job that seals it fails again and again.",
  options: { definitions: [SEAL_OR_FAIL], maxRunning: 8 },
  async play(stage, culprit) {
    for (let other = 0; other < 10; other++) {
      await stage.submit(`seal-${other}`, "batch.seal", { batchNo: `B-${other}` });
    }
    if (culprit) await stage.submit("seal-77", "batch.seal", { batchNo: "B-77", bad: true });
    const correlation = { equals: { batchNo: "B-77" } };
    await stage.plan("job", [{ id: "sealed", eventType: "batch.Sealed", correlation }]);
    await stage.advance(10_000);
    return "/jobs/job/explain";
  },
  cause: [/seal-77/, /is backing off after Error: the scale answers 503/],
  decisive: [{ jobId: "seal-77", eventType: "job.TaskFailed", taskId: "seal" }],
};

const order = (version: number) =>
  defineJob({
    type: "shop.order",
    version,
    input: v.object({ orderId: v.string() }),
    expects: ({ orderId }) => ({
      reserved: { eventType: "stock.Reserved", correlation: { equals: { orderId } } },
    }),
    async run(ctx, { orderId }) {
      const reserve = () => ctx.task("reserve", (task) => task.emit("stock.Reserved", { orderId }));
      if (version === 1) await reserve();
      await ctx.expect("reserved");
      if (version === 2) await reserve();
    },
  });

export const waitsForItsOwnLaterStep: Incident = {
  story: "Since the last release orders wait for ever: for an event of a step that comes after.",
  options: { definitions: [order(1)] },
  async play(stage, culprit) {
    for (let done = 1; done < 4; done++) {
      await stage.submit(`order-${done}`, "shop.order", { orderId: `O-70${done}` });
    }
    await stage.crash({ definitions: [order(culprit ? 2 : 1)] });
    await stage.submit("job", "shop.order", { orderId: "O-709" });
    return "/jobs/job/explain";
  },
  cause: [
    /such events came from task reserve of jobs of type shop\.order, as this one is/,
    /before it has/,
  ],
  decisive: [{ jobId: "order-1", eventType: "job.TaskCompleted", taskId: "reserve" }],
};

/** A bundle of three parts, each made by a job of its own. The first and the last may go wrong. */
function bundleOf({ method = "print", width = 12, broken, awaitsMould = false }: {
  readonly method?: string;
  readonly width?: number | string;
  readonly broken?: string;
  readonly awaitsMould?: boolean;
}) {
  const make = defineJob({
    type: "bundle.make",
    version: 1,
    input: v.object({ bundleId: v.string() }),
    expects: ({ bundleId }) => ({
      parts: {
        eventType: "bundle.PartMade",
        correlation: { equals: { bundleId } },
        multiplicity: { times: 3 },
      },
    }),
    async run(ctx, { bundleId }) {
      await ctx.task("order", (task) => {
        for (const part of ["p-1", "p-2", "p-3"]) {
          const isLast = bundleId === "b-1" && part === "p-3";
          task.emit("bundle.PartOrdered", {
            bundleId,
            part,
            method: isLast ? method : "print",
            width: isLast ? width : 12,
            mould: isLast && awaitsMould ? "m-7" : "none",
          });
        }
      });
      return (await ctx.expect("parts")).length;
    },
  });
  const part = defineJob({
    type: "part.make",
    version: 1,
    input: v.object({
      bundleId: v.string(),
      part: v.string(),
      width: v.number(),
      mould: v.string(),
    }),
    startsOn: {
      eventType: "bundle.PartOrdered",
      correlation: { equals: { method: "print" } },
      input: ({ attributes }) => attributes,
    },
    expects: ({ mould }): Record<string, { eventType: string; correlation: Correlation }> =>
      mould === "none"
        ? {}
        : { mould: { eventType: "stock.MouldArrived", correlation: { equals: { mould } } } },
    async run(ctx, { bundleId, part, mould }) {
      if (mould !== "none") await ctx.expect("mould");
      return await ctx.task("finish", (task) => {
        if (bundleId === "b-1" && part === broken) throw new NonRetryableError("the saw is broken");
        task.emit("bundle.PartMade", { bundleId, part });
      });
    },
  });
  return [make, part];
}

function bundleIncident(
  wrong: Parameters<typeof bundleOf>[0],
  judged: Pick<Incident, "story" | "cause" | "next">,
): Incident {
  return {
    ...judged,
    options: { maxRunning: 8 },
    async play(stage, culprit) {
      await stage.crash({ definitions: bundleOf(culprit ? wrong : {}), maxRunning: 8 });
      for (const bundleId of ["b-0", "b-1", "b-2"]) {
        await stage.submit(bundleId === "b-1" ? "job" : bundleId, "bundle.make", { bundleId });
      }
      await stage.advance(3_600_000);
      return "/jobs/job/explain";
    },
    decisive: [{ jobId: "job", eventType: "job.TaskWaiting" }],
  };
}

export const firstOfThreePartsFailed = bundleIncident({ broken: "p-1" }, {
  story: "A bundle waits for its third part: the job that makes the first one failed.",
  cause: [
    /such events came from task finish of jobs of type part\.make/,
    /failed .* the saw is broken/,
  ],
  next: /Retry job job~\w+, which was to send it/,
});

export const partAwaitsItsMould = bundleIncident({ awaitsMould: true }, {
  story: "A bundle waits for its third part, and the job that makes it for a mould.",
  cause: [/of type part\.make; job job~\w+, .* is waiting for "mould" \(stock\.MouldArrived\)/],
  next: /See why job job~\w+ is waiting: GET\s+\/jobs\/job~\w+\/explain/,
});

export const partWasOrderedOtherwise = bundleIncident({ method: "Print" }, {
  story: "A bundle waits for its third part: the order for it started no job.",
  cause: [
    /no other job of that type was given "b-1"/,
    /bundle\.PartOrdered, which starts them, .* started none: method: expected "print", found "Print"/,
  ],
  next: /Send bundle\.PartOrdered again, corrected/,
});

export const partWasOrderedWithoutAWidth = bundleIncident({ width: "12 cm" }, {
  story: "A bundle waits for its third part: the order for it gave the job no valid input.",
  cause: [
    /no other job of that type was given "b-1"/,
    /bundle\.PartOrdered, which starts them, .* job job~\w+ failed: .*\/width: must be a number/,
  ],
  next: /Send bundle\.PartOrdered again, corrected/,
});

const COLLECT = defineJob({
  type: "billing.collect",
  version: 1,
  input: v.object({ orderId: v.string() }),
  startsOn: {
    eventType: "shop.OrderPlaced",
    correlation: { equals: { currency: "EUR" } },
    input: ({ attributes }) => ({ orderId: String(attributes["orderId"]) }),
  },
  run: (ctx, { orderId }) =>
    ctx.task("collect", (task) => task.emit("billing.InvoicePaid", { orderId })),
});

export const collectorStartedByNoOrder: Incident = {
  story: "An order waits for its payment: what collects it never started, as the currency was eur.",
  options: { definitions: [COLLECT], maxRunning: 8 },
  async play(stage, culprit) {
    for (const nth of [1, 2, 3, 4]) {
      const isLast = nth === 4;
      const orderId = `W-${nth}`;
      await stage.plan(isLast ? "job" : `order-${nth}`, [{
        id: "paid",
        eventType: "billing.InvoicePaid",
        correlation: { equals: { orderId } },
      }]);
      const currency = isLast && culprit ? "eur" : "EUR";
      await stage.event(`placed-${nth}`, "shop.OrderPlaced", { orderId, currency });
    }
    return "/jobs/job/explain";
  },
  cause: [
    /such events came from task collect of jobs of type billing\.collect/,
    /started none: currency: expected "EUR", found "eur"/,
  ],
  decisive: ["placed-4"],
  innocent: ["placed-1", "placed-2"],
  next: /Send shop\.OrderPlaced again, corrected/,
};
