/**
 * How many of the project's functions and files a submission, an event, a run and a start take, and
 * how deep the stack of its functions gets.
 */

import { withFolder } from "../folder.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { post } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause } from "../system.ts";
import { markdownTable } from "../table.ts";
import { HELD_JOB, THREE_TASKS } from "../targets/job_bodies.ts";
import { SHIPPED, waitingForOrder } from "../targets/waiting_jobs.ts";

/** What was called since the last time. */
export interface Recorded {
  /** Of `src`, with at least one call of a function. */
  readonly files: readonly string[];
  readonly functions: number;
  /** The deepest stack of the project's functions that was seen, outermost first. */
  readonly deepest: readonly string[];
}

export const RECORDED = "recorded.json";

/** Never imported here: it records the process that loads it, which then takes seven times as long. */
const RECORDER = new URL("./recorder.ts", import.meta.url).pathname;
/** So many that the rare calls are among them. */
const TIMES = 300;
const LOOK_MS = 20;
/** A quiet second after writes, a batch marks that the journal is complete: it is not counted. */
const QUIET_MS = 1_500;

type Act = (url: string) => Promise<unknown>;

const EVENT = { eventType: SHIPPED, attributes: { region: "JP", orderId: "order-1" } };

const ACTS: Readonly<Record<string, Act>> = {
  "POST /jobs, not started": (url) => post(`${url}/jobs`, JSON.parse(HELD_JOB)),
  "POST /events, for one job": (url) => post(`${url}/events`, EVENT),
  "a job of three tasks, from POST to its end": (url) =>
    post(`${url}/jobs`, JSON.parse(THREE_TASKS), "wait=60"),
};

export async function printHops(): Promise<void> {
  const recorded = await withFolder(recordAll);
  console.log(markdownTable(
    ["what", "files", "functions", "deepest stack"],
    Object.entries(recorded).map(([what, { files, functions, deepest }]) => [
      what,
      `${files.length}`,
      `${functions}`,
      `${deepest.length}`,
    ]),
  ));
}

async function recordAll(journal: string): Promise<Readonly<Record<string, Recorded>>> {
  const recorded: Record<string, Recorded> = {};
  const options = { journal, definitions: RECORDER, isProfiled: true };
  await using server = await startDaybook(options);
  await post(`${server.url}/jobs`, waitingForOrder(1, 10_000));
  for (const [what, act] of Object.entries(ACTS)) {
    // What is called only the first times is not counted.
    for (let time = 0; time < TIMES; time++) await act(server.url);
    await pause(QUIET_MS);
    await recordedBy(server, journal);
    for (let time = 0; time < TIMES; time++) await act(server.url);
    recorded[what] = await recordedBy(server, journal);
  }
  await server.end("SIGTERM");
  await using started = await startDaybook(options);
  return { ...recorded, "a start": await recordedBy(started, journal) };
}

async function recordedBy({ pid }: ServerProcess, journal: string): Promise<Recorded> {
  const file = `${journal}/${RECORDED}`;
  Deno.kill(pid, "SIGUSR2");
  for (;;) {
    await pause(LOOK_MS);
    const text = await Deno.readTextFile(file).catch(() => undefined);
    if (text === undefined) continue;
    await Deno.remove(file);
    return JSON.parse(text);
  }
}
