/**
 * Compares what a running server serves with what follows from the files. It lists all jobs first,
 * and compares each when the files have been read up to its last entry.
 */

import { createHash } from "node:crypto";
import { jsonChunks } from "../core/json_text.ts";
import { runToEnd, type Work } from "../core/work.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobHead, JobState } from "../core/job_state.ts";
import type { IndexScan } from "../engine/job_index.ts";
import type { JobTable } from "../engine/writer/job_table.ts";
import { jobView } from "../documents/jobs.ts";
import type { JobEngine } from "../engine/job_engine.ts";
import type { JournalHead } from "../engine/ports.ts";
import { NO_PAUSE, type Pause } from "../engine/turns.ts";

export interface ServedSource {
  /** How a verdict names it, such as by its address. */
  readonly url: string;
  head(): Promise<JournalHead>;
  pages(): AsyncIterable<readonly ServedJob[]>;
  /** Whether it serves this entry at its position. */
  serves(entry: JobEventLogEntry): Promise<boolean>;
  /** Explains what it means that the server has more than the files. */
  lossText(what: string): string;
}

/** How the served data compares with the files. */
export type ServedOutcome =
  | { readonly kind: "same"; readonly url: string }
  /** It serves another journal. */
  | { readonly kind: "other"; readonly url: string }
  | {
    readonly kind: "differs";
    readonly url: string;
    readonly count: number;
    readonly reasons: readonly string[];
  }
  /** The files lack something that it serves. */
  | { readonly kind: "lost"; readonly url: string; readonly reason: string };

const REASONS_MAX = 20;
const JOBS_PER_PAUSE = 1_000;

interface AskedJob {
  readonly served: ServedJob;
  /** Whether the files have an entry of the job at that position. */
  isMet: boolean;
}

export class ServedAudit {
  #chainFound: string | undefined;
  #differing = 0;
  readonly #reasons: string[] = [];

  private constructor(
    private readonly source: ServedSource,
    private readonly head: JournalHead,
    private readonly jobs: ReadonlyMap<JobId, AskedJob>,
  ) {}

  /**
   * Lists everything that is served. Entries recorded meanwhile do no harm if the files are read
   * afterwards.
   *
   * Rejects as the source does.
   */
  static async ask(
    source: ServedSource,
    progress: (jobs: number) => void,
    pause: Pause = NO_PAUSE,
  ): Promise<ServedAudit> {
    const head = await source.head();
    const jobs = new Map<JobId, AskedJob>();
    for await (const page of source.pages()) {
      for (const served of page) jobs.set(served.jobId, { served, isMet: false });
      progress(jobs.size);
      await pause();
    }
    return new ServedAudit(source, head, jobs);
  }

  /** Compares a job after an entry was applied to it; await the result if there is one. */
  see(
    { jobId, lastLogId }: JobHead,
    table: Pick<JobTable, "existing">,
    pause: Pause,
  ): Promise<void> | undefined {
    const asked = this.jobs.get(jobId);
    if (asked?.served.lastLogId !== lastLogId) return undefined;
    asked.isMet = true;
    const job = table.existing(jobId);
    return this.#compare(job, asked.served.isOf(job), pause);
  }

  #compare(job: JobState, comparison: Work<boolean>, pause: Pause): Promise<void> | undefined {
    let step = comparison.next();
    for (; step.done !== true; step = comparison.next()) {
      const pausing = pause();
      if (pausing !== undefined) return pausing.then(() => this.#compare(job, comparison, pause));
    }
    if (!step.value) {
      this.#differ(
        `job ${job.jobId} is served differently from the journal at logId ${job.lastLogId}`,
      );
    }
    return undefined;
  }

  batchEnded(logId: LogId, chain: string): void {
    if (logId === this.head.logId) this.#chainFound = chain;
  }

  /** Call it when all files have been read, with their jobs and last entry. */
  async outcome(
    table: JobTable,
    lastEntry: JobEventLogEntry | undefined,
    pause: Pause,
  ): Promise<ServedOutcome> {
    const { url } = this.source;
    const end = lastEntry?.logId ?? 0;
    if (this.head.logId > end) {
      const reason = `it serves logId ${this.head.logId}, but the files end at ${end}`;
      const isSame = lastEntry !== undefined && await this.source.serves(lastEntry);
      return isSame ? this.#lost(reason) : { kind: "other", url };
    }
    const chain = this.head.logId === 0 ? "" : this.#chainFound;
    if (chain !== this.head.chain) return { kind: "other", url };
    const missing = await this.#missingFrom(table, end, pause);
    if (missing !== undefined) return this.#lost(missing);
    await this.#compareRest(table, pause);
    return this.#differing === 0
      ? { kind: "same", url }
      : { kind: "differs", url, count: this.#differing, reasons: this.#reasons };
  }

  #lost(what: string): ServedOutcome {
    return { kind: "lost", url: this.source.url, reason: this.source.lossText(what) };
  }

  /** What is served but missing from the files. */
  async #missingFrom(table: JobTable, end: LogId, pause: Pause): Promise<string | undefined> {
    let seen = 0;
    for (const [jobId, { served: { lastLogId } }] of this.jobs) {
      if (table.job(jobId) === undefined) {
        return `it serves job ${jobId}, which is not in the files`;
      }
      if (lastLogId > end) return `it serves logId ${lastLogId}, but the files end at ${end}`;
      if (++seen % JOBS_PER_PAUSE === 0) await pause();
    }
    return undefined;
  }

  /** Finds jobs that are not served, or served as of a position where they have no entry. */
  async #compareRest(table: JobTable, pause: Pause): Promise<void> {
    let seen = 0;
    for (const { jobId, firstLogId } of jobsOf(table)) {
      const asked = this.jobs.get(jobId);
      if (asked === undefined && firstLogId <= this.head.logId) {
        this.#differ(`job ${jobId} is not served`);
      } else if (asked?.isMet === false) {
        const { lastLogId } = asked.served;
        this.#differ(`job ${jobId} is served as of logId ${lastLogId}, an entry of another`);
      }
      if (++seen % JOBS_PER_PAUSE === 0) await pause();
    }
  }

  #differ(reason: string): void {
    this.#differing++;
    if (this.#reasons.length < REASONS_MAX) this.#reasons.push(reason);
  }
}

/** All jobs, including those that have left memory. */
function* jobsOf(table: JobTable): Iterable<Pick<JobState, "jobId" | "firstLogId">> {
  yield* table.jobs();
  for (let after: LogId | undefined = 0; after !== undefined;) {
    const scan: IndexScan | undefined = table.index?.scan({}, { oldestFirst: true, after });
    for (const { summary } of scan ?? []) yield summary;
    after = scan?.reach?.next;
  }
}

/** What a server with this state serves, as text in pieces, since a job may be large. */
function servedText(job: JobState): Iterable<string> {
  return jsonChunks(jobView(job));
}

/**
 * A job as the server returned it. Only its digest is kept, since all jobs of a server are compared.
 */
export class ServedJob {
  readonly jobId: JobId;
  readonly lastLogId: LogId;
  readonly #digest: string;

  /** @param text As it was served. */
  constructor({ jobId, lastLogId }: Pick<JobState, "jobId" | "lastLogId">, text: Iterable<string>) {
    this.jobId = jobId;
    this.lastLogId = lastLogId;
    this.#digest = runToEnd(digestOf(text));
  }

  /** Whether a server with this state would return the same. A job may be large. */
  *isOf(job: JobState): Work<boolean> {
    return (yield* digestOf(servedText(job))) === this.#digest;
  }
}

function* digestOf(text: Iterable<string>): Work<string> {
  const hash = createHash("sha256");
  for (const piece of text) {
    hash.update(piece);
    yield;
  }
  return hash.digest("base64");
}

/** Few, since each job is serialized, and other work has its turn only after a page. */
const PAGE = 50;

/** What this process serves, for the comparison with its own files. */
export class ServedHere implements ServedSource {
  readonly url = "this server";

  constructor(private readonly engine: JobEngine) {}

  async head(): Promise<JournalHead> {
    return (await this.engine.journalInfo()).head;
  }

  async *pages(): AsyncGenerator<readonly ServedJob[]> {
    let page = this.engine.lists.page({ limit: PAGE });
    for (;;) {
      yield page.jobs.map((job) => new ServedJob(job, servedText(job)));
      if (page.next === undefined) return;
      page = this.engine.lists.page({ limit: PAGE, before: page.next });
    }
  }

  async serves({ logId, eventId }: JobEventLogEntry): Promise<boolean> {
    const [entry] = await this.engine.entries(logId - 1, 1);
    return entry?.eventId === eventId;
  }

  lossText(what: string): string {
    return `this server has more than the files: ${what}; entries that were acknowledged are ` +
      "gone from the disk, and can be read from this server until it stops";
  }
}
