/** The shop's own systems: they talk to Daybook as all clients do, over its routes. */

import * as v from "valibot";
import type { JsonObject } from "../core/json.ts";

const jobAnswer = v.looseObject({ jobId: v.string(), condition: v.string() });
export type JobAnswer = v.InferOutput<typeof jobAnswer>;

const receiptsAnswer = v.looseObject({
  receipts: v.array(v.looseObject({
    jobs: v.array(v.looseObject({ jobId: v.string() })),
  })),
});

/** How long a change of a job is waited for before it is asked after again. */
const WAIT_SECONDS = 30;

export class ShopClient {
  readonly #url: string;
  readonly #signal: AbortSignal;

  /** @param signal Ends every call. */
  constructor(url: string, signal: AbortSignal) {
    this.#url = url;
    this.#signal = signal;
  }

  async submit(job: object): Promise<string> {
    return v.parse(jobAnswer, await this.#post("/jobs", job)).jobId;
  }

  /** Ids of the jobs that the event reached or started. */
  async event(eventType: string, attributes: JsonObject): Promise<readonly string[]> {
    const answer = await this.#post("/events", { eventType, attributes });
    const { receipts } = v.parse(receiptsAnswer, answer);
    return receipts.flatMap(({ jobs }) => jobs.map(({ jobId }) => jobId));
  }

  /** Suspends, resumes, cancels, starts or retries a job; the id of the job that it gives. */
  async control(jobId: string, control: string, reason: string): Promise<string> {
    const path = `/jobs/${encodeURIComponent(jobId)}/${control}`;
    return v.parse(jobAnswer, await this.#post(path, { reason })).jobId;
  }

  /** Begins to prove the journal; the verdict comes later. */
  async verify(): Promise<void> {
    await this.#post("/journal/verify", {});
  }

  /** The job once it is in one of the conditions, by long polls. */
  async until(jobId: string, ...conditions: readonly string[]): Promise<JobAnswer> {
    const path = `/jobs/${encodeURIComponent(jobId)}`;
    for (let tag: string | null = null;;) {
      const known: Record<string, string> = tag === null
        ? {}
        : { "if-none-match": tag, prefer: `wait=${WAIT_SECONDS}` };
      const response = await fetch(this.#url + path, { headers: known, signal: this.#signal });
      if (response.status === 304) continue;
      const job = v.parse(jobAnswer, await this.#read(response, path));
      if (conditions.includes(job.condition)) return job;
      tag = response.headers.get("etag");
    }
  }

  async #post(path: string, body: object): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: this.#signal,
    });
    return await this.#read(response, path);
  }

  async #read(response: Response, path: string): Promise<unknown> {
    if (response.ok) return await response.json();
    throw new Error(`Cannot use ${path}: ${response.status} ${await response.text()}`);
  }
}
