/** The time of a start with the whole journal, and the memory after it. */

import { inRounds, median } from "../figures.ts";
import { postFor } from "../load/wrk.ts";
import { CACHES, emptied, parseAll } from "../replay.ts";
import { startDaybook } from "../server/daybook_server.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause, residentMegabytes } from "../system.ts";
import { THREE_TASKS, UNTIL_DONE } from "../targets/job_bodies.ts";

export interface Start {
  readonly after: string;
  /** Time until it prints that it listens, which it does when it is ready. */
  readonly seconds: number;
  /** The most that it may take. */
  readonly targetSeconds: number;
  /** Measured after some idle seconds. */
  readonly residentMegabytes: number;
  readonly peakMegabytes: number;
}

/** Besides copying and syncing the active segment twice. */
const ALLOWED_SECONDS = 0.5;
/** How many times `JSON.parse` of all lines a start may take that has to make all caches. */
const FIRST_START_PARSES = 3;
const ROUNDS = 3;
const SETTLE_MS = 10_000;
const LOADED_SECONDS = 5;
const KILLED_AFTER_MS = 3_000;

/**
 * Ends the given server. Medians, since single starts differ by a third; but one start that reads
 * everything.
 */
export async function measureStarts(
  server: ServerProcess,
  journal: string,
): Promise<readonly Start[]> {
  await server.end("SIGTERM");
  const rounds = await inRounds(ROUNDS, async () => [
    await measureStart("a clean stop", journal, await usualTarget(journal), killUnderLoad),
    await measureStart("a kill under load", journal, await usualTarget(journal), stop),
  ]);
  const usual = [0, 1].map((kind) => medianStart(rounds.flatMap((starts) => starts[kind] ?? [])));
  const { lines, perSecond } = await parseAll(journal);
  for (const cache of CACHES) await emptied(`${journal}/${cache}`);
  const target = FIRST_START_PARSES * lines / perSecond;
  return [...usual, await measureStart("losing all caches", journal, target, stop)];
}

async function usualTarget(journal: string): Promise<number> {
  return 2 * await secondsToCopy(await activeSegment(journal)) + ALLOWED_SECONDS;
}

function stop(server: ServerProcess): Promise<void> {
  return server.end("SIGTERM");
}

function medianStart(starts: readonly Start[]): Start {
  const of = (figure: (start: Start) => number) => median(starts.map(figure));
  return {
    after: starts[0]?.after ?? "",
    seconds: of(({ seconds }) => seconds),
    targetSeconds: of(({ targetSeconds }) => targetSeconds),
    residentMegabytes: of(({ residentMegabytes }) => residentMegabytes),
    peakMegabytes: Math.max(...starts.map(({ peakMegabytes }) => peakMegabytes)),
  };
}

async function measureStart(
  after: string,
  journal: string,
  targetSeconds: number,
  end: (server: ServerProcess) => Promise<void>,
): Promise<Start> {
  const began = performance.now();
  await using server = await startDaybook({ journal });
  const seconds = (performance.now() - began) / 1_000;
  await pause(SETTLE_MS);
  const { pid } = server;
  const [resident, peak] = [residentMegabytes(pid), residentMegabytes(pid, "VmHWM")];
  await end(server);
  return { after, seconds, targetSeconds, residentMegabytes: resident, peakMegabytes: peak };
}

async function activeSegment(journal: string): Promise<string> {
  const folder = `${journal}/segments`;
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
  return `${folder}/${names.toSorted().at(-1)}`;
}

/** The time that a program takes to copy the file to the same disk and sync the copy. */
async function secondsToCopy(path: string): Promise<number> {
  const copy = `${path}.copy`;
  const began = performance.now();
  await Deno.copyFile(path, copy);
  using file = await Deno.open(copy, { write: true });
  await file.sync();
  const seconds = (performance.now() - began) / 1_000;
  await Deno.remove(copy);
  return seconds;
}

async function killUnderLoad(server: ServerProcess): Promise<void> {
  const load = { url: `${server.url}/jobs`, body: THREE_TASKS, prefer: UNTIL_DONE };
  // The request fails because the server has ended.
  const loaded = postFor(LOADED_SECONDS, load).catch(() => {});
  await pause(KILLED_AFTER_MS);
  await server.end("SIGKILL");
  await loaded;
}
