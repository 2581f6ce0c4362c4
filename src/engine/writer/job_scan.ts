/**
 * Searches jobs, in the order of their creation, for those that a filter selects. The cost of a
 * scan is bounded, and it reports how far it got, so that other requests never wait long, however
 * many jobs there are.
 */

import type { Condition } from "../../core/condition.ts";
import {
  type ErrorFingerprint,
  jobFingerprint,
  MESSAGE_LENGTH_MAX,
} from "../../core/error_fingerprint.ts";
import type { ErrorCause } from "../../core/framework_events.ts";
import { type JobId, newId } from "../../core/ids.ts";
import { recordedFailure } from "../../core/job_resource.ts";
import { isTerminal, type JobHead, type JobState } from "../../core/job_state.ts";
import type { JobFilter, Stop } from "../job_pages.ts";
import type { JobOrder } from "./job_order.ts";
import type { JobRecord } from "./job_record.ts";

/**
 * The maximum cost of a scan. Measured with 100,000 jobs in a journal: it searches the text of
 * 60,000 in about 30 ms, and checks the condition of all of them in 5 ms.
 */
export const SCAN_COST_MAX = 600_000;
/** Costs, without that of searching the text of a job, which is reported with the result. */
const COST = { job: 1, time: 4, fingerprint: 150 };

/** Most jobs in memory are in one of these, in which none has failed or ended. */
const UNDER_WAY: ReadonlySet<Condition> = new Set([
  "created",
  "scheduled",
  "queued",
  "executing",
  "waiting",
  "sleeping",
  "backingOff",
]);

/** The range to search. Indexes are into all jobs, oldest first. */
interface ScanBounds {
  readonly newest: number;
  readonly oldest: number;
  readonly oldestFirst: boolean;
}

/** What the table knows about its jobs besides the jobs themselves. */
interface JobRecords {
  readonly order: Pick<JobOrder, "at">;
  /** Whether a later job is a retry of this one. */
  isRetried(jobId: JobId): boolean;
}

export class JobScan implements Iterable<JobRecord> {
  readonly #wanted: Wanted | undefined;
  readonly #times: { readonly after: number; readonly before: number } | undefined;
  /** Whether the filter selects none that is under way. */
  readonly #areOver: boolean;
  #cost = 0;
  #stoppedAt: JobRecord | undefined;
  #looked = 0;

  constructor(
    private readonly records: JobRecords,
    private readonly bounds: ScanBounds,
    private readonly filter: JobFilter,
  ) {
    this.#wanted = filter.search === undefined ? undefined : wantedIn(filter.search);
    this.#times = parseTimes(filter);
    const { fingerprint, states } = filter;
    this.#areOver = fingerprint !== undefined ||
      states?.every((state) => state !== "Created" && state !== "Running") === true;
  }

  /** The matching jobs, until the range or the budget is exhausted. */
  *[Symbol.iterator](): Iterator<JobRecord> {
    const { newest, oldest, oldestFirst } = this.bounds;
    const step = oldestFirst ? 1 : -1;
    const [first, last] = oldestFirst ? [oldest, newest] : [newest, oldest];
    for (let index = first; (last - index) * step >= 0; index += step) {
      const record = this.records.order.at(index);
      if (record === undefined) continue;
      this.#looked++;
      if (this.applies(record)) yield record;
      if (this.#cost < SCAN_COST_MAX || index === last) continue;
      this.#stoppedAt = record;
      return;
    }
  }

  /** Where the scan stopped early; `undefined` when it did not. */
  get reach(): Stop | undefined {
    if (this.#stoppedAt === undefined) return undefined;
    const { createdAt, firstLogId } = this.#stoppedAt.shownHead;
    return { jobs: this.#looked, backTo: createdAt, next: firstLogId };
  }

  /** Whether the filter selects a job. The cheapest checks come first; none copies the job. */
  applies(record: JobRecord): boolean {
    this.#cost += COST.job;
    const { condition } = record;
    if (this.#areOver && UNDER_WAY.has(condition)) return false;
    const { shownHead: job } = record;
    const { states, conditions, types, labels, fingerprint, retried, continuesAfter } = this.filter;
    return (states === undefined || states.includes(job.state)) &&
      (conditions === undefined || conditions.includes(condition)) &&
      (continuesAfter === undefined || !isTerminal(job) || job.lastLogId > continuesAfter) &&
      (types === undefined || (job.type !== undefined && types.includes(job.type))) &&
      (retried === undefined || this.records.isRetried(job.jobId) === retried) &&
      (labels === undefined || labels.every(([name, value]) => job.labels[name] === value)) &&
      (fingerprint === undefined || this.fingerprintOf(record) === fingerprint) &&
      (this.#times === undefined || this.#isBetween(job, this.#times)) &&
      (this.#wanted === undefined || this.#isFound(record, this.#wanted));
  }

  /**
   * The fingerprint of a failure that is an error. Computed once, since the error of a job does not
   * change.
   */
  fingerprintOf(record: JobRecord): ErrorFingerprint | undefined {
    const job = record.shownHead;
    const failure = recordedFailure(job);
    if (failure === undefined) return undefined;
    if (record.fingerprint?.of !== failure.error) {
      this.#cost += COST.fingerprint + Math.min(failure.error.message.length, MESSAGE_LENGTH_MAX);
      record.fingerprint = { of: failure.error, text: jobFingerprint(job, failure) };
    }
    return record.fingerprint.text;
  }

  #isBetween({ createdAt }: JobHead, { after, before }: { after: number; before: number }) {
    this.#cost += COST.time;
    const time = Date.parse(createdAt);
    return time > after && time < before;
  }

  /** Words instead of expressions, so that the cost depends only on the text that is searched. */
  #isFound(record: JobRecord, { ids, words }: Wanted): boolean {
    if (ids?.includes(record.shownHead.jobId) === false) return false;
    const text = searchText(record);
    const looks = LOWER_CASE_COST + words.length;
    this.#cost += Math.max(COST_LEAST, Math.ceil(text.length * looks / CHARACTERS_AT_ONE));
    return words.every((word) => text.includes(word));
  }
}

function parseTimes({ createdAfter, createdBefore }: JobFilter) {
  if (createdAfter === undefined && createdBefore === undefined) return undefined;
  return {
    after: createdAfter === undefined ? -Infinity : Date.parse(createdAfter),
    before: createdBefore === undefined ? Infinity : Date.parse(createdBefore),
  };
}

/**
 * The cost of searching one job, for a scan: higher when there is much text. Lower-casing costs as
 * much as searching for three words.
 */
const COST_LEAST = 9;
const CHARACTERS_AT_ONE = 70;
const LOWER_CASE_COST = 3;

/** What a search looks for. */
interface Wanted {
  /** The job must have one of these ids. */
  readonly ids?: readonly JobId[];
  /** Each must occur in the text of the job; in lower case. */
  readonly words: readonly string[];
}

/** An id that Daybook generated, in lower case. */
const GENERATED_ID = /^job_[0-9a-hjkmnp-tv-z]{26}$/;

/**
 * The words to search for. A whole generated id stands for its job, which is found at once: others
 * that mention it are not searched for.
 */
export function wantedIn(search: string): Wanted {
  const words = [...new Set(search.toLowerCase().split(/\s+/))].filter((word) => word !== "");
  const id = words.find((word) => GENERATED_ID.test(word));
  if (id === undefined) return { words };
  // Ids are generated in upper case, but callers may choose their own.
  const ids = [newId.job(id.slice("job_".length).toUpperCase()), id as JobId];
  return { ids, words: words.filter((word) => word !== id) };
}

/** The text to search, in lower case. */
export function searchText(record: JobRecord): string {
  return recordText(record).toLowerCase();
}

/** One line for each part, since a word never spans lines. */
function recordText(record: JobRecord): string {
  const { shownHead: job, condition } = record;
  let text = job.type === undefined ? job.jobId : `${job.jobId}\n${job.type}`;
  for (const name in job.labels) text += `\n${name}:${job.labels[name]}`;
  const failure = recordedFailure(job);
  if (failure !== undefined) text += errorLines(failure.error);
  if (condition === "backingOff") text += openErrors(record.job);
  return text;
}

/** Errors of tasks that will be retried. */
function openErrors({ tasks }: JobState): string {
  return tasks.map((task) => task.status === "backingOff" ? errorLines(task.error) : "").join("");
}

/** With its causes. */
function errorLines({ name = "", message, code, cause, errors = [] }: ErrorCause): string {
  const lines = `\n${name}\n${message}${code === undefined ? "" : `\n${code}`}`;
  const causes = cause === undefined ? errors : [...errors, cause];
  return causes.reduce((text, error) => text + errorLines(error), lines);
}
