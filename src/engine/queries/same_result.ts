/** Finds another job with the same result of a step, as when two jobs write one file. */

import { errorText } from "../../core/error_text.ts";
import type { LogId } from "../../core/ids.ts";
import { findTask, type JobState, type TaskState } from "../../core/job_state.ts";
import { shownScalar } from "../../core/shown_value.ts";
import { COMPARED_MAX } from "../../explain/likeness/contrast.ts";
import { placesIn } from "../../explain/likeness/elsewhere.ts";
import type { Statement } from "../../explain/statements/explanation.ts";
import { reason } from "../../explain/statements/statement.ts";
import { namesWord } from "../../explain/words/phrases.ts";
import type { TimeShare } from "../pacer.ts";
import { takenNear } from "./job_visit.ts";
import type { QueryParts } from "./query_parts.ts";
import { createdNear } from "./similar_jobs.ts";

/** A shorter text occurs in an error by chance. */
const NAMED_LENGTH_MIN = 6;
/** A result that so many jobs have tells none of them apart; nor does one that fewer differ from. */
const COMMON = 3;

/** Another job of the type with the same result of a step, if the error of a failed one names it. */
export async function findSameResult(
  parts: QueryParts,
  job: JobState,
  share: TimeShare,
  upTo: LogId = Infinity as LogId,
): Promise<Statement<LogId> | undefined> {
  if (job.state !== "Failed" || job.type === undefined) return undefined;
  const error = errorText(job.failure.error);
  const named = job.tasks.flatMap((task) =>
    textsIn(task).filter((value) => namesWord(error, value)).map((value) => ({ task, value }))
  );
  if (named.length === 0) return undefined;
  let different = 0;
  const same = await takenNear(parts, share, {
    range: { types: [job.type], ...createdNear(job) },
    ...{ max: COMPARED_MAX, enough: COMMON },
    take: (other) => {
      const isRelated = other.jobId === job.jobId || other.retryOf === job.jobId ||
        job.retryOf === other.jobId;
      if (isRelated) return undefined;
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
  const what = job.failure.kind === "cancelled" ? "reason" : "error";
  const statement = `Task ${task.taskId} of job ${other.jobId} also returned ` +
    `${shownScalar(value)}, which the ${what} names.`;
  return reason(statement, theirs.lastLogId, task.lastLogId);
}

/** The texts in a result that are too long to be in an error by chance. */
function textsIn(task: TaskState): readonly string[] {
  const { result = null } = task.status === "completed" ? task : {};
  return placesIn({ result }).flatMap(({ value }) =>
    typeof value === "string" && value.length >= NAMED_LENGTH_MIN ? value : []
  );
}
