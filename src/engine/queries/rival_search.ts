/**
 * Finds the job that the error of another one is about: one that it names, one that was given the
 * value that it names, one with the same result, as when two jobs write one file, or one that listed
 * the value.
 */

import { errorText } from "../../core/error_text.ts";
import type { JobId, LogId } from "../../core/ids.ts";
import { type FailedJob, findTask, hasCode, type TaskState } from "../../core/job_state.ts";
import { shownScalar } from "../../core/shown_value.ts";
import { COMPARED_MAX } from "../../explain/likeness/contrast.ts";
import { placesIn } from "../../explain/likeness/elsewhere.ts";
import type { OutlinedHistory } from "../../explain/history/outlined_history.ts";
import type { RivalStatement } from "../../explain/statements/evidence.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { becameBy, becameText } from "../../explain/words/other_jobs.ts";
import { namesWord } from "../../explain/words/phrases.ts";
import { takenNear } from "./job_visit.ts";
import { findListed } from "./listed_search.ts";
import { findOverwritten } from "./overwritten_search.ts";
import type { Inquiry } from "./query_parts.ts";
import { withSameValue } from "./shared_value_search.ts";
import { createdNear, isSameOrRetry } from "./similar_jobs.ts";
import type { ReadJob } from "./told_of_rival.ts";
import { findUndone } from "./undone_search.ts";
import { usersOfNamed } from "./used_up_search.ts";

/** @param hasTwin Whether another job was given the same work, which explains shared values. */
export async function findRival(
  inquiry: Inquiry,
  outlined: OutlinedHistory,
  hasTwin: boolean,
  read: ReadJob,
): Promise<RivalStatement | undefined> {
  const { job } = outlined;
  if (job.state === "Done") return await findOverwritten(inquiry, job);
  if (job.state !== "Failed") return undefined;
  const named = namedInError(inquiry, job);
  if (named !== undefined || !hasCode(job)) return named;
  const undone = await findUndone(inquiry, job);
  if (undone !== undefined) return undone;
  const rival = hasTwin ? undefined : await withSameValue(inquiry, job, read);
  return rival ?? await withSameResult(inquiry, job) ??
    await findListed(inquiry, job, outlined) ?? await usersOfNamed(inquiry, job);
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
