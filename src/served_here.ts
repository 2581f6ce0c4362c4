/** What this process serves, for the comparison with its own files. */

import type { Work } from "./core/at_once.ts";
import type { JobEventLogEntry } from "./core/event.ts";
import type { JobId, LogId } from "./core/ids.ts";
import type { JobState } from "./core/job_state.ts";
import type { JobEngine } from "./engine/job_engine.ts";
import type { JournalHead } from "./engine/ports.ts";
import { jobView } from "./http/job_view.ts";
import { chunksOf } from "./http/large_answer.ts";
import type { ServedJob, ServedSource } from "./verify/served_audit.ts";

const PAGE = 500;

export class ServedHere implements ServedSource {
  readonly url = "this server";
  readonly #engine: JobEngine;

  constructor(engine: JobEngine) {
    this.#engine = engine;
  }

  async head(): Promise<JournalHead> {
    return (await this.#engine.journalInfo()).head;
  }

  async *pages(): AsyncGenerator<readonly ServedJob[]> {
    let page = this.#engine.list({ limit: PAGE });
    for (;;) {
      yield page.jobs.map((job) => new HeldJob(job));
      if (page.next === undefined) return;
      page = this.#engine.list({ limit: PAGE, before: page.next });
    }
  }

  async serves({ logId, eventId }: JobEventLogEntry): Promise<boolean> {
    const [entry] = await this.#engine.entries(logId - 1, 1);
    return entry?.eventId === eventId;
  }

  lossText(what: string): string {
    return `this server has more than the files: ${what}; entries that were acknowledged are ` +
      "gone from the disk, and can be read from this server until it stops";
  }
}

/** A state never changes, so that holding one costs nothing until the job moves on. */
class HeldJob implements ServedJob {
  readonly #job: JobState;

  constructor(job: JobState) {
    this.#job = job;
  }

  get jobId(): JobId {
    return this.#job.jobId;
  }

  get lastLogId(): LogId {
    return this.#job.lastLogId;
  }

  *isOf(job: JobState): Work<boolean> {
    const [held, other] = [this.#job, job].map((state) => chunksOf(jobView(state)));
    for (;;) {
      const [one, two] = [held?.next(), other?.next()];
      if (one?.value !== two?.value) return false;
      if (one?.done === true) return true;
      yield;
    }
  }
}
