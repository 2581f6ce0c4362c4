/**
 * Finds the job that the error of another one is about: one that it names, the last one that had to
 * do with the same thing, or one with the same result, as when two jobs write one file.
 */

import { ascending } from "../../core/ascending.ts";
import { errorText } from "../../core/error_text.ts";
import { isOfType } from "../../core/event.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import {
  type FailedJob,
  findTask,
  hasCode,
  type JobState,
  type TaskState,
} from "../../core/job_state.ts";
import { shownScalar, shownText } from "../../core/shown_value.ts";
import { COMPARED_MAX, isOfTime } from "../../explain/likeness/contrast.ts";
import { contrastText } from "../../explain/likeness/contrast_text.ts";
import { pathTo, placesIn } from "../../explain/likeness/elsewhere.ts";
import { isIdentifier, type OwnValue, ownValues } from "../../explain/likeness/own_values.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { namesWord } from "../../explain/words/phrases.ts";
import { Lookup } from "../views/past_events.ts";
import { takenNear } from "./job_visit.ts";
import type { Inquiry } from "./query_parts.ts";
import { VALUES_MAX } from "./sender_search.ts";
import { contrastOf, createdNear, isSameOrRetry, takenFromPeers } from "./similar_jobs.ts";

/** @param hasTwin Whether another job was given the same work, which explains shared values. */
export async function findRival(
  inquiry: Inquiry,
  job: JobState,
  hasTwin: boolean,
): Promise<Statement<LogId> | undefined> {
  if (job.state !== "Failed") return undefined;
  const named = namedInError(inquiry, job);
  if (named !== undefined || !hasCode(job)) return named;
  const rival = hasTwin ? undefined : await withSameValue(inquiry, job);
  return rival ?? await withSameResult(inquiry, job);
}

/** How many words of an error are looked up as ids of jobs. */
const WORDS_MAX = 32;

/** A job that the error names, as one that polls a child. */
function namedInError(
  { parts: { table }, asOf }: Inquiry,
  job: FailedJob,
): Statement<LogId> | undefined {
  const words = errorText(job.failure.error).match(/[\w~.:-]*[\w~]/g) ?? [];
  for (const word of new Set(words.slice(0, WORDS_MAX))) {
    const named = word === job.jobId ? undefined : table.job(word as JobId);
    if (named === undefined || named.lastLogId > asOf) continue;
    // An id that is a plain word may be none here.
    if (named.state !== "Failed" && !/[^a-z]/i.test(word)) continue;
    const statement = `Job ${named.jobId}, which the ${errorWord(job)} names, ${
      becameText(named)
    }.`;
    return reason(statement, becameBy(named));
  }
  return undefined;
}

function errorWord({ failure }: FailedJob): string {
  return failure.kind === "cancelled" ? "reason" : "error";
}

/** Values that more jobs were given do not identify the thing that an error is about. */
const RIVALS_MAX = 10;
/** How many of these jobs are compared with others. */
const LOOKED_AT_MAX = 3;

/** A shorter value that is not a word of its own occurs by chance. */
const NAMED_LENGTH_MIN = 4;
/** Errors about the state of a thing, which another job may have changed. */
const OF_STATE =
  /\b(already|exists|duplicate|conflict|locked|in use|taken|not found|no such|gone|deleted|404|409|410|412|423)\b/i;

/** A job that was given a value, before it is read. */
interface Given {
  readonly jobId: JobId;
  readonly type: string | undefined;
  /** Where it has the value. */
  readonly path: string;
}

interface Rival extends Given {
  readonly rival: JobState;
  /** The value, as the failed job has it. */
  readonly own: OwnValue;
}

/** The last job that was given the value that the error is about. */
async function withSameValue(
  inquiry: Inquiry,
  job: FailedJob,
): Promise<Statement<LogId> | undefined> {
  const { parts: { table }, asOf } = inquiry;
  let left = LOOKED_AT_MAX;
  for (const own of disputed(job)) {
    const given = await jobsGiven(inquiry, own, job.endedBy);
    const rivals = (given ?? []).flatMap((one) => {
      const rival = table.job(one.jobId);
      const isKnown = rival !== undefined && rival.lastLogId <= asOf;
      return isKnown && isOther(rival, job) ? [{ ...one, rival, own }] : [];
    });
    for (const rival of inOrder(job, rivals)) {
      if (left-- === 0) return undefined;
      const apart = await setApart(inquiry, rival);
      if (apart === "" && await isUsual(inquiry, job, rival)) continue;
      return reason(text(rival) + apart, rival.rival.firstLogId, becameBy(rival.rival));
    }
  }
  return undefined;
}

/** What its error is about. */
function disputed(job: FailedJob): readonly OwnValue[] {
  const given = ownValues(job).filter(({ from }) => from === "input");
  const error = job.failure.error.message;
  const words = new Set(error.match(/[\p{L}\p{N}]+/gu));
  const named = given.map((own) => ({ ...own, text: `${own.value}` })).filter(({ text }) =>
    text.length >= NAMED_LENGTH_MIN ? error.includes(text) : words.has(text)
  );
  if (named.length > 0) return named.slice(0, VALUES_MAX);
  if (!OF_STATE.test(error)) return [];
  return given.filter(({ path, value }) => isIdentifier(path, value)).slice(0, VALUES_MAX);
}

/**
 * The jobs that were given a value; `undefined` if there are too many.
 *
 * @param before The position before which they were created.
 */
async function jobsGiven(
  { parts: { pastEvents, history }, asOf }: Inquiry,
  own: OwnValue,
  before: LogId = asOf + 1,
): Promise<readonly Given[] | undefined> {
  const found = await new Lookup().jobsGiven(own.loose, RIVALS_MAX).in(pastEvents, asOf);
  const given = found.jobsGiven(own.loose, RIVALS_MAX).filter((logId) => logId < before);
  if (given.length === RIVALS_MAX) return undefined;
  const entries = await history.at(ascending(given));
  return entries.flatMap((entry) => {
    if (!isOfType(entry, "job.JobCreated") || entry.jobId === undefined) return [];
    const { jobId, attributes } = entry;
    const path = pathTo(own.value, attributes);
    return path === undefined ? [] : [{ jobId, type: attributes.type, path }];
  });
}

/** None that failed in the same way. */
function isOther(other: JobState, job: FailedJob): boolean {
  const isAlike = other.state === "Failed" &&
    errorText(other.failure.error) === errorText(job.failure.error);
  return !isSameOrRetry(other, job) && !isAlike;
}

/** The latest first, and those that failed last. */
function inOrder(job: FailedJob, rivals: readonly Rival[]): readonly Rival[] {
  // Jobs of its type do not compete for what several of them went through with.
  const isLikeIt = ({ rival }: Rival) => rival.type === job.type && rival.state === "Done";
  const isCommon = rivals.filter(isLikeIt).length > 1;
  return rivals.filter((one) => !isCommon || !isLikeIt(one)).toSorted((one, other) =>
    Number(one.rival.state === "Failed") - Number(other.rival.state === "Failed") ||
    other.rival.lastLogId - one.rival.lastLogId
  );
}

function text({ rival, path, own }: Rival): string {
  return `Job ${rival.jobId} (${rival.type ?? "a plan"}), which also has ` +
    `${shownScalar(own.value)} at ${shownText(path)}, ${becameText(rival)}.`;
}

/** ` It has input.year = 2025, where all 9 that went through have 2026.`, or nothing. */
async function setApart(
  inquiry: Inquiry,
  { rival }: Rival,
): Promise<string> {
  if (rival.state !== "Done") return "";
  const contrast = await contrastOf(inquiry, rival, { isSuspect: true });
  return contrast === undefined || isOfTime(contrast)
    ? ""
    : ` ${contrastText(contrast, "failed", "It")}`;
}

/**
 * Whether jobs of its type that went through had one of the rival's type beside them too: then it is
 * no reason to fail.
 */
async function isUsual(
  inquiry: Inquiry,
  job: FailedJob,
  { rival, own }: Rival,
): Promise<boolean> {
  const { type } = rival;
  if (rival.state !== "Done" || type === undefined || type === job.type) return false;
  const peers = await takenFromPeers(
    inquiry,
    job,
    (peer) =>
      ownValues(peer).find(({ from, path, loose }) =>
        from === "input" && path === own.path && loose !== own.loose
      ),
  );
  for (const peer of peers ?? []) {
    const given = await jobsGiven(inquiry, peer);
    if (given !== undefined && !given.some((one) => one.type === type)) return false;
  }
  return peers !== undefined;
}

/** A shorter text occurs in an error by chance. */
const RESULT_LENGTH_MIN = 6;
/** A result that so many jobs have tells none of them apart; nor does one that fewer differ from. */
const COMMON = 3;

/** Another job of the type with the same result of a step, if the error names that result. */
async function withSameResult(
  inquiry: Inquiry,
  job: FailedJob,
): Promise<Statement<LogId> | undefined> {
  if (job.type === undefined) return undefined;
  const error = errorText(job.failure.error);
  const named = job.tasks.flatMap((task) =>
    textsIn(task).filter((value) => namesWord(error, value)).map((value) => ({ task, value }))
  );
  if (named.length === 0) return undefined;
  const { upTo = Infinity } = inquiry;
  let different = 0;
  const same = await takenNear(inquiry, {
    range: { types: [job.type], ...createdNear(job) },
    ...{ max: COMPARED_MAX, enough: COMMON },
    take: (other) => {
      if (isSameOrRetry(other, job)) return undefined;
      for (const [taskId, mine] of Map.groupBy(named, ({ task }) => task.taskId)) {
        const theirs = findTask(other, taskId);
        if (theirs === undefined || theirs.lastLogId > upTo) continue;
        const results = textsIn(theirs);
        const found = mine.find(({ value }) => results.includes(value));
        if (found !== undefined) return { other, theirs, ...found };
        if (results.length > 0) different++;
      }
      return undefined;
    },
  });
  const [first] = same;
  const isUsual = same.length === COMMON || different < COMMON;
  if (first === undefined || isUsual) return undefined;
  const { other, task, theirs, value } = first;
  const statement = `Task ${task.taskId} of job ${other.jobId} also returned ` +
    `${shownScalar(value)}, which the ${errorWord(job)} names.`;
  return reason(statement, theirs.lastLogId, task.lastLogId);
}

/** The texts in a result that are too long to be in an error by chance. */
function textsIn(task: TaskState): readonly string[] {
  const { result = null } = task.status === "completed" ? task : {};
  return placesIn({ result }).flatMap(({ value }) =>
    typeof value === "string" && value.length >= RESULT_LENGTH_MIN ? value : []
  );
}
