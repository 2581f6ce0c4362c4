/**
 * The time of one job of three durable tasks on an otherwise idle server, compared with BullMQ, and
 * with a server that only makes the same lines durable.
 */

import { inRounds, medianOf, quantile } from "../figures.ts";
import { oneInFlight } from "../load/one_in_flight.ts";
import { postFor } from "../load/wrk.ts";
import type { LibraryPeer } from "../peer/client_library.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { startFloor } from "../server/floor.ts";
import { metric, syncs } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { mainThreadsCpuUs } from "../system.ts";
import { atMost, type Row } from "../table.ts";
import { THREE_TASKS, UNTIL_DONE } from "./job_bodies.ts";
import type { Peers } from "./peers.ts";

const ROUNDS = 3;
const SECONDS = 3;
const WARM_UP_SECONDS = 3;

export async function oneInFlightRows(peers: Peers): Promise<readonly Row[]> {
  const peer = await peers.bullMq();
  const bullMq = typeof peer === "string" ? undefined : peer;
  await using floor = await startFloor();
  await using daybook = await startDaybook();
  using _company = await keepCompany(daybook.url);
  await warmUp(daybook, floor, bullMq);
  const rounds = await inRounds(ROUNDS, async () => ({
    bullMqMs: await bullMq?.latency(SECONDS) ?? NaN,
    floorMs: await latency(floor),
    ...await measured(daybook),
  }));
  const bullMqMs = medianOf(rounds, (round) => round.bullMqMs);
  const daybookMs = medianOf(rounds, (round) => round.ms);
  const floorMs = medianOf(rounds, (round) => round.floorMs);
  const ratio = medianOf(rounds, (round) => round.ms / round.bullMqMs);
  const floorRatio = medianOf(rounds, (round) => round.floorMs / round.bullMqMs);
  const syncsPerJob = medianOf(rounds, (round) => round.syncsPerJob);
  return [
    {
      what: "one three-task job in flight over HTTP, p50",
      measured: `${daybookMs.toFixed(2)} ms`,
      baseline: typeof peer === "string"
        ? `LEFT OUT: ${peer}`
        : `BullMQ, fsync always: ${bullMqMs.toFixed(2)} ms`,
      reached: `${ratio.toFixed(2)} of it`,
      floor: `${floorRatio.toFixed(2)}, ${floorMs.toFixed(2)} ms`,
      target: "at most 0.6",
      verdict: typeof peer === "string" ? "LEFT OUT" : atMost(ratio, 0.6),
    },
    {
      what: "syncs of such a job",
      measured: syncsPerJob.toFixed(1),
      baseline: "",
      reached: syncsPerJob.toFixed(1),
      target: "4 or 5",
      verdict: atMost(syncsPerJob, 5.1),
    },
  ];
}

/**
 * BullMQ's process is the same in all rounds and has run jobs before, in the row on throughput. So
 * Daybook's is also the same in all rounds, and runs the same jobs for as long. Otherwise only one
 * side would be measured with code that is not compiled yet.
 */
async function warmUp(
  daybook: ServerProcess,
  floor: ServerProcess,
  bullMq: LibraryPeer | undefined,
) {
  await bullMq?.load(WARM_UP_SECONDS, mainThreadsCpuUs);
  const seconds = Math.ceil(bullMq?.loadedSeconds ?? WARM_UP_SECONDS);
  const load = ({ url }: ServerProcess) => ({ url: `${url}/jobs`, body: THREE_TASKS });
  await postFor(WARM_UP_SECONDS, { ...load(floor), prefer: UNTIL_DONE });
  await postFor(seconds, { ...load(daybook), prefer: UNTIL_DONE });
}

async function measured(
  daybook: ServerProcess,
): Promise<{ readonly ms: number; readonly syncsPerJob: number }> {
  const before = await counted(daybook.url);
  const ms = await latency(daybook);
  const after = await counted(daybook.url);
  return { ms, syncsPerJob: (after.syncs - before.syncs) / (after.jobs - before.jobs) };
}

/** Milliseconds of one job, p50. */
async function latency({ port }: ServerProcess): Promise<number> {
  const latencies = await oneInFlight({
    port,
    body: THREE_TASKS,
    prefer: UNTIL_DONE,
    seconds: SECONDS,
  });
  return quantile(latencies, 0.5);
}

async function counted(url: string) {
  return { syncs: await syncs(url), jobs: await metric(url, "daybook_recorded_jobs") };
}
