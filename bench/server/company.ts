/**
 * The background load of a real server: jobs with secrets, plans that wait for other events, a
 * reader of the stream, and a scraper of the metrics. Rows that measure a busy server have all of
 * it; the idle server has only the jobs.
 */

import { waitingForOrder } from "../targets/waiting_jobs.ts";
import { post } from "./http.ts";

const SECRETS = 10;
const PLANS = 100;
const SCRAPE_MS = 1_000;

/**
 * Lasts until it is disposed of; the server may have ended by then.
 *
 * @param readers Readers of the stream: none if the row itself has as many as a server accepts.
 */
export async function keepCompany(url: string, readers: 0 | 1 = 1): Promise<Disposable> {
  await holdJobs(url);
  const leave = new AbortController();
  const { signal } = leave;
  if (readers > 0) await readStream(`${url}/stream?only=transitions`, signal);
  const scraping = setInterval(() => void read(`${url}/metrics`, signal), SCRAPE_MS);
  return {
    [Symbol.dispose]() {
      clearInterval(scraping);
      leave.abort();
    },
  };
}

/** Only the jobs, which last as long as the server. */
export async function holdJobs(url: string): Promise<void> {
  for (let order = 0; order < SECRETS; order++) await post(`${url}/jobs`, jobWithSecret(order));
  for (let order = 0; order < PLANS; order++) {
    await post(`${url}/jobs`, waitingForOrder(`of-company-${order}`));
  }
}

function jobWithSecret(order: number) {
  const input = { orderId: `order-${order}`, card: { number: `4000 0000 0000 00${order}` } };
  return { type: "bench.secret", input };
}

/** Resolves when the stream is open; it is then read until the signal aborts. */
async function readStream(url: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { signal });
  if (!response.ok) throw new Error(`Cannot read the stream: ${response.status}`);
  void response.body?.pipeTo(new WritableStream()).catch(() => {});
}

async function read(url: string, signal: AbortSignal): Promise<void> {
  try {
    await (await fetch(url, { signal })).text();
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
