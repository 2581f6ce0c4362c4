/** The real process: times in jobs across a kill, and their exact explanations. */

import assert from "node:assert/strict";
import { DaybookProcess } from "../support/process/daybook_process.ts";
import { inFolder } from "../support/temporary_folder.ts";
import { until } from "../support/until.ts";

const SOURCE = new URL("../../src", import.meta.url).pathname;
const CODE = `import * as v from "valibot";
import { defineJob } from "${SOURCE}/mod.ts";

export const remind = defineJob({
  type: "shop.remind", version: 1, input: v.object({ ms: v.number() }),
  async run(ctx, { ms }) {
    await ctx.task("greet", () => "hello");
    await ctx.sleep("overnight", ms);
    return await ctx.task("remind", () => "reminded");
  },
});

export const invoice = defineJob({
  type: "shop.invoice", version: 1, input: v.object({ ms: v.number() }),
  expects: () => ({ paid: { eventType: "shop.Paid" } }),
  async run(ctx, { ms }) {
    const paid = await ctx.expect("paid", { withinMs: ms });
    return paid === undefined ? "unpaid" : "paid";
  },
});
`;
const THREE_DAYS = 3 * 86_400_000;

interface Told {
  readonly statement: string;
  readonly cites: readonly { readonly logId: number; readonly eventType: string }[];
}

interface Explained {
  readonly condition: string;
  readonly summary: string;
  readonly because: readonly Told[];
  readonly completed: readonly Told[];
  readonly next: readonly (Told & { readonly action?: { readonly path: string } })[];
  readonly timing: { readonly sleepingMs: number };
}

interface Entry {
  readonly eventType: string;
  readonly receivedAt: string;
}

interface Shown {
  readonly waits?: readonly { readonly dueAt: string }[];
  readonly condition: string;
  readonly state: string;
  readonly output: unknown;
  readonly sleepsUntil?: string;
  readonly tasks: readonly { taskId: string; status: string; startedAt: string; endedAt: string }[];
}

/** A statement, with the types of the entries that it cites. */
function lines(told: readonly Told[]): readonly string[] {
  return told.map(({ statement, cites }) =>
    [statement, ...cites.map(({ eventType }) => `[${eventType}]`)].join(" ")
  );
}

/** For a wait and a plan whose times are over, and for an open wait. */
async function assertDeadlines(daybook: DaybookProcess): Promise<void> {
  const explained = async (jobId: string) =>
    await daybook.get(`/jobs/${jobId}/explain`) as Explained;
  const passedIn = async (jobId: string) => {
    const { entries } = await daybook.get(`/jobs/${jobId}/events`) as { entries: Entry[] };
    const passed = entries.find(({ eventType }) => eventType === "job.DeadlinePassed");
    return passed ?? assert.fail(`no deadline of ${jobId} has passed`);
  };
  const unpaid = await explained("unpaid");
  const passed = await passedIn("unpaid");
  assert.equal((await daybook.get("/jobs/unpaid") as Shown).output, "unpaid");
  assert.deepEqual(lines(unpaid.completed.slice(0, 1)), [
    `"paid" was waived when its deadline passed at ${passed.receivedAt}: 0 of 1 came in time. ` +
    "[job.DeadlinePassed]",
  ]);

  const late = await explained("late");
  assert.equal(late.summary, 'Job late failed: "signed" was not met within 500 ms of the start.');
  // On a slow machine other things may have held it, too.
  assert.deepEqual(lines(late.because).filter((line) => line.startsWith("A deadline")), [
    `A deadline of its plan passed at ${(await passedIn("late")).receivedAt}: "signed" was not ` +
    "met within 500 ms of the start. [job.DeadlinePassed] [job.JobCreated]",
  ]);

  const { waits = [] } = await daybook.get("/jobs/paid") as Shown;
  const paid = await explained("paid");
  assert.deepEqual(lines(paid.next.slice(0, 1)), [
    `run waits for "paid" until ${waits[0]?.dueAt}, and then continues without it. [job.TimerSet]`,
  ]);
  const event = { eventType: "shop.Paid", jobId: "paid" };
  const sent = await daybook.post("/events", event);
  assert.equal(sent.status, 200, await sent.text());
  await until(
    "the invoice is paid",
    async () => (await daybook.get("/jobs/paid") as Shown).output === "paid",
  );
}

Deno.test("times: after a kill and a start explanations are the same word for word", async () => {
  await inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    await Deno.writeTextFile(module, CODE);
    const options = {
      journal: `${folder}/journal`,
      definitions: module,
    };
    const first = await DaybookProcess.start(options);
    const submit = async (jobId: string, ms: number, type = "shop.remind") => {
      const answer = await first.post("/jobs", { type, jobId, input: { ms } });
      assert.equal(answer.status, 202, await answer.text());
    };
    await submit("long", THREE_DAYS);
    await submit("short", 500);
    await submit("unpaid", 500, "shop.invoice");
    await submit("paid", THREE_DAYS, "shop.invoice");
    const within = { ms: 500, otherwise: "fail" };
    const plan = { expected: [{ id: "signed", eventType: "shop.Signed", within }] };
    const planned = await first.post("/jobs", { jobId: "late", plan });
    assert.equal(planned.status, 202, await planned.text());
    const isAsleep = async (jobId: string) =>
      (await first.get(`/jobs/${jobId}`) as Shown).condition !== "executing";
    await until("all rest", async () => {
      const jobs = await Promise.all(["long", "short", "unpaid", "paid"].map(isAsleep));
      return jobs.every((isOne) => isOne);
    });
    await first.kill();

    const daybook = await DaybookProcess.start(options);
    const show = async (jobId: string) => await daybook.get(`/jobs/${jobId}`) as Shown;
    for (const [jobId, state] of [["short", "Done"], ["unpaid", "Done"], ["late", "Failed"]]) {
      await until(`${jobId} is over`, async () => (await show(jobId ?? "")).state === state);
    }
    await assertDeadlines(daybook);
    const job = await show("long");
    const [, greet, sleep] = job.tasks;
    const dueAt = job.sleepsUntil ?? "";
    assert.equal(sleep?.status, "sleeping");
    assert.equal(
      Date.parse(dueAt) - Date.parse(sleep?.startedAt ?? "") >= THREE_DAYS - 1_000,
      true,
    );
    const { jobs } = await daybook.get("/jobs?condition=sleeping") as {
      jobs: { sleepsUntil: string }[];
    };
    assert.deepEqual(jobs.map(({ sleepsUntil }) => sleepsUntil), [dueAt]);

    const asleep = await daybook.get("/jobs/long/explain") as Explained;
    assert.equal(asleep.summary, `Job long is sleeping: sleep overnight ends at ${dueAt}.`);
    assert.deepEqual(lines(asleep.because).filter((line) => line.startsWith("Sleep overnight")), [
      `Sleep overnight began at ${sleep?.startedAt} and is due at ${dueAt}. [job.TimerSet]`,
    ]);
    assert.deepEqual(lines(asleep.next), [
      `Sleep overnight ends at ${dueAt}, and its code continues. [job.TimerSet]`,
      "End the sleep now:",
      "Cancel it:",
    ]);
    assert.equal(asleep.next[1]?.action?.path, "/jobs/long/wake");

    const woken = await daybook.post("/jobs/long/wake", { reason: "the customer called" });
    assert.equal(woken.status, 200, await woken.text());
    await until("it is awake", async () => (await show("long")).state === "Done");
    const awake = await daybook.get("/jobs/long/explain") as Explained;
    const [, , slept, remind] = (await show("long")).tasks;
    assert.deepEqual(lines(awake.completed), [
      `Task greet completed at ${greet?.endedAt}. [job.TaskCompleted]`,
      `Sleep overnight was ended early at ${slept?.endedAt} by a wake control ` +
      "(reason: the customer called), 2 d 23 h before it was due. [job.TimerElapsed] [job.JobWoken]",
      `Task remind completed at ${remind?.endedAt}. [job.TaskCompleted]`,
      ...lines(awake.completed.slice(3)),
    ]);
    assert.ok(awake.timing.sleepingMs > 0);
    assert.equal(await daybook.stop(), 0);
  });
});
