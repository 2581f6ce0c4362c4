/** The state that this process serves, for the comparison with its own files. */

import type { JobEventLogEntry } from "../core/event.ts";
import type { JobState } from "../core/job_state.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { JournalHead } from "../engine/ports.ts";
import { jobView } from "../documents/answers/job_view.ts";
import { jsonChunks } from "../core/json_text.ts";
import { DigestedJob, type ServedJob, type ServedSource } from "../verify/served_audit.ts";

/** Few, since each job is serialized, and other work has its turn only after a page. */
const PAGE = 50;

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
      yield page.jobs.map((job) => new DigestedJob(job, textOf(job), textOf));
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

function textOf(job: JobState): Iterable<string> {
  return jsonChunks(jobView(job));
}
