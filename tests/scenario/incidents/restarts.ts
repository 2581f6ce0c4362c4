/** What the end of a process, a process that stood still, or a change of its clock did. */

import * as v from "valibot";
import { defineJob, NonRetryableError } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang, scripted } from "../incident_kit.ts";
import { journalLayout } from "../../../src/journal/layout.ts";
import { replaceFile } from "../../../src/journal/files/file_system.ts";
import type { JobId, TaskId } from "../../../src/core/ids.ts";

const charge = defineJob({
  type: "card.charge",
  version: 1,
  input: v.object({}),
  async run(ctx) {
    await ctx.task("reserve", () => "reserved");
    await ctx.task("charge", (task) => {
      if (task.attempt > 1) return "charged";
      return new Promise<string>(() => {});
    });
  },
});

export const chargedTwiceByACrash: Incident = {
  story: "The customer was charged twice: the process died while the charge was on its way.",
  options: { definitions: [charge] },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "card.charge");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/charge/, /twice/, /crash|process (ended|died|was killed)|cut short|interrupted/i],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "charge" }],
};

const RETRY = { maxAttempts: 3, initialMs: 5_000, factor: 1, jitter: 0 } as const;

const REFUSED_HOOK = scripted("hook.deliver", {
  post: () => {
    throw new Error("503 from the partner");
  },
}, { retry: RETRY });

export const clockSetBackBeforeAStart: Incident = {
  story: "A retry due in five seconds is an hour away after a restart: the clock was set back.",
  options: { definitions: [REFUSED_HOOK] },
  async play(stage, culprit) {
    await stage.submit("job", "hook.deliver");
    if (culprit) stage.daybook.clock.jump(-3_600_000);
    await stage.crash({ definitions: [REFUSED_HOOK] });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [/clock of the machine was set back by 1 h/],
  decisive: [],
};

const HOOK_REFUSED_ONCE = scripted("hook.deliver", {
  post: ({ attempt }) => {
    if (attempt === 1) throw new Error("503 from the partner");
  },
}, { retry: RETRY });

export const clockSetInABackoff: Incident = {
  story: "A webhook seems to have taken two hours: the clock of the machine was corrected.",
  options: { definitions: [HOOK_REFUSED_ONCE] },
  async play(stage, culprit) {
    await stage.submit("job", "hook.deliver");
    if (culprit) stage.daybook.clock.jump(7_200_000);
    await stage.advance(6_000);
    return "/jobs/job/explain";
  },
  cause: [/clock of the machine was set ahead by 2 h/],
  decisive: [],
};

const CRAWL = scripted("web.crawl", { crawl: (about) => hang(about) }, { timeoutMs: 7_200_000 });

export const cutShortByEachDeploy: Incident = {
  story: "A crawl takes an hour and never ends: each deploy of the day has cut it short.",
  options: { definitions: [CRAWL], maxRunning: 4 },
  async play(stage, culprit) {
    await stage.submit("job", "web.crawl");
    for (let deploy = 0; culprit && deploy < 3; deploy++) {
      await stage.advance(1_200_000);
      void stage.daybook.engine.stop(0);
      await stage.advance(10);
      await stage.crash();
    }
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/attempts 1, 2 and 3 were cut short/, /the process stopped/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "crawl", nth: 2 }],
  next: /continues until it ends, no later than/,
};

const LONG = scripted("video.encode", {
  encode: (about) => about.attempt === 1 ? hang(about) : "encoded",
});

export const cutShortByTheSameCrash: Incident = {
  story: "Three encodings began again at the same minute: one crash cut all of them short.",
  options: { definitions: [LONG], maxRunning: 4 },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    for (const jobId of ["a", "job", "b"]) await stage.submit(jobId, "video.encode");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/encode/, /twice|crash|cut short|interrupted/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "encode" }],
};

const open = (type: string, step: string) =>
  defineJob({
    type,
    version: 1,
    input: v.object({}),
    async run(ctx) {
      await ctx.task(step, (task) => {
        if (task.attempt > 1) return "done";
        return new Promise<string>(() => {});
      });
    },
  });

export const endedSinceAReportDidNotYield: Incident = {
  story: "A mail was sent twice: a report did not yield, and the process was ended for that.",
  options: { definitions: [open("mail.send", "send"), open("report.build", "render")] },
  async play(stage, culprit) {
    await stage.submit("job", "mail.send");
    await stage.submit("report", "report.build");
    if (culprit) {
      const [mail, report] = [["job", "send"], ["report", "render"]]
        .map(([jobId, taskId]) => ({ jobId, taskId, attempt: 1 }));
      const note = { reason: "blocked", blockedMs: 62_000, open: [mail, report], last: report };
      const bytes = new TextEncoder().encode(JSON.stringify(note));
      await replaceFile(stage.daybook.disk, journalLayout("journal").endNote, bytes);
    }
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [
    /task send/i,
    /event loop had been blocked for 1 min 2 s while job report in task render, which began last/,
  ],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "send" }],
};

const MAIL = defineJob({
  type: "mail.send",
  version: 1,
  input: v.record(v.string(), v.unknown()),
  async run(ctx) {
    await ctx.sleep("a-moment", 100);
    return await ctx.task("send", () => "sent");
  },
});

export const heldUpByAReport: Incident = {
  story: "A mail took four seconds: a report that does not yield kept everything else waiting.",
  options: { definitions: [MAIL, scripted("report.build", { render: () => "pages" })] },
  async play(stage, culprit) {
    for (let other = 0; other < 6; other++) await stage.submit(`mail-${other}`, "mail.send");
    await stage.submit("job", "mail.send");
    const { clock, engine } = stage.daybook;
    clock.block(4_000);
    await stage.submit("report", "report.build");
    const open = [{ jobId: "report" as JobId, taskId: "render" as TaskId, attempt: 1 }];
    if (culprit) engine.processFacts.loopBlocked({ blockedMs: 4_000, open });
    await stage.advance(1_000);
    return "/jobs/job/explain";
  },
  cause: [/event loop was blocked for 4 s/, /job report in task render did not yield/],
  decisive: [],
};

const NOTIFY = scripted("ticket.notify", {
  render: () => "html",
  send: (about) => about.attempt === 1 ? hang(about) : "sent",
});

export const mailSentTwiceByACrash: Incident = {
  story: "Two mails: the process was killed after the mail server had taken the first.",
  options: { definitions: [NOTIFY] },
  async play(stage, culprit) {
    if (!culprit) {
      await stage.plan("job", []);
      return "/jobs/job/explain";
    }
    await stage.submit("job", "ticket.notify");
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/send/, /twice/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "send" }],
};

const trip = (hangs: boolean) =>
  scripted("trip.pay", {
    pay: () => "paid",
    seat: ({ input }) => {
      if (input.full === true) throw new NonRetryableError("no seat is left");
      return "seat";
    },
  }, { undo: { pay: (about) => hangs ? hang(about) : "refunded" } });

export const refundedTwiceByACrash: Incident = {
  story: "The process was killed while it refunded, and refunded again after its restart.",
  options: { definitions: [trip(true)] },
  async play(stage, culprit) {
    for (let other = 0; other < 8; other++) await stage.submit(`trip-${other}`, "trip.pay");
    if (!culprit) await stage.crash({ definitions: [trip(false)] });
    await stage.submit("job", "trip.pay", { full: true });
    await stage.advance(5_000);
    if (culprit) await stage.crash({ definitions: [trip(false)] });
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/no seat is left/, /compensation of task pay may have happened twice/],
  decisive: [
    { jobId: "job", eventType: "job.TaskInterrupted", taskId: "pay" },
    { jobId: "job", eventType: "job.TaskFailed", taskId: "seat" },
  ],
};

export const chargedBeforeTheCrash: Incident = {
  story: "The bank says that an order is charged already: the process was killed while it was.",
  async play(stage, culprit) {
    const charged = new Set<string>();
    const charge = scripted("shop.charge", {
      reserve: () => "reserved",
      charge: ({ jobId, signal }) => {
        if (charged.has(jobId)) throw new NonRetryableError(`${jobId} is charged already`);
        charged.add(jobId);
        return culprit && jobId === "job" ? hang({ signal }) : "charged";
      },
    });
    await stage.crash({ definitions: [charge] });
    await stage.submit("order-1", "shop.charge");
    await stage.submit("job", "shop.charge");
    await stage.advance(3_000);
    await stage.crash();
    await stage.submit("order-3", "shop.charge");
    return "/jobs/job/explain";
  },
  cause: [/job is charged already/, /its attempt 1 was cut short \(the process had ended/],
  decisive: [{ jobId: "job", eventType: "job.TaskInterrupted", taskId: "charge" }],
  next: /First check what task charge did: what was cut short may have\s+happened/,
};

export const deadlinePassedDuringADeploy: Incident = {
  story: "A lease failed at its deadline, which passed in the twenty seconds of a deploy.",
  async play(stage, culprit) {
    const within = { ms: 30_000, otherwise: "fail" };
    await stage.plan("job", [{ id: "signed", eventType: "sign.Signed", within }]);
    await stage.advance(culprit ? 20_000 : 31_000);
    if (culprit) {
      stage.daybook.clock.jump(20_000);
      await stage.crash();
      await stage.advance(1_000);
    }
    return "/jobs/job/explain";
  },
  cause: [/its time was up at .* Daybook was started at .*, after a crash/],
  decisive: [{ jobId: "job", eventType: "job.DeadlinePassed" }],
};

let uploads = Date.parse("2026-01-01T00:00:07.653Z");

const UPLOAD = defineJob({
  type: "report.export",
  version: 1,
  input: v.object({ isDated: v.boolean() }),
  async run(ctx, { isDated }) {
    await ctx.task(isDated ? `upload-${uploads++}` : "upload", () => "done");
    await ctx.task("announce", hang);
  },
});

export const stepNamedAfterTheTime: Incident = {
  story: "A report is parked though its code is the same: its step is named after the time.",
  options: { definitions: [UPLOAD] },
  async play(stage, culprit) {
    await stage.submit("job", "report.export", { isDated: culprit });
    await stage.crash();
    await stage.advance(60_000);
    return "/jobs/job/explain";
  },
  cause: [/no longer asks for task upload-1767/, /Only the time in the id differs/],
  decisive: [{ jobId: "job", eventType: "job.JobParked" }],
  next: /First change run/,
  neverNext: /Best: start Daybook with code that fits/,
};
