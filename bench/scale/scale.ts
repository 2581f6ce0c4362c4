/**
 * `deno task bench scale`: many three-task jobs through one Daybook over HTTP, and how its figures
 * change with their number. Slopes show which figures are flat; a picture shows all.
 */

import { meanOf, type Slope, slopeOf, whole } from "../figures.ts";
import { withFolder } from "../folder.ts";
import { postMany } from "../load/wrk.ts";
import { keepCompany } from "../server/company.ts";
import { startDaybook } from "../server/daybook_server.ts";
import { metric } from "../server/http.ts";
import { haveProgram, pause, residentMegabytes } from "../system.ts";
import { markdownTable } from "../table.ts";
import { THREE_TASKS, UNTIL_DONE } from "../targets/job_bodies.ts";
import { fill, waitingPlan } from "../targets/waiting_jobs.ts";
import { drawPicture, FIGURES } from "./picture.ts";
import { type Answered, askAll, submitRareJobs } from "./questions.ts";
import { type Sample, sampleDuring } from "./samples.ts";
import { measureStarts, type Start } from "./starts.ts";

/** Jobs that stay unfinished, as on a real server. */
const LIVE = 1_000;
/** The slowest rate that is tolerated. */
const JOBS_PER_SECOND_MIN = 200;
const IDLE_MS = 10_000;
/** Until then the process grows to its working size; slopes are computed from what follows. */
const WARM_SHARE = 0.1;
const SLOPE_JOBS = 100_000;
/** The change over all jobs, as a share of the mean, that counts as flat. */
const FLAT_SHARE = 0.1;
/** Standard errors of a slope that may be noise. */
const NOISE_ERRORS = 2;

export interface ScaleOptions {
  readonly jobs: number;
  /** The file for the picture. */
  readonly picture: string;
}

export async function printScale({ jobs, picture }: ScaleOptions): Promise<void> {
  if (!await haveProgram("wrk")) throw new Error("there is no wrk, and no way to install it");
  const began = performance.now();
  const { samples, idleMegabytes, answers, starts } = await withFolder((folder) =>
    measure(folder, jobs)
  );
  const machine = `${new Date().toISOString().slice(0, 10)}, ${navigator.hardwareConcurrency} ` +
    `cores, load ${Deno.loadavg()[0]?.toFixed(1)}, Deno ${Deno.version.deno}`;
  const title = `${whole(jobs)} three-task jobs through one process; ${machine}`;
  const noPicture = await drawPicture(picture, samples, title);
  console.log(`${samplesTable(samples)}\n\n${slopesTable(samples)}\n`);
  console.log(
    `resident memory ${IDLE_MS / 1_000} s after the last job: ${whole(idleMegabytes)} MB`,
  );
  console.log(`\n${startsTable(starts)}\n\n${answersTable(answers)}\n`);
  console.log(`${title}; ${((performance.now() - began) / 60_000).toFixed(1)} minutes in all`);
  console.log(
    noPicture === undefined
      ? `The picture is in ${picture}`
      : `The picture is LEFT OUT: ${noPicture}`,
  );
}

async function measure(folder: string, jobs: number) {
  await using server = await startDaybook({ journal: folder });
  await fill(server.url, waitingPlan(LIVE), LIVE);
  const company = await keepCompany(server.url);
  const rareJobs = submitRareJobs(server.url);
  const load = { url: `${server.url}/jobs`, body: THREE_TASKS, prefer: UNTIL_DONE };
  const seconds = Math.ceil(jobs / JOBS_PER_SECOND_MIN);
  const samples = await sampleDuring(postMany(jobs, seconds, load), server, folder, tell);
  rareJobs[Symbol.dispose]();
  company[Symbol.dispose]();
  await pause(IDLE_MS);
  const idleMegabytes = residentMegabytes(server.pid);
  const answers = await askAll(server.url, await metric(server.url, "daybook_journal_head_log_id"));
  const starts = await measureStarts(server, folder);
  return { samples, idleMegabytes, answers, starts };
}

function tell({ jobs, jobsPerSecond, residentMegabytes, waitingForIndex }: Sample): void {
  console.error(
    `${whole(jobs)} jobs, ${whole(jobsPerSecond)}/s, ${whole(residentMegabytes)} MB, ` +
      `${whole(waitingForIndex)} waiting for the index`,
  );
}

const FIELDS = Object.keys(FIGURES) as readonly (keyof typeof FIGURES)[];
const ROWS = 10;

/** The number of rows that fit on a page. */
function samplesTable(samples: readonly Sample[]): string {
  const step = Math.max(1, Math.floor(samples.length / ROWS));
  const shown = samples.filter((_, index) => (samples.length - 1 - index) % step === 0);
  return markdownTable(
    ["jobs", ...Object.values(FIGURES)],
    shown.map((sample) => [whole(sample.jobs), ...FIELDS.map((field) => figure(sample[field]))]),
  );
}

/** Figures that must grow with the number of jobs. */
const GROWING: readonly (keyof typeof FIGURES)[] = ["journalMegabytes", "indexMegabytes"];

function slopesTable(samples: readonly Sample[]): string {
  const jobs = samples.at(-1)?.jobs ?? 0;
  const warm = samples.filter((sample) => sample.jobs >= jobs * WARM_SHARE);
  const headings = ["from a tenth of the jobs on", `slope, ${whole(SLOPE_JOBS)} jobs`, "verdict"];
  return markdownTable(
    headings,
    FIELDS.map((field) => {
      const known = warm.filter((sample) => !Number.isNaN(sample[field]));
      const slope = slopeOf(known.map((sample) => [sample.jobs, sample[field]]));
      const [each, error] = [slope.slope * SLOPE_JOBS, slope.error * SLOPE_JOBS];
      const verdict = GROWING.includes(field)
        ? `${whole(slope.slope * 1e6)} bytes a job`
        : verdictOn(slope, meanOf(known.map((sample) => sample[field])), jobs);
      return [FIGURES[field], `${figure(each)} ± ${figure(error)}`, verdict];
    }),
  );
}

/** A figure is flat if it changes little over all jobs. */
function verdictOn({ slope, error }: Slope, mean: number, jobs: number): string {
  const share = slope * jobs * (1 - WARM_SHARE) / mean;
  const change = `${share > 0 ? "+" : ""}${(share * 100).toFixed(0)} % over all`;
  if (Math.abs(share) <= FLAT_SHARE) return `flat: ${change}`;
  return Math.abs(slope) <= NOISE_ERRORS * error ? `within noise: ${change}` : change;
}

function startsTable(starts: readonly Start[]): string {
  return markdownTable(
    ["start after", "ready in", "target", "resident memory", "at most"],
    starts.map(({ after, seconds, targetSeconds, residentMegabytes, peakMegabytes }) => [
      after,
      `${seconds.toFixed(2)} s`,
      `${targetSeconds.toFixed(2)} s`,
      `${whole(residentMegabytes)} MB`,
      `${whole(peakMegabytes)} MB`,
    ]),
  );
}

function answersTable(answers: readonly Answered[]): string {
  return markdownTable(
    ["question", "p50", "p99", "ended at the limit of a search"],
    answers.map(({ question, p50Ms, p99Ms, cutShare }) => [
      question,
      `${p50Ms.toFixed(1)} ms`,
      `${p99Ms.toFixed(1)} ms`,
      cutShare === 0 ? "" : `${(cutShare * 100).toFixed(0)} %`,
    ]),
  );
}

function figure(value: number): string {
  if (Number.isNaN(value)) return "";
  return Math.abs(value) < 10 ? value.toFixed(1) : whole(value);
}
