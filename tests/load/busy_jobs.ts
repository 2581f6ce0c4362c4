/** Jobs that arrive and finish at a steady rate. */

import assert from "node:assert/strict";
import type { DaybookProcess } from "../support/process/daybook_process.ts";

/** The share of a second between starts: small enough that jobs do not arrive in bursts. */
const PARTS = 20;

export class BusyJobs {
  #started = 0;
  #isStopped = false;
  readonly #began = performance.now();
  readonly #going: Promise<void>;

  constructor(private readonly daybook: DaybookProcess, private readonly perSecond: number) {
    this.#going = this.#go();
    // The error is passed to the caller of `stop`.
    this.#going.catch(() => {});
  }

  /** Resolves when all have ended, with the number of started jobs and the rate. */
  async stop(): Promise<{ readonly jobs: number; readonly perSecond: number }> {
    this.#isStopped = true;
    await this.#going;
    await this.#untilAllEnded();
    const seconds = (performance.now() - this.#began) / 1_000;
    return { jobs: this.#started, perSecond: Math.round(this.#started / seconds) };
  }

  /** Behind the rate it catches up; ahead of it, it waits. */
  async #go(): Promise<void> {
    const part = this.perSecond / PARTS;
    while (!this.#isStopped) {
      const events = Array.from({ length: part }, (_, index) => ({
        eventType: "busy.Asked",
        attributes: { number: this.#started + index },
      }));
      this.#started += part;
      const response = await this.daybook.post("/events", events);
      await response.body?.cancel();
      assert.equal(response.status, 200, "the events are taken");
      const dueMs = this.#began + this.#started / this.perSecond * 1_000 - performance.now();
      if (dueMs > 0) await new Promise((resolve) => setTimeout(resolve, dueMs));
    }
  }

  async #untilAllEnded(): Promise<void> {
    for (const condition of ["queued", "executing"]) {
      for (;;) {
        const page = await this.daybook.get(`/jobs?condition=${condition}&limit=1`);
        const [job] = (page as { readonly jobs: readonly { readonly jobId: string }[] }).jobs;
        if (job === undefined) break;
        const path = `${this.daybook.url}/jobs/${encodeURIComponent(job.jobId)}`;
        const response = await fetch(path, { headers: { prefer: "wait=10" } });
        await response.body?.cancel();
      }
    }
  }
}
