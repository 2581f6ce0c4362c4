/** Jobs of three durable tasks, end to end, and the memory that they leave behind. */

import { openDaybook, PAYLOAD, perSecond, type Result, withFolder } from "./fixtures.ts";

const JOBS = 100_000;
const IN_FLIGHT = 64;
const SINGLE_JOBS = 300;

export async function threeTaskJobs(): Promise<readonly Result[]> {
  return await withFolder(async (folder) => {
    const daybook = await openDaybook(folder, ["--max-running", String(IN_FLIGHT)]);
    const latencies = await oneInFlight(daybook.engine);
    const before = memory();
    const started = performance.now();
    await manyInFlight(daybook.engine);
    const elapsedMs = performance.now() - started;
    const after = memory();
    const { bytes } = await daybook.engine.journalInfo();
    await daybook.stop(() => Promise.resolve());
    return [
      { name: "three-task jobs, 64 in flight", figure: `${perSecond(JOBS, elapsedMs)} jobs/s` },
      {
        name: "three-task job, one in flight",
        figure: `p50 ${at(latencies, 0.5)} ms, p99 ${at(latencies, 0.99)} ms`,
      },
      {
        name: "memory after 100,000 finished three-task jobs",
        figure: `${after.heapMegabytes - before.heapMegabytes} MB of heap and buffers, ` +
          `${after.rssMegabytes} MB resident, ${Math.round(bytes / JOBS)} bytes a job on disk`,
      },
    ];
  });
}

type Engine = Awaited<ReturnType<typeof openDaybook>>["engine"];

async function runOne(engine: Engine): Promise<void> {
  const outcome = await engine.create({ type: "bench.three", input: { payload: PAYLOAD } });
  if (!outcome.ok) throw new Error(`Cannot create: ${outcome.problem.kind}`);
  const { jobId } = outcome.value.job;
  const job = await engine.waitFor(jobId, ({ state }) => state === "Done", 60_000);
  if (job.state !== "Done") throw new Error(`job ${jobId} is ${job.state}`);
}

async function oneInFlight(engine: Engine): Promise<readonly number[]> {
  const latencies: number[] = [];
  for (let job = 0; job < SINGLE_JOBS; job++) {
    const started = performance.now();
    await runOne(engine);
    latencies.push(performance.now() - started);
  }
  return latencies.sort((left, right) => left - right);
}

async function manyInFlight(engine: Engine): Promise<void> {
  let left = JOBS;
  const client = async () => {
    while (left-- > 0) await runOne(engine);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, client));
}

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor(sorted.length * share)] ?? NaN).toFixed(1);
}

function memory() {
  // `gc` is there because the task passes --v8-flags=--expose-gc.
  (globalThis as { gc?: () => void }).gc?.();
  const { rss, heapUsed, external } = Deno.memoryUsage();
  return {
    heapMegabytes: Math.round((heapUsed + external) / 1e6),
    rssMegabytes: Math.round(rss / 1e6),
  };
}
