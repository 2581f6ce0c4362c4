/** Finds jobs that were given the same work: this one and another, or two others. */

import { ascending } from "../../core/ascending.ts";
import { durationText, lengthMs } from "../../core/duration.ts";
import { jobFingerprint } from "../../core/error_fingerprint.ts";
import { errorText } from "../../core/error_text.ts";
import { type FrameworkEntry, isOfType, type JobEventLogEntry } from "../../core/event.ts";
import { type JobId, type LogId, MAIN_TASK } from "../../core/ids.ts";
import {
  type FailedJob,
  findTask,
  hasCode,
  isTerminal,
  type JobState,
} from "../../core/job_state.ts";
import { present } from "../../core/json.ts";
import { isSameInput, isSameWork } from "../../explain/ended/repeated_work.ts";
import { isIdentifier, ownValues } from "../../explain/likeness/own_values.ts";
import type { Twin } from "../../explain/statements/evidence.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { submittersText, taskText } from "../../explain/words/phrases.ts";
import { Lookup } from "../views/past_events.ts";
import type { Inquiry } from "./query_parts.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { isSameOrRetry, takenFromPeers } from "./similar_jobs.ts";

/** Values that more jobs were given do not identify a piece of work. */
const TWINS_MAX = 4;

/** The first one that has not failed. */
export async function findTwin(inquiry: Inquiry, job: JobState): Promise<Twin | undefined> {
  if (!isTerminal(job) || !hasCode(job)) return undefined;
  const { parts: { table }, asOf } = inquiry;
  const given = await givenAlike(inquiry, job);
  if (given.length === TWINS_MAX) return undefined;
  for (const entry of given) {
    if (!isTwin(entry, job)) continue;
    const { attributes, jobId, receivedAt } = entry;
    if (!isSameWork({ ...attributes, createdAt: receivedAt }, job)) continue;
    const twin = jobId && table.job(jobId);
    // Jobs are shown as they are now, so only those that have not changed since count.
    if (twin === undefined || twin.lastLogId > asOf || twin.state === "Failed") continue;
    return { job: twin, ...present({ actor: submitter(entry) }) };
  }
  return undefined;
}

/** The newest entries that created jobs with the value of this one that the fewest jobs have. */
async function givenAlike(
  { parts: { history, pastEvents }, asOf }: Inquiry,
  job: JobState,
): Promise<readonly JobEventLogEntry[]> {
  const own = ownValues(job)
    .filter(({ from, path, value }) => from === "input" && isIdentifier(path, value))
    .slice(0, VALUES_MAX);
  if (own.length === 0) return [];
  const lookup = new Lookup();
  for (const { loose } of own) lookup.jobsGiven(loose, TWINS_MAX);
  const found = await lookup.in(pastEvents, asOf);
  const [fewest = []] = own.map(({ loose }) => found.jobsGiven(loose, TWINS_MAX))
    // A value that no other job was given may be the id of a request that was repeated.
    .filter(({ length }) => length > 1)
    .toSorted((left, right) => left.length - right.length);
  return await history.at(ascending(fewest.filter((logId) => logId <= asOf)));
}

/** Who submitted the job that an entry created, if that is on record. */
export function submitter({ actor, causedBy }: JobEventLogEntry): string | undefined {
  return causedBy === undefined ? actor : undefined;
}

/** Whether an entry created another job of the type, which is no retry. */
function isTwin(
  entry: JobEventLogEntry,
  job: JobState,
): entry is FrameworkEntry<"job.JobCreated"> {
  if (!isOfType(entry, "job.JobCreated")) return false;
  const { attributes: { type, retryOf }, jobId } = entry;
  const isRetry = retryOf === job.jobId || job.retryOf === jobId;
  return jobId !== job.jobId && type === job.type && !isRetry;
}

/**
 * How many jobs of the type were given its input again, at any time; not all of many.
 *
 * @param besides Not counted.
 */
async function timesRepeated(inquiry: Inquiry, job: JobState, besides?: JobId): Promise<number> {
  const given = await givenAlike(inquiry, job);
  return given.filter((entry) =>
    isTwin(entry, job) && entry.jobId !== besides &&
    entry.attributes.retryOf === undefined && isSameInput(entry.attributes, job)
  ).length;
}

/** Errors that say of something that it was done before. */
export const DONE_BEFORE =
  /\b(already(?! (?:expired|closed))|(?<!no longer )exists|duplicate\w*|conflicts?|conflicting|(?<!time )taken|twice|409)\b/i;

/**
 * Whether a twin says something. It does not of a failure if most of the jobs that failed alike, or
 * of those that went through, have one too, as those of a job that runs every quarter of an hour;
 * nor of a job that went through if most others were repeated more than once. Once, a whole batch
 * may have been done again.
 */
export async function isTelling(inquiry: Inquiry, job: JobState): Promise<boolean> {
  const isFailed = job.state === "Failed";
  if (isFailed && DONE_BEFORE.test(errorText(job.failure.error))) return true;
  if (await timesRepeated(inquiry, job) >= TWINS_MAX - 1) return false;
  const fingerprint = isFailed ? jobFingerprint(job, job.failure) : undefined;
  const kinds = fingerprint === undefined ? [{}] : [{}, { filter: { fingerprint }, least: 1 }];
  for (const kind of kinds) {
    const peers = await takenFromPeers(inquiry, job, ({ jobId }) => jobId, kind);
    let having = 0;
    for (const jobId of peers ?? []) {
      const peer = inquiry.parts.table.job(jobId);
      const times = peer === undefined ? 0 : await timesRepeated(inquiry, peer, job.jobId);
      if (times >= (isFailed ? 1 : 2)) having++;
    }
    if (peers !== undefined && having > peers.length / 2) return false;
  }
  return true;
}

/** A job that was given a value, and who submitted it. */
interface Submitted {
  readonly jobId: JobId;
  readonly actor?: string;
}

/** With fewer other inputs, two equal ones are nothing special. */
const OTHERS_MIN = 3;

/**
 * The only two of several jobs that got the same input, if both had completed what this one failed
 * in: they may have taken what it lacks.
 *
 * @param having The value that all have, and where.
 */
export async function findDoneTwice(
  inquiry: Inquiry,
  job: FailedJob,
  submitted: readonly Submitted[],
  having: string,
): Promise<Statement<LogId> | undefined> {
  const { parts: { table, pacer }, share } = inquiry;
  const { taskId = MAIN_TASK, because } = job.failure;
  const byInput = new Map<string, (Twin & { readonly by: LogId })[]>();
  const see = ({ jobId, actor }: Submitted) => {
    const taker = table.job(jobId);
    const task = taker && findTask(taker, taskId);
    if (taker === undefined || taker.sealed !== undefined || task?.status !== "completed") return;
    if (task.reusedFrom !== undefined || task.completedBy > because) return;
    byInput.getOrInsertComputed(JSON.stringify(taker.input), () => [])
      .push({ job: taker, by: task.completedBy, ...present({ actor }) });
  };
  for (const one of submitted) await pacer.do(share, () => see(one));
  const [pair = [], another] = [...byInput.values()].filter(({ length }) => length > 1);
  const [second, first, third] = pair;
  if (first === undefined || second === undefined || third !== undefined) return undefined;
  if (another !== undefined || byInput.size <= OTHERS_MIN) return undefined;
  if (isSameOrRetry(first.job, second.job) || !isSameWork(first.job, second.job)) return undefined;
  if (!await isTelling(inquiry, second.job)) return undefined;
  const apart = durationText(lengthMs(first.job.createdAt, second.job.createdAt));
  const statement = `Jobs ${first.job.jobId} and ${second.job.jobId}, which also have ${having}, ` +
    `got the same input ${apart} apart${submittersText(first, second)}, and both had completed ` +
    `${taskText(taskId)} before it failed here.`;
  return reason(statement, first.job.firstLogId, second.job.firstLogId, first.by, second.by);
}
