import * as v from "valibot";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";
import { hang } from "../incident_kit.ts";

const CHAT = defineJob({
  type: "chat.archive",
  version: 1,
  input: v.object({ isClosed: v.boolean() }),
  async run(ctx, { isClosed }) {
    await ctx.task("open", () => "opened");
    if (!isClosed) await new Promise(() => {});
    await ctx.task("store", hang);
  },
});

export const incident: Incident = {
  story: "A job executes for an hour: between two steps its code awaits what never happens.",
  options: { definitions: [CHAT] },
  async play(stage, culprit) {
    await stage.submit("job", "chat.archive", { isClosed: !culprit });
    await stage.advance(1);
    return "/jobs/job/explain";
  },
  cause: [/is executing run/, /has begun no step since task open completed/],
  decisive: [{ jobId: "job", eventType: "job.TaskStarted", taskId: "main" }],
};
