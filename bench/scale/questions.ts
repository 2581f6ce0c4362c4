/** How long a server takes to answer common requests about random jobs, one request at a time. */

import { quantile } from "../figures.ts";

const ASKED = 300;
const PAGE = 50;

export interface Answered {
  readonly question: string;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

interface Place {
  readonly jobId: string;
  /** A cursor for a page of the list near that job. */
  readonly cursor: string;
}

const QUESTIONS: Readonly<Record<string, (place: Place) => string>> = {
  "one job": ({ jobId }) => `/jobs/${jobId}`,
  explain: ({ jobId }) => `/jobs/${jobId}/explain`,
  events: ({ jobId }) => `/jobs/${jobId}/events`,
  replay: ({ jobId }) => `/jobs/${jobId}/replay`,
  "any page": ({ cursor }) => `/jobs?limit=${PAGE}&cursor=${cursor}`,
  "any page by state": ({ cursor }) => `/jobs?state=Done&limit=${PAGE}&cursor=${cursor}`,
  "any page by condition": ({ cursor }) =>
    `/jobs?condition=succeeded&limit=${PAGE}&cursor=${cursor}`,
  "any page by type": ({ cursor }) => `/jobs?type=bench.three&limit=${PAGE}&cursor=${cursor}`,
  search: ({ jobId }) => `/jobs?search=${jobId}&limit=${PAGE}`,
};

export async function askAll(url: string, lastLogId: number): Promise<readonly Answered[]> {
  const answered: Answered[] = [];
  for (const [question, pathOf] of Object.entries(QUESTIONS)) {
    const times: number[] = [];
    for (let asked = 0; asked < ASKED; asked++) {
      const path = pathOf(await anyPlace(url, lastLogId));
      const started = performance.now();
      await answerOf(url + path);
      times.push(performance.now() - started);
    }
    answered.push({ question, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) });
  }
  return answered;
}

/** The id of the job of a random entry in the journal. */
async function anyPlace(url: string, lastLogId: number): Promise<Place> {
  for (;;) {
    const after = Math.floor(Math.random() * (lastLogId - 1));
    const text = await answerOf(`${url}/events?eventType=job.JobStarted&after=${after}&limit=1`);
    const entry = JSON.parse(text).entries[0];
    if (entry === undefined) continue;
    // The content of a cursor is internal, but without one, pages can only be read in order.
    return { jobId: entry.jobId, cursor: btoa(`jobs:${entry.logId}`).replace(/=+$/, "") };
  }
}

/** @throws {Error} if the answer is not 2xx. */
async function answerOf(url: string): Promise<string> {
  const response = await fetch(url);
  const text = await response.text();
  if (!response.ok) throw new Error(`Cannot GET ${url}: ${response.status} ${text}`);
  return text;
}
