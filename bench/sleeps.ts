/** 10,000 sleeping jobs, and as many waiting ones: the cost of starting and of continuing each. */

import * as v from "valibot";
import { defineJob, type EmbeddedDaybook, openDaybook } from "../src/mod.ts";
import { inRounds, medianOf, whole } from "./figures.ts";
import { IN_FLIGHT, many, PAYLOAD, type Result } from "./fixtures.ts";
import { withFolder } from "./folder.ts";
import { pause, threadCpuUs } from "./system.ts";

const ROUNDS = 5;
const JOBS = 10_000;
const AT_ONCE = 500;
const MONTH_MS = 30 * 86_400_000;
const LOOK_EVERY_MS = 20;
const TIMEOUT_MS = 60_000;

const input = v.object({ payload: v.string() });

const sleeper = defineJob({
  type: "bench.sleeper",
  version: 1,
  input,
  run: (ctx) => ctx.sleep("a-month", MONTH_MS),
});

const waiter = defineJob({
  type: "bench.waiter",
  version: 1,
  input,
  expects: () => ({ go: { eventType: "bench.order.Continued" } }),
  run: async (ctx) => void await ctx.expect("go"),
});

/** Microseconds of the JS thread per job. */
interface Cost {
  readonly beginUs: number;
  readonly goOnUs: number;
}

export async function sleeps(): Promise<readonly Result[]> {
  const rounds = await inRounds(ROUNDS, async () => ({
    waiting: await costOf(waiter, "waiting", async (daybook, jobId) => {
      await daybook.deliver({ eventType: "bench.order.Continued", jobId });
    }),
    sleeping: await costOf(sleeper, "sleeping", async (daybook, jobId) => {
      await daybook.control(jobId, "wake");
    }),
  }));
  const result = (name: string, pick: (cost: Cost) => number): Result => {
    const sleeping = medianOf(rounds, (round) => pick(round.sleeping));
    const waiting = medianOf(rounds, (round) => pick(round.waiting));
    return {
      name: `CPU of the JS thread ${name}, of ${whole(JOBS)}`,
      figure: `${whole(sleeping)} us, ${whole(waiting)} us`,
      ratio: medianOf(rounds, (round) => pick(round.sleeping) / pick(round.waiting)),
    };
  };
  return [
    result("to submit a job until it sleeps, against until it waits", ({ beginUs }) => beginUs),
    result("from waking a sleeping job to its end, against from the event", ({ goOnUs }) => goOnUs),
  ];
}

/** Measured in a process without other jobs. */
async function costOf(
  definition: typeof sleeper | typeof waiter,
  rests: "sleeping" | "waiting",
  goOn: (daybook: EmbeddedDaybook, jobId: string) => Promise<void>,
): Promise<Cost> {
  return await withFolder(async (journal) => {
    const settings = { "snapshot-every": "1000000000" };
    await using daybook = await openDaybook({ journal, definitions: [definition], settings });
    const jobIds = Array.from({ length: JOBS }, (_, number) => `job-${number}`);
    const before = threadCpuUs(Deno.pid);
    for (let at = 0; at < JOBS; at += AT_ONCE) {
      const some = jobIds.slice(at, at + AT_ONCE);
      await daybook.submitAll(
        definition,
        some.map((jobId) => ({ jobId, input: { payload: PAYLOAD } })),
      );
    }
    // Jobs start in this order.
    for (const jobId of jobIds.slice(-IN_FLIGHT)) {
      while (daybook.job(jobId)?.condition !== rests) await pause(LOOK_EVERY_MS);
    }
    const resting = threadCpuUs(Deno.pid);
    await many(JOBS, async (number) => {
      await goOn(daybook, `job-${number}`);
      await daybook.wait(`job-${number}`, { timeoutMs: TIMEOUT_MS });
    });
    return {
      beginUs: (resting - before) / JOBS,
      goOnUs: (threadCpuUs(Deno.pid) - resting) / JOBS,
    };
  });
}
