/**
 * The resources that one job uses: promises, timers, bytes, garbage collection, processor time and
 * syncs, and where that time goes; for jobs that are only submitted, with 64 in flight, and from a
 * backlog.
 */

import { whole } from "../figures.ts";
import { postFor, postMany } from "../load/wrk.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { metric, post, syncs } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { pause, threadCpuUs } from "../system.ts";
import {
  HELD_JOB,
  PLACES,
  THREE_TASKS,
  UNTIL_DONE,
  WITHOUT_SNAPSHOTS,
} from "../targets/job_bodies.ts";
import type { Counters } from "./counters.ts";
import type { Shares } from "./rooms.ts";

const COUNTERS = new URL("./counters.ts", import.meta.url).pathname;
const WARM_UP_SECONDS = 2;
const SECONDS = 4;
const BACKLOG = 40_000;
const BACKLOG_SECONDS_MAX = 15;
const DRAINED_MS = 4_000;
const LOOK_MS = 200;

/** Does some work and returns the number of jobs. */
type Work = (url: string) => Promise<number>;

interface Workload {
  readonly name: string;
  /** Of the server. */
  readonly flags: readonly string[];
  /** Preparation for the work, which is not measured. */
  readonly prepare: (url: string) => Promise<unknown>;
  readonly work: Work;
}

const WORKLOADS: readonly Workload[] = [
  {
    name: "submit: POST /jobs of a held job, 64 connections",
    flags: WITHOUT_SNAPSHOTS,
    prepare: (url) => load(url, HELD_JOB, WARM_UP_SECONDS),
    work: (url) => load(url, HELD_JOB, SECONDS),
  },
  {
    name: "64 in flight: three-task jobs over HTTP, until done",
    flags: PLACES,
    prepare: (url) => load(url, THREE_TASKS, WARM_UP_SECONDS, UNTIL_DONE),
    work: (url) => load(url, THREE_TASKS, SECONDS, UNTIL_DONE),
  },
  {
    name: "backlog: three-task jobs, submitted as fast as they go in, until all are done",
    flags: [],
    prepare: (url) => load(url, THREE_TASKS, WARM_UP_SECONDS, UNTIL_DONE),
    work: backlog,
  },
];

export async function printProfile(): Promise<void> {
  for (const workload of WORKLOADS) console.log(await profileOf(workload));
}

/** The total use, and the number of jobs done meanwhile. */
interface Used extends Counters {
  readonly jobs: number;
  readonly cpuUs: number;
  readonly syncs: number;
}

async function profileOf({ name, flags, prepare, work }: Workload): Promise<string> {
  await using server = await startDaybook({ flags, definitions: COUNTERS, isProfiled: true });
  using _company = await keepCompany(server.url);
  await prepare(server.url);
  const used = await usedBy(work, server, false);
  const shares = await sharesOf(work, server.url);
  // Last, because counting promises slows down everything after it.
  await prepare(server.url);
  const counted = await usedBy(work, server, true);
  const perJob = (value: number) => value / used.jobs;
  return [
    `${name} (${whole(used.jobs)} jobs)`,
    `  promises   ${(counted.promises / counted.jobs).toFixed(1)}`,
    `  timers     ${perJob(used.timers).toFixed(2)}`,
    `  allocated  ${(perJob(used.allocatedBytes) / 1_000).toFixed(1)} KB`,
    `  GC         ${perJob(used.gcUs).toFixed(1)} us`,
    `  CPU        ${perJob(used.cpuUs).toFixed(0)} us of the JS thread`,
    `  syncs      ${perJob(used.syncs).toFixed(2)}`,
    ...timeLines(shares, perJob(used.cpuUs)),
  ].join("\n");
}

/** Profiling slows it down, so only the shares are used. */
async function sharesOf(work: Work, url: string): Promise<Shares> {
  await profileJob(url, false);
  await work(url);
  return (await profileJob(url, true)).output as Shares;
}

function profileJob(url: string, ends: boolean) {
  const job = { type: "bench.profile", input: { ends }, priority: -1_000 };
  return post(`${url}/jobs`, job, "wait=60") as Promise<{ readonly output: unknown }>;
}

/** Rooms that take less are left out. */
const SHOWN_US_MIN = 0.5;

function timeLines({ rooms, collector }: Shares, cpuUs: number): readonly string[] {
  const us = (share: number) => (share * cpuUs).toFixed(1).padStart(6);
  const sum = (part: "own" | "native") => us(rooms.reduce((all, room) => all + room[part], 0));
  return [
    "  microseconds in    JavaScript  native code",
    ...rooms.filter(({ own, native }) => (own + native) * cpuUs >= SHOWN_US_MIN)
      .map(({ room, own, native }) => `    ${room.padEnd(18)} ${us(own)}  ${us(native)}`),
    `    ${"garbage collector".padEnd(18)} ${" ".repeat(6)}  ${us(collector)}`,
    `    ${"all".padEnd(18)} ${sum("own")}  ${sum("native")}`,
  ];
}

async function usedBy(work: Work, server: ServerProcess, promises: boolean): Promise<Used> {
  const at = async () => ({
    ...await countersOf(server.url, promises),
    cpuUs: threadCpuUs(server.pid),
    syncs: await syncs(server.url),
  });
  const before = await at();
  const jobs = await work(server.url);
  const after = await at();
  return {
    jobs,
    promises: after.promises - before.promises,
    timers: after.timers - before.timers,
    allocatedBytes: after.allocatedBytes - before.allocatedBytes,
    gcUs: after.gcUs - before.gcUs,
    cpuUs: after.cpuUs - before.cpuUs,
    syncs: after.syncs - before.syncs,
  };
}

/** Has priority over all other jobs, so that a backlog does not delay it. */
async function countersOf(url: string, promises: boolean): Promise<Counters> {
  const job = { type: "bench.counters", input: { promises }, priority: -1_000 };
  const { output } = await post(`${url}/jobs`, job, "wait=60") as { readonly output: Counters };
  return output;
}

async function load(url: string, body: string, seconds: number, prefer = ""): Promise<number> {
  return (await postFor(seconds, { url: `${url}/jobs`, body, prefer })).answered;
}

/** Waits until the counters are stable, or for some seconds. */
async function backlog(url: string): Promise<number> {
  const unfinished = () => metric(url, "daybook_unfinished_jobs");
  const before = await unfinished();
  const load = { url: `${url}/jobs`, body: THREE_TASKS };
  const submitted = await postMany(BACKLOG, BACKLOG_SECONDS_MAX, load);
  let [last, now] = [Infinity, await unfinished()];
  for (const end = performance.now() + DRAINED_MS; now < last && performance.now() < end;) {
    await pause(LOOK_MS);
    [last, now] = [now, await unfinished()];
  }
  return submitted - (now - before);
}
