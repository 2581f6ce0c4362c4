/** What each layer of Daybook costs a three-task job: servers with one layer more each, in turns. */

import { inRounds, medianOf } from "../figures.ts";
import { temporaryFolder } from "../folder.ts";
import { postFor } from "../load/wrk.ts";
import { startDaybook, startTask } from "../server/daybook_server.ts";
import { type ServerProcess, serverProcess } from "../server/process.ts";
import { threadCpuUs } from "../system.ts";
import { markdownTable } from "../table.ts";
import { PLACES, THREE_TASKS, UNTIL_DONE, WITHOUT_SNAPSHOTS } from "../targets/job_bodies.ts";
import type { Layer } from "./server.ts";

const SERVER = new URL("./server.ts", import.meta.url).pathname;
const WARM_SECONDS = 5;
const SECONDS = 2;
const ROUNDS = 12;

const WHAT: Readonly<Record<Layer, string>> = {
  facts: "lines, chains, CRCs, one sync for each batch; the projector; checks of requests",
  journal: "and the journal: segments written ahead, their indexes, lock, room on the disk",
  writer: "and the writer: pending and visible states, ids, the index of ended jobs",
  engine: "and the engine: runs, workers, retries, limits, timers, views",
  http: "and the HTTP API: routes, guards, limits on requests, waiting",
};

const LAYERS = Object.keys(WHAT) as readonly Layer[];

export async function printLayers(): Promise<void> {
  const servers = await Promise.all(LAYERS.map(startLayer));
  const daybook = await startDaybook({ flags: [...PLACES, ...WITHOUT_SNAPSHOTS] });
  const all = [...servers, daybook];
  try {
    for (const server of all) await costUs(server, WARM_SECONDS);
    const rounds = await inRounds(ROUNDS, () => turn(all));
    const rows = [...LAYERS.map((layer) => WHAT[layer]), "and the process: all of Daybook"];
    console.log(markdownTable(
      ["layers", "JS thread, a job", "of all"],
      rows.map((what, at) => [
        what,
        `${medianOf(rounds, (costs) => costs[at] ?? NaN).toFixed(0)} us`,
        medianOf(rounds, (costs) => (costs[at] ?? NaN) / (costs.at(-1) ?? NaN)).toFixed(2),
      ]),
    ));
  } finally {
    for (const server of all) await server[Symbol.asyncDispose]();
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

/** Of each server, one after the other. */
async function turn(servers: readonly ServerProcess[]): Promise<readonly number[]> {
  const costs: number[] = [];
  for (const server of servers) costs.push(await costUs(server, SECONDS));
  return costs;
}

async function costUs({ pid, url }: ServerProcess, seconds: number): Promise<number> {
  const before = threadCpuUs(pid);
  const load = { url: `${url}/jobs`, body: THREE_TASKS, prefer: UNTIL_DONE };
  const { answered } = await postFor(seconds, load);
  return (threadCpuUs(pid) - before) / answered;
}
