/** The real process: jobs that sleep through a kill, and what is told of them, word for word. */

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

interface Shown {
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

Deno.test("sleeping: through a kill and a start, and told word for word with the lines", async () => {
  await inFolder(async (folder) => {
    const module = `${folder}/jobs.ts`;
    await Deno.writeTextFile(module, CODE);
    const options = {
      journal: `${folder}/journal`,
      args: ["--definitions", module],
      permissions: [`--allow-read=${module},${SOURCE}`],
    };
    const first = await DaybookProcess.start(options);
    const submit = async (jobId: string, ms: number) => {
      const answer = await first.post("/jobs", { type: "shop.remind", jobId, input: { ms } });
      assert.equal(answer.status, 202, await answer.text());
    };
    await submit("long", THREE_DAYS);
    await submit("short", 500);
    const isAsleep = async (jobId: string) =>
      (await first.get(`/jobs/${jobId}`) as Shown).condition !== "executing";
    await until("both rest", async () => await isAsleep("long") && await isAsleep("short"));
    await first.kill();

    const daybook = await DaybookProcess.start(options);
    const show = async (jobId: string) => await daybook.get(`/jobs/${jobId}`) as Shown;
    await until("what was due has gone on", async () => (await show("short")).state === "Done");
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
    assert.deepEqual(lines(asleep.because), [
      `Sleep overnight began at ${sleep?.startedAt} and is due at ${dueAt}. [job.TimerSet]`,
      ...lines(asleep.because.slice(1)),
    ]);
    assert.deepEqual(lines(asleep.next), [
      `Sleep overnight ends at ${dueAt}, and its code goes on. [job.TimerSet]`,
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
      "(reason: the customer called). [job.TimerElapsed] [job.JobWoken]",
      `Task remind completed at ${remind?.endedAt}. [job.TaskCompleted]`,
      ...lines(awake.completed.slice(3)),
    ]);
    assert.ok(awake.timing.sleepingMs > 0);
    assert.equal(await daybook.stop(), 0);
  });
});
