/** The cost of limits that are not reached: three-task jobs of a type with and without limits. */

import * as v from "valibot";
import { defineJob, type EmbeddedDaybook, openDaybook } from "../src/mod.ts";
import { inRounds, medianOf, perSecond, whole } from "./figures.ts";
import { IN_FLIGHT, many, PAYLOAD, type Result } from "./fixtures.ts";
import { withFolder } from "./folder.ts";
import { threadCpuUs } from "./system.ts";

const ROUNDS = 7;
const JOBS = 2_000;
const KEYS = 16;
const TIMEOUT_MS = 60_000;

const free = defineJob({
  type: "bench.free",
  version: 1,
  input: v.object({ payload: v.string(), tenant: v.string() }),
  async run(ctx) {
    await ctx.task("one", () => 1);
    await ctx.task("two", () => 2);
    await ctx.task("three", () => 3);
    return "done";
  },
});

/** The same with limits that are checked, but not reached with this many in flight. */
const limited = defineJob({
  ...free,
  type: "bench.limited",
  limits: {
    maxRunning: IN_FLIGHT,
    key: ({ tenant }: { readonly tenant: string }) => tenant,
    perKey: IN_FLIGHT / 4,
  },
});

interface Cost {
  readonly jobsPerSecond: number;
  readonly cpuUs: number;
}

export async function limits(): Promise<readonly Result[]> {
  return await withFolder(async (journal) => {
    const settings = { "max-running": `${IN_FLIGHT}` };
    await using daybook = await openDaybook({ journal, definitions: [free, limited], settings });
    for (const definition of [free, limited]) await costOf(daybook, definition);
    const rounds = await inRounds(ROUNDS, async () => ({
      free: await costOf(daybook, free),
      limited: await costOf(daybook, limited),
    }));
    const median = (pick: (cost: Cost) => number) => ({
      free: medianOf(rounds, (round) => pick(round.free)),
      limited: medianOf(rounds, (round) => pick(round.limited)),
      ratio: medianOf(rounds, (round) => pick(round.limited) / pick(round.free)),
    });
    const rate = median(({ jobsPerSecond }) => jobsPerSecond);
    const cpu = median(({ cpuUs }) => cpuUs);
    const name = "three-task jobs of a type with maxRunning, key and perKey, against one without";
    return [
      {
        name: `${name}: ${IN_FLIGHT} in flight`,
        figure: `${whole(rate.limited)}/s, without ${whole(rate.free)}/s`,
        ratio: rate.ratio,
      },
      {
        name: `${name}: CPU of the JS thread a job, the submitter's included`,
        figure: `${whole(cpu.limited)} us, without ${whole(cpu.free)} us`,
        ratio: cpu.ratio,
      },
    ];
  });
}

async function costOf(
  daybook: EmbeddedDaybook,
  definition: typeof free | typeof limited,
): Promise<Cost> {
  const [started, cpuBefore] = [performance.now(), threadCpuUs(Deno.pid)];
  await many(JOBS, async (number) => {
    const input = { payload: PAYLOAD, tenant: `tenant-${number % KEYS}` };
    const job = await daybook.submit(definition, input);
    const { state } = await daybook.wait(job, { timeoutMs: TIMEOUT_MS });
    if (state !== "Done") throw new Error(`a job is ${state}`);
  });
  return {
    jobsPerSecond: perSecond(JOBS, performance.now() - started),
    cpuUs: (threadCpuUs(Deno.pid) - cpuBefore) / JOBS,
  };
}
