/** The cost of an idle process with 100,000 jobs and 10,000 timers, compared with an empty one. */

import { whole } from "../figures.ts";
import { holdJobs } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { pause, processCpuUs } from "../system.ts";
import { atMost, type Row } from "../table.ts";
import { WITHOUT_SNAPSHOTS } from "./job_bodies.ts";
import { fill, type JobBody, waitingPlan } from "./waiting_jobs.ts";

const WAITING = 100_000;
const TIMERS = 10_000;
/**
 * By then V8 has released the memory of filling it, which takes a second of CPU in three bursts.
 */
const SETTLE_MS = 20_000;
const IDLE_MS = 15_000;
/** After the measurement, but no later than the server allows. */
const START_IN_MS = 14 * 60_000;

export async function idleRows(): Promise<readonly Row[]> {
  await using empty = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  await using full = await startDaybook({ flags: WITHOUT_SNAPSHOTS });
  await holdJobs(full.url);
  const waiting = await fill(full.url, waitingPlan(WAITING), WAITING);
  const timers = await fill(full.url, startedLater(), TIMERS);
  await pause(SETTLE_MS);
  // Both at the same time: an idle process disturbs no other.
  const before = [processCpuUs(empty.pid), processCpuUs(full.pid)] as const;
  await pause(IDLE_MS);
  const [emptyShare, fullShare] = [
    sharePercent(processCpuUs(empty.pid) - before[0]),
    sharePercent(processCpuUs(full.pid) - before[1]),
  ];
  return [{
    what: `idle CPU, ${whole(waiting)} jobs waiting and ${whole(timers)} timers`,
    measured: `${fullShare.toFixed(2)} %`,
    baseline: `an empty journal: ${emptyShare.toFixed(2)} %`,
    reached: `${fullShare.toFixed(2)} % of a core`,
    target: "under 1 %",
    verdict: atMost(fullShare, 1),
  }];
}

function startedLater(): JobBody {
  const startAt = new Date(Date.now() + START_IN_MS).toISOString();
  const body = JSON.stringify({ type: "bench.three", input: { payload: "" }, startAt });
  return { body, numbers: 1 };
}

function sharePercent(cpuUs: number): number {
  return cpuUs / (IDLE_MS * 1_000) * 100;
}
