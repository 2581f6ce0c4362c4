/** Receipts of events that a job's policy names, or nearly does. */

import assert from "node:assert/strict";
import { jobId } from "../../src/core/ids.ts";
import type { JobPlan } from "../../src/core/job_plan.ts";
import type { CreateRequest, Receipt } from "../../src/engine/requests.ts";
import { expectation, matcher, plan } from "../support/engine/entries.ts";
import { Harness } from "../support/engine/engine_harness.ts";

/** Waits for its order to be paid; a cancellation makes it compensate. */
function cancellable(o: number): JobPlan {
  const correlation = { equals: { o } };
  return plan([expectation("paid", "q.Paid", { correlation })], {
    errors: [matcher("q.Cancel", correlation)],
    compensation: {
      succeeded: matcher("q.Undone", correlation),
      failed: matcher("q.Stuck", correlation),
    },
  });
}

async function start(orders: readonly number[]): Promise<Harness> {
  const daybook = await Harness.start();
  for (const o of orders) {
    await daybook.create({ plan: cancellable(o), jobId: jobId(`j${o}`) } as CreateRequest);
  }
  return daybook;
}

const CLOSE = 'o: expected 1 (number), found "1" (text)';

function toldOf({ disposition, jobs, reason, nearest }: Receipt) {
  return { disposition, jobs, reason, nearest };
}

Deno.test("receipt: an event that is nearly an error of a policy names the job and the clause", async () => {
  const daybook = await start([1, 2]);

  assert.deepEqual(toldOf(await daybook.event("q.Cancel", { o: "1" })), {
    disposition: "recorded",
    jobs: [],
    reason: `matched nothing: the nearest is the error event of the policy of job j1: ${CLOSE}`,
    nearest: {
      jobId: "j1",
      state: "Running",
      policy: "errors",
      reason: CLOSE,
      clauses: [{ path: "o", expected: "1", found: '"1"', close: true }],
    },
  });
});

Deno.test("receipt: an event that nearly ends a compensation names it, also after a restart", async () => {
  const daybook = await start([1, 2]);
  await daybook.event("q.Cancel", { o: 1 });

  for (const restarts of [false, true]) {
    const running = restarts ? await daybook.crash() : daybook;
    for (
      const [type, policy, name] of [
        ["q.Undone", "succeeded", "the end"],
        ["q.Stuck", "failed", "the failed end"],
      ] as const
    ) {
      assert.deepEqual(toldOf(await running.event(type, { o: "1" })), {
        disposition: "recorded",
        jobs: [],
        reason: `matched nothing: the nearest is ${name} of the compensation of job j1: ${CLOSE}`,
        nearest: {
          jobId: "j1",
          state: "Compensating",
          policy,
          reason: CLOSE,
          clauses: [{ path: "o", expected: "1", found: '"1"', close: true }],
        },
      });
    }
  }
});

Deno.test("receipt: an end of compensation is not near to a running job, nor an error to a compensating one", async () => {
  const daybook = await start([1]);
  const { reason, nearest } = await daybook.event("q.Undone", { o: "1" });
  assert.equal(reason, "no job waits for events of type q.Undone");
  assert.equal(nearest, undefined);

  await daybook.event("q.Cancel", { o: 1 });
  const again = await daybook.event("q.Cancel", { o: "1" });
  assert.equal(again.reason, "no job waits for events of type q.Cancel");
});

Deno.test("receipt: of many compensating jobs, one that the event could have ended is named", async () => {
  const orders = Array.from({ length: 12 }, (_, index) => index + 1);
  const daybook = await start(orders);
  for (const o of [1, 2, 3]) await daybook.event("q.Cancel", { o });

  assert.equal(
    (await daybook.event("q.Undone", { o: 99 })).reason,
    "matched nothing: the policies of 3 jobs name events of type q.Undone, and none this one; " +
      "for one, the end of the compensation of job j1: o: expected 1, found 99",
  );
  assert.equal(
    (await daybook.event("q.Undne", { o: 1 })).reason,
    "no job waits for events of type q.Undne; " +
      "did you mean q.Undone, which the policies of 3 jobs name?",
  );
});

Deno.test("receipt: an event addressed to a compensating job says what would end the compensation, and which clause failed", async () => {
  const daybook = await start([1]);
  await daybook.event("q.Cancel", { o: 1 });
  const id = jobId("j1");

  const receipt = await daybook.event("q.Undone", { o: "1" }, { jobId: id });
  const reason = `recorded only: the nearest is the end of its compensation: ${CLOSE}`;
  assert.deepEqual(receipt.jobs, [{ jobId: id, state: "Compensating", reason }]);
  assert.deepEqual([receipt.nearest?.policy, receipt.nearest?.reason], ["succeeded", CLOSE]);

  const paid = await daybook.event("q.Paid", { o: 1 }, { jobId: id });
  assert.equal(paid.jobs[0]?.reason, "recorded only: state is Compensating");
  assert.equal(paid.nearest, undefined);
});

Deno.test("receipt: for a running job it says that no compensation is under way", async () => {
  const daybook = await start([1]);

  const { jobs } = await daybook.event("q.Undone", { o: 1 });
  assert.equal(
    jobs[0]?.reason,
    "the plan expects no event of type q.Undone but to end a compensation, and none is under way",
  );
});

Deno.test("receipt: the end of a compensation works for a job that was filed again", async () => {
  const daybook = await start([1]);
  await daybook.event("q.Cancel", { o: 1 });

  const { disposition, jobs } = await daybook.event("q.Undone", { o: 1 });
  assert.equal(disposition, "matched");
  assert.deepEqual(jobs.map(({ jobId, state }) => [jobId, state]), [["j1", "Failed"]]);
});
