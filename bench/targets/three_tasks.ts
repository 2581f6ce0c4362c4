/**
 * Jobs of three durable tasks over HTTP: with 64 in flight, compared with BullMQ and with a server
 * that only makes the same lines durable; from a backlog of 80,000, compared with 64 in flight; and
 * the JS thread's time for one job.
 */

import { inRounds, medianOf, perSecond, whole } from "../figures.ts";
import { type Load, postFor, postMany } from "../load/wrk.ts";
import type { LibraryPeer } from "../peer/client_library.ts";
import type { Throughput } from "../peer/peer.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { startFloor } from "../server/floor.ts";
import { metric, post } from "../server/http.ts";
import type { ServerProcess } from "../server/process.ts";
import { mainThreadsCpuUs, threadCpuUs } from "../system.ts";
import { atLeast, atMost, type Row } from "../table.ts";
import { PLACES, THREE_TASKS, UNTIL_DONE } from "./job_bodies.ts";
import type { Peers } from "./peers.ts";

const ROUNDS = 3;
const SECONDS_MAX = 100;
/** About as long as V8 takes until it has optimized the code of a job. */
const WARM_UP_SECONDS = 5;
/** After a process has been idle; BullMQ's load has it too. */
const RESUMING_SECONDS = 2;
const SECONDS = 4;
/**
 * How much longer jobs are kept in flight for the comparison with the backlog. After some seconds
 * the rate falls by a tenth, when full segments are proven and their values indexed beside it.
 */
const LONGER_SECONDS = 12;
const BACKLOG = 80_000;
const BACKLOG_MIN = 10_000;
const SUBMITTING_SECONDS_MAX = 30;
const DRAINING_SECONDS_MAX = 6;

/**
 * All processes have run jobs before, BullMQ's too, and all but the one with the backlog are the
 * same in all rounds.
 */
export async function threeTaskRows(peers: Peers): Promise<readonly Row[]> {
  const peer = await peers.bullMq();
  const bullMq = typeof peer === "string" ? undefined : peer;
  await using daybook = await startDaybook({ flags: PLACES });
  using _company = await keepCompany(daybook.url);
  await using floor = await startFloor();
  await bullMq?.load(WARM_UP_SECONDS, mainThreadsCpuUs);
  for (const server of [daybook, floor]) await postFor(WARM_UP_SECONDS, threeTasksTo(server));
  const rounds = await inRounds(ROUNDS, async () => ({
    bullMq: await bullMqLoad(bullMq),
    floor: await loaded(floor),
    ...await inFlight(daybook),
    drained: await drained(),
  }), SECONDS_MAX);
  const median = {
    peer: medianOf(rounds, (round) => round.bullMq.jobsPerSecond),
    peerCpu: medianOf(rounds, (round) => round.bullMq.cpuUsPerJob),
    times: medianOf(rounds, (round) => round.inFlight.jobsPerSecond / round.bullMq.jobsPerSecond),
    floor: medianOf(rounds, (round) => round.floor.jobsPerSecond),
    floorCpu: medianOf(rounds, (round) => round.floor.cpuUsPerJob),
    floorTimes: medianOf(rounds, (round) => round.floor.jobsPerSecond / round.bullMq.jobsPerSecond),
    inFlight: medianOf(rounds, (round) => round.inFlight.jobsPerSecond),
    cpu: medianOf(rounds, (round) => round.inFlight.cpuUsPerJob),
    drained: medianOf(rounds, (round) => round.drained),
    longer: medianOf(rounds, (round) => round.longer),
    drainRatio: medianOf(rounds, (round) => round.drained / round.longer),
  };
  const beside = (text: string) => typeof peer === "string" ? `LEFT OUT: ${peer}` : text;
  return [
    {
      what: "three-task jobs over HTTP, 64 connections",
      measured: `${whole(median.inFlight)}/s`,
      baseline: beside(`BullMQ, fsync always: ${whole(median.peer)}/s`),
      reached: `${median.times.toFixed(1)} times`,
      floor: `${median.floorTimes.toFixed(1)} times, ${whole(median.floor)}/s`,
      target: "8 times (10)",
      verdict: typeof peer === "string" ? "LEFT OUT" : atLeast(median.times, 8, 10),
    },
    {
      what: "80,000 submitted at once, then drained",
      measured: `${whole(median.drained)}/s`,
      baseline: `64 in flight, for as long: ${whole(median.longer)}/s`,
      reached: median.drainRatio.toFixed(2),
      target: "at least 1",
      verdict: atLeast(median.drainRatio, 1),
    },
    {
      what: "CPU of the JS thread a three-task job",
      measured: `${median.cpu.toFixed(0)} us`,
      baseline: beside(`BullMQ, Node and Redis: ${median.peerCpu.toFixed(0)} us`),
      reached: `${median.cpu.toFixed(0)} us`,
      floor: `${median.floorCpu.toFixed(0)} us`,
      target: "55 us",
      verdict: atMost(median.cpu, 55),
    },
  ];
}

async function bullMqLoad(bullMq: LibraryPeer | undefined): Promise<Throughput> {
  return await bullMq?.load(SECONDS, mainThreadsCpuUs) ?? { jobsPerSecond: NaN, cpuUsPerJob: NaN };
}

function threeTasksTo({ url }: ServerProcess): Load {
  return { url: `${url}/jobs`, body: THREE_TASKS, prefer: UNTIL_DONE };
}

async function loaded(server: ServerProcess): Promise<Throughput> {
  await postFor(RESUMING_SECONDS, threeTasksTo(server));
  const before = threadCpuUs(server.pid);
  const { answered, elapsedMs } = await postFor(SECONDS, threeTasksTo(server));
  return {
    jobsPerSecond: perSecond(answered, elapsedMs),
    cpuUsPerJob: (threadCpuUs(server.pid) - before) / answered,
  };
}

/** For some seconds, and jobs a second for about as long as the backlog takes. */
async function inFlight(
  daybook: ServerProcess,
): Promise<{ readonly inFlight: Throughput; readonly longer: number }> {
  const inFlight = await loaded(daybook);
  const { answered, elapsedMs } = await postFor(LONGER_SECONDS, threeTasksTo(daybook));
  const jobs = inFlight.jobsPerSecond * SECONDS + answered;
  return { inFlight, longer: perSecond(jobs, SECONDS * 1_000 + elapsedMs) };
}

/**
 * Jobs a second, from when the last job of a backlog is accepted until all are done, or, on a slow
 * machine, for as long as there is time. If there is hardly a backlog, the measurement starts with
 * the first job. The server has the default number of workers: jobs that wait for the disk should
 * need no more.
 */
async function drained(): Promise<number> {
  await using server = await startDaybook();
  using _company = await keepCompany(server.url);
  await postFor(WARM_UP_SECONDS, threeTasksTo(server));
  const idle = await unfinished(server.url);
  const load = { url: `${server.url}/jobs`, body: THREE_TASKS };
  const begun = performance.now();
  const submitted = await postMany(BACKLOG, SUBMITTING_SECONDS_MAX, load);
  const accepted = performance.now();
  const left = await unfinished(server.url) - idle;
  await lastJob(server.url, DRAINING_SECONDS_MAX);
  const ended = performance.now();
  const after = await unfinished(server.url) - idle;
  return left < BACKLOG_MIN
    ? perSecond(submitted - after, ended - begun)
    : perSecond(left - after, ended - accepted);
}

function unfinished(url: string): Promise<number> {
  return metric(url, "daybook_unfinished_jobs");
}

/**
 * Resolves when the queue is empty: this job has the lowest priority, so it starts after all
 * others.
 */
async function lastJob(url: string, seconds: number): Promise<void> {
  await post(`${url}/jobs`, { ...JSON.parse(THREE_TASKS), jobId: "last", priority: 1_000 });
  const headers = { prefer: `wait=${seconds}` };
  await (await fetch(`${url}/jobs/last`, { headers })).body?.cancel();
}
