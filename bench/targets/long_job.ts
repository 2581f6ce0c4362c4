/**
 * The processor time of a task at the end of a job with 10,000 tasks, compared with one of a job
 * with 10. Wall time is mostly that of the disk.
 */

import * as v from "valibot";
import { defineJob, type EmbeddedDaybook, openDaybook } from "../../src/mod.ts";
import { inRounds, medianOf } from "../figures.ts";
import { withFolder } from "../folder.ts";
import { threadCpuUs } from "../system.ts";
import { atMost, type Row } from "../table.ts";

const ROUNDS = 3;
const SECONDS_MAX = 30;
const LONG = 10_000;
const SHORT = 10;
/** The number of measured tasks, of one long job or of many short ones. */
const MEASURED = 1_000;
const TIMEOUT_MS = 120_000;
/** About equal, within the variation of two cores under load. */
const RATIO_MAX = 1.25;

/** A job of this many tasks that measures from the start of one task to that of another. */
const manyTasks = defineJob({
  type: "bench.many",
  version: 1,
  input: v.object({ tasks: v.number(), from: v.number(), to: v.number() }),
  async run(ctx, { tasks, from, to }) {
    let began = 0;
    let spent = 0;
    for (let index = 0; index < tasks; index++) {
      await ctx.task(`task-${index}`, () => {
        if (index === from) began = threadCpuUs(Deno.pid);
        if (index === to) spent = threadCpuUs(Deno.pid) - began;
      });
    }
    return spent;
  },
});

export async function longJobRows(): Promise<readonly Row[]> {
  return await withFolder(async (folder) => {
    await using daybook = await openDaybook({ journal: folder, definitions: [manyTasks] });
    await shortJobs(daybook);
    const rounds = await inRounds(ROUNDS, async () => ({
      short: await shortJobs(daybook),
      long: await longJob(daybook),
    }), SECONDS_MAX);
    const ratio = medianOf(rounds, ({ short, long }) => long / short);
    return [{
      what: "CPU of one task at the end of 10,000 of a job",
      measured: `${medianOf(rounds, ({ long }) => long).toFixed(0)} us`,
      baseline: `of a job with 10: ${medianOf(rounds, ({ short }) => short).toFixed(0)} us`,
      reached: `${ratio.toFixed(2)} times`,
      target: "about 1",
      verdict: atMost(ratio, RATIO_MAX),
    }];
  });
}

/** Microseconds per task. */
async function longJob(daybook: EmbeddedDaybook): Promise<number> {
  const [from, to] = [LONG - MEASURED - 1, LONG - 1];
  return await spent(daybook, { tasks: LONG, from, to }) / MEASURED;
}

/** Microseconds per task, without the cost of the job itself. */
async function shortJobs(daybook: EmbeddedDaybook): Promise<number> {
  const [from, to] = [1, SHORT - 1];
  let sum = 0;
  let tasks = 0;
  for (; tasks < MEASURED; tasks += to - from) {
    sum += await spent(daybook, { tasks: SHORT, from, to });
  }
  return sum / tasks;
}

async function spent(
  daybook: EmbeddedDaybook,
  input: { readonly tasks: number; readonly from: number; readonly to: number },
): Promise<number> {
  const job = await daybook.submit(manyTasks, input);
  const { state, output } = await daybook.wait(job, { timeoutMs: TIMEOUT_MS });
  if (state !== "Done" || typeof output !== "number") throw new Error(`the job is ${state}`);
  return output;
}
