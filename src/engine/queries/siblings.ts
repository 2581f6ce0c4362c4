/**
 * Finds jobs that share the cause of one: the same error, the same reason of a cancellation within
 * a minute, or the same crash or takeover.
 */

import { counted, countText } from "../../core/counted.ts";
import { lengthMs } from "../../core/duration.ts";
import { type ErrorFingerprint, jobFingerprint } from "../../core/error_fingerprint.ts";
import { messageText, withoutPaths } from "../../core/error_text.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type ErrorCause, isUncleanEnd } from "../../core/framework_events.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { type FailedJob, type JobState, timedOutTask } from "../../core/job_state.ts";
import { type JobSummary, jobSummary } from "../../core/job_summary.ts";
import type { SiblingsStatement, Statement } from "../../explain/statements/explanation.ts";
import { shortened } from "../../explain/words/phrases.ts";
import { entryCharacters } from "../entry_pages.ts";
import type { Inquiry } from "./query_parts.ts";
import { createdNear } from "./similar_jobs.ts";
import { firstOf, usedBefore, type When } from "./used_up_search.ts";

type Siblings = SiblingsStatement<LogId>;

const NAMED_MAX = 5;
/** Entries to look at on each side of a cancellation or an interruption. */
const NEAR = 200;
/** No more of them are read if they are large. */
const NEAR_CHARACTERS = 1024 * 1024;
/** If one of this many at either end shares the cause, there may be more beyond. */
const EDGE = 8;
const SAME_MS = 60_000;

/** How many failures of one kind are looked at one by one. */
const LOOKED_AT_MAX = 200;
/** How many failures near by are looked at for other types. */
const ELSEWHERE_MAX = 100;

/** @param entries The job's own, as far as known. */
export async function findSiblings(
  inquiry: Inquiry,
  job: JobState,
  entries: Iterable<JobEventLogEntry>,
): Promise<Siblings | undefined> {
  const { parts: { events }, upTo } = inquiry;
  if (job.state === "Failed") {
    const fingerprint = jobFingerprint(job, job.failure);
    if (fingerprint !== undefined) return sameError(inquiry, job, fingerprint);
  }
  const cause = [...entries].findLast((entry) => isCancellation(entry) || isUnclean(entry));
  if (cause === undefined) return undefined;
  const after = Math.max(0, cause.logId - NEAR) as LogId;
  const near = await events.journal.read(after, 2 * NEAR);
  const isSame = isCancellation(cause) ? sameReason(cause) : sameEnd(cause);
  const jobs = new Set<JobId>();
  for (const entry of near) {
    if (entry.logId > (upTo ?? Infinity)) break;
    if (entry.jobId !== undefined && entry.jobId !== job.jobId && isSame(entry)) {
      jobs.add(entry.jobId);
    }
  }
  if (jobs.size === 0) return undefined;
  const were = jobs.size === 1 ? "was" : "were";
  const how = isCancellation(cause)
    ? `${were} cancelled for the same reason within a minute`
    : `${were} cut short by the same ${cause.attributes.reason}`;
  const edges = [...near.slice(0, EDGE), ...near.slice(-EDGE)];
  const isCut = near.length === 2 * NEAR && edges.some(isSame);
  return toStatement([...jobs], { others: jobs.size, isCut }, how, cause.logId);
}

function sameError(
  { parts: { lists }, upTo }: Inquiry,
  { jobId, ...job }: FailedJob,
  fingerprint: ErrorFingerprint,
): Siblings | undefined {
  const how = "failed with the same error";
  if (upTo !== undefined) {
    const { jobs } = lists.summaries({ fingerprint, before: upTo + 1, limit: LOOKED_AT_MAX });
    const isCut = jobs.length === LOOKED_AT_MAX;
    const hadFailed = ({ failure }: JobSummary) => failure !== null && failure.because <= upTo;
    const ids = jobs.filter((other) => other.jobId !== jobId && hadFailed(other))
      .map((other) => other.jobId);
    return ids.length === 0 ? undefined : {
      ...toStatement(ids, { others: ids.length, isCut }, how, job.failure.because),
      fingerprint,
    };
  }
  const others = lists.count({ fingerprint }).jobs - 1;
  if (others < 1) return undefined;
  const { jobs } = lists.summaries({ fingerprint, limit: NAMED_MAX + 1 });
  const ids = jobs.map((job) => job.jobId).filter((id) => id !== jobId);
  return { ...toStatement(ids, { others, isCut: false }, how, job.failure.because), fingerprint };
}

/** What is said of jobs of other types that failed alike, and the first of them. */
export interface SameElsewhere extends Statement<LogId> {
  readonly jobId: JobId;
}

/**
 * Failures of other types with the very same error, or the same first cause, as when one thing fails
 * that all of them need.
 * A fingerprint leaves out numbers and hosts, by which two things differ, so the texts are compared.
 * Time limits differ for one thing that is slow: those of failures close together count too.
 */
export async function findSameElsewhere(
  inquiry: Inquiry,
  job: JobState,
): Promise<SameElsewhere | undefined> {
  const { parts: { lists }, upTo = Infinity } = inquiry;
  const { failure } = jobSummary(job);
  if (job.state !== "Failed" || failure === null || failure.kind === "cancelled") return undefined;
  // Errors that say nothing are alike whatever they are about.
  if (messageText(firstCause(failure.error)) === "") return undefined;
  const near = lists.inTimes({ states: ["Failed"], ...createdNear(job) });
  const { jobs, next } = lists.found({ ...near, limit: ELSEWHERE_MAX });
  const said = withoutPaths(firstCause(failure.error));
  const endedMs = Date.parse(job.endedAt);
  const isNear = (endedAt: string | null) =>
    Math.abs(Date.parse(endedAt ?? "") - endedMs) <= SAME_MS;
  const isTimeout = timedOutTask(job) !== undefined;
  const isAlike = ({ failure: other, endedAt }: JobSummary) =>
    other !== null && (withoutPaths(firstCause(other.error)) === said ||
      isTimeout && other.error.name === failure.error.name && isNear(endedAt));
  const counts = new Map<string, number>();
  const cites = [failure.because];
  let jobId: JobId | undefined;
  for (const found of jobs) {
    const { type } = found;
    if (type === null || type === job.type) continue;
    const { failure: other } = found.summary;
    if (other === null || other.because > upTo) continue;
    if (other.kind === "cancelled" || !isAlike(found.summary)) continue;
    const before = counts.get(type) ?? 0;
    if (before === 0) cites.push(other.because);
    counts.set(type, before + 1);
    jobId ??= found.summary.jobId;
  }
  if (jobId === undefined) return await attemptsElsewhere(inquiry, job, said);
  const least = next === undefined ? "" : ", at least";
  const how = isTimeout
    ? `at a time limit too (${failure.error.name})`
    : failure.error.cause === undefined
    ? "with the same error"
    : "of the same cause";
  const statement = `Jobs of ${counted(counts.size, "other type")}, created within an hour of ` +
    `it, failed ${how}${least}: ${countsText(counts)}.`;
  const oldest = next === undefined
    ? []
    : lists.found({ ...near, limit: ELSEWHERE_MAX, oldestFirst: true }).jobs;
  const alike = [...jobs, ...oldest].filter(({ summary }) => isAlike(summary))
    .flatMap(({ summary: { failure: other, endedAt } }) =>
      other === null || endedAt === null ? [] : { logId: other.because, at: endedAt }
    );
  const first = firstOf([...alike, { logId: failure.because, at: job.endedAt }]);
  const used = await usedBefore(inquiry, job, [...counts.keys()], first);
  return withMore({ statement, cites: cites.slice(0, NAMED_MAX + 1), jobId }, used);
}

function withMore(one: SameElsewhere, more: Statement<LogId> | undefined): SameElsewhere {
  if (more === undefined) return one;
  return {
    ...one,
    statement: `${one.statement} ${more.statement}`,
    cites: [...new Set([...one.cites, ...more.cites])],
  };
}

/** A status by which a service refuses one request, whatever the others are; 429 is for all of them. */
const OF_REQUEST = /(?<![\w.:-])4(?!29)\d\d(?!\.?\w)/;
/** A name of its own: in quotes, of a host, or an identifier. */
const OF_ONE_THING = /(?<!\w)["'`]\w|[a-z]\.[a-z]{2}|\d\.\d+\.|[a-z][-_]?\d/i;
/** Of fewer attempts, an error without such a name may be of anything. */
const UNNAMED_MIN = 3;

/**
 * The same of attempts that failed just before, as when other jobs use up what all of them need.
 * Their jobs may have succeeded since, or still go on.
 */
async function attemptsElsewhere(
  inquiry: Inquiry,
  job: FailedJob,
  said: string,
): Promise<SameElsewhere | undefined> {
  if (OF_REQUEST.test(said)) return undefined;
  const { parts: { history, table } } = inquiry;
  const { type, endedAt, failure: { because } } = job;
  let first: When | undefined;
  const counts = new Map<string, number>();
  const cites: LogId[] = [];
  const from = Math.max(1, because - NEAR);
  const near = Array.from({ length: because - from }, (_, at) => from + at as LogId);
  let left = NEAR_CHARACTERS;
  let jobId: JobId | undefined;
  for await (const page of history.pages.back(near)) {
    for (const entry of page) {
      left -= entryCharacters(entry);
      if (!isOfType(entry, "job.TaskFailed")) continue;
      if (lengthMs(entry.receivedAt, endedAt) > SAME_MS) continue;
      if (withoutPaths(firstCause(entry.attributes.error)) !== said) continue;
      const other = table.head(entry.jobId as JobId)?.type;
      if (other === undefined || other === type) continue;
      jobId ??= entry.jobId;
      if (first === undefined || entry.logId < first.logId) {
        first = { logId: entry.logId, at: entry.receivedAt };
      }
      if (!counts.has(other)) cites.push(entry.logId);
      counts.set(other, (counts.get(other) ?? 0) + 1);
    }
    if (left < 0) break;
  }
  const count = [...counts.values()].reduce((sum, one) => sum + one, 0);
  const isTelling = count >= (OF_ONE_THING.test(said) ? 1 : UNNAMED_MIN);
  if (jobId === undefined || !isTelling) return undefined;
  const statement = `Attempts of jobs of ${counted(counts.size, "other type")} failed with the ` +
    `same error just before: ${countsText(counts)}.`;
  const used = await usedBefore(inquiry, job, [...counts.keys()], first);
  return withMore({ statement, cites: [because, ...cites].slice(0, NAMED_MAX + 1), jobId }, used);
}

/** `supplier.priceCheck (37) and mail.digest (1)`, the most first. */
function countsText(counts: ReadonlyMap<string, number>): string {
  const types = [...counts].toSorted(([, one], [, other]) => other - one)
    .map(([type, count]) => `${type} (${countText(count)})`);
  return shortened(types, NAMED_MAX);
}

function firstCause(error: ErrorCause): ErrorCause {
  let first = error;
  while (first.cause !== undefined) first = first.cause;
  return first;
}

function toStatement(
  jobs: readonly JobId[],
  { others, isCut }: { readonly others: number; readonly isCut: boolean },
  how: string,
  cause: LogId,
): Siblings {
  const named = jobs.slice(0, NAMED_MAX);
  const rest = others - named.length;
  const list = named.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
  const least = isCut ? "At least " : "";
  const statement = `${least}${counted(others, "other job")} ${how}: ${list}.`;
  return { statement, cites: [cause], others, jobs: named };
}

type Cancellation = FrameworkEntry<"job.JobCancelled">;

function isCancellation(entry: JobEventLogEntry): entry is Cancellation {
  return isOfType(entry, "job.JobCancelled");
}

/** Cancellations without a reason may have nothing in common. */
function sameReason({ attributes: { reason }, receivedAt }: Cancellation) {
  const at = Date.parse(receivedAt);
  return (entry: JobEventLogEntry) =>
    reason !== undefined && isCancellation(entry) && entry.attributes.reason === reason &&
    Math.abs(Date.parse(entry.receivedAt) - at) <= SAME_MS;
}

type Interruption = FrameworkEntry<"job.TaskInterrupted">;

/** The cause of each is the entry by which a start recorded the end of the process. */
function sameEnd({ causedBy }: Interruption) {
  return (entry: JobEventLogEntry) =>
    causedBy !== undefined && isUnclean(entry) && entry.causedBy === causedBy;
}

function isUnclean(entry: JobEventLogEntry): entry is Interruption {
  return isOfType(entry, "job.TaskInterrupted") && isUncleanEnd(entry.attributes.reason);
}
