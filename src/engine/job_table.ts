/**
 * All jobs as projected from what is durable, and where the entries of each are. The
 * only writer is `apply`; everything here can be made again from the journal.
 */

import { type Condition, conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import { sharedPlan } from "../core/job_plan.ts";
import type { JobState } from "../core/job_state.ts";
import { project, type Step } from "../core/projector.ts";
import { EntryColumns } from "./entry_columns.ts";
import type { ListPage, ListQuery, Transition } from "./requests.ts";

interface JobRecord {
  job: JobState;
  condition: Condition;
}

/** What one entry did to its job. */
export interface Applied extends Step {
  readonly before: JobState | undefined;
  /** What the job was doing before and does now. */
  readonly conditionBefore: Condition | undefined;
  readonly condition: Condition;
  readonly entry: JobEventLogEntry;
}

export class JobTable {
  readonly #records = new Map<JobId, JobRecord>();
  /** In the order of creation. */
  readonly #order: JobRecord[] = [];
  readonly #byIdempotencyKey = new Map<string, JobId>();
  readonly columns: EntryColumns = new EntryColumns();

  get size(): number {
    return this.#records.size;
  }

  job(jobId: JobId): JobState | undefined {
    return this.#records.get(jobId)?.job;
  }

  /** @throws {TypeError} when there is no such job. */
  existing(jobId: JobId): JobState {
    const job = this.job(jobId);
    if (job === undefined) throw new TypeError(`Cannot find job ${jobId}: it was not created`);
    return job;
  }

  /** All jobs, oldest first. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** Positions of a job's entries after one, ascending, at most so many. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const job = this.job(jobId);
    return job === undefined ? [] : this.columns.chain(job.lastLogId, after, limit);
  }

  /** The last positions of a job's entries before one, ascending, at most so many. */
  logIdsBack(jobId: JobId, before: LogId, limit: number): readonly LogId[] {
    const job = this.job(jobId);
    return job === undefined ? [] : this.columns.chainBefore(job.lastLogId, before, limit);
  }

  /** How an entry changed its job; `undefined` when it did not. */
  transitionAt(logId: LogId): Transition | undefined {
    return this.columns.transitionAt(logId);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** Projects one entry; `undefined` when it is about no job. */
  apply(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    const record = this.#records.get(entry.jobId);
    const before = record?.job;
    const conditionBefore = record?.condition;
    const { job, rule, matched } = project(before, entry);
    const condition = conditionOf(job);
    if (rule !== "any/already-applied") {
      this.columns.add(entry.logId, before?.lastLogId ?? 0);
      if (before?.state !== job.state || conditionBefore !== condition) {
        this.columns.changed(entry.logId, before?.state, job.state, condition);
      }
    }
    if (record === undefined) {
      this.#add({ job, condition });
    } else {
      record.job = job;
      record.condition = condition;
    }
    return { job, rule, matched, before, conditionBefore, condition, entry };
  }

  /** Takes over a job from a snapshot. */
  restore(job: JobState): void {
    const shared = { ...job, plan: sharedPlan(job.plan) };
    this.#add({ job: shared, condition: conditionOf(job) });
  }

  /** Every job, oldest first, as it is now. */
  capture(): readonly JobState[] {
    return this.#order.map((record) => record.job);
  }

  /** Newest first. */
  list(query: ListQuery): ListPage {
    const wanted = filterOf(query);
    const found: JobState[] = [];
    for (let index = this.#startOf(query.before); index >= 0; index--) {
      const record = this.#order[index];
      if (record === undefined || !wanted(record)) continue;
      const last = found.at(-1);
      if (found.length === query.limit && last !== undefined) {
        return { jobs: found, next: last.firstLogId };
      }
      found.push(record.job);
    }
    return { jobs: found };
  }

  #add(record: JobRecord): void {
    const { job } = record;
    this.#records.set(job.jobId, record);
    this.#order.push(record);
    if (job.idempotency !== undefined) {
      this.#byIdempotencyKey.set(job.idempotency.key, job.jobId);
    }
  }

  /** The index of the newest job that was created before a position. */
  #startOf(before: LogId | undefined): number {
    if (before === undefined) return this.#order.length - 1;
    let low = 0;
    let high = this.#order.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#order[middle]?.job.firstLogId ?? Infinity) < before) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

function filterOf(query: ListQuery): (record: JobRecord) => boolean {
  const { states, conditions, types, labels } = query;
  const after = query.createdAfter === undefined ? -Infinity : Date.parse(query.createdAfter);
  const before = query.createdBefore === undefined ? Infinity : Date.parse(query.createdBefore);
  const timed = after !== -Infinity || before !== Infinity;
  return ({ job, condition }) =>
    (states === undefined || states.includes(job.state)) &&
    (conditions === undefined || conditions.includes(condition)) &&
    (types === undefined || (job.type !== undefined && types.includes(job.type))) &&
    (labels === undefined || labels.every(([name, value]) => job.labels[name] === value)) &&
    (!timed || isBetween(Date.parse(job.createdAt), after, before));
}

function isBetween(time: number, after: number, before: number): boolean {
  return time > after && time < before;
}
