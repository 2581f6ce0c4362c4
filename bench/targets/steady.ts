/** The memory of a process while 1,000 three-task jobs a second arrive. */

import { whole } from "../figures.ts";
import { withFolder } from "../folder.ts";
import { postSteadily } from "../load/steady.ts";
import { postMany } from "../load/wrk.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { metric } from "../server/http.ts";
import { pause, residentMegabytes } from "../system.ts";
import { atMost, type Row } from "../table.ts";
import { THREE_TASKS, UNTIL_DONE } from "./job_bodies.ts";

/** Finished by an earlier process. */
const FINISHED = 100_000;
const FILLING_SECONDS_MAX = 120;
const JOBS_PER_SECOND = 1_000;
const SECONDS = 30;
const EVERY_MS = 5_000;

export async function steadyRows(): Promise<readonly Row[]> {
  const { finished, memory, jobsPerSecond } = await withFolder(async (journal) => ({
    finished: await finish(journal),
    ...await loaded(journal),
  }));
  const most = Math.max(...memory);
  return [{
    what: `memory while ${whole(JOBS_PER_SECOND)} jobs a second come, ${whole(finished)} finished`,
    measured: `${whole(most)} MB at most`,
    baseline: `each ${EVERY_MS / 1_000} s: ${memory.map(whole).join(", ")}`,
    reached: `${whole(jobsPerSecond)} done a second`,
    target: "at most 250 MB",
    verdict: atMost(most, 250),
  }];
}

async function finish(journal: string): Promise<number> {
  await using server = await startDaybook({ journal });
  const load = { url: `${server.url}/jobs`, body: THREE_TASKS, prefer: UNTIL_DONE };
  const finished = await postMany(FINISHED, FILLING_SECONDS_MAX, load);
  await server.end("SIGTERM");
  return finished;
}

/** In MB, before the first job and then at regular intervals. */
async function loaded(journal: string) {
  await using server = await startDaybook({ journal });
  using _company = await keepCompany(server.url);
  const memory = [residentMegabytes(server.pid)];
  const before = await ended(server.url);
  const began = performance.now();
  const load = postSteadily(`${server.url}/jobs`, THREE_TASKS, {
    perSecond: JOBS_PER_SECOND,
    seconds: SECONDS,
  });
  for (let due = EVERY_MS; due <= SECONDS * 1_000; due += EVERY_MS) {
    await pause(began + due - performance.now());
    memory.push(residentMegabytes(server.pid));
  }
  await load;
  const jobsPerSecond = (await ended(server.url) - before) / (performance.now() - began) * 1_000;
  return { memory, jobsPerSecond };
}

async function ended(url: string): Promise<number> {
  return await metric(url, "daybook_recorded_jobs") - await metric(url, "daybook_unfinished_jobs");
}
