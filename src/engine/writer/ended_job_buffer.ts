/** Ended jobs that stay in memory until the index has them, with the rows of event ids. */

import type { JobId, LogId } from "../../core/ids.ts";
import { awaitsOutside } from "../../core/job_plan.ts";
import type { EndedJob, JobIndex } from "../job_index.ts";
import { searchText } from "../queries/job_search.ts";
import type { EventIds } from "./event_ids.ts";
import type { JobRecord } from "./job_record.ts";

/** Ids that are put at a time, for each job. */
const IDS_PER_JOB = 8;
/** Characters of jobs that are put at a time, except for the last job: some milliseconds. */
const CHARACTERS = 1024 * 1024;

export class EndedJobBuffer {
  readonly #index: JobIndex;
  readonly #ids: EventIds;
  readonly #records = new Set<JobRecord>();
  /** Their size; an ended job does not change. */
  #characters = 0;
  /** After the index refused, it is tried again when there are so many. */
  #askAgainAt = 0;

  constructor(index: JobIndex, ids: EventIds) {
    this.#index = index;
    this.#ids = ids;
  }

  get records(): ReadonlySet<JobRecord> {
    return this.#records;
  }

  get isEmpty(): boolean {
    return this.#records.size + this.#ids.unsaved === 0;
  }

  /** Whether there is enough to put. */
  get isDue(): boolean {
    const { batch } = this.#index;
    const { size } = this.#records;
    const { unsaved } = this.#ids;
    const isMuch = size >= batch || this.#characters >= CHARACTERS ||
      unsaved >= batch * IDS_PER_JOB;
    return isMuch && size + unsaved >= this.#askAgainAt;
  }

  /** Those to put next. */
  get next(): readonly JobRecord[] {
    const next: JobRecord[] = [];
    let characters = 0;
    for (const record of this.#records) {
      if (next.length === this.#index.batch || characters >= CHARACTERS) break;
      next.push(record);
      characters += record.size;
    }
    return next;
  }

  /** A settled job may leave. */
  consider(record: JobRecord): void {
    if (record.isSettled) this.#add(record);
  }

  /** A job in the index was brought back. */
  cameBack(record: JobRecord): void {
    this.#index.wake(record.firstLogId);
    record.isIndexed = true;
    this.#add(record);
  }

  /**
   * Puts ended jobs into the index. Those with entries on their way stay in memory as well.
   *
   * @param retriedAt Where the newest retry of a job was created.
   * @returns Those that may leave memory now: none when the index refused.
   */
  put(
    records: readonly JobRecord[],
    retriedAt: (jobId: JobId) => LogId | undefined,
  ): readonly JobRecord[] {
    if (records.length + this.#ids.unsaved === 0) return [];
    const jobs = records.map((record) => endedOf(record, retriedAt));
    const isTaken = this.#index.put(jobs, this.#ids.rows());
    this.#askAgainAt = isTaken ? 0 : 2 * (this.#records.size + this.#ids.unsaved);
    if (!isTaken) return [];
    this.#ids.saved();
    for (const record of records) {
      if (!record.isSettled) this.#index.wake(record.firstLogId);
      record.isIndexed = true;
      if (this.#records.delete(record)) this.#characters -= record.size;
    }
    return records.filter(({ isSettled }) => isSettled);
  }

  #add(record: JobRecord): void {
    if (this.#records.has(record)) return;
    this.#records.add(record);
    this.#characters += record.size;
  }
}

function endedOf(
  record: JobRecord,
  retriedAt: (jobId: JobId) => LogId | undefined,
): EndedJob {
  const { job, summary, trail } = record;
  return {
    job,
    summary,
    trail,
    text: searchText(record),
    awaitsOutside: awaitsOutside(job.plan),
    retriedAt: job.state === "Failed" ? retriedAt(job.jobId) : undefined,
    wasThere: record.isIndexed,
  };
}
