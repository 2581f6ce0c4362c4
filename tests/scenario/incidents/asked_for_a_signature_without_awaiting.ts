import * as v from "valibot";
import type { JobId, TaskId } from "../../../src/core/ids.ts";
import { defineJob } from "../../../src/mod.ts";
import type { Incident } from "../incident.ts";

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

export const incident: Incident = {
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
