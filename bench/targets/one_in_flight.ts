/** How long one job of three durable tasks takes when nothing else is going on. */

import { inRounds, medianOf, quantile } from "../figures.ts";
import { oneInFlight } from "../load/one_in_flight.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { metric, syncs } from "../server/http.ts";
import { atMost, type Row } from "../table.ts";
import { THREE_TASKS, UNTIL_DONE } from "./job_bodies.ts";
import type { Peers } from "./peers.ts";

const ROUNDS = 3;
const SECONDS = 4;

export async function oneInFlightRows(peers: Peers): Promise<readonly Row[]> {
  const peer = await peers.bullMq();
  const bullMq = typeof peer === "string" ? undefined : peer;
  const rounds = await inRounds(ROUNDS, async () => ({
    bullMqMs: await bullMq?.latency(SECONDS) ?? NaN,
    ...await daybook(),
  }));
  const bullMqMs = medianOf(rounds, (round) => round.bullMqMs);
  const daybookMs = medianOf(rounds, (round) => round.ms);
  const ratio = medianOf(rounds, (round) => round.ms / round.bullMqMs);
  const syncsPerJob = medianOf(rounds, (round) => round.syncsPerJob);
  return [
    {
      what: "one three-task job in flight over HTTP, p50",
      measured: `${daybookMs.toFixed(2)} ms`,
      baseline: typeof peer === "string"
        ? `LEFT OUT: ${peer}`
        : `BullMQ, fsync always: ${bullMqMs.toFixed(2)} ms`,
      reached: `${ratio.toFixed(2)} of it`,
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

async function daybook(): Promise<{ readonly ms: number; readonly syncsPerJob: number }> {
  await using server = await startDaybook();
  using _company = await keepCompany(server.url);
  const before = await counted(server.url);
  const latencies = await oneInFlight({
    port: server.port,
    body: THREE_TASKS,
    prefer: UNTIL_DONE,
    seconds: SECONDS,
  });
  const after = await counted(server.url);
  return {
    ms: quantile(latencies, 0.5),
    syncsPerJob: (after.syncs - before.syncs) / (after.jobs - before.jobs),
  };
}

async function counted(url: string) {
  return { syncs: await syncs(url), jobs: await metric(url, "daybook_recorded_jobs") };
}
