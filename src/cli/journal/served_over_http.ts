/** Reads the state that a server serves over HTTP, to compare it with the files. */

import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { jobView } from "../../documents/answers/job_view.ts";
import { jsonChunks } from "../../core/json_chunks.ts";
import { DigestedJob, type ServedJob, type ServedSource } from "../../verify/served_audit.ts";
import { type Client, notDaybook } from "../client.ts";

/** The number of whole jobs that a server returns at a time. */
const PAGE = 50;

interface JobPage {
  readonly jobs: readonly { readonly jobId: JobId; readonly lastLogId: LogId }[];
  readonly nextCursor: string | null;
}

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
    const head = headIn(await this.#client.get("/journal"));
    if (head === undefined) throw notDaybook(this.url);
    return head;
  }

  async *pages(): AsyncGenerator<readonly ServedJob[]> {
    let path: string | undefined = `/jobs?view=full&limit=${PAGE}`;
    while (path !== undefined) {
      const page: unknown = await this.#client.get(path);
      if (!isJobPage(page)) throw notDaybook(this.url);
      yield page.jobs.map((job) => new DigestedJob(job, jsonChunks(job), textOf));
      path = page.nextCursor === null
        ? undefined
        : `/jobs?view=full&limit=${PAGE}&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
  }

  async serves({ logId, eventId }: JobEventLogEntry): Promise<boolean> {
    const page = await this.#client.get<{ entries?: readonly JobEventLogEntry[] } | null>(
      `/events?after=${logId - 1}&limit=1`,
    );
    return page?.entries?.[0]?.eventId === eventId;
  }

  lossText(what: string): string {
    return `the server at ${this.url} has more than the files: ${what}; ` +
      "entries that were acknowledged are gone, unless this is a copy: then verify with " +
      "--no-server";
  }
}

function textOf(job: JobState): Iterable<string> {
  return jsonChunks(jobView(job));
}

/** `undefined` if the answer is not from Daybook. */
function headIn(answer: unknown): JournalHead | undefined {
  const { head } = asObject(answer);
  const { logId, chain } = asObject(head);
  return typeof logId === "number" && typeof chain === "string" ? { logId, chain } : undefined;
}

function isJobPage(answer: unknown): answer is JobPage {
  const { jobs, nextCursor } = asObject(answer);
  return Array.isArray(jobs) && (nextCursor === null || typeof nextCursor === "string") &&
    jobs.every((job) => {
      const { jobId, lastLogId } = asObject(job);
      return typeof jobId === "string" && typeof lastLogId === "number";
    });
}

/** The members of an object; none for any other value. */
function asObject(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}
