/** Lists of jobs: pages, counts, and groups of failures. */

import type { Condition } from "../../core/condition.ts";
import { planEffort } from "../../core/effort.ts";
import type { ErrorFingerprint } from "../../core/error_fingerprint.ts";
import { messageText } from "../../core/error_text.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import type { JobHead, JobState } from "../../core/job_state.ts";
import type { JobSummary } from "../../core/job_summary.ts";
import { valueSize } from "../../core/json.ts";
import type { CreatedFrom, FoundJob, IndexedFailures } from "../job_index.ts";
import type {
  FailureGroup,
  FailureGroups,
  JobCount,
  JobFilter,
  JobRange,
  ListPage,
  ListQuery,
  Searched,
  Stop,
} from "../job_pages.ts";
import type { WorkerQueue } from "../run/queue/worker_queue.ts";
import type { JobTable } from "../writer/job_table.ts";
import type { ListedJobs } from "../writer/listed_jobs.ts";
import type { Writer } from "../writer/writer.ts";

interface JobListsParts {
  readonly table: JobTable;
  readonly workers: WorkerQueue;
  readonly threadWorkers: WorkerQueue;
  readonly writer: Pick<Writer, "durableLogId">;
}

/** How many times are known with their positions. */
const POSITIONS_MAX = 64;

export class JobLists {
  readonly #positions = new Map<string, CreatedFrom>();

  constructor(private readonly parts: JobListsParts) {}

  get listed(): ListedJobs {
    return this.parts.table.listed;
  }

  /**
   * The same range, with the positions between which the jobs of its times are, so that a scan need
   * not pass all others. After the clock was set, some jobs may be left out.
   */
  inTimes<Range extends JobFilter & JobRange>(range: Range): Range {
    const { createdAfter, createdBefore, before, after = 0 } = range;
    const first = createdAfter === undefined ? undefined : this.#createdFrom(createdAfter);
    const end = createdBefore === undefined ? undefined : this.#createdFrom(createdBefore);
    // Beyond the index, jobs in memory may have been created before that.
    const to = Math.min(before ?? Infinity, end?.isThere === true ? end.logId : Infinity);
    const from = Math.max(after, (first?.logId ?? 0) - 1);
    return { ...range, after: from, ...to < Infinity ? { before: to } : {} };
  }

  /** It is kept, since an explanation asks for the same times again: past ones do not move. */
  #createdFrom(time: string): CreatedFrom | undefined {
    const known = this.#positions.get(time);
    if (known !== undefined) return known;
    const found = this.parts.table.index?.createdFrom(Date.parse(time));
    if (found?.isThere !== true) return found;
    if (this.#positions.size === POSITIONS_MAX) this.#positions.clear();
    this.#positions.set(time, found);
    return found;
  }

  /** Summaries, for which no indexed job is read as a whole. */
  summaries(query: ListQuery): ListPage<JobSummary> {
    return this.#pageOf(query, (found) => this.listed.summary(found), summarySize);
  }

  /** Jobs of which only little may be read. */
  found(query: ListQuery): ListPage<FoundJob> {
    return this.#pageOf(query, (found) => found, () => 0);
  }

  /** Whole jobs. */
  page(query: ListQuery): ListPage {
    return this.#pageOf(query, ({ job }) => job, shownSize);
  }

  #pageOf<Job extends { readonly firstLogId: LogId }>(
    { limit, charactersMax = Infinity, ...query }: ListQuery,
    read: (found: FoundJob) => Job,
    sizeOf: (job: Job, max: number) => number,
  ): ListPage<Job> {
    const scan = this.listed.scan(query, { ...query, limit });
    const jobs: Job[] = [];
    let characters = 0;
    for (const found of scan) {
      const last = jobs.at(-1);
      const isFull = jobs.length === limit || characters > charactersMax;
      if (isFull && last !== undefined) return { jobs, next: last.firstLogId };
      const job = read(found);
      jobs.push(job);
      if (charactersMax < Infinity) characters += sizeOf(job, charactersMax);
    }
    return scan.reach === undefined ? { jobs } : { jobs, next: scan.reach.next, ...searched(scan) };
  }

  /**
   * Visits each job that a filter selects, newest first.
   *
   * @returns Where it stopped, if that was before the oldest.
   */
  visit(filter: JobFilter, visit: (found: FoundJob) => void, range: JobRange): Stop | undefined {
    const scan = this.listed.scan(filter, range);
    for (const found of scan) visit(found);
    return scan.reach;
  }

  /** How many jobs a filter selects, by condition. */
  count(filter: JobFilter, range?: JobRange): JobCount {
    const scan = this.listed.scanMemory(filter, range);
    const conditions = new Map<Condition, number>();
    let jobs = 0;
    for (const { condition } of scan) {
      jobs++;
      conditions.set(condition, (conditions.get(condition) ?? 0) + 1);
    }
    const counted = { jobs, conditions, ...searched(scan) };
    const indexed = this.parts.table.index?.count(filter, range ?? {});
    return indexed === undefined ? counted : addCounts(counted, indexed);
  }

  /**
   * The failures among the jobs that a filter selects, grouped by fingerprint, at most `kindsMax`
   * groups. A group whose jobs were all retried is left out, unless the filter asks for retried
   * ones.
   */
  failures(filter: JobFilter, kindsMax = Infinity): FailureGroups {
    const scan = this.listed.scanMemory(filter);
    const groups = new Map<ErrorFingerprint, Growing>();
    for (const record of scan) {
      const fingerprint = scan.fingerprintOf(record);
      if (fingerprint === undefined) continue;
      const group = groups.getOrInsertComputed(fingerprint, () => newGroup(record.firstLogId));
      addTo(group, this.listed, record.shownHead);
    }
    const indexed = this.parts.table.index?.failures(filter);
    for (const found of indexed?.groups ?? []) addIndexed(groups, found);
    const sorted = [...groups]
      .filter(([, { open }]) => open > 0 || filter.retried === true)
      .sort(([, a], [, b]) => b.jobs - a.jobs);
    return {
      groups: sorted.slice(0, kindsMax).flatMap(([kind, group]) => this.#group(kind, group)),
      more: Math.max(0, sorted.length - kindsMax),
      ...searched({ reach: scan.reach ?? indexed?.reach }),
    };
  }

  #group(fingerprint: ErrorFingerprint, { newest, oldest, ...counts }: Growing): FailureGroup[] {
    const [latest, first] = [this.listed.summaryAt(newest), this.listed.summaryAt(oldest)];
    if (latest?.failure == null || first === undefined) return [];
    const { type, failure: { taskId, error } } = latest;
    return [{ fingerprint, type, taskId, ...counts, newest: latest, oldest: first, error }];
  }

  /**
   * For each of these jobs that waits for a worker, how many others come before it, in one pass over
   * each queue.
   */
  queuePlaces(jobs: readonly JobState[]): ReadonlyMap<JobId, number> {
    const { workers, threadWorkers, writer } = this.parts;
    const waiting = jobs.flatMap((job) => job.state === "Created" ? [] : [job]);
    const orders = waiting.map(({ startedBy }) => startedBy);
    const places = new Map<JobId, number>();
    for (const queue of [workers, threadWorkers]) {
      const aheads = queue.aheadOfEach(orders, writer.durableLogId);
      for (const [index, { jobId }] of waiting.entries()) {
        const ahead = aheads[index];
        if (ahead !== undefined) places.set(jobId, ahead);
      }
    }
    return places;
  }
}

/** A group of failures, with where the newest and the oldest of its jobs were created. */
interface Growing {
  jobs: number;
  retried: number;
  open: number;
  newest: LogId;
  oldest: LogId;
}

function newGroup(newest: LogId): Growing {
  return { jobs: 0, retried: 0, open: 0, newest, oldest: newest };
}

function addTo(group: Growing, listed: ListedJobs, job: JobHead): void {
  const isRetried = listed.retryOf(job.jobId) !== undefined;
  group.jobs++;
  group.oldest = job.firstLogId;
  if (isRetried) group.retried++;
  else if (job.state === "Failed") group.open++;
}

function addIndexed(groups: Map<ErrorFingerprint, Growing>, found: IndexedFailures): void {
  const group = groups.getOrInsertComputed(found.fingerprint, () => newGroup(found.newest));
  group.jobs += found.jobs;
  group.retried += found.retried;
  group.open += found.open;
  group.newest = Math.max(group.newest, found.newest);
  group.oldest = Math.min(group.oldest, found.oldest);
}

function addCounts(one: JobCount, other: JobCount): JobCount {
  const conditions = new Map(one.conditions);
  for (const [condition, jobs] of other.conditions) {
    conditions.set(condition, (conditions.get(condition) ?? 0) + jobs);
  }
  const searched = one.searched ?? other.searched;
  const jobs = one.jobs + other.jobs;
  return searched === undefined ? { jobs, conditions } : { jobs, conditions, searched };
}

function searched(
  { reach }: { readonly reach: Stop | undefined },
): { readonly searched?: Searched } {
  return reach === undefined ? {} : { searched: { jobs: reach.jobs, backTo: reach.backTo } };
}

const JOB = 1_000;
const EXPECTATION = 200;
/** A value of a correlation, with its path. */
const PREDICATE = 40;
const POSITION = 7;
const TASK = 150;

/** About how many characters a job takes as shown; for limits only. Stops counting at `max`. */
function shownSize(job: JobState, max: number): number {
  let size = JOB + planEffort(job.plan) * PREDICATE + valueSize(job.input);
  for (const { by } of job.expected) {
    if (size > max) return size;
    size += EXPECTATION + by.length * POSITION;
  }
  for (const task of job.tasks) {
    if (size > max) return size;
    size += TASK + (task.status === "completed" ? valueSize(task.result) : 0);
  }
  return size;
}

const SUMMARY = 900;

/** Of a summary's members, only labels may be numerous. */
function summarySize({ labels, failure }: JobSummary): number {
  let size = SUMMARY + (failure === null ? 0 : messageText(failure.error).length);
  for (const name in labels) size += name.length + (labels[name]?.length ?? 0);
  return size;
}
