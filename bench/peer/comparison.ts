/** `deno task bench --peers`: Daybook and other job systems, in one run and one table. */

import { medianOf, whole } from "../figures.ts";
import { haveProgram, syncRate, treeCpuUs, treeMegabytes } from "../system.ts";
import { markdownTable } from "../table.ts";
import { bullMq } from "./bullmq.ts";
import { daybook, daybookInPostgres, daybookWithStandby } from "./daybook.ts";
import { dbos, openWorkflow, pgBoss } from "./on_postgres.ts";
import type { Installation, PeerSystem } from "./peer.ts";
import { restate } from "./restate.ts";

const SYSTEMS: readonly PeerSystem[] = [
  daybook,
  daybookInPostgres,
  daybookWithStandby,
  bullMq("always"),
  bullMq("everysec"),
  restate,
  pgBoss("together"),
  pgBoss("each"),
  dbos,
  openWorkflow,
];
const ROUNDS = 3;
const LOAD_SECONDS = 5;
const LATENCY_SECONDS = 3;
const SUBMIT_SECONDS = 3;
/** After this time no further round starts. */
const ROUNDS_MS_MAX = 8 * 60_000;

interface Round {
  readonly jobsPerSecond: number;
  readonly latencyMs: number;
  readonly submitsPerSecond: number;
  readonly cpuUsPerJob: number;
  readonly megabytes: number;
  readonly jobs: number;
}

/** A compared system, with its measurements or the reason why it is left out. */
interface Compared {
  readonly system: PeerSystem;
  readonly installation: Installation | undefined;
  readonly rounds: Round[];
  leftOut: string | undefined;
}

export async function printComparison(): Promise<void> {
  if (!await haveProgram("wrk")) throw new Error("there is no wrk, and no way to install it");
  const started = performance.now();
  const syncsBefore = await syncRate();
  await using disposables = new AsyncDisposableStack();
  const all: Compared[] = [];
  for (const system of SYSTEMS) {
    const compared = await install(system);
    if (compared.installation !== undefined) disposables.use(compared.installation);
    all.push(compared);
  }
  for (let round = 1; round <= ROUNDS && sinceMs(started) < ROUNDS_MS_MAX; round++) {
    console.error(`round ${round} of ${ROUNDS}, ${minutesSince(started)} minutes`);
    for (const compared of all) await measure(compared);
  }
  const syncsAfter = await syncRate();
  console.log(tableOfPeers(all));
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${navigator.hardwareConcurrency} cores, ` +
      `load ${Deno.loadavg()[0]?.toFixed(1)}, ${whole(syncsBefore)} to ${whole(syncsAfter)} ` +
      `syncs a second, Deno ${Deno.version.deno}; ` +
      `medians of ${Math.max(...all.map(({ rounds }) => rounds.length))} rounds; ` +
      `${minutesSince(started)} minutes in all`,
  );
}

async function install(system: PeerSystem): Promise<Compared> {
  console.error(`${system.name} ...`);
  const installed = await system.install();
  if (typeof installed === "string") console.error(`  LEFT OUT: ${installed}`);
  return typeof installed === "string"
    ? { system, installation: undefined, rounds: [], leftOut: installed }
    : { system, installation: installed, rounds: [], leftOut: undefined };
}

/** A system that fails is left out; the others are still measured. */
async function measure(compared: Compared): Promise<void> {
  if (compared.installation === undefined || compared.leftOut !== undefined) return;
  try {
    compared.rounds.push(await oneRound(compared.installation));
  } catch (error) {
    compared.leftOut = error instanceof Error ? error.message : `${error}`;
    console.error(`  ${compared.system.name} LEFT OUT: ${compared.leftOut}`);
  }
}

/** Starts each system fresh, so that none disturbs another, or its own next round. */
async function oneRound(installation: Installation): Promise<Round> {
  await using peer = await installation.start();
  const load = await peer.load(LOAD_SECONDS, treeCpuUs);
  const [megabytes, jobs] = [treeMegabytes(peer.pids), peer.jobs];
  const latencyMs = await peer.latency(LATENCY_SECONDS);
  const submitsPerSecond = await peer.submissions(SUBMIT_SECONDS);
  return { ...load, latencyMs, submitsPerSecond, megabytes, jobs };
}

const HEADINGS = [
  "system",
  "a job is",
  "synced to disk",
  "jobs/s, 64 in flight",
  "Daybook does (in PostgreSQL)",
  "submitted alone",
  "p50, one in flight",
  "CPU a job",
  "memory, after jobs",
];

function tableOfPeers(all: readonly Compared[]): string {
  const [own] = all;
  const shared = all.find(({ system }) => system === daybookInPostgres);
  return markdownTable(
    HEADINGS,
    all.map((compared) => cellsOf(compared, own?.rounds ?? [], shared?.rounds ?? [])),
  );
}

/** @param shared The rounds of Daybook with its journal in PostgreSQL. */
function cellsOf(
  { system, rounds, leftOut }: Compared,
  own: readonly Round[],
  shared: readonly Round[],
): readonly string[] {
  const { name, steps, durability, inPostgres = false } = system;
  if (leftOut !== undefined) return [name, `LEFT OUT: ${leftOut}`, "", "", "", "", "", "", ""];
  const median = (pick: (round: Round) => number) => medianOf(rounds, pick);
  const submits = median(({ submitsPerSecond }) => submitsPerSecond);
  return [
    name,
    steps,
    durability,
    whole(median(({ jobsPerSecond }) => jobsPerSecond)),
    rounds === own
      ? ""
      : timesOf(own, rounds) + (inPostgres ? ` (${timesOf(shared, rounds)})` : ""),
    Number.isNaN(submits) ? "" : `${whole(submits)}/s`,
    `${median(({ latencyMs }) => latencyMs).toFixed(1)} ms`,
    `${whole(median(({ cpuUsPerJob }) => cpuUsPerJob))} us`,
    `${whole(median(({ megabytes }) => megabytes))} MB, ${whole(median(({ jobs }) => jobs))}`,
  ];
}

/** Compared within a round: on shared cores nothing else is meaningful. */
function timesOf(faster: readonly Round[], rounds: readonly Round[]): string {
  const ratios = rounds.map(({ jobsPerSecond }, round) =>
    (faster[round]?.jobsPerSecond ?? NaN) / jobsPerSecond
  );
  return `${medianOf(ratios, (ratio) => ratio).toFixed(1)} times`;
}

function sinceMs(started: number): number {
  return performance.now() - started;
}

function minutesSince(started: number): string {
  return (sinceMs(started) / 60_000).toFixed(1);
}
