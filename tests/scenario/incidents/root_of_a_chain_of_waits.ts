import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const input = v.object({ day: v.string(), slow: v.optional(v.boolean()) });

const stage = (type: string, after: string | undefined, sends: string) =>
  defineJob({
    type,
    version: 1,
    input,
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

export const incident: Incident = {
  story: "The last of three nightly jobs waits: someone suspended the first of them.",
  options: { definitions: STAGES, maxRunning: 8 },
  async play(stage, culprit) {
    for (let night = 1; night < 6; night++) {
      for (const { type } of STAGES.toReversed()) {
        await stage.submit(`${type}-${night}`, type, { day: `2026-11-0${night}` });
      }
    }
    const day = "2026-11-06";
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
