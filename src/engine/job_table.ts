/**
 * All jobs as projected from what is durable, and where the entries of each are. The
 * only writer is `apply`; everything here can be made again from the journal.
 */

import { conditionOf } from "../core/condition.ts";
import type { JobEventLogEntry } from "../core/event.ts";
import type { JobId, LogId } from "../core/ids.ts";
import type { JobState } from "../core/job_state.ts";
import { project, type Step } from "../core/projector.ts";
import type { ListPage, ListQuery } from "./requests.ts";
import { TransitionLog } from "./transition_log.ts";

interface JobRecord {
  job: JobState;
  /** The positions of its entries, ascending. */
  readonly logIds: LogId[];
}

/** What one entry did to its job. */
export interface Applied extends Step {
  readonly before: JobState | undefined;
  readonly entry: JobEventLogEntry;
}

export class JobTable {
  readonly #records = new Map<JobId, JobRecord>();
  /** In the order of creation. */
  readonly #order: JobRecord[] = [];
  readonly #byIdempotencyKey = new Map<string, JobId>();
  readonly transitions: TransitionLog = new TransitionLog();

  get size(): number {
    return this.#records.size;
  }

  job(jobId: JobId): JobState | undefined {
    return this.#records.get(jobId)?.job;
  }

  /** All jobs, oldest first. */
  *jobs(): Iterable<JobState> {
    for (const record of this.#order) yield record.job;
  }

  /** Positions of a job's entries after one, at most so many. */
  logIds(jobId: JobId, after: LogId, limit: number): readonly LogId[] {
    const all = this.#records.get(jobId)?.logIds ?? [];
    const start = after <= 0 ? 0 : firstAbove(all, after);
    return all.slice(start, start + limit);
  }

  jobOfKey(idempotencyKey: string): JobId | undefined {
    return this.#byIdempotencyKey.get(idempotencyKey);
  }

  /** Projects one entry; `undefined` when it is about no job. */
  apply(entry: JobEventLogEntry): Applied | undefined {
    if (entry.jobId === undefined) return undefined;
    const record = this.#records.get(entry.jobId);
    const before = record?.job;
    const step = project(before, entry);
    if (record === undefined) this.#add({ job: step.job, logIds: [entry.logId] });
    else if (step.rule !== "any/already-applied") {
      record.job = step.job;
      record.logIds.push(entry.logId);
    }
    this.transitions.note(entry.logId, before, step.job);
    return { ...step, before, entry };
  }

  /** Takes over a job from a snapshot. */
  restore(job: JobState, logIds: readonly LogId[]): void {
    this.#add({ job, logIds: [...logIds] });
  }

  /** Every job with its positions, as they are now. */
  capture(): readonly (readonly [job: JobState, logIds: () => readonly LogId[]])[] {
    return this.#order.map((record) => {
      const length = record.logIds.length;
      return [record.job, () => record.logIds.slice(0, length)] as const;
    });
  }

  /** Newest first. */
  list(query: ListQuery): ListPage {
    const wanted = filterOf(query);
    const found: JobState[] = [];
    for (let index = this.#startOf(query.before); index >= 0; index--) {
      const job = this.#order[index]?.job;
      if (job === undefined || !wanted(job)) continue;
      const last = found.at(-1);
      if (found.length === query.limit && last !== undefined) {
        return { jobs: found, next: last.firstLogId };
      }
      found.push(job);
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

function filterOf(query: ListQuery): (job: JobState) => boolean {
  const { states, conditions, types, labels } = query;
  const after = query.createdAfter === undefined ? -Infinity : Date.parse(query.createdAfter);
  const before = query.createdBefore === undefined ? Infinity : Date.parse(query.createdBefore);
  const timed = after !== -Infinity || before !== Infinity;
  return (job) =>
    (states === undefined || states.includes(job.state)) &&
    (conditions === undefined || conditions.includes(conditionOf(job))) &&
    (types === undefined || (job.type !== undefined && types.includes(job.type))) &&
    (labels === undefined || labels.every(([name, value]) => job.labels[name] === value)) &&
    (!timed || isBetween(Date.parse(job.createdAt), after, before));
}

function isBetween(time: number, after: number, before: number): boolean {
  return time > after && time < before;
}

/** The index of the first number above a limit, in an ascending list. */
function firstAbove(ascending: readonly number[], limit: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ascending[middle] ?? Infinity) <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
