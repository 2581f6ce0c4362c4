/**
 * How long a server takes to answer common requests about random jobs, one request at a time; and
 * the rare jobs that lists have to find.
 */

import { quantile } from "../figures.ts";
import { post } from "../server/http.ts";

const EVERY_MS = 200;

const REGIONS: readonly string[] = ["north", "east", "south", "west"];

/**
 * Submits jobs with labels that fail, one for each region, among very many others that do not,
 * until it is disposed of.
 */
export function submitRareJobs(url: string): Disposable {
  const jobs = REGIONS.map((region) => ({
    type: "bench.failing",
    input: { region },
    labels: { region },
  }));
  const submitting = setInterval(() => void post(`${url}/jobs`, jobs), EVERY_MS);
  return { [Symbol.dispose]: () => clearInterval(submitting) };
}

const ASKED = 300;
const PAGE = 50;

export interface Answered {
  readonly question: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The share of answers that ended at the limit of a search and say how far they looked. */
  readonly cutShare: number;
}

interface Place {
  readonly jobId: string;
  /** A cursor for a page of the list near that job. */
  readonly cursor: string;
  /** A job near that place that has failed, as many others did. */
  readonly failedId: string;
  /** The label of some jobs, and the fingerprint of their failures. */
  readonly region: string;
  readonly fingerprint: string;
}

const QUESTIONS: Readonly<Record<string, (place: Place) => string>> = {
  "one job": ({ jobId }) => `/jobs/${jobId}`,
  explain: ({ jobId }) => `/jobs/${jobId}/explain`,
  "explain a failed job": ({ failedId }) => `/jobs/${failedId}/explain`,
  events: ({ jobId }) => `/jobs/${jobId}/events`,
  replay: ({ jobId }) => `/jobs/${jobId}/replay`,
  "any page": ({ cursor }) => `/jobs?limit=${PAGE}&cursor=${cursor}`,
  "any page by state": ({ cursor }) => `/jobs?state=Done&limit=${PAGE}&cursor=${cursor}`,
  "any page by condition": ({ cursor }) =>
    `/jobs?condition=succeeded&limit=${PAGE}&cursor=${cursor}`,
  "any page by type": ({ cursor }) => `/jobs?type=bench.three&limit=${PAGE}&cursor=${cursor}`,
  "any page by label": ({ cursor, region }) =>
    `/jobs?label=region:${region}&limit=${PAGE}&cursor=${cursor}`,
  "any page by fingerprint": ({ cursor, fingerprint }) =>
    `/jobs?fingerprint=${fingerprint}&limit=${PAGE}&cursor=${cursor}`,
  "any page by two words": ({ cursor, region }) =>
    `/jobs?search=bank+${region}&limit=${PAGE}&cursor=${cursor}`,
  "any page, whole jobs": ({ cursor }) => `/jobs?view=full&limit=${PAGE}&cursor=${cursor}`,
  "search for a job id": ({ jobId }) => `/jobs?search=${jobId}&limit=${PAGE}`,
};

export async function askAll(url: string, lastLogId: number): Promise<readonly Answered[]> {
  const kinds = await fingerprints(url);
  const answered: Answered[] = [];
  for (const [question, pathOf] of Object.entries(QUESTIONS)) {
    const times: number[] = [];
    let cut = 0;
    for (let asked = 0; asked < ASKED; asked++) {
      const kind = {
        region: REGIONS[asked % REGIONS.length] ?? "",
        fingerprint: kinds[asked % kinds.length] ?? "",
      };
      const path = pathOf({ ...await anyPlace(url, lastLogId), ...kind });
      const started = performance.now();
      const text = await answerOf(url + path);
      times.push(performance.now() - started);
      if (JSON.parse(text).searched !== undefined) cut++;
    }
    answered.push({
      question,
      p50Ms: quantile(times, 0.5),
      p99Ms: quantile(times, 0.99),
      cutShare: cut / ASKED,
    });
  }
  return answered;
}

/** Of the failures, by kind. */
async function fingerprints(url: string): Promise<readonly string[]> {
  const { failures } = JSON.parse(await answerOf(`${url}/failures`));
  return failures.map(({ fingerprint }: { fingerprint: string }) => fingerprint);
}

/** The job of a random entry in the journal. */
async function anyPlace(
  url: string,
  lastLogId: number,
): Promise<Pick<Place, "jobId" | "cursor" | "failedId">> {
  for (;;) {
    const after = Math.floor(Math.random() * (lastLogId - 1));
    const text = await answerOf(`${url}/events?eventType=job.JobStarted&after=${after}&limit=1`);
    const entry = JSON.parse(text).entries[0];
    if (entry === undefined) continue;
    // The content of a cursor is internal, but without one, pages can only be read in order.
    const cursor = btoa(`jobs:${entry.logId}`).replace(/=+$/, "");
    const page = await answerOf(`${url}/jobs?condition=failed&limit=1&cursor=${cursor}`);
    const failedId = JSON.parse(page).jobs[0]?.jobId ?? entry.jobId;
    return { jobId: entry.jobId, cursor, failedId };
  }
}

/** @throws {Error} if the answer is not 2xx. */
async function answerOf(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot GET ${url}: ${response.status} ${text}`);
  return text;
}
