/** What is told of many jobs at once: a page of them, their number, their failures by kind. */

import type { Condition } from "../../core/condition.ts";
import type { ErrorFingerprint } from "../../core/error_fingerprint.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { shownSize } from "../../core/shown_size.ts";
import type { Failure, JobState } from "../../core/job_state.ts";
import type { FoundJob, IndexedFailures } from "../job_index.ts";
import type { JobTable } from "../writer/job_table.ts";
import type {
  FailureGroup,
  FailureGroups,
  JobCount,
  JobFilter,
  JobRange,
  ListPage,
  ListQuery,
  Reach,
  Stop,
} from "../requests.ts";
import { inQueueOrder, type Place, type WorkerQueue } from "../run/worker_queue.ts";
import type { Writer } from "../writer/writer.ts";

export interface JobListsParts {
  readonly table: JobTable;
  readonly workers: WorkerQueue;
  readonly writer: Pick<Writer, "durableLogId">;
}

export class JobLists {
  readonly #table: JobTable;
  readonly #workers: WorkerQueue;
  readonly #writer: Pick<Writer, "durableLogId">;

  constructor({ table, workers, writer }: JobListsParts) {
    this.#table = table;
    this.#workers = workers;
    this.#writer = writer;
  }

  page({ limit, charactersMax = Infinity, ...query }: ListQuery): ListPage {
    const scan = this.#table.scan(query, query);
    const jobs: JobState[] = [];
    let characters = 0;
    for (const { job } of scan) {
      const last = jobs.at(-1);
      const isFull = jobs.length === limit || characters > charactersMax;
      if (isFull && last !== undefined) return { jobs, next: last.firstLogId };
      jobs.push(job);
      if (charactersMax < Infinity) characters += shownSize(job, charactersMax);
    }
    return scan.reach === undefined ? { jobs } : { jobs, next: scan.reach.next, ...searched(scan) };
  }

  /**
   * Shows each job that a filter applies to, from the newest back; tells where it stopped, if
   * it did before the oldest.
   */
  visit(
    filter: JobFilter,
    visit: (found: FoundJob) => void,
    range?: JobRange,
  ): Stop | undefined {
    const scan = this.#table.scan(filter, range);
    for (const found of scan) visit(found);
    return scan.reach;
  }

  /** How many jobs a filter applies to, and what these do. */
  count(filter: JobFilter, range?: JobRange): JobCount {
    const scan = this.#table.scanMemory(filter, range);
    const conditions = new Map<Condition, number>();
    let jobs = 0;
    for (const { condition } of scan) {
      jobs++;
      conditions.set(condition, (conditions.get(condition) ?? 0) + 1);
    }
    const counted = { jobs, conditions, ...searched(scan) };
    const indexed = this.#table.index?.count(filter, range ?? {});
    return indexed === undefined ? counted : sumOf(counted, indexed);
  }

  /** The failures among the jobs that a filter applies to, by fingerprint. */
  failures(filter: JobFilter): FailureGroups {
    const scan = this.#table.scanMemory(filter);
    const groups = new Map<ErrorFingerprint, Growing>();
    for (const record of scan) {
      const fingerprint = scan.fingerprintOf(record);
      const failure = recordedFailure(record.job);
      if (fingerprint === undefined || failure === undefined) continue;
      const group = groups.get(fingerprint) ?? newGroup(fingerprint, record.job, failure);
      groups.set(fingerprint, group);
      addTo(group, this.#table, record.job);
    }
    const indexed = this.#table.index?.failures(filter);
    for (const found of indexed?.groups ?? []) this.#addIndexed(groups, found);
    const sorted = [...groups.values()].sort((a, b) => b.jobs - a.jobs);
    return { groups: sorted, ...searched({ reach: scan.reach ?? indexed?.reach }) };
  }

  #addIndexed(groups: Map<ErrorFingerprint, Growing>, found: IndexedFailures): void {
    const { fingerprint, jobs, retried, open } = found;
    const [newest, oldest] = [found.newest, found.oldest].map((at) => this.#table.createdAt(at));
    const failure = newest && recordedFailure(newest);
    if (newest === undefined || oldest === undefined || failure === undefined) return;
    const group = groups.get(fingerprint) ?? newGroup(fingerprint, newest, failure);
    groups.set(fingerprint, group);
    group.jobs += jobs;
    group.retried += retried;
    group.open += open;
    if (newest.firstLogId > group.newest.firstLogId) {
      [group.newest, group.error] = [newest, failure.error];
    }
    if (oldest.firstLogId < group.oldest.firstLogId) group.oldest = oldest;
  }

  /** The job that the entry at this position created. */
  createdAt(firstLogId: LogId): JobState | undefined {
    return this.#table.createdAt(firstLogId);
  }

  /** The newest job that is a retry of this one. */
  retryOf(jobId: JobId): JobId | undefined {
    return this.#table.retryOf(jobId);
  }

  /** Whether a filter applies to a job as it is now. */
  isAmong(filter: JobFilter, jobId: JobId): boolean {
    return this.#table.isAmong(filter, jobId);
  }

  /** The entry that brought a job into its condition. */
  lastTransition(job: JobState): LogId {
    return this.#table.lastTransition(job);
  }

  /** How many others come first, for each of these jobs, if it waits for a worker. */
  queuePlaces(jobs: readonly JobState[]): ReadonlyMap<JobId, number> {
    return queuePlaces(this.#workers, jobs, this.#writer.durableLogId);
  }
}

type Growing = { -readonly [Name in keyof FailureGroup]: FailureGroup[Name] };

function newGroup(
  fingerprint: ErrorFingerprint,
  job: JobState,
  { taskId, error }: Failure,
): Growing {
  const counts = { jobs: 0, retried: 0, open: 0 };
  return { fingerprint, type: job.type, taskId, ...counts, newest: job, oldest: job, error };
}

function addTo(group: Growing, table: JobTable, job: JobState): void {
  const isRetried = table.retryOf(job.jobId) !== undefined;
  group.jobs++;
  group.oldest = job;
  if (isRetried) group.retried++;
  else if (job.state === "Failed") group.open++;
}

function sumOf(one: JobCount, other: JobCount): JobCount {
  const conditions = new Map(one.conditions);
  for (const [condition, jobs] of other.conditions) {
    conditions.set(condition, (conditions.get(condition) ?? 0) + jobs);
  }
  const searched = one.searched ?? other.searched;
  const jobs = one.jobs + other.jobs;
  return searched === undefined ? { jobs, conditions } : { jobs, conditions, searched };
}

function searched({ reach }: { readonly reach: Stop | undefined }): { readonly searched?: Reach } {
  return reach === undefined ? {} : { searched: { jobs: reach.jobs, backTo: reach.backTo } };
}

interface Waiting extends Place {
  readonly jobId: JobId;
}

/**
 * How many requests are granted before that of each job, in one pass over the queue; one that
 * waits for none is absent.
 */
function queuePlaces(
  workers: WorkerQueue,
  jobs: readonly JobState[],
  upTo: LogId,
): ReadonlyMap<JobId, number> {
  const waiting = jobs.flatMap(waitingOf).sort(inQueueOrder);
  const aheads = workers.aheadOfEach(waiting, upTo);
  const places = new Map<JobId, number>();
  for (const [index, { jobId }] of waiting.entries()) {
    const ahead = aheads[index];
    if (ahead !== undefined) places.set(jobId, ahead);
  }
  return places;
}

function waitingOf(job: JobState): readonly Waiting[] {
  if (job.state === "Created") return [];
  return [{ jobId: job.jobId, priority: job.priority, order: job.startedBy }];
}
