/** What each layer of Daybook costs a job: servers with one layer more each, in turns. */

import { inRounds, medianOf, perSecond } from "../figures.ts";
import { temporaryFolder } from "../folder.ts";
import { postFor } from "../load/wrk.ts";
import { startBare } from "../server/bare.ts";
import { startDaybook, startTask } from "../server/daybook_server.ts";
import { type ServerProcess, serverProcess } from "../server/process.ts";
import { threadCpuUs } from "../system.ts";
import { markdownTable } from "../table.ts";
import {
  HELD_JOB,
  PLACES,
  THREE_TASKS,
  UNTIL_DONE,
  WITHOUT_SNAPSHOTS,
} from "../targets/job_bodies.ts";
import type { Layer } from "./server.ts";

const SERVER = new URL("./server.ts", import.meta.url).pathname;
const WARM_SECONDS = 5;

interface Load {
  readonly what: string;
  readonly body: string;
  readonly prefer: string;
  readonly seconds: number;
  readonly rounds: number;
}

const LOADS: readonly Load[] = [
  { what: "a three-task job", body: THREE_TASKS, prefer: UNTIL_DONE, seconds: 2, rounds: 12 },
  // Shorter, since all of these jobs stay in memory.
  { what: "a submission", body: HELD_JOB, prefer: "return=minimal", seconds: 1, rounds: 9 },
];

const WHAT: Readonly<Record<Layer, string>> = {
  facts: "lines, chains, CRCs, one sync for each batch; the projector; checks of requests",
  journal: "and the journal: segments written ahead, their indexes, lock, room on the disk",
  writer: "and the writer: pending and visible states, ids, the index of ended jobs",
  engine: "and the engine: runs, workers, retries, limits, timers, views",
  http: "and the HTTP API: routes, guards, limits on requests, waiting",
};

const LAYERS = Object.keys(WHAT) as readonly Layer[];
const ROWS = [
  "bare Hono, which parses the body and stores nothing",
  ...LAYERS.map((layer) => WHAT[layer]),
  "and the process: all of Daybook",
];

export async function printLayers(): Promise<void> {
  for (const load of LOADS) await printLoad(load);
}

async function printLoad(load: Load): Promise<void> {
  const bare = await startBare();
  const layers = await Promise.all(LAYERS.map(startLayer));
  const daybook = await startDaybook({ flags: [...PLACES, ...WITHOUT_SNAPSHOTS] });
  const servers = [bare, ...layers, daybook];
  try {
    for (const server of servers) await cost(server, load, WARM_SECONDS);
    const rounds = await inRounds(load.rounds, () => turn(servers, load));
    const median = (at: number, of: (cost: Cost, round: readonly Cost[]) => number) =>
      medianOf(rounds, (round) => of(round[at] ?? NO_COST, round));
    console.log(markdownTable(
      [load.what, "JS thread", "of all", "rate, of bare Hono"],
      ROWS.map((what, at) => [
        what,
        `${median(at, ({ us }) => us).toFixed(1)} us`,
        median(at, ({ us }, round) => us / (round.at(-1)?.us ?? NaN)).toFixed(2),
        median(at, ({ rate }, round) => rate / (round[0]?.rate ?? NaN)).toFixed(2),
      ]),
    ));
  } finally {
    for (const server of servers) await server[Symbol.asyncDispose]();
  }
}

async function startLayer(layer: Layer): Promise<ServerProcess> {
  const folder = await temporaryFolder();
  const { args, env } = startTask(folder, false);
  const flags = args.slice(0, -1);
  return await serverProcess(
    [...flags, SERVER, layer, folder],
    () => Deno.remove(folder, { recursive: true }),
    env,
  );
}

interface Cost {
  /** Processor time of the JS thread for one job. */
  readonly us: number;
  /** Jobs a second. */
  readonly rate: number;
}

const NO_COST: Cost = { us: NaN, rate: NaN };

/** Of each server, one after the other. */
async function turn(servers: readonly ServerProcess[], load: Load): Promise<readonly Cost[]> {
  const costs: Cost[] = [];
  for (const server of servers) costs.push(await cost(server, load, load.seconds));
  return costs;
}

async function cost(
  { pid, url }: ServerProcess,
  { body, prefer }: Load,
  seconds: number,
): Promise<Cost> {
  const before = threadCpuUs(pid);
  const { answered, elapsedMs } = await postFor(seconds, { url: `${url}/jobs`, body, prefer });
  return { us: (threadCpuUs(pid) - before) / answered, rate: perSecond(answered, elapsedMs) };
}
