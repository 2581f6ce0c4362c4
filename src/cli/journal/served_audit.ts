/**
 * Compares what a running server serves with what follows from the files. All jobs are
 * listed first; each is compared when the reading of the files comes to its last entry.
 */

import { createHash } from "node:crypto";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobEventLogEntry } from "../../core/event.ts";
import type { JobState } from "../../core/job_state.ts";
import type { JobTable } from "../../engine/job_table.ts";
import type { JournalHead } from "../../engine/ports.ts";
import { jobView } from "../../http/job_view.ts";
import { type Client, notDaybook } from "../client.ts";

const PAGE = 500;

interface ServedJob {
  readonly lastLogId: LogId;
  readonly digest: string;
  /** Whether the files have an entry of the job at that position. */
  isMet: boolean;
}

interface JobPage {
  readonly jobs: readonly { readonly jobId: JobId; readonly lastLogId: LogId }[];
  readonly nextCursor: string | null;
}

/** How what is served compares with the files. */
export type ServedOutcome =
  | { readonly kind: "same"; readonly url: string }
  /** It answers for another journal than this. */
  | { readonly kind: "other"; readonly url: string }
  | {
    readonly kind: "differs";
    readonly url: string;
    readonly count: number;
    readonly reasons: readonly string[];
  }
  /** The files do not hold what it serves. */
  | { readonly kind: "lost"; readonly url: string; readonly reason: string };

const REASONS_MAX = 20;

export class ServedAudit {
  readonly #client: Client;
  readonly #head: JournalHead;
  readonly #jobs: Map<JobId, ServedJob>;
  #chainFound: string | undefined;
  #differing = 0;
  readonly #reasons: string[] = [];

  private constructor(client: Client, head: JournalHead, jobs: Map<JobId, ServedJob>) {
    this.#client = client;
    this.#head = head;
    this.#jobs = jobs;
  }

  /**
   * Lists all that is served. Entries that are recorded meanwhile do no harm, as long as
   * the files are read afterwards.
   *
   * @throws {CommandError} when no server answers, or it refuses.
   */
  static async ask(client: Client, progress: (jobs: number) => void): Promise<ServedAudit> {
    const head = headIn(await client.get("/journal"));
    if (head === undefined) throw notDaybook(client.url);
    const jobs = new Map<JobId, ServedJob>();
    let path: string | undefined = `/jobs?limit=${PAGE}`;
    while (path !== undefined) {
      const page: unknown = await client.get(path);
      if (!isJobPage(page)) throw notDaybook(client.url);
      for (const job of page.jobs) {
        jobs.set(job.jobId, { lastLogId: job.lastLogId, digest: digestOf(job), isMet: false });
      }
      progress(jobs.size);
      path = page.nextCursor === null
        ? undefined
        : `/jobs?limit=${PAGE}&cursor=${encodeURIComponent(page.nextCursor)}`;
    }
    return new ServedAudit(client, head, jobs);
  }

  /** Compares a job that an entry has just been applied to. */
  see(job: JobState): void {
    const served = this.#jobs.get(job.jobId);
    if (served?.lastLogId !== job.lastLogId) return;
    served.isMet = true;
    if (digestOf(jobView(job)) !== served.digest) {
      this.#differ(
        `job ${job.jobId} is not served as the journal has it at logId ${job.lastLogId}`,
      );
    }
  }

  /** Notes the end of a batch. */
  batchEnded(logId: LogId, chain: string): void {
    if (logId === this.#head.logId) this.#chainFound = chain;
  }

  /** To be asked when all files are read, with the jobs and the last entry that they hold. */
  async outcome(table: JobTable, lastEntry: JobEventLogEntry | undefined): Promise<ServedOutcome> {
    const { url } = this.#client;
    const end = lastEntry?.logId ?? 0;
    if (this.#head.logId > end) {
      const reason = `it serves logId ${this.#head.logId}, but the files end at ${end}`;
      return await this.#serves(lastEntry) ? lost(url, reason) : { kind: "other", url };
    }
    const chain = this.#head.logId === 0 ? "" : this.#chainFound;
    if (chain !== this.#head.chain) return { kind: "other", url };
    const missing = this.#missingFrom(table, end);
    if (missing !== undefined) return lost(url, missing);
    this.#compareRest(table);
    return this.#differing === 0
      ? { kind: "same", url }
      : { kind: "differs", url, count: this.#differing, reasons: this.#reasons };
  }

  /** What is served that the files do not hold. */
  #missingFrom(table: JobTable, end: LogId): string | undefined {
    for (const [jobId, { lastLogId }] of this.#jobs) {
      if (table.job(jobId) === undefined) return `it serves job ${jobId}, which is in no file`;
      if (lastLogId > end) return `it serves logId ${lastLogId}, but the files end at ${end}`;
    }
    return undefined;
  }

  /** Jobs that are not served, or as of a position where they have no entry. */
  #compareRest(table: JobTable): void {
    for (const { jobId, firstLogId } of table.jobs()) {
      const served = this.#jobs.get(jobId);
      if (served === undefined && firstLogId <= this.#head.logId) {
        this.#differ(`job ${jobId} is not served`);
      } else if (served?.isMet === false) {
        this.#differ(`job ${jobId} is served as of logId ${served.lastLogId}, an entry of another`);
      }
    }
  }

  #differ(reason: string): void {
    this.#differing++;
    if (this.#reasons.length < REASONS_MAX) this.#reasons.push(reason);
  }

  /** Whether the server has the same entry at the last position of the files. */
  async #serves(entry: JobEventLogEntry | undefined): Promise<boolean> {
    if (entry === undefined) return false;
    const page = await this.#client.get<{ entries?: readonly JobEventLogEntry[] } | null>(
      `/events?after=${entry.logId - 1}&limit=1`,
    );
    return page?.entries?.[0]?.eventId === entry.eventId;
  }
}

/** `undefined` when the answer is not that of a Daybook. */
function headIn(answer: unknown): JournalHead | undefined {
  const { head } = objectOf(answer);
  const { logId, chain } = objectOf(head);
  return typeof logId === "number" && typeof chain === "string" ? { logId, chain } : undefined;
}

function isJobPage(answer: unknown): answer is JobPage {
  const { jobs, nextCursor } = objectOf(answer);
  return Array.isArray(jobs) && (nextCursor === null || typeof nextCursor === "string") &&
    jobs.every((job) => {
      const { jobId, lastLogId } = objectOf(job);
      return typeof jobId === "string" && typeof lastLogId === "number";
    });
}

/** The members of an object, and none of anything else. */
function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Record<string, unknown> : {};
}

function lost(url: string, what: string): ServedOutcome {
  const reason = `the server at ${url} has more than the files: ${what}; ` +
    "entries that were acknowledged are gone, unless this is a copy: then verify with --no-server";
  return { kind: "lost", url, reason };
}

function digestOf(resource: unknown): string {
  return createHash("sha256").update(JSON.stringify(resource)).digest("base64");
}
