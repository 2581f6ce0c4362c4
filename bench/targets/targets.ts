/**
 * The targets of issue 10, row by row. Each row has its baseline beside it, run in turn with
 * it: on shared cores only a ratio within one run says anything.
 */

import { perSecond, whole } from "../figures.ts";
import { withFolder } from "../folder.ts";
import { haveProgram } from "../system.ts";
import { type Row, tableOf } from "../table.ts";
import { eventRows } from "./events.ts";
import { idleRows } from "./idle.ts";
import { longJobRows } from "./long_job.ts";
import { oneInFlightRows } from "./one_in_flight.ts";
import { Peers } from "./peers.ts";
import { postJobsRows } from "./post_jobs.ts";
import { stalledRows } from "./stalled.ts";
import { streamRows } from "./streams.ts";
import { threeTaskRows } from "./three_tasks.ts";

/** Of a block that is synced. */
const BLOCK_BYTES = 4_096;
const SYNCS_MEASURED_MS = 1_000;

/** By the names that `deno task bench` takes. */
export const TARGETS: Readonly<Record<string, (peers: Peers) => Promise<readonly Row[]>>> = {
  "three-tasks": threeTaskRows,
  "one-in-flight": oneInFlightRows,
  "post-jobs": postJobsRows,
  "long-job": longJobRows,
  events: eventRows,
  streams: streamRows,
  stalled: stalledRows,
  idle: idleRows,
};

/** Prints one table of the rows with these names. */
export async function printTargets(names: readonly string[]): Promise<void> {
  if (!await haveProgram("wrk")) throw new Error("there is no wrk, and no way to install it");
  const started = performance.now();
  const syncsBefore = await syncRate();
  await using peers = new Peers();
  const rows: Row[] = [];
  for (const name of names) rows.push(...await rowsOf(name, peers));
  const syncsAfter = await syncRate();
  console.log(tableOf(rows));
  console.log(
    `\n${new Date().toISOString().slice(0, 10)}, ${navigator.hardwareConcurrency} cores, ` +
      `load ${Deno.loadavg()[0]?.toFixed(1)}, ${whole(syncsBefore)} to ${
        whole(syncsAfter)
      } syncs a second, ` +
      `Deno ${Deno.version.deno}; ${minutesSince(started)} minutes in all`,
  );
}

/** A row that cannot be measured is told, and keeps no other from being measured. */
async function rowsOf(name: string, peers: Peers): Promise<readonly Row[]> {
  const started = performance.now();
  console.error(`${name} ...`);
  try {
    const rows = await TARGETS[name]?.(peers) ?? [];
    console.error(`  ${minutesSince(started)} minutes`);
    return rows;
  } catch (error) {
    const reason = error instanceof Error ? error.message : `${error}`;
    const unmeasured = { measured: "", baseline: reason, reached: "", target: "" };
    return [{ what: name, ...unmeasured, verdict: "MISSED" }];
  }
}

function minutesSince(started: number): string {
  return ((performance.now() - started) / 60_000).toFixed(1);
}

/** Blocks written and synced a second: whatever waits for the disk can be no faster. */
function syncRate(): Promise<number> {
  return withFolder(async (folder) => {
    using file = await Deno.open(`${folder}/synced`, { write: true, create: true });
    const block = new Uint8Array(BLOCK_BYTES).fill(0x61);
    const started = performance.now();
    let syncs = 0;
    for (; performance.now() - started < SYNCS_MEASURED_MS; syncs++) {
      await file.write(block);
      await file.syncData();
    }
    return perSecond(syncs, performance.now() - started);
  });
}
