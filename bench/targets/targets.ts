/**
 * The targets, row by row. Each row runs in turns with its baseline: on shared cores, only ratios
 * within one run are meaningful.
 */

import { whole } from "../figures.ts";
import { haveProgram, syncRate } from "../system.ts";
import { type Row, tableOf } from "../table.ts";
import { eventRows } from "./events.ts";
import { idleRows } from "./idle.ts";
import { longJobRows } from "./long_job.ts";
import { oneInFlightRows } from "./one_in_flight.ts";
import { Peers } from "./peers.ts";
import { postJobsRows } from "./post_jobs.ts";
import { stalledRows } from "./stalled.ts";
import { steadyRows } from "./steady.ts";
import { streamRows } from "./streams.ts";
import { threeTaskRows } from "./three_tasks.ts";

/** By the names that `deno task bench` accepts. */
export const TARGETS: Readonly<Record<string, (peers: Peers) => Promise<readonly Row[]>>> = {
  "three-tasks": threeTaskRows,
  "one-in-flight": oneInFlightRows,
  "post-jobs": postJobsRows,
  "long-job": longJobRows,
  events: eventRows,
  streams: streamRows,
  stalled: stalledRows,
  idle: idleRows,
  steady: steadyRows,
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

/** A row that cannot be measured is reported; the others are still measured. */
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
