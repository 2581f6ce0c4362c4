/** Buffers ended jobs until they are written to the index, with the rows of event ids. */

import type { JobId, LogId } from "../../core/ids.ts";
import { awaitsOutside } from "../../core/job_plan.ts";
import { SteadyMap } from "../../core/steady_map.ts";
import type { EndedJob, JobIndex } from "../job_index.ts";
import { searchText } from "./job_scan.ts";
import type { EventIds } from "./event_ids.ts";
import type { JobRecord } from "./job_record.ts";

/** A write is due when this many event ids wait, times the batch size, and takes twice as many. */
const IDS_PER_JOB = 8;
/** Characters of jobs to write at a time, not counting the last job: a few milliseconds of work. */
const CHARACTERS = 1024 * 1024;
/** Of a step in the index, without its result. */
const STEP_CHARACTERS = 120;
/** During a start, this many times the batch size may wait, so that it is ready sooner. */
const STARTING_BATCHES = 32;
/** The same for the characters. */
const STARTING_CHARACTERS = 4 * CHARACTERS;

export class EndedJobBuffer {
  readonly #records = new SteadyMap<JobId, JobRecord>();
  /** The total size of the records. An ended job does not change. */
  #characters = 0;
  /** After the index refused a write, it is tried again when this many jobs and ids wait. */
  #retryAt = 0;
  isStarting = false;

  constructor(private readonly index: JobIndex, private readonly ids: EventIds) {}

  /** How many jobs wait for a write. */
  get size(): number {
    return this.#records.size;
  }

  get isEmpty(): boolean {
    return this.#records.size + this.ids.unsaved === 0;
  }

  /** Whether enough has gathered for a write. */
  get isDue(): boolean {
    const batch = this.index.batch * (this.isStarting ? STARTING_BATCHES : 1);
    const characters = this.isStarting ? STARTING_CHARACTERS : CHARACTERS;
    const { size } = this.#records;
    const { unsaved } = this.ids;
    const isEnough = size >= batch || this.#characters >= characters ||
      unsaved >= batch * IDS_PER_JOB;
    return isEnough && size + unsaved >= this.#retryAt;
  }

  /** The jobs to write next. */
  get next(): readonly JobRecord[] {
    const next: JobRecord[] = [];
    let characters = 0;
    for (const record of this.#records.values()) {
      if (next.length === this.index.batch || characters >= CHARACTERS) break;
      next.push(record);
      characters += charactersOf(record);
    }
    return next;
  }

  /**
   * How many event ids to write next: one job may have brought thousands. None with a job that is
   * large enough for a write of its own.
   */
  idsWith(jobs: readonly JobRecord[]): number | undefined {
    if (this.isStarting) return undefined;
    return jobs.some((record) => charactersOf(record) >= CHARACTERS)
      ? 0
      : 2 * IDS_PER_JOB * this.index.batch;
  }

  /** Adds a job if it is settled. */
  consider(record: JobRecord): void {
    if (record.isSettled) this.#add(record);
  }

  /** Adds a job that was loaded back from the index. */
  cameBack(record: JobRecord): void {
    this.index.wake(record.firstLogId);
    record.isIndexed = true;
    this.#add(record);
  }

  /**
   * Writes ended jobs to the index. Those with entries in flight stay in memory as well.
   *
   * @param retriedAt Gives the position at which the newest retry of a job was created.
   * @param idsMax How many event ids to write with them.
   * @returns The jobs that may leave memory now: none if the index refused.
   */
  put(
    records: readonly JobRecord[],
    retriedAt: (jobId: JobId) => LogId | undefined,
    idsMax: number | undefined,
  ): readonly JobRecord[] {
    if (records.length + this.ids.unsaved === 0) return [];
    const jobs = records.map((record) => endedJob(record, retriedAt));
    const rows = this.ids.rows(idsMax);
    const isTaken = this.index.put(jobs, rows);
    this.#retryAt = isTaken ? 0 : 2 * (this.#records.size + this.ids.unsaved);
    if (!isTaken) return [];
    this.ids.saved(rows);
    for (const record of records) {
      record.isIndexed = true;
      if (this.#records.delete(record.head.jobId)) this.#characters -= charactersOf(record);
    }
    return records.filter(({ isSettled }) => isSettled);
  }

  #add(record: JobRecord): void {
    const { jobId } = record.head;
    if (this.#records.has(jobId)) return;
    this.#records.set(jobId, record);
    this.#characters += charactersOf(record);
  }
}

function charactersOf({ job, size }: JobRecord): number {
  return size + STEP_CHARACTERS * (job.tasks.length + (job.waits?.length ?? 0));
}

function endedJob(record: JobRecord, retriedAt: (jobId: JobId) => LogId | undefined): EndedJob {
  const { job, summary, trail } = record;
  return {
    job,
    summary,
    trail,
    text: searchText(record),
    awaitsOutside: awaitsOutside(job.plan),
    retriedAt: job.state === "Failed" ? retriedAt(job.jobId) : undefined,
    wasThere: record.isIndexed,
    isAwake: !record.isSettled,
  };
}
