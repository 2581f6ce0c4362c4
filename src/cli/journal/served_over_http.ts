/** Reads the state that a server serves over HTTP, to compare it with the files. */

import * as v from "valibot";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { id } from "../../documents/fields.ts";
import { jobView } from "../../documents/answers/job_view.ts";
import { jsonChunks } from "../../core/json_text.ts";
import { DigestedJob, type ServedJob, type ServedSource } from "../../verify/served_audit.ts";
import type { Client } from "../client.ts";
import { entriesPage } from "../resources.ts";

/** The number of whole jobs that a server returns at a time. */
const PAGE = 50;

const HEAD = v.object({ head: v.object({ logId: v.number(), chain: v.string() }) });
/** All other members of a job are compared, but not checked. */
const JOBS = v.object({
  jobs: v.array(v.looseObject({ jobId: id<JobId>(), lastLogId: v.number() })),
  nextCursor: v.nullable(v.string()),
});

/** Every method throws a `CommandError` if the server does not answer, or refuses. */
export class ServedOverHttp implements ServedSource {
  readonly #client: Client;

  constructor(client: Client) {
    this.#client = client;
  }

  get url(): string {
    return this.#client.url;
  }

  async head(): Promise<JournalHead> {
    return (await this.#client.get(HEAD, "/journal")).head;
  }

  async *pages(): AsyncGenerator<readonly ServedJob[]> {
    const query = new URLSearchParams({ view: "full", limit: String(PAGE) });
    for await (const { jobs } of this.#client.pages(JOBS, "/jobs", query)) {
      yield jobs.map((job) => new DigestedJob(job, jsonChunks(job), textOf));
    }
  }

  async serves({ logId, eventId }: JobEventLogEntry): Promise<boolean> {
    const page = await this.#client.get(entriesPage, `/events?after=${logId - 1}&limit=1`);
    return page.entries[0]?.eventId === eventId;
  }

  lossText(what: string): string {
    return `the server at ${this.url} has more than the files: ${what}; entries that were ` +
      "acknowledged are gone, unless this is a copy: then verify with --no-server";
  }
}

function textOf(job: JobState): Iterable<string> {
  return jsonChunks(jobView(job));
}
